#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, an 8 bit picture that is saved as OpenEXR says of linear numbers that they are sRGB, and is
# read too dark.
#
# Image.save() with the format OPEN_EXR writes scene linear numbers, as EXR files have them: 128 of 255 becomes 0.216.
# Up to 4.5 nothing was said about the colour space, and such a file was read as linear. From 5.0 on the file gets the
# attribute colorInteropID with the space of the picture in memory, srgb_rec709_display, whereas its numbers are as
# linear as before. 5.0 and newer believe the attribute when they load the file, and decode it once more: 0.038. A
# picture of data, such as roughness, is linearised in all versions though it must not be: 0.502 becomes 0.216, and
# nothing tells so. Written as PNG, both come back as they were; a picture that is made with float_buffer=True keeps the
# numbers of data.
#
# Versions: bpy 4.5.15 and 5.0.1 (Python 3.11), 5.3.0 (Python 3.13), from PyPI. 4.2.23 is as 4.5.15, and 5.2.3 as 5.0.1
# (tried too).
#
# Seen (number in the file, space that Blender takes it for, value; right is 0.216 for colour, 0.502 for data):
#     4.5.15: colour holds 0.216, read as Linear Rec.709 0.216; data holds 0.216, read as Linear Rec.709 0.216
#     5.0.1: colour holds 0.216, read as sRGB 0.038; data holds 0.216, read as Non-Color 0.216
#     5.3.0: colour holds 0.216, read as sRGB 0.038; data holds 0.216, read as Non-Color 0.216
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def seen(is_data):
    image = bpy.data.images.new("picture", 4, 4, is_data=is_data)
    image.pixels = [128 / 255, 128 / 255, 128 / 255, 1.0] * 16
    image.file_format = "OPEN_EXR"
    image.filepath_raw = f"{folder}/out.exr"
    image.save()
    read = bpy.data.images.load(f"{folder}/out.exr", check_existing=False)
    name, value = read.colorspace_settings.name, read.pixels[0]
    read.colorspace_settings.name = "Non-Color"
    return f"holds {read.pixels[0]:.3f}, read as {name} {value:.3f}"


print(f"{version}: colour {seen(False)}; data {seen(True)}", flush=True)
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
4.5.15 3.11
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: colour holds 0.216, read as Linear Rec.709 0.216; data holds 0.216, read as Linear Rec.709 0.216
5.0.1: colour holds 0.216, read as sRGB 0.038; data holds 0.216, read as Non-Color 0.216
5.3.0: colour holds 0.216, read as sRGB 0.038; data holds 0.216, read as Non-Color 0.216
WANTED
