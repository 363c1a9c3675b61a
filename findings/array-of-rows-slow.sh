#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.2 on, a numpy array is a slow argument where rows of numbers are wanted: 1 µs a number.
#
# Mesh.normals_split_custom_set_from_vertices takes a sequence of rows of three numbers. Given a numpy array, it asks for
# each row and each number one by one. Up to 5.1 that costs five times as much as a list of the same numbers; in 5.2 and
# 5.3 it costs thirty to fifty times as much. Blender's own glTF importer hands over an array, so of a model with half a
# million vertices and normals it takes two seconds more, half of the whole import. A list (zip over the columns'
# tolist()) gives bit for bit the same mesh. Methods with a buffer, as foreach_set, are not concerned.
#
# Versions: bpy 4.2.23 and 5.0.1 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), with the numpy that pip installs with each,
# from PyPI.
#
# Seen (200,000 rows without faces, processor time, best of three, on a busy machine):
#     4.2.23: array 0.084 s, list 0.016 s      5.2.3: array 0.657 s, list 0.018 s
#     5.0.1: array 0.105 s, list 0.024 s       5.3.0: array 0.811 s, list 0.014 s
#
# Exit code 0 while it is so (below or above twelve times), 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys, time
import bpy
import numpy as np

rows = np.random.default_rng(1).normal(size=(200_000, 3)).astype(np.float32)
mesh = bpy.data.meshes.new("Points")
mesh.vertices.add(len(rows))


def best_s(values):
    times = []
    for _ in range(3):
        began = time.process_time()
        mesh.normals_split_custom_set_from_vertices(values)
        times.append(time.process_time() - began)
    return min(times)


array, plain = best_s(rows), best_s(rows.tolist())
print(f"numpy {np.__version__}: array {array:.3f} s, list {plain:.3f} s", file=sys.stderr)
print(f"{sys.argv[1]}: {'more' if array > 12 * plain else 'less'} than twelve times", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.0.1 3.11
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: less than twelve times
5.0.1: less than twelve times
5.2.3: more than twelve times
5.3.0: more than twelve times
WANTED
