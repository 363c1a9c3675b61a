#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.2 on, the colour space of a new float image decides what its pixels mean when it is saved.
#
# A float image made by bpy.data.images.new() is "Linear Rec.709". Up to 5.0 a script could call it "sRGB", as tools that
# copy an image with its settings do, and nothing changed: float pixels were scene linear whatever the name, and
# save_render() encoded them. In 5.2 and 5.3 the same lines write the values as they are: a picture copied from a 16 bit
# PNG or TIFF (whose pixels Blender holds as scene linear floats under the name "sRGB") comes out much too dark. Byte
# images are not concerned, so a copy that is right for every 8 bit picture is wrong for these.
#
# Versions: bpy 4.2.23 and 5.0.1 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), from PyPI.
#
# Seen (0.5, 0.25, 0.125 saved as an 8 bit PNG with the view "Standard": left alone, called "sRGB"):
#     4.2.23: [188, 137, 99] [188, 137, 99]
#     5.0.1: [188, 137, 99] [188, 137, 99]
#     5.2.3: [188, 137, 99] [127, 64, 32]
#     5.3.0: [188, 137, 99] [127, 64, 32]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

scene = bpy.context.scene
scene.view_settings.view_transform = "Standard"
scene.render.image_settings.file_format = "PNG"


def saved(name):
    image = bpy.data.images.new("a", 4, 4, alpha=True, float_buffer=True)
    if name:
        image.colorspace_settings.name = name
    image.pixels.foreach_set([0.5, 0.25, 0.125, 1.0] * 16)
    path = os.path.join(sys.argv[2], f"{name}.png")
    image.save_render(path, scene=scene)
    return [round(value * 255) for value in bpy.data.images.load(path, check_existing=False).pixels[:3]]


print(f"{sys.argv[1]}: {saved('')} {saved('sRGB')}", flush=True)
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
5.0.1 3.11
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: [188, 137, 99] [188, 137, 99]
5.0.1: [188, 137, 99] [188, 137, 99]
5.2.3: [188, 137, 99] [127, 64, 32]
5.3.0: [188, 137, 99] [127, 64, 32]
WANTED
