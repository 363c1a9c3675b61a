#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender finds none of the UVs in a PLY from MeshLab, neither those of vertices nor those of corners.
#
# A PLY names its properties as its writer likes. Blender reads UVs that vertices have as "s" and "t", and writes them
# so. MeshLab calls them "texture_u" and "texture_v" (in Blender these become two attributes of numbers), and writes the
# UVs of corners, which a model with seams has, as a list "texcoord" of each face. Of faces Blender takes only the
# numbers of their corners, so this list is gone, and colours of faces are, too. The operator returns {'FINISHED'}, and
# a textured scan comes in grey. Have MeshLab write OBJ; or take UVs of vertices, and call them s and t.
#
# Versions: bpy 5.3.0 from PyPI, Python 3.13; pymeshlab 2025.7.post1 and numpy 2.4.6, Python 3.11. bpy 4.2.23, 4.5.15,
# 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (files of pymeshlab, and the UV maps and colours that the imported mesh has):
#     5.3.0: vertices: FINISHED, 2 faces, []
#     5.3.0: vertices, called s and t: FINISHED, 2 faces, ['UVMap']
#     5.3.0: corners of faces: FINISHED, 2 faces, []
#     5.3.0: face colours: FINISHED, 2 faces, []
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import sys
import numpy, pymeshlab

folder = sys.argv[1]
CORNERS = numpy.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
FACES = numpy.array([[0, 1, 2], [0, 2, 3]])
PLANE = CORNERS[:, :2].copy()
KINDS = {
    "vertices": {"v_tex_coords_matrix": PLANE},
    "corners of faces": {"w_tex_coords_matrix": PLANE[FACES.ravel()]},
    "face colours": {"f_color_matrix": numpy.array([[1, 0, 0, 1], [0, 1, 0, 1]], float)},
}
for name, content in KINDS.items():
    meshes = pymeshlab.MeshSet()
    meshes.add_mesh(pymeshlab.Mesh(CORNERS, FACES, **content))
    meshes.save_current_mesh(f"{folder}/{name}.ply", binary=False, save_vertex_color=False)
with open(f"{folder}/vertices.ply") as file, open(f"{folder}/vertices, called s and t.ply", "w") as copy:
    copy.write(file.read().replace("texture_u", "s").replace("texture_v", "t"))
PY
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
print()
for name in ("vertices", "vertices, called s and t", "corners of faces", "face colours"):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    answer = bpy.ops.wm.ply_import(filepath=f"{folder}/{name}.ply")
    mesh = bpy.data.objects[0].data
    found = [one.name for one in (*mesh.uv_layers, *mesh.color_attributes)]
    print(f"{version}: {name}: {' '.join(answer)}, {len(mesh.polygons)} faces, {found}", flush=True)
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
"$(python_of 3.11)" -m venv "$scratch/writer"
"$scratch/writer/bin/pip" install --quiet --disable-pip-version-check pymeshlab==2025.7.post1 numpy==2.4.6
"$scratch/writer/bin/python" "$scratch/write.py" "$scratch"
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
"$scratch/venv/bin/python" "$scratch/look.py" 5.3.0 "$scratch" 2>/dev/null | grep "^5.3.0:" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
5.3.0: vertices: FINISHED, 2 faces, []
5.3.0: vertices, called s and t: FINISHED, 2 faces, ['UVMap']
5.3.0: corners of faces: FINISHED, 2 faces, []
5.3.0: face colours: FINISHED, 2 faces, []
WANTED
