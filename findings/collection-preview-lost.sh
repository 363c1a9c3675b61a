#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy.data.libraries.write() drops the previews of collections in some Blenders, and in them only.
#
# It is the usual way to write an asset without the rest of a file. What is written is a copy from 4.3 on, and the copy of
# a collection had no preview: in the asset browser the asset is there, with tags and catalog, and shows a plain icon.
# save_as_mainfile() keeps it. 4.2 writes the original. 4.5.15 LTS keeps previews, and the newer 5.0.1 does not: a check
# like "bpy.app.version >= (4, 5)" is wrong, one has to write one and look. (4.3.2 of Debian 13 drops them too.)
#
# Versions: bpy 4.5.15 and 5.0.1 (Python 3.11), from PyPI. 4.2.23, 5.2.3 and 5.3.0 keep them as 4.5.15 does (tried too).
#
# Seen:
#     4.5.15: libraries.write kept, save_as_mainfile kept
#     5.0.1: libraries.write lost, save_as_mainfile kept
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
asset = bpy.data.collections.new("Asset")
bpy.context.scene.collection.children.link(asset)
asset.asset_mark()
preview = asset.preview_ensure()
preview.image_size = (8, 8)
preview.image_pixels_float.foreach_set([0.5] * 8 * 8 * 4)
bpy.data.libraries.write(f"{folder}/written.blend", {asset})
bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/saved.blend", copy=True)
seen = []
for name in ("written", "saved"):
    with bpy.data.libraries.load(f"{folder}/{name}.blend") as (inside, wanted):
        wanted.collections = ["Asset"]
    seen.append("kept" if wanted.collections[0].preview else "lost")
print(f"{version}: libraries.write {seen[0]}, save_as_mainfile {seen[1]}", flush=True)
os._exit(0)
PY
while read -r version python; do
    "$python" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" | grep "^$version"
done <<'LIST' | tee "$scratch/seen"
4.5.15 python3.11
5.0.1 python3.11
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: libraries.write kept, save_as_mainfile kept
5.0.1: libraries.write lost, save_as_mainfile kept
WANTED
