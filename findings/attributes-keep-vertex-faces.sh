#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Vertices given other numbers by way of a mesh's attributes: Mesh.update() leaves their normals wrong, silently.
#
# A mesh remembers which faces are at each vertex once something has asked, such as Mesh.vertex_normals or the setting of
# custom normals. Written through the attributes `position`, `.corner_vert` and `.edge_verts`, a mesh may get the same
# vertices in another order. Mesh.update() then computes vertex normals anew, but by the faces that were at the vertices
# of the old numbers. Blender tells nothing, and Mesh.validate() finds nothing to change, nor does it help. Written into a
# file and read again, the mesh has the right normals, as what it remembers is not saved. Mesh.flip_normals() forgets it;
# called twice, it leaves the normals right in the mesh itself.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.2.3 (Python 3.13) from PyPI, with the numpy that pip installs with each.
#
# Seen (a wavy sheet of 900 vertices; largest difference to the normals of the same mesh made anew):
#     4.2.23 and 5.2.3: updated 1.33, validated 1.33 (nothing changed), read again 0.00, flipped twice 0.00
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
import numpy as np

EDGE = 30
KINDS = {
    "position": ("FLOAT_VECTOR", "POINT", "vector"),
    ".corner_vert": ("INT", "CORNER", "value"),
    ".edge_verts": ("INT32_2D", "EDGE", "value"),
}


def write(mesh, name, values):
    kind, domain, field = KINDS[name]
    attribute = mesh.attributes.get(name) or mesh.attributes.new(name, kind, domain)
    attribute.data.foreach_set(field, np.ascontiguousarray(values).reshape(-1))


def made(positions, corners):
    mesh = bpy.data.meshes.new("Sheet")
    mesh.vertices.add(len(positions))
    write(mesh, "position", positions)
    mesh.loops.add(len(corners))
    write(mesh, ".corner_vert", corners)
    mesh.polygons.add(len(corners) // 3)
    mesh.polygons.foreach_set("loop_start", np.arange(0, len(corners), 3, dtype=np.intc))
    mesh.update(calc_edges=True)
    return mesh


def normals(mesh):
    found = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertex_normals.foreach_get("vector", found)
    return found


across, along = np.meshgrid(np.arange(EDGE), np.arange(EDGE), indexing="ij")
positions = np.stack([across, along, 2 * np.sin(across / 2) * np.cos(along / 3)], -1).reshape(-1, 3).astype(np.float32)
first = (across[:-1, :-1] * EDGE + along[:-1, :-1]).reshape(-1)
corners = np.stack([first, first + EDGE, first + 1, first + 1, first + EDGE, first + EDGE + 1], -1).reshape(-1)
number = np.random.default_rng(1).permutation(EDGE * EDGE).astype(np.intc)
new_positions = np.empty_like(positions)
new_positions[number] = positions
new_corners = number[corners]

wanted = normals(made(new_positions, new_corners))
mesh = made(positions, corners.astype(np.intc))
normals(mesh)
edges = np.empty(2 * len(mesh.edges), np.intc)
mesh.attributes[".edge_verts"].data.foreach_get("value", edges)
write(mesh, ".edge_verts", number[edges])
write(mesh, ".corner_vert", new_corners)
write(mesh, "position", new_positions)
mesh.update()
off = {"updated": normals(mesh)}
changed = mesh.validate()
off["validated"] = normals(mesh)
path = os.path.join(sys.argv[2], "sheet.blend")
bpy.data.libraries.write(path, {mesh}, fake_user=True)
with bpy.data.libraries.load(path) as (_, read):
    read.meshes = [mesh.name]
off["read again"] = normals(read.meshes[0])
mesh.flip_normals()
mesh.flip_normals()
mesh.update()
off["flipped twice"] = normals(mesh)
off = {name: np.abs(found - wanted).max() for name, found in off.items()}
print(sys.argv[1], {name: f"{by:.2f}" for name, by in off.items()}, file=sys.stderr)
words = [f"{name} {'wrong' if by > 0.1 else 'right' if by < 0.001 else 'near'}" for name, by in off.items()]
print(f"{sys.argv[1]}: validate changed {changed}, {', '.join(words)}", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch/$version" | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.2.3 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: validate changed False, updated wrong, validated wrong, read again right, flipped twice right
5.2.3: validate changed False, updated wrong, validated wrong, read again right, flipped twice right
WANTED
