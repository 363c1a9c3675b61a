#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Applying an uneven scale bends custom normals: Apply Scale, Join and Mesh.transform() change what was seen before.
#
# An object that is scaled by 3 in one direction shows its mesh with the right normals, custom ones too (those of
# weighted normals, hardened bevels, transfers, and of nearly every imported file). Applying the scale should leave all
# as it was seen. It moves the vertices, and keeps the custom normals as the angles to the face that they are stored as,
# which an uneven scale changes: a cube with hardened bevels has normals that are up to 24 degrees off, so flat sides
# look round. Nothing is reported. The exporters do it right for such an object, even OBJ, which applies the scale
# itself. Where custom normals matter, export without applying, or read corner_normals before, and set them again,
# transformed by the inverse transpose, with normals_split_custom_set(). An even scale, a rotation and a move are
# harmless.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (largest angle, in degrees, between normals before and after):
#     4.2.23: Apply Scale 24, Mesh.transform() 24, BMesh.transform() 24, Join 24, OBJ file 0
#     5.3.0: Apply Scale 24, Mesh.transform() 24, BMesh.transform() 24, Join 24, OBJ file 0
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
ops = bpy.ops


def cube():
    """Add a cube with hardened bevels, and make the object three times as tall."""
    ops.wm.read_factory_settings(use_empty=True)
    ops.mesh.primitive_cube_add()
    obj = bpy.context.object
    ops.object.shade_smooth()
    bevel = obj.modifiers.new("Bevel", "BEVEL")
    bevel.width, bevel.harden_normals = 0.2, True
    ops.object.modifier_apply(modifier="Bevel")
    obj.scale.z = 3
    return obj


def normals(obj):
    """Return where the corners are in the scene, and the normals that are seen there."""
    bpy.context.view_layer.update()
    matrix = obj.matrix_world.to_3x3().inverted().transposed()
    mesh = obj.data
    places = [obj.matrix_world @ mesh.vertices[loop.vertex_index].co for loop in mesh.loops]
    return places, [(matrix @ corner.vector).normalized() for corner in mesh.corner_normals]


def by_operator(obj):
    ops.object.transform_apply()


def by_mesh(obj):
    obj.data.transform(obj.matrix_basis)
    obj.scale.z = 1


def by_bmesh(obj):
    mesh = bmesh.new()
    mesh.from_mesh(obj.data)
    mesh.transform(obj.matrix_basis)
    mesh.to_mesh(obj.data)
    obj.scale.z = 1


def by_joining(obj):
    other = bpy.data.objects.new("Other", bpy.data.meshes.new("Other"))
    bpy.context.scene.collection.objects.link(other)
    bpy.context.view_layer.objects.active = other
    other.select_set(True)
    ops.object.join()


def by_file(obj):
    ops.wm.obj_export(filepath=f"{folder}/cube.obj", forward_axis="Y", up_axis="Z")
    ops.wm.read_factory_settings(use_empty=True)
    ops.wm.obj_import(filepath=f"{folder}/cube.obj", forward_axis="Y", up_axis="Z")


def turned(way):
    """Scale the mesh instead of the object in this way; say by how many degrees normals have changed, at most."""
    places, before = normals(cube())
    way(bpy.context.object)
    places_after, after = normals(bpy.context.scene.objects[-1])
    assert max((one - other).length for one, other in zip(places, places_after)) < 0.001
    return f"{max(one.angle(other) for one, other in zip(before, after)) * 57.2958:.0f}"


ways = {
    "Apply Scale": by_operator,
    "Mesh.transform()": by_mesh,
    "BMesh.transform()": by_bmesh,
    "Join": by_joining,
    "OBJ file": by_file,
}
print()
print(f"{version}: {', '.join(f'{name} {turned(way)}' for name, way in ways.items())}", flush=True)
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
4.2.23: Apply Scale 24, Mesh.transform() 24, BMesh.transform() 24, Join 24, OBJ file 0
5.3.0: Apply Scale 24, Mesh.transform() 24, BMesh.transform() 24, Join 24, OBJ file 0
WANTED
