#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of Blender's exporters, only FBX heeds a selection that temp_override() gives: all others export what is selected.
#
# A script that exports one file for each object names the object by temp_override(selected_objects=[...]), which leaves
# the user's selection as it is, and asks for the selection only. What works for FBX gives, in glTF, OBJ, STL, PLY, USD
# and Alembic, what is selected in the view layer: of a hundred files, each is the same, and has another model in it
# than its name says. object.join, transform_apply and others heed such an override. The exporters return FINISHED.
# Select with Object.select_set() and restore the selection, or export a collection.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (what is in the file, where the override says that the chair is selected, and the view layer says the table):
#     4.2.23: fbx: chair
#     4.2.23: glb: table
#     4.2.23: obj: table
#     4.2.23: stl: table
#     4.2.23: ply: table
#     4.2.23: usdc: table
#     4.2.23: abc: table
#     5.3.0: fbx: chair
#     5.3.0: glb: table
#     5.3.0: obj: table
#     5.3.0: stl: table
#     5.3.0: ply: table
#     5.3.0: usdc: table
#     5.3.0: abc: table
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
WAYS = {
    "fbx": (bpy.ops.export_scene.fbx, "use_selection", bpy.ops.import_scene.fbx),
    "glb": (bpy.ops.export_scene.gltf, "use_selection", bpy.ops.import_scene.gltf),
    "obj": (bpy.ops.wm.obj_export, "export_selected_objects", bpy.ops.wm.obj_import),
    "stl": (bpy.ops.wm.stl_export, "export_selected_objects", bpy.ops.wm.stl_import),
    "ply": (bpy.ops.wm.ply_export, "export_selected_objects", bpy.ops.wm.ply_import),
    "usdc": (bpy.ops.wm.usd_export, "selected_objects_only", bpy.ops.wm.usd_import),
    "abc": (bpy.ops.wm.alembic_export, "selected", bpy.ops.wm.alembic_import),
}


def exported(suffix):
    """Export the chair by an override, while the table is selected, and say what is in the file."""
    export, option, read = WAYS[suffix]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for place, name in enumerate(("chair", "table")):
        bpy.ops.mesh.primitive_cube_add(location=(10 * place, 0, 0))
        bpy.context.object.name = name
    objs = bpy.data.objects
    for obj in objs:
        obj.select_set(obj.name == "table")
    path = f"{folder}/{version}.{suffix}"
    chair = {"object": objs["chair"], "active_object": objs["chair"]}
    lists = dict.fromkeys(("selected_objects", "selected_editable_objects"), [objs["chair"]])
    with bpy.context.temp_override(**chair, **lists):
        export(filepath=path, **{option: True})
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=path)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    found = set()
    for instance in depsgraph.object_instances:
        if instance.object.type == "MESH":
            x = (instance.matrix_world @ instance.object.data.vertices[0].co).x
            found.add("chair" if x < 5 else "table")
    return " and ".join(sorted(found)) or "nothing"


print()
for suffix in WAYS:
    print(f"{version}: {suffix}: {exported(suffix)}", flush=True)
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
4.2.23: fbx: chair
4.2.23: glb: table
4.2.23: obj: table
4.2.23: stl: table
4.2.23: ply: table
4.2.23: usdc: table
4.2.23: abc: table
5.3.0: fbx: chair
5.3.0: glb: table
5.3.0: obj: table
5.3.0: stl: table
5.3.0: ply: table
5.3.0: usdc: table
5.3.0: abc: table
WANTED
