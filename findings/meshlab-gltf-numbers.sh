#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# MeshLab leaves 0 or 1 of 16 bit vertex colours in a glTF, and makes UVs of whole numbers 255 or 65535 times too large.
#
# glTF allows colours and UVs as bytes or as 16 bit numbers, where the largest number means 1; many files have them, and
# no extension is needed. Of a colour in 16 bits, MeshLab takes every channel that is not at its largest as 0: most
# models are black. It does not divide UVs at all: a texture repeats 65535 times. Of an accessor with "sparse", which is
# a base and changes of it, it takes the base. The plain colour of a material becomes the colour of all vertices, as it
# is, though it is linear in glTF and sRGB in MeshLab and in the PLY that it saves: a middle grey is 54 of 255 in place
# of 128. Nothing is reported. Make floats of all that first (gltf-transform's dequantize() and setSparse(false)).
#
# Versions: pymeshlab 2025.7.post1 from PyPI (with MeshLab's readers), Python 3.11; gltf-validator 2.0.0-dev.3.10 and
# three 0.187.0 from npm to look at the files, Node.js 20.
# 2022.2.post4 reads UVs, sparse accessors and plain colours in the same way, and no COLOR_0 at all (tried too).
#
# Seen (the largest corner, the UV of the second corner, where MeshLab counts from below, and the colour of the first):
#     MeshLab: colours-16-bit: corner 2, UV 1 1, colour 255 0 0
#     MeshLab: colours-8-bit: corner 2, UV 1 1, colour 255 128 64
#     MeshLab: colours-float: corner 2, UV 1 1, colour 255 127 63
#     MeshLab: plain-grey: corner 2, UV 1 1, colour 54 54 54
#     MeshLab: sparse: corner 2, UV 1 1, colour none
#     MeshLab: uvs-16-bit: corner 2, UV 65535 1, colour none
#     MeshLab: uvs-8-bit: corner 2, UV 255 1, colour none
#     MeshLab: uvs-float: corner 2, UV 1 1, colour none
#     three: colours-16-bit: corner 2, UV 1 0, colour 1.00 0.50 0.25; 0 errors
#     three: colours-8-bit: corner 2, UV 1 0, colour 1.00 0.50 0.25; 0 errors
#     three: colours-float: corner 2, UV 1 0, colour 1.00 0.50 0.25; 0 errors
#     three: plain-grey: corner 2, UV 1 0, colour none; 0 errors
#     three: sparse: corner 5, UV 1 0, colour none; 0 errors
#     three: uvs-16-bit: corner 2, UV 1 0, colour none; 0 errors
#     three: uvs-8-bit: corner 2, UV 1 0, colour none; 0 errors
#     three: uvs-float: corner 2, UV 1 0, colour none; 0 errors
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
export LC_ALL=C # For the order of the files.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import json, struct, sys

CORNERS = [(0, 0, 0), (2, 0, 0), (0, 2, 0)]
#: The letter of struct, the number of glTF, and what stands for 1.
FLOAT, BYTE, SHORT = ("f", 5126, 1), ("B", 5121, 255), ("H", 5123, 65535)


def write(name, uv=FLOAT, colour=None, changed=None, material=None):
    """Write a triangle with UVs, perhaps with colours or with a sparse change of the second and third corner."""
    blob, views, accessors = b"", [], []

    def view(data, **other):
        nonlocal blob
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(data)} | other)
        blob += data + bytes(-len(data) % 4)
        return len(views) - 1

    def accessor(rows, number):
        letter, component, one = number
        rows = [struct.pack(f"<{len(row)}{letter}", *(round(x * one) if one > 1 else x for x in row)) for row in rows]
        rows = [row + bytes(-len(row) % 4) for row in rows]
        return {"bufferView": view(b"".join(rows), byteStride=len(rows[0])), "componentType": component, "count": 3}

    largest = changed or 2
    found = {"type": "VEC3", "min": [0, 0, 0], "max": [largest, largest, 0]}
    accessors.append(accessor(CORNERS, FLOAT) | found)
    if changed:
        indices = {"bufferView": view(struct.pack("<2H", 1, 2)), "byteOffset": 0, "componentType": 5123}
        values = {"bufferView": view(struct.pack("<6f", changed, 0, 0, 0, changed, 0)), "byteOffset": 0}
        accessors[0]["sparse"] = {"count": 2, "indices": indices, "values": values}
    accessors.append(accessor([(0, 0), (1, 0), (0, 1)], uv) | {"type": "VEC2", "normalized": uv[2] > 1})
    attributes = {"POSITION": 0, "TEXCOORD_0": 1}
    if colour:
        accessors.append(accessor([(1, 0.5, 0.25)] * 3, colour) | {"type": "VEC3", "normalized": colour[2] > 1})
        attributes["COLOR_0"] = 2
    # So that no reader comes to the end of the file, however many bytes it takes for a number.
    view(bytes(64))
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": attributes, "material": 0}]}],
        "materials": [material or {}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": views,
        "accessors": accessors,
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    with open(f"{sys.argv[1]}/{name}.glb", "wb") as file:
        file.write(struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(blob), len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(blob), b"BIN\0") + blob)


write("uvs-float")
write("uvs-8-bit", uv=BYTE)
write("uvs-16-bit", uv=SHORT)
write("colours-float", colour=FLOAT)
write("colours-8-bit", colour=BYTE)
write("colours-16-bit", colour=SHORT)
write("sparse", changed=5)
write("plain-grey", material={"pbrMetallicRoughness": {"baseColorFactor": [0.214, 0.214, 0.214, 1]}})
PY
cat > "$scratch/look.py" <<'PY'
import sys
from pathlib import Path
from pymeshlab import MeshSet

for path in sorted(Path(sys.argv[1]).glob("*.glb")):
    meshes = MeshSet()
    meshes.load_new_mesh(str(path))
    mesh = meshes.current_mesh()
    uv = " ".join(f"{number:g}" for number in mesh.wedge_tex_coord_matrix()[1])
    colour = "none"
    if mesh.has_vertex_color():
        colour = " ".join(f"{255 * number:.0f}" for number in mesh.vertex_color_matrix()[0][:3])
    print(f"MeshLab: {path.stem}: corner {mesh.vertex_matrix().max():g}, UV {uv}, colour {colour}")
PY
cat > "$scratch/look.mjs" <<'JS'
import { readdirSync, readFileSync } from 'fs';
import validator from 'gltf-validator';
import { Box3 } from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

globalThis.ProgressEvent ??= class {}; // The loader wants it.
const folder = process.argv[2];
for (const name of readdirSync(folder).filter((one) => one.endsWith('.glb')).sort()) {
    const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
    const { issues } = await validator.validateBytes(bytes);
    const { scene } = await new GLTFLoader().parseAsync(bytes.buffer, '');
    const { uv, color } = scene.children[0].geometry.attributes;
    const colour = color ? [color.getX(0), color.getY(0), color.getZ(0)].map((x) => x.toFixed(2)).join(' ') : 'none';
    const corner = new Box3().setFromObject(scene, true).max.x;
    const where = `corner ${corner}, UV ${uv.getX(1)} ${uv.getY(1)}, colour ${colour}`;
    console.log(`three: ${name.slice(0, -4)}: ${where}; ${issues.numErrors} errors`);
}
JS
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    three@0.187.0 gltf-validator@2.0.0-dev.3.10 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pymeshlab==2025.7.post1 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/write.py" "$scratch"
{
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch"
    node "$scratch/look.mjs" "$scratch"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
MeshLab: colours-16-bit: corner 2, UV 1 1, colour 255 0 0
MeshLab: colours-8-bit: corner 2, UV 1 1, colour 255 128 64
MeshLab: colours-float: corner 2, UV 1 1, colour 255 127 63
MeshLab: plain-grey: corner 2, UV 1 1, colour 54 54 54
MeshLab: sparse: corner 2, UV 1 1, colour none
MeshLab: uvs-16-bit: corner 2, UV 65535 1, colour none
MeshLab: uvs-8-bit: corner 2, UV 255 1, colour none
MeshLab: uvs-float: corner 2, UV 1 1, colour none
three: colours-16-bit: corner 2, UV 1 0, colour 1.00 0.50 0.25; 0 errors
three: colours-8-bit: corner 2, UV 1 0, colour 1.00 0.50 0.25; 0 errors
three: colours-float: corner 2, UV 1 0, colour 1.00 0.50 0.25; 0 errors
three: plain-grey: corner 2, UV 1 0, colour none; 0 errors
three: sparse: corner 5, UV 1 0, colour none; 0 errors
three: uvs-16-bit: corner 2, UV 1 0, colour none; 0 errors
three: uvs-8-bit: corner 2, UV 1 0, colour none; 0 errors
three: uvs-float: corner 2, UV 1 0, colour none; 0 errors
WANTED
