#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Image.save_render() as a grey JPEG keeps the red of a picture and drops the rest; other formats weigh the three.
#
# With the scene's color_mode "BW", a picture is saved as grey: PNG, TIFF and TARGA have the luminance, 0.21 red, 0.71
# green and 0.07 blue. JPEG has the red channel, so a blue or green area is black, and a mask or roughness map made of a
# picture so is wrong. A render that is written as a grey JPEG is right (tried too), so nobody expects it of
# save_render(). Nothing is reported. Save as PNG, or make the picture grey before.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same, and so
# are pictures of floats (tried too).
#
# Seen:
#     4.2.23: PNG: red, green and blue become [0.21, 0.71, 0.07]
#     4.2.23: TIFF: red, green and blue become [0.21, 0.71, 0.07]
#     4.2.23: TARGA: red, green and blue become [0.21, 0.71, 0.07]
#     4.2.23: JPEG: red, green and blue become [1.0, 0.0, 0.0]
#     5.3.0: PNG: red, green and blue become [0.21, 0.71, 0.07]
#     5.3.0: TIFF: red, green and blue become [0.21, 0.71, 0.07]
#     5.3.0: TARGA: red, green and blue become [0.21, 0.71, 0.07]
#     5.3.0: JPEG: red, green and blue become [1.0, 0.0, 0.0]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
scene = bpy.context.scene
scene.view_settings.view_transform = "Standard"
image = bpy.data.images.new("Stripes", 48, 16)
image.pixels[:] = [value for stripe in ((1, 0, 0, 1), (0, 1, 0, 1), (0, 0, 1, 1)) for value in stripe * 16] * 16
image.update()
print()
for kind in ("PNG", "TIFF", "TARGA", "JPEG"):
    scene.render.image_settings.file_format = kind
    scene.render.image_settings.color_mode = "BW"
    image.save_render(f"{folder}/{kind}")
    pixels = bpy.data.images.load(f"{folder}/{kind}").pixels[:]
    grey = [round(pixels[4 * (16 * stripe + 8)], 2) for stripe in range(3)]
    print(f"{version}: {kind}: red, green and blue become {grey}", flush=True)
os._exit(0)
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
while read -r version python; do
    "$(python_of "$python")" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: PNG: red, green and blue become [0.21, 0.71, 0.07]
4.2.23: TIFF: red, green and blue become [0.21, 0.71, 0.07]
4.2.23: TARGA: red, green and blue become [0.21, 0.71, 0.07]
4.2.23: JPEG: red, green and blue become [1.0, 0.0, 0.0]
5.3.0: PNG: red, green and blue become [0.21, 0.71, 0.07]
5.3.0: TIFF: red, green and blue become [0.21, 0.71, 0.07]
5.3.0: TARGA: red, green and blue become [0.21, 0.71, 0.07]
5.3.0: JPEG: red, green and blue become [1.0, 0.0, 0.0]
WANTED
