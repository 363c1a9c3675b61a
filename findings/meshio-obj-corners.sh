#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# meshio gives the UVs and normals of an OBJ to the wrong vertices, and writes an OBJ in which no face has any.
#
# Each corner of a face in an OBJ names a vertex, a UV and a normal by three numbers, and the three lists have orders of
# their own; those of a plane from Blender differ already. meshio takes the first number of each corner and no other,
# and gives the first UV to the first vertex, and so on. Where the lists differ in length it ends with an error, so
# it is the simple model that is read wrongly. What it writes has the lists, and faces of one number each, in which
# other programs find no UVs. And numbers that count from the end, which OBJ allows, are off by one. Nothing is
# reported. Read an OBJ with a library that splits vertices (trimesh does), and give its vertices and UVs to meshio.
#
# Versions: meshio 5.3.5 and numpy 2.4.6 from PyPI, Python 3.11.
#
# Seen (a square whose UVs are its positions; the last line should be 1 0, 1 1, 0 1):
#     read: position 0 0 has UV 0 0
#     read: position 1 0 has UV 1 0
#     read: position 0 1 has UV 1 1
#     read: position 1 1 has UV 0 1
#     written: 4 UVs, f 1 2 4 3
#     counted from the end: the last three corners are at 0 0, 0 1, 1 0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import sys
import meshio

folder = sys.argv[1]
PLANE = """
v 0 0 0
v 1 0 0
v 0 1 0
v 1 1 0
vt 0 0
vt 1 0
vt 1 1
vt 0 1
f 1/1 2/2 4/3 3/4
"""


def read(text):
    with open(f"{folder}/in.obj", "w") as file:
        file.write(text)
    return meshio.read(f"{folder}/in.obj")


def numbers(row):
    return " ".join(f"{one:g}" for one in row)


plane = read(PLANE)
for position, uv in zip(plane.points, plane.point_data["obj:vt"]):
    print(f"read: position {numbers(position[:2])} has UV {numbers(uv)}")
plane.write(f"{folder}/out.obj")
with open(f"{folder}/out.obj") as file:
    lines = file.read().splitlines()
print(f"written: {sum(line.startswith('vt ') for line in lines)} UVs, {lines[-1]}")
counted = read(PLANE.replace("f 1/1 2/2 4/3 3/4", "f -4/1 -3/2 -1/3 -2/4"))
corners = counted.points[counted.cells[0].data[0][1:]]
print(f"counted from the end: the last three corners are at {', '.join(numbers(one[:2]) for one in corners)}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check meshio==5.3.5 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
read: position 0 0 has UV 0 0
read: position 1 0 has UV 1 0
read: position 0 1 has UV 1 1
read: position 1 1 has UV 0 1
written: 4 UVs, f 1 2 4 3
counted from the end: the last three corners are at 0 0, 0 1, 1 0
WANTED
