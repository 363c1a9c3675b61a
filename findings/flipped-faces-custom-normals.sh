#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Mesh.flip_normals() turns custom normals to new directions: they are neither kept, nor reversed, nor mirrored.
#
# Custom normals are stored for each corner of a face, relative to the face and to the edges at that corner. When the
# face is turned over, these change, and the stored numbers stay: a triangle whose three corners had one custom normal
# has three different ones then. Mesh.transform() with a matrix that mirrors keeps the order of the corners, so the face
# looks inwards, and flip_normals() after it puts that right and the normals wrong. So read Mesh.corner_normals before,
# turn the faces over, and set them again. Object > Apply > Scale of an object that is mirrored does neither up to 4.5
# (the face looks inwards); in 5.3 it turns the face over, and the normals are wrong in the same way.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15 is as 4.2.23 (tried too).
#
# Seen, for a triangle that looks along Z and has the custom normal (0.6, 0, 0.8) at all corners:
#     4.2.23: flipped (0.0, 0.6, -0.8) (-0.42, -0.42, -0.8) (0.42, -0.42, -0.8)
#     4.2.23: mirrored in X, flipped (0.0, 0.6, 0.8) (0.42, -0.42, 0.8) (-0.42, -0.42, 0.8)
#     4.2.23: scale -1 in X applied (-0.6, 0.0, -0.8) (-0.6, 0.0, -0.8) (-0.6, 0.0, -0.8)
#     5.3.0: the first two as above; scale -1 in X applied as "mirrored in X, flipped"
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
from mathutils import Matrix, Vector

version = sys.argv[1]


def triangle():
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.normals_split_custom_set([Vector((0.6, 0.0, 0.8))] * 3)
    return mesh


def say(what, mesh):
    normals = [tuple(round(number, 2) + 0.0 for number in one.vector) for one in mesh.corner_normals]
    print(f"{version}: {what} {' '.join(map(str, normals))}")


mesh = triangle()
mesh.flip_normals()
say("flipped", mesh)
mesh = triangle()
mesh.transform(Matrix.Diagonal((-1, 1, 1, 1)))
mesh.flip_normals()
say("mirrored in X, flipped", mesh)
mesh = triangle()
obj = bpy.data.objects.new("Mirrored", mesh)
bpy.context.scene.collection.objects.link(obj)
obj.scale.x = -1
bpy.context.view_layer.objects.active = obj
obj.select_set(True)
for other in list(bpy.context.selected_objects):
    other.select_set(other == obj)
bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
say("scale -1 in X applied", mesh)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: flipped (0.0, 0.6, -0.8) (-0.42, -0.42, -0.8) (0.42, -0.42, -0.8)
4.2.23: mirrored in X, flipped (0.0, 0.6, 0.8) (0.42, -0.42, 0.8) (-0.42, -0.42, 0.8)
4.2.23: scale -1 in X applied (-0.6, 0.0, -0.8) (-0.6, 0.0, -0.8) (-0.6, 0.0, -0.8)
5.3.0: flipped (0.0, 0.6, -0.8) (-0.42, -0.42, -0.8) (0.42, -0.42, -0.8)
5.3.0: mirrored in X, flipped (0.0, 0.6, 0.8) (0.42, -0.42, 0.8) (-0.42, -0.42, 0.8)
5.3.0: scale -1 in X applied (0.0, 0.6, 0.8) (0.42, -0.42, 0.8) (-0.42, -0.42, 0.8)
WANTED
