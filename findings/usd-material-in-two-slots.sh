#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's USD exporter gives faces another material where one material is in two slots, or where a slot is empty.
#
# A model whose "Blue.001" was replaced with "Blue", as scripts do that remove doubles, has Blue in two slots. USD gets
# one list of faces for each material, and the list of the second slot takes the place of that of the first: the faces
# of the first slot are in no list, and get what the mesh as a whole is bound to, which is the material of the first
# slot that has one. The same happens to faces whose slot is empty, or whose number is beyond the slots: blue handles
# become red. FBX and Alembic lose empty slots too; glTF and OBJ are right. Nothing is reported. Give the faces of equal
# slots one material index before an export, and fill empty slots.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the materials of four faces, as they are in Blender, and read from each file again; and the lists in the USD):
#     4.2.23: Blue in two slots: Red, Blue, Green, Blue
#     4.2.23: Blue in two slots, usda: Red, Red, Green, Blue
#     4.2.23: Blue in two slots, fbx: Red, Blue, Green, Blue
#     4.2.23: Blue in two slots, obj: Red, Blue, Green, Blue
#     4.2.23: Blue in two slots, glb: Red, Blue, Green, Blue
#     4.2.23: Blue in two slots, lists of faces in the USD: Red [0], Blue [3], Green [2]
#     4.2.23: second slot empty: Red, none, Green, Blue
#     4.2.23: second slot empty, usda: Red, Red, Green, Blue
#     4.2.23: second slot empty, fbx: Red, Red, Green, Blue
#     4.2.23: second slot empty, obj: Red, Material, Green, Blue
#     4.2.23: second slot empty, glb: Red, none, Green, Blue
#     4.2.23: second slot empty, lists of faces in the USD: Red [0], Green [2], Blue [3]
#     5.3.0: Blue in two slots: Red, Blue, Green, Blue
#     5.3.0: Blue in two slots, usda: Red, Red, Green, Blue
#     5.3.0: Blue in two slots, fbx: Red, Blue, Green, Blue
#     5.3.0: Blue in two slots, obj: Red, Blue, Green, Blue
#     5.3.0: Blue in two slots, glb: Red, Blue, Green, Blue
#     5.3.0: Blue in two slots, lists of faces in the USD: Red [0], Blue [3], Green [2]
#     5.3.0: second slot empty: Red, none, Green, Blue
#     5.3.0: second slot empty, usda: Red, Red, Green, Blue
#     5.3.0: second slot empty, fbx: Red, Red, Green, Blue
#     5.3.0: second slot empty, obj: Red, Material, Green, Blue
#     5.3.0: second slot empty, glb: Red, none, Green, Blue
#     5.3.0: second slot empty, lists of faces in the USD: Red [0], Green [2], Blue [3]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, re, sys
import bpy

version, folder = sys.argv[1:]
WAYS = {
    "usda": (bpy.ops.wm.usd_export, bpy.ops.wm.usd_import),
    "fbx": (bpy.ops.export_scene.fbx, bpy.ops.import_scene.fbx),
    "obj": (bpy.ops.wm.obj_export, bpy.ops.wm.obj_import),
    "glb": (bpy.ops.export_scene.gltf, bpy.ops.import_scene.gltf),
}
SLOTS = {
    "Blue in two slots": ("Red", "Blue", "Green", "Blue"),
    "second slot empty": ("Red", None, "Green", "Blue"),
}


def make(slots):
    """Make a row of four faces, each of which has the material of its own slot."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Row")
    corners = [(x, y, 0) for x in range(5) for y in range(2)]
    mesh.from_pydata(corners, [], [(2 * x, 2 * x + 2, 2 * x + 3, 2 * x + 1) for x in range(4)])
    for index, name in enumerate(slots):
        material = name and (bpy.data.materials.get(name) or bpy.data.materials.new(name))
        mesh.materials.append(material)
        mesh.polygons[index].material_index = index
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Row", mesh))


def seen():
    """Return the materials of the faces, from left to right."""
    row = next(one for one in bpy.data.objects if one.type == "MESH")
    materials = [slot.material.name if slot.material else "none" for slot in row.material_slots]
    faces = {int(face.center.x): materials[face.material_index] for face in row.data.polygons}
    return ", ".join(name for _, name in sorted(faces.items()))


print()
for case, slots in SLOTS.items():
    make(slots)
    print(f"{version}: {case}: {seen()}")
    for extension, (write, _) in WAYS.items():
        write(filepath=f"{folder}/{version}.{extension}")
    for extension, (_, read) in WAYS.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        read(filepath=f"{folder}/{version}.{extension}")
        print(f"{version}: {case}, {extension}: {seen()}")
    text = open(f"{folder}/{version}.usda").read()
    lists = re.findall(r'GeomSubset "(\w+)".*?indices = (\[.*?\])', text, re.DOTALL)
    print(f"{version}: {case}, lists of faces in the USD: {', '.join(' '.join(one) for one in lists)}")
sys.stdout.flush()
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
4.2.23: Blue in two slots: Red, Blue, Green, Blue
4.2.23: Blue in two slots, usda: Red, Red, Green, Blue
4.2.23: Blue in two slots, fbx: Red, Blue, Green, Blue
4.2.23: Blue in two slots, obj: Red, Blue, Green, Blue
4.2.23: Blue in two slots, glb: Red, Blue, Green, Blue
4.2.23: Blue in two slots, lists of faces in the USD: Red [0], Blue [3], Green [2]
4.2.23: second slot empty: Red, none, Green, Blue
4.2.23: second slot empty, usda: Red, Red, Green, Blue
4.2.23: second slot empty, fbx: Red, Red, Green, Blue
4.2.23: second slot empty, obj: Red, Material, Green, Blue
4.2.23: second slot empty, glb: Red, none, Green, Blue
4.2.23: second slot empty, lists of faces in the USD: Red [0], Green [2], Blue [3]
5.3.0: Blue in two slots: Red, Blue, Green, Blue
5.3.0: Blue in two slots, usda: Red, Red, Green, Blue
5.3.0: Blue in two slots, fbx: Red, Blue, Green, Blue
5.3.0: Blue in two slots, obj: Red, Blue, Green, Blue
5.3.0: Blue in two slots, glb: Red, Blue, Green, Blue
5.3.0: Blue in two slots, lists of faces in the USD: Red [0], Blue [3], Green [2]
5.3.0: second slot empty: Red, none, Green, Blue
5.3.0: second slot empty, usda: Red, Red, Green, Blue
5.3.0: second slot empty, fbx: Red, Red, Green, Blue
5.3.0: second slot empty, obj: Red, Material, Green, Blue
5.3.0: second slot empty, glb: Red, none, Green, Blue
5.3.0: second slot empty, lists of faces in the USD: Red [0], Green [2], Blue [3]
WANTED
