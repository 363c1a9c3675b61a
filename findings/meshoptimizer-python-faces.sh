#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# meshoptimizer for Python works on a third of the faces when they come in rows of three, and says that all went well.
#
# A mesh's faces are an array of n rows and 3 columns in trimesh, PyVista and Open3D. The number of indices is derived
# "when not provided", and what is taken for it is the number of rows: the function reads n of 3 n indices, and leaves
# the rest of the result as it was, mostly zeros. A model that was "optimised" has a third of its surface, and one that
# was simplified has lost two thirds before it began. Indices that are every other one of an array are read as if they
# were all, and a table of vertices whose axes were put into another order, as a .T is, is remapped as if it had not
# been. Nothing is reported, and what comes out is a valid mesh. Give it numpy.ascontiguousarray(faces,
# numpy.uint32).ravel() and numpy.ascontiguousarray(vertices, numpy.float32).
#
# Versions: meshoptimizer 0.2.30a0, trimesh 5.2.0 and numpy 2.4.6 from PyPI, Python 3.11. 0.2.20a4 is the same (tried
# too).
#
# Seen (the surface of a box of 1 x 2 x 3, which is 22, after each step; none of them should change it):
#     a list of indices: in_cache_order 22.0, simplified 22.0, without_doubles 22.0
#     rows of three: in_cache_order 8.5, simplified 8.5, without_doubles 8.5
#     every other index: in_cache_order 0.0, simplified 0.0, without_doubles 0.0
#     vertices with axes turned: in_cache_order 22.0, simplified 22.0, without_doubles 223.2
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import meshoptimizer, numpy, trimesh

box = trimesh.creation.box((1, 2, 3)).subdivide().subdivide()
VERTICES = numpy.array(box.vertices, numpy.float32, order="C")
FACES = numpy.array(box.faces, numpy.uint32, order="C")
FLAT = FACES.ravel()


def surface(vertices, indices):
    corners = vertices[numpy.asarray(indices).reshape(-1, 3).astype(int)]
    across = numpy.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return f"{numpy.linalg.norm(across, axis=1).sum() / 2:.1f}"


def in_cache_order(vertices, indices):
    out = numpy.zeros(FLAT.size, numpy.uint32)
    meshoptimizer.optimize_vertex_cache(out, indices, vertex_count=len(vertices))
    return vertices, out


def simplified(vertices, indices):
    out = numpy.zeros(FLAT.size, numpy.uint32)
    count = meshoptimizer.simplify(out, indices, vertices, target_index_count=FLAT.size // 2)
    return vertices, out[:count]


def without_doubles(vertices, indices):
    table = numpy.zeros(len(vertices), numpy.uint32)
    count = meshoptimizer.generate_vertex_remap(table, indices, vertices=vertices)
    kept = numpy.zeros((count, 3), numpy.float32)
    meshoptimizer.remap_vertex_buffer(kept, vertices, len(vertices), 12, table)
    out = numpy.zeros(FLAT.size, numpy.uint32)
    meshoptimizer.remap_index_buffer(out, indices, remap=table)
    return kept, out


MESHES = {
    "a list of indices": (VERTICES, FLAT),
    "rows of three": (VERTICES, FACES),
    "every other index": (VERTICES, numpy.repeat(FLAT, 2)[::2]),
    "vertices with axes turned": (numpy.asfortranarray(VERTICES), FLAT),
}
for what, mesh in MESHES.items():
    steps = (in_cache_order, simplified, without_doubles)
    print(f"{what}: {', '.join(f'{step.__name__} {surface(*step(*mesh))}' for step in steps)}")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    meshoptimizer==0.2.30a0 trimesh==5.2.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
a list of indices: in_cache_order 22.0, simplified 22.0, without_doubles 22.0
rows of three: in_cache_order 8.5, simplified 8.5, without_doubles 8.5
every other index: in_cache_order 0.0, simplified 0.0, without_doubles 0.0
vertices with axes turned: in_cache_order 22.0, simplified 22.0, without_doubles 223.2
WANTED
