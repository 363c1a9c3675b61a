#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's WebP of quality 100 is lossless, and blackens every pixel whose alpha is 0; quality 99 keeps them.
#
# Image.save() takes another encoder at quality 100, which makes no loss, except where a pixel is transparent: its
# colour is set to nothing, since the encoder is not told to be exact. In a texture with "Channel Packed" alpha, where
# the fourth channel is a mask or a height, that wipes out the other three wherever it is 0. At lower qualities they are
# kept, with the usual small differences, as they are in PNG. The glTF exporter saves by the same function when its
# image format is WebP. So textures whose alpha is no transparency want PNG, or quality 99.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (format, quality; the red of a pixel that was 200, with an alpha of 0 and of 255):
#     4.2.23: PNG 100 [200, 200]
#     4.2.23: WEBP 99 [201, 201]
#     4.2.23: WEBP 100 [0, 200]
#     5.3.0: PNG 100 [200, 200]
#     5.3.0: WEBP 99 [201, 201]
#     5.3.0: WEBP 100 [0, 200]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def seen(file_format, quality):
    image = bpy.data.images.new("picture", 16, 16, alpha=True)
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels = [200 / 255, 100 / 255, 50 / 255, 0.0] * 128 + [200 / 255, 100 / 255, 50 / 255, 1.0] * 128
    image.file_format = file_format
    image.filepath_raw = f"{folder}/picture"
    image.save(quality=quality)
    read = bpy.data.images.load(f"{folder}/picture", check_existing=False)
    read.alpha_mode = "CHANNEL_PACKED"
    return [max(round(number * 255) for number in read.pixels[place : place + 3]) for place in (0, 4 * 128)]


for file_format, quality in (("PNG", 100), ("WEBP", 99), ("WEBP", 100)):
    print(f"{version}: {file_format} {quality} {seen(file_format, quality)}", flush=True)
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
4.2.23: PNG 100 [200, 200]
4.2.23: WEBP 99 [201, 201]
4.2.23: WEBP 100 [0, 200]
5.3.0: PNG 100 [200, 200]
5.3.0: WEBP 99 [201, 201]
5.3.0: WEBP 100 [0, 200]
WANTED
