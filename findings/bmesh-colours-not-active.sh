#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A mesh that bmesh fills has vertex colours of which none is active: PLY and OBJ files are written without them.
#
# Mesh.color_attributes.new() makes the first attribute the active one. A mesh that bmesh.to_mesh() fills, with colours
# of its own layer or with those that it read from a good mesh, has the attribute, yet active_color is None and
# render_color_index -1. PLY and OBJ take the active attribute, so they have no colours, though these are asked for; FBX
# and USD have them. Nothing is reported. Of UV maps, bmesh keeps which is active. Set
# color_attributes.active_color_index and render_color_index to 0 after to_mesh().
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen:
#     4.2.23: by_attributes: active is Paint, PLY has colours, OBJ has colours, FBX has colours, USD has colours
#     4.2.23: by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
#     4.2.23: copied_by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
#     5.3.0: by_attributes: active is Paint, PLY has colours, OBJ has colours, FBX has colours, USD has colours
#     5.3.0: by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
#     5.3.0: copied_by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
import bmesh

version, folder = sys.argv[1:]
GREEN = (0.2, 0.5, 0.1, 1.0)
WAYS = {
    "PLY": (bpy.ops.wm.ply_export, bpy.ops.wm.ply_import, "ply", {}),
    "OBJ": (bpy.ops.wm.obj_export, bpy.ops.wm.obj_import, "obj", {"export_colors": True}),
    "FBX": (bpy.ops.export_scene.fbx, bpy.ops.import_scene.fbx, "fbx", {}),
    "USD": (bpy.ops.wm.usd_export, bpy.ops.wm.usd_import, "usdc", {}),
}


def by_attributes():
    """Return a green triangle that is made with Mesh.color_attributes."""
    mesh = bpy.data.meshes.new("Leaf")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.color_attributes.new("Paint", "BYTE_COLOR", "CORNER").data.foreach_set("color", GREEN * 3)
    return mesh


def by_bmesh():
    """Return a green triangle that is made with bmesh."""
    made = bmesh.new()
    paint = made.loops.layers.color.new("Paint")
    face = made.faces.new([made.verts.new(place) for place in ((0, 0, 0), (1, 0, 0), (0, 1, 0))])
    for loop in face.loops:
        loop[paint] = GREEN
    mesh = bpy.data.meshes.new("Leaf")
    made.to_mesh(mesh)
    return mesh


def copied_by_bmesh():
    """Return a new mesh with what a bmesh read from another."""
    made = bmesh.new()
    made.from_mesh(by_attributes())
    mesh = bpy.data.meshes.new("Leaf")
    made.to_mesh(mesh)
    return mesh


print()
for make in (by_attributes, by_bmesh, copied_by_bmesh):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = make()
    active = mesh.color_attributes.active_color
    said = [f"active is {active.name if active else None}"]
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Leaf", mesh))
    for export, _, suffix, options in WAYS.values():
        export(filepath=f"{folder}/leaf.{suffix}", **options)
    for way, (_, read, suffix, _) in WAYS.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        read(filepath=f"{folder}/leaf.{suffix}")
        colours = next(obj.data for obj in bpy.data.objects if obj.type == "MESH").color_attributes
        said.append(f"{way} {'has colours' if len(colours) else 'has none'}")
    print(f"\n{version}: {make.__name__}: {', '.join(said)}", flush=True)
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
4.2.23: by_attributes: active is Paint, PLY has colours, OBJ has colours, FBX has colours, USD has colours
4.2.23: by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
4.2.23: copied_by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
5.3.0: by_attributes: active is Paint, PLY has colours, OBJ has colours, FBX has colours, USD has colours
5.3.0: by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
5.3.0: copied_by_bmesh: active is None, PLY has none, OBJ has none, FBX has colours, USD has colours
WANTED
