#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Image.copy() copies the picture without what was painted, and says that the copy is not changed.
#
# A copy of a data-block is as that is now: so it is with meshes, materials and curves. The pixels of an image are not
# part of the copy. It reads its file or its packed file again, or is generated anew, so the copy of a painted canvas is
# black, and that of a picture which a script has worked on is as it was before. The original says is_dirty, the copy
# does not, so nothing warns. Duplicating a material together with its images, "keep the old one" before a filter, and a
# copy that is saved under another name lose the work in this way. pack() before copy() keeps it; or make a new image,
# and copy pixels.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (three images that were made green; "packed after it": pack() between painting and copying):
#     4.2.23: made green copy black; loaded green copy red; packed green copy red; packed after it green copy green
#     5.3.0: made green copy black; loaded green copy red; packed green copy red; packed after it green copy green
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)


def painted(image):
    """Make all of an image green, as a brush or a script does, and return it."""
    image.pixels = [0.0, 1.0, 0.0, 1.0] * (image.size[0] * image.size[1])
    image.update()
    return image


def look(image):
    """Say which colour the first pixel has."""
    return {(0, 0, 0): "black", (1, 0, 0): "red", (0, 1, 0): "green"}[tuple(image.pixels[:3])]


made = bpy.data.images.new("Made", 4, 4)
red = bpy.data.images.new("Red", 4, 4)
red.generated_color = (1, 0, 0, 1)
red.filepath_raw, red.file_format = f"{folder}/red.png", "PNG"
red.save()
loaded = bpy.data.images.load(f"{folder}/red.png")
packed = bpy.data.images.load(f"{folder}/red.png")
packed.pack()
again = bpy.data.images.load(f"{folder}/red.png")
said = []
for name, image in (("made", made), ("loaded", loaded), ("packed", packed)):
    copy = painted(image).copy()
    said.append(f"{name} {look(image)} copy {look(copy)}{' dirty' if copy.is_dirty else ''}")
painted(again).pack()
said.append(f"packed after it {look(again)} copy {look(again.copy())}")
print()
print(f"{version}: {'; '.join(said)}", flush=True)
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
4.2.23: made green copy black; loaded green copy red; packed green copy red; packed after it green copy green
5.3.0: made green copy black; loaded green copy red; packed green copy red; packed after it green copy green
WANTED
