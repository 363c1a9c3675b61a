#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF exporter takes every shape key from the basis, whatever it is relative to, and without its vertex
# group.
#
# A shape key in Blender may be relative to another one (a correction on top of a smile), and a vertex group may limit
# it (one side of a face). Both belong to what the slider does, and the FBX exporter heeds both. The glTF exporter
# writes the difference between the key's own points and those of the basis: a correction also contains the smile a
# second time, and a half of a face moves whole. The file is valid, nothing is reported, and at rest all looks right.
# Before an export, put each such key into a new one: set it alone to 1 with those it is relative to at 0, and use
# shape_key_add(from_mix=True).
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (heights of three corners with both keys at 1: the second key relative to the first; half a weight in its group):
#     4.2.23: relative: in Blender [0.0, 1.0, 3.0], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 3.0]
#     4.2.23: group: in Blender [0.0, 1.0, 1.5], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 1.5]
#     5.3.0: relative: in Blender [0.0, 1.0, 3.0], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 3.0]
#     5.3.0: group: in Blender [0.0, 1.0, 1.5], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 1.5]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def heights(how):
    """Make, or import from a file, a triangle with two shape keys at full strength; return how high its corners are."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if how == "Blender":
        mesh = bpy.data.meshes.new("Triangle")
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
        triangle = bpy.data.objects.new("Triangle", mesh)
        bpy.context.scene.collection.objects.link(triangle)
        triangle.shape_key_add(name="Basis")
        first, second = (triangle.shape_key_add(name=name, from_mix=False) for name in ("First", "Second"))
        first.data[1].co.z = 1
        second.data[1].co.z, second.data[2].co.z = 1, 3
        if KIND == "relative":
            second.relative_key = first
        else:
            group = triangle.vertex_groups.new(name="Half")
            group.add([2], 0.5, "REPLACE")
            second.vertex_group = "Half"
        first.value = second.value = 1
    elif how == "glTF":
        bpy.ops.import_scene.gltf(filepath=f"{folder}/out.glb")
    else:
        bpy.ops.import_scene.fbx(filepath=f"{folder}/out.fbx")
    bpy.context.view_layer.update()
    triangle = next(one for one in bpy.data.objects if one.type == "MESH")
    matrix = triangle.matrix_world
    points = triangle.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices
    return [round((matrix @ point.co).z, 2) + 0 for point in points]


print()
for KIND in ("relative", "group"):
    inside = heights("Blender")
    bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb")
    bpy.ops.export_scene.fbx(filepath=f"{folder}/out.fbx")
    print(f"{version}: {KIND}: in Blender {inside}, glTF {heights('glTF')}, FBX {heights('FBX')}", flush=True)
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
4.2.23: relative: in Blender [0.0, 1.0, 3.0], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 3.0]
4.2.23: group: in Blender [0.0, 1.0, 1.5], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 1.5]
5.3.0: relative: in Blender [0.0, 1.0, 3.0], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 3.0]
5.3.0: group: in Blender [0.0, 1.0, 1.5], glTF [0.0, 2.0, 3.0], FBX [0.0, 1.0, 1.5]
WANTED
