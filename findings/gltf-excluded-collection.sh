#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF exporter exports what is in excluded collections, at the origin and without modifiers.
#
# A collection whose check mark in the Outliner is off is not part of the view layer: spare parts, references, older
# versions. All other exporters leave it out. The glTF exporter goes through the objects of the scene and takes them
# too, unless "Visible Objects" is on. But nothing computes the place of an object that is in no view layer:
# matrix_world is not stored in a .blend, so once the file has been opened again it is the identity. The object is
# exported at the origin, unturned and unscaled, in the middle of the model, and "Apply Modifiers" applies none to it.
# Nothing is reported, and in the session in which the collection was switched off its places are still right, so one
# does not see it at a first try. Batch conversions of .blend files meet it. Use use_visible=True, or switch such
# collections on before.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (two triangles with Solidify, which makes 8 faces of one; "Used" is at x = 5, "Left out", excluded, at x = 10):
#     4.2.23: glTF Used at 5, 8 faces; Left out at 0, 1 faces; OBJ ['Used']; FBX ['Used']
#     5.3.0: glTF Used at 5, 8 faces; Left out at 0, 1 faces; OBJ ['Used']; FBX ['Used']
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]
export = bpy.ops.export_scene
bpy.ops.wm.read_factory_settings(use_empty=True)
spare = bpy.data.collections.new("Spare")
bpy.context.scene.collection.children.link(spare)
for name, collection, x in (("Used", bpy.context.scene.collection, 5), ("Left out", spare, 10)):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    obj = bpy.data.objects.new(name, mesh)
    obj.location.x = x
    obj.modifiers.new("Solidify", "SOLIDIFY")
    collection.objects.link(obj)
bpy.context.view_layer.layer_collection.children["Spare"].exclude = True
bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/{version}.blend")
bpy.ops.wm.open_mainfile(filepath=f"{folder}/{version}.blend")

export.gltf(filepath=f"{folder}/out.glb", export_apply=True)
export.fbx(filepath=f"{folder}/out.fbx")
bpy.ops.wm.obj_export(filepath=f"{folder}/out.obj")
with open(f"{folder}/out.glb", "rb") as file:
    data = file.read()
document = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
said = []
for node in sorted(document["nodes"], key=lambda node: node["name"], reverse=True):
    primitive = document["meshes"][node["mesh"]]["primitives"][0]
    triangles = document["accessors"][primitive["indices"]]["count"] // 3
    said.append(f"{node['name']} at {node.get('translation', [0])[0]}, {triangles} faces")
with open(f"{folder}/out.obj") as file:
    objects = [line[2:].strip() for line in file if line.startswith("o ")]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.fbx(filepath=f"{folder}/out.fbx")
print()
print(f"{version}: glTF {'; '.join(said)}; OBJ {objects}; FBX {[obj.name for obj in bpy.data.objects]}", flush=True)
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
4.2.23: glTF Used at 5, 8 faces; Left out at 0, 1 faces; OBJ ['Used']; FBX ['Used']
5.3.0: glTF Used at 5, 8 faces; Left out at 0, 1 faces; OBJ ['Used']; FBX ['Used']
WANTED
