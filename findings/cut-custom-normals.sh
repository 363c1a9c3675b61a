#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Cutting a mesh bends the custom normals at the cut, by bmesh, modifiers and nodes; only Edit Mode keeps them.
#
# A model is cut into parts, or loses hidden faces, and what stays should look as before: its custom normals, as they
# came with a glTF or FBX, say how. But Blender stores each as an angle to the smooth normal at that corner, and that
# one turns when a neighbour is gone. Delete and Split of Edit Mode store them anew; bmesh.ops, the Mask and Edge Split
# modifiers and geometry nodes do not, nor does Separate in 4.2.23 and 5.0.1. Seams are seen along the cut, and exports
# have them too. From 4.5 on, normals that are stored as vectors stay: make a corner attribute "custom_normal" of the
# type FLOAT_VECTOR of Mesh.corner_normals before the cut. In 4.2, keep them, and set those that are left once more.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are as 5.3.0, but for
# Separate of 5.0.1 (tried too).
#
# Seen (a tube whose custom normals all point up: how far the worst is turned by each way to cut, in degrees):
#     4.2.23: bmesh.ops.delete: 45
#     4.2.23: bmesh.ops.split_edges: 45
#     4.2.23: Mask modifier: 45
#     4.2.23: Edge Split modifier: 45
#     4.2.23: Delete Geometry node: 90
#     4.2.23: Separate in Edit Mode: 45
#     4.2.23: Delete in Edit Mode: 0
#     4.2.23: Split in Edit Mode: 0
#     5.3.0: bmesh.ops.delete: 45, 0 stored as vectors
#     5.3.0: bmesh.ops.split_edges: 45, 0 stored as vectors
#     5.3.0: Mask modifier: 45, 0 stored as vectors
#     5.3.0: Edge Split modifier: 45, 0 stored as vectors
#     5.3.0: Delete Geometry node: 45, 0 stored as vectors
#     5.3.0: Separate in Edit Mode: 0, 0 stored as vectors
#     5.3.0: Delete in Edit Mode: 0, 0 stored as vectors
#     5.3.0: Split in Edit Mode: 0, 0 stored as vectors
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import math, os, sys
import bpy
import bmesh  # bpy brings it, and comes first
from mathutils import Vector

version = sys.argv[1]
UP = Vector((0, 0, 1))


def tube(vectors):
    """Make a smooth tube of 16 faces whose normals point up, stored by Blender or as an attribute of vectors."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cylinder_add(vertices=16, end_fill_type="NOTHING")
    mesh = bpy.context.object.data
    mesh.shade_smooth()
    if vectors:
        attribute = mesh.attributes.new("custom_normal", "FLOAT_VECTOR", "CORNER")
        attribute.data.foreach_set("vector", tuple(UP) * len(mesh.loops))
    else:
        mesh.normals_split_custom_set([UP] * len(mesh.loops))
    return bpy.context.object


def by_bmesh(way):
    """Return a function that cuts a mesh with an operator of bmesh."""

    def cut(tube):
        mesh = bmesh.new()
        mesh.from_mesh(tube.data)
        mesh.faces.ensure_lookup_table()
        if way == "delete":
            bmesh.ops.delete(mesh, geom=mesh.faces[:2], context="FACES")
        else:
            bmesh.ops.split_edges(mesh, edges=mesh.faces[0].edges[:])
        mesh.to_mesh(tube.data)
        mesh.free()

    return cut


def by_edit_mode(way):
    """Return a function that cuts a mesh with an operator of Edit Mode."""

    def cut(tube):
        bpy.context.tool_settings.mesh_select_mode = (False, False, True)
        for face in tube.data.polygons:
            face.select = face.index < 2
        bpy.ops.object.mode_set(mode="EDIT")
        way()
        bpy.ops.object.mode_set(mode="OBJECT")

    return cut


def by_mask(tube):
    """Hide all but a part with a modifier."""
    tube.vertex_groups.new(name="Part").add(list(range(8)), 1, "REPLACE")
    tube.modifiers.new("Mask", "MASK").vertex_group = "Part"


def by_edge_split(tube):
    """Split all edges with a modifier."""
    tube.modifiers.new("Split", "EDGE_SPLIT").split_angle = 0.1


def by_nodes(tube):
    """Delete two faces with geometry nodes."""
    tree = bpy.data.node_groups.new("Cut", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    kinds = ("NodeGroupInput", "NodeGroupOutput", "GeometryNodeDeleteGeometry", "GeometryNodeInputIndex")
    enter, leave, delete, index = (tree.nodes.new(kind) for kind in kinds)
    less = tree.nodes.new("FunctionNodeCompare")
    less.operation, less.inputs["B"].default_value = "LESS_THAN", 1.5
    delete.domain = "FACE"
    tree.links.new(index.outputs[0], less.inputs["A"])
    tree.links.new(less.outputs[0], delete.inputs["Selection"])
    tree.links.new(enter.outputs[0], delete.inputs["Geometry"])
    tree.links.new(delete.outputs[0], leave.inputs[0])
    tube.modifiers.new("Cut", "NODES").node_group = tree


def turned(cut, vectors):
    """Return by how many degrees the worst normal is turned."""
    one = tube(vectors)
    cut(one)
    mesh = one.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    return round(max(math.degrees(UP.angle(normal.vector)) for normal in mesh.corner_normals))


print()
for name, cut in {
    "bmesh.ops.delete": by_bmesh("delete"),
    "bmesh.ops.split_edges": by_bmesh("split"),
    "Mask modifier": by_mask,
    "Edge Split modifier": by_edge_split,
    "Delete Geometry node": by_nodes,
    "Separate in Edit Mode": by_edit_mode(lambda: bpy.ops.mesh.separate(type="SELECTED")),
    "Delete in Edit Mode": by_edit_mode(lambda: bpy.ops.mesh.delete(type="FACE")),
    "Split in Edit Mode": by_edit_mode(bpy.ops.mesh.split),
}.items():
    stored = f", {turned(cut, True)} stored as vectors" if bpy.app.version >= (4, 5) else ""
    print(f"{version}: {name}: {turned(cut, False)}{stored}", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: bmesh.ops.delete: 45
4.2.23: bmesh.ops.split_edges: 45
4.2.23: Mask modifier: 45
4.2.23: Edge Split modifier: 45
4.2.23: Delete Geometry node: 90
4.2.23: Separate in Edit Mode: 45
4.2.23: Delete in Edit Mode: 0
4.2.23: Split in Edit Mode: 0
5.3.0: bmesh.ops.delete: 45, 0 stored as vectors
5.3.0: bmesh.ops.split_edges: 45, 0 stored as vectors
5.3.0: Mask modifier: 45, 0 stored as vectors
5.3.0: Edge Split modifier: 45, 0 stored as vectors
5.3.0: Delete Geometry node: 45, 0 stored as vectors
5.3.0: Separate in Edit Mode: 0, 0 stored as vectors
5.3.0: Delete in Edit Mode: 0, 0 stored as vectors
5.3.0: Split in Edit Mode: 0, 0 stored as vectors
WANTED
