#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A file path of an image that was set to "" is still in the saved .blend, all but its first letter.
#
# The field has a fixed size, and emptying it writes one byte: the end of the text. The rest stays, and the whole field is
# saved. So a .blend from which a script took all paths before it was handed over still tells the folders of whoever made
# it. Blender shows nothing of it; `strings` does. Overwriting the field with a long text first takes it away.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI.
#
# Seen:
#     4.2.23: emptied True, overwritten False
#     5.3.0: emptied True, overwritten False
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
seen = []
for overwrite in (False, True):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    image = bpy.data.images.new("picture", 4, 4)
    image.pack()
    image.use_fake_user = True
    image.filepath_raw = "/home/a-name-to-be-found/picture.png"
    if overwrite:
        image.filepath_raw = "." * 1000
    image.filepath_raw = ""
    bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/out.blend", compress=False)
    with open(f"{folder}/out.blend", "rb") as file:
        seen.append(b"a-name-to-be-found" in file.read())
print(f"{version}: emptied {seen[0]}, overwritten {seen[1]}", flush=True)
os._exit(0)
PY
while read -r version python; do
    "$python" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" | grep "^$version"
done <<'LIST' | tee "$scratch/seen"
4.2.23 python3.11
5.3.0 python3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: emptied True, overwritten False
5.3.0: emptied True, overwritten False
WANTED
