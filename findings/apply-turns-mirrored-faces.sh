#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.1 on, Apply Scale turns the faces of a mirrored object right, so scripts that flip them turn them
# inside out.
#
# An object with a negative scale looks right, and in older versions it was inside out once its scale was applied:
# engines then show its back, or nothing. So scripts flip its faces after transform_apply(). The operator has a new
# option, corrective_flip_normals, that is on by default, also for scripts, and their flip now does the damage. It is
# not so for Join and Mesh.transform(), which still leave such faces inwards, so that one cannot flip by version alone.
# Name the option where it is there, or compare the sign of the volume before and after.
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23 and 4.5.15 are as 5.0.1, and 5.1.2 and
# 5.2.3 are as 5.3.0 (tried too).
#
# Seen (where the faces of a mirrored cube look):
#     5.0.1: applied: inwards
#     5.0.1: applied_and_flipped: outwards
#     5.0.1: joined: inwards
#     5.0.1: transformed: inwards
#     5.3.0: applied: outwards
#     5.3.0: applied_and_flipped: inwards
#     5.3.0: joined: inwards
#     5.3.0: transformed: inwards
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
from mathutils import Matrix

version, folder = sys.argv[1:]


def cube(place, scale):
    """Make a cube with this scale along X."""
    bpy.ops.mesh.primitive_cube_add(location=(place, 0, 0))
    bpy.context.object.scale.x = scale
    return bpy.context.object


def faces(polygons, place=0):
    """Return where the faces of a cube look that is at this place."""
    middle = Matrix.Translation((place, 0, 0)).translation
    outwards = {(face.center - middle).dot(face.normal) > 0 for face in polygons}
    return " and ".join("outwards" if one else "inwards" for one in outwards)


def applied():
    """Apply the scale of a mirrored cube."""
    obj = cube(0, -1)
    bpy.ops.object.transform_apply(location=False)
    return faces(obj.data.polygons)


def applied_and_flipped():
    """Do so and flip the faces, as scripts for older versions do."""
    obj = cube(0, -1)
    bpy.ops.object.transform_apply(location=False)
    obj.data.flip_normals()
    return faces(obj.data.polygons)


def joined():
    """Join a mirrored cube with another, and look at its faces."""
    whole, mirrored = cube(0, 1), cube(3, -1)
    bpy.ops.object.select_all(action="SELECT")
    bpy.context.view_layer.objects.active = whole
    bpy.ops.object.join()
    return faces(list(whole.data.polygons)[6:], 3)


def transformed():
    """Mirror the mesh by its own function."""
    obj = cube(0, 1)
    obj.data.transform(Matrix.Scale(-1, 4, (1, 0, 0)))
    return faces(obj.data.polygons)


print()
for way in (applied, applied_and_flipped, joined, transformed):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    print(f"{version}: {way.__name__}: {way()}", flush=True)
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
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.0.1: applied: inwards
5.0.1: applied_and_flipped: outwards
5.0.1: joined: inwards
5.0.1: transformed: inwards
5.3.0: applied: outwards
5.3.0: applied_and_flipped: inwards
5.3.0: joined: inwards
5.3.0: transformed: inwards
WANTED
