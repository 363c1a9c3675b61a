#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Setting the colour space of an image throws away what was drawn or written into it, also where it is the same as
# before.
#
# A script that makes a normal map with images.new(), writes its pixels and then names its colour space "Non-Color" has
# a black picture. Where an image has a file, or is packed, its old contents are back, and the alpha mode does the same.
# is_dirty is False afterwards, so nothing that looks for changed images finds it. So a script that corrects the colour
# spaces of all images takes away what was painted since the last save. Set both before the first pixel, and only if
# they differ.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the colour of a picture that was made, so black, or of a red file, and then had green pixels written):
#     4.2.23: made, then nothing: green, is_dirty True
#     4.2.23: made, then colour space: black, is_dirty False
#     4.2.23: made, then the same colour space: black, is_dirty False
#     4.2.23: made, then alpha mode: green, is_dirty True
#     4.2.23: loaded, then nothing: green, is_dirty True
#     4.2.23: loaded, then colour space: red, is_dirty False
#     4.2.23: loaded, then the same colour space: red, is_dirty False
#     4.2.23: loaded, then alpha mode: red, is_dirty False
#     4.2.23: packed, then nothing: green, is_dirty True
#     4.2.23: packed, then colour space: red, is_dirty False
#     4.2.23: packed, then the same colour space: red, is_dirty False
#     4.2.23: packed, then alpha mode: red, is_dirty False
#     5.3.0: made, then nothing: green, is_dirty True
#     5.3.0: made, then colour space: black, is_dirty False
#     5.3.0: made, then the same colour space: black, is_dirty False
#     5.3.0: made, then alpha mode: green, is_dirty True
#     5.3.0: loaded, then nothing: green, is_dirty True
#     5.3.0: loaded, then colour space: red, is_dirty False
#     5.3.0: loaded, then the same colour space: red, is_dirty False
#     5.3.0: loaded, then alpha mode: red, is_dirty False
#     5.3.0: packed, then nothing: green, is_dirty True
#     5.3.0: packed, then colour space: red, is_dirty False
#     5.3.0: packed, then the same colour space: red, is_dirty False
#     5.3.0: packed, then alpha mode: red, is_dirty False
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
GREEN = (0.0, 1.0, 0.0, 1.0)


def made():
    """Return an image that a script makes."""
    return bpy.data.images.new("Made", 4, 4, alpha=True)


def loaded():
    """Return an image of a red file."""
    image = made()
    image.pixels[:] = (1.0, 0.0, 0.0, 1.0) * 16
    image.file_format = "PNG"
    image.save(filepath=f"{folder}/red.png")
    return bpy.data.images.load(f"{folder}/red.png")


def packed():
    """Return the image of a red file, in the .blend."""
    image = loaded()
    image.pack()
    return image


CHANGES = {
    "nothing": lambda image: None,
    "colour space": lambda image: setattr(image.colorspace_settings, "name", "Non-Color"),
    "the same colour space": lambda image: setattr(image.colorspace_settings, "name", "sRGB"),
    "alpha mode": lambda image: setattr(image, "alpha_mode", "CHANNEL_PACKED"),
}
print()
for make in (made, loaded, packed):
    for name, change in CHANGES.items():
        image = make()
        image.pixels[:] = GREEN * 16
        image.update()
        change(image)
        pixel = [round(value) for value in image.pixels[:4]]
        kept = "green" if pixel == [0, 1, 0, 1] else "black" if pixel == [0, 0, 0, 1] else "red"
        print(f"{version}: {make.__name__}, then {name}: {kept}, is_dirty {image.is_dirty}", flush=True)
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
4.2.23: made, then nothing: green, is_dirty True
4.2.23: made, then colour space: black, is_dirty False
4.2.23: made, then the same colour space: black, is_dirty False
4.2.23: made, then alpha mode: green, is_dirty True
4.2.23: loaded, then nothing: green, is_dirty True
4.2.23: loaded, then colour space: red, is_dirty False
4.2.23: loaded, then the same colour space: red, is_dirty False
4.2.23: loaded, then alpha mode: red, is_dirty False
4.2.23: packed, then nothing: green, is_dirty True
4.2.23: packed, then colour space: red, is_dirty False
4.2.23: packed, then the same colour space: red, is_dirty False
4.2.23: packed, then alpha mode: red, is_dirty False
5.3.0: made, then nothing: green, is_dirty True
5.3.0: made, then colour space: black, is_dirty False
5.3.0: made, then the same colour space: black, is_dirty False
5.3.0: made, then alpha mode: green, is_dirty True
5.3.0: loaded, then nothing: green, is_dirty True
5.3.0: loaded, then colour space: red, is_dirty False
5.3.0: loaded, then the same colour space: red, is_dirty False
5.3.0: loaded, then alpha mode: red, is_dirty False
5.3.0: packed, then nothing: green, is_dirty True
5.3.0: packed, then colour space: red, is_dirty False
5.3.0: packed, then the same colour space: red, is_dirty False
5.3.0: packed, then alpha mode: red, is_dirty False
WANTED
