#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, a shape key that a script adds is at full strength at once, and from 5.2 on RNA says otherwise.
#
# Up to 4.5, Object.shape_key_add() made a key with the value 0: it changed nothing until the slider was moved, as the
# button in the panel does. From 5.0 on its value is 1, for the basis and for every other key. A script that adds keys and
# then writes their points (importers of faces, retopology and retargeting tools) now leaves the mesh deformed by the sum
# of them all, unless it sets each value itself. The default of the RNA property was 1 in 5.0 too, but is 0 again in 5.2
# and 5.3, while new keys still begin at 1: "reset to default" and a new key differ, and code that skips values which equal
# the property's default (exporters, differs) is wrong for one of the two.
#
# Versions: bpy 4.5.15 and 5.0.1 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), from PyPI.
#
# Seen:
#     4.5.15: values 0.0 0.0, moved by 0.0, RNA default 0.0
#     5.0.1: values 1.0 1.0, moved by 2.0, RNA default 1.0
#     5.2.3: values 1.0 1.0, moved by 2.0, RNA default 0.0
#     5.3.0: values 1.0 1.0, moved by 2.0, RNA default 0.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
mesh = bpy.data.meshes.new("m")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
obj = bpy.data.objects.new("o", mesh)
bpy.context.collection.objects.link(obj)
basis = obj.shape_key_add(name="Basis")
smile = obj.shape_key_add(name="Smile", from_mix=False)
for point in smile.data:
    point.co.z += 2
bpy.context.view_layer.update()
moved = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices[0].co.z
default = smile.rna_type.properties["value"].default
print(f"{sys.argv[1]}: values {basis.value} {smile.value}, moved by {moved}, RNA default {default}", flush=True)
os._exit(0)
PY
while read -r version python; do
    "$python" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version"
done <<'LIST' | tee "$scratch/seen"
4.5.15 python3.11
5.0.1 python3.11
5.2.3 python3.13
5.3.0 python3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: values 0.0 0.0, moved by 0.0, RNA default 0.0
5.0.1: values 1.0 1.0, moved by 2.0, RNA default 1.0
5.2.3: values 1.0 1.0, moved by 2.0, RNA default 0.0
5.3.0: values 1.0 1.0, moved by 2.0, RNA default 0.0
WANTED
