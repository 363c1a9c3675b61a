#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of two faces that lie back to back on the same corners, Blender's importers drop one, and its glTF exporter does too.
#
# Leaves, paper, hair cards and flags are often made of two faces that share their corners, one for each side, each with
# a material and UVs of its own, for engines that draw fronts only. In Blender such a mesh is kept as it is, also
# through Edit Mode and in a .blend. But importers of glTF, OBJ, STL and PLY validate the mesh as Mesh.validate() does,
# which takes the second face for a copy of the first: the back of a leaf is gone, or a playing card has none, and where
# the faces come the other way round, it is the front. USD keeps both. Blender's glTF exporter drops one as well, those
# of OBJ, STL, PLY and USD write both, and FBX loses one on its way there and back; the Triangulate modifier drops the
# back of a quad where both sides are cut along one diagonal. None reports it; OBJ has the import option
# validate_meshes. Give each side corners of its own.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (how many of two faces are in a file that Blender writes, and come in from one that the script writes):
#     4.2.23: Mesh.validate(): 2 faces before, 1 after
#     4.2.23: glb: 1 in the file, 1 come in
#     4.2.23: obj: 2 in the file, 1 come in
#     4.2.23: ply: 2 in the file, 1 come in
#     4.2.23: stl: 2 in the file, 1 come in
#     4.2.23: usda: 2 in the file, 2 come in
#     5.3.0: Mesh.validate(): 2 faces before, 1 after
#     5.3.0: glb: 1 in the file, 1 come in
#     5.3.0: obj: 2 in the file, 1 come in
#     5.3.0: ply: 2 in the file, 1 come in
#     5.3.0: stl: 2 in the file, 1 come in
#     5.3.0: usda: 2 in the file, 2 come in
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, re, struct, sys
import bpy

version, folder = sys.argv[1:]
CORNERS = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
FACES = [(0, 1, 2), (2, 1, 0)]
LINES = ["%d %d %d" % corner for corner in CORNERS]


def glb(path):
    """Write the leaf as one primitive."""
    data = struct.pack("<9f6H", *sum(CORNERS, ()), *sum(FACES, ()))
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [{"byteLength": len(data)}],
        "bufferViews": [
            {"buffer": 0, "byteLength": 36, "target": 34962},
            {"buffer": 0, "byteOffset": 36, "byteLength": 12, "target": 34963},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR"},
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    with open(path, "wb") as file:
        file.write(struct.pack("<4sIIII", b"glTF", 2, 28 + len(text) + len(data), len(text), 0x4E4F534A) + text)
        file.write(struct.pack("<II", len(data), 0x004E4942) + data)


def obj(path):
    """Write the leaf with the corners of both faces by number."""
    faces = ["f " + " ".join(str(index + 1) for index in face) for face in FACES]
    open(path, "w").write("\n".join([f"v {line}" for line in LINES] + faces) + "\n")


def ply(path):
    """Write the leaf as text."""
    head = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
    head += "element face 2\nproperty list uchar int vertex_indices\nend_header"
    open(path, "w").write("\n".join([head, *LINES, *("3 %d %d %d" % face for face in FACES)]) + "\n")


def stl(path):
    """Write the leaf as text."""
    facets = []
    for face, height in zip(FACES, (1, -1)):
        corners = [f"vertex {LINES[index]}" for index in face]
        facets += [f"facet normal 0 0 {height}", "outer loop", *corners, "endloop", "endfacet"]
    open(path, "w").write("\n".join(["solid leaf", *facets, "endsolid leaf"]) + "\n")


def usda(path):
    """Write the leaf as a mesh that is not subdivided."""
    mesh = 'def Mesh "Leaf" {\nuniform token subdivisionScheme = "none"\nint[] faceVertexCounts = [3, 3]\n'
    mesh += f"int[] faceVertexIndices = {list(sum(FACES, ()))}\npoint3f[] points = {CORNERS}\n}}\n"
    open(path, "w").write(f"#usda 1.0\n{mesh}")


def in_file(path):
    """Return how many faces are in a file that Blender wrote."""
    data = open(path, "rb").read()
    if path.endswith("glb"):
        document = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
        primitives = sum((mesh["primitives"] for mesh in document["meshes"]), [])
        return sum(document["accessors"][one["indices"]]["count"] // 3 for one in primitives)
    if path.endswith("ply"):
        return int(re.search(rb"element face (\d+)", data)[1])
    if path.endswith("usda"):
        return len(re.search(rb"faceVertexCounts = \[(.*?)\]", data)[1].split(b","))
    return len(re.findall(rb"^f |facet normal", data, re.MULTILINE))


def leaf():
    """Make the leaf in Blender."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Leaf")
    mesh.from_pydata(CORNERS, [], FACES)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Leaf", mesh))
    return mesh


def came_in(read, path):
    """Return how many faces an importer makes of a file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=path)
    return sum(len(mesh.polygons) for mesh in bpy.data.meshes)


print()
mesh = leaf()
before = len(mesh.polygons)
mesh.validate()
print(f"{version}: Mesh.validate(): {before} faces before, {len(mesh.polygons)} after")
for name, by_hand, write, read in (
    ("glb", glb, bpy.ops.export_scene.gltf, bpy.ops.import_scene.gltf),
    ("obj", obj, bpy.ops.wm.obj_export, bpy.ops.wm.obj_import),
    ("ply", ply, lambda filepath: bpy.ops.wm.ply_export(filepath=filepath, ascii_format=True), bpy.ops.wm.ply_import),
    ("stl", stl, lambda filepath: bpy.ops.wm.stl_export(filepath=filepath, ascii_format=True), bpy.ops.wm.stl_import),
    ("usda", usda, bpy.ops.wm.usd_export, bpy.ops.wm.usd_import),
):
    leaf()
    path = f"{folder}/{version}.{name}"
    write(filepath=path)
    written = in_file(path)
    by_hand(f"{folder}/leaf.{name}")
    print(f"{version}: {name}: {written} in the file, {came_in(read, f'{folder}/leaf.{name}')} come in", flush=True)
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
4.2.23: Mesh.validate(): 2 faces before, 1 after
4.2.23: glb: 1 in the file, 1 come in
4.2.23: obj: 2 in the file, 1 come in
4.2.23: ply: 2 in the file, 1 come in
4.2.23: stl: 2 in the file, 1 come in
4.2.23: usda: 2 in the file, 2 come in
5.3.0: Mesh.validate(): 2 faces before, 1 after
5.3.0: glb: 1 in the file, 1 come in
5.3.0: obj: 2 in the file, 1 come in
5.3.0: ply: 2 in the file, 1 come in
5.3.0: stl: 2 in the file, 1 come in
5.3.0: usda: 2 in the file, 2 come in
WANTED
