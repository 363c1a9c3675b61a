#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Open3D takes whole numbers in a glTF for the bits of floats: all UVs come to one point, and corners nowhere.
#
# glTF allows UVs as bytes or as 16 bit numbers, where the largest number means 1; no extension is needed. Open3D reads
# the same bytes as floats: what should be 1 is 9e-41 or 4e-43, and so every face gets the colour of one corner of the
# texture. It does so with the corners of a mesh as well (KHR_mesh_quantization, what "gltf-transform quantize" and
# gltfpack write), although the file names the extension as required: places are 0, or no numbers. Only vertex colours
# are read as what they are. And a part with a negative scale, which is how one shoe is made of the other, is inside
# out: the corners are mirrored, their order stays. Nothing is reported, by neither read_triangle_mesh() nor
# read_triangle_model(). Use gltf-transform's dequantize() first, and turn over the triangles of mirrored parts.
#
# Versions: open3d-cpu 0.20.0 from PyPI, Python 3.11; gltf-validator 2.0.0-dev.3.10 and three 0.187.0 from npm to look
# at the files, Node.js 20.
# 0.18.0 reads the numbers in the same way (tried too).
#
# Seen (the farthest corner, the UV of the second corner, where Open3D counts from below, and where the face looks):
#     Open3D: corners-16-bit: mesh: corner nan, UV 1 1, looks nowhere
#     Open3D: corners-16-bit: model: corner nan, UV 1 1, looks nowhere
#     Open3D: floats: mesh: corner 1, UV 1 1, looks up
#     Open3D: floats: model: corner 1, UV 1 1, looks up
#     Open3D: mirrored: mesh: corner 1, UV 1 1, looks down
#     Open3D: mirrored: model: corner 1, UV 1 1, looks down
#     Open3D: uvs-16-bit: mesh: corner 1, UV 9e-41 1, looks up
#     Open3D: uvs-16-bit: model: corner 1, UV 9e-41 1, looks up
#     Open3D: uvs-8-bit: mesh: corner 1, UV 4e-43 1, looks up
#     Open3D: uvs-8-bit: model: corner 1, UV 4e-43 1, looks up
#     three: corners-16-bit: corner 2, UV 1 0; 0 errors
#     three: floats: corner 1, UV 1 0; 0 errors
#     three: mirrored: corner 1, UV 1 0; 0 errors
#     three: uvs-16-bit: corner 1, UV 1 0; 0 errors
#     three: uvs-8-bit: corner 1, UV 1 0; 0 errors
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
export LC_ALL=C # For the order of the files.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import json, struct, sys

CORNERS = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
#: The letter of struct, the number of glTF, and what stands for 1.
FLOAT, BYTE, SHORT, SIGNED = ("f", 5126, 1), ("B", 5121, 255), ("H", 5123, 65535), ("h", 5122, 32767)


def write(name, uv=FLOAT, corner=FLOAT, scale=(1, 1, 1), extension=None):
    """Write a triangle whose corners are at 1, with UVs, in a node with a scale."""
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

    one = corner[2]
    found = {"type": "VEC3", "normalized": one > 1, "min": [0, 0, 0], "max": [one, one, 0]}
    accessors.append(accessor(CORNERS, corner) | found)
    accessors.append(accessor([(0, 0), (1, 0), (0, 1)], uv) | {"type": "VEC2", "normalized": uv[2] > 1})
    attributes = {"POSITION": 0, "TEXCOORD_0": 1}
    # So that no reader comes to the end of the file, however many bytes it takes for a number.
    view(bytes(64))
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "scale": scale}],
        "meshes": [{"primitives": [{"attributes": attributes, "material": 0}]}],
        "materials": [{}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": views,
        "accessors": accessors,
    }
    if extension:
        document |= {"extensionsUsed": [extension], "extensionsRequired": [extension]}
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    with open(f"{sys.argv[1]}/{name}.glb", "wb") as file:
        file.write(struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(blob), len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(blob), b"BIN\0") + blob)


write("floats")
write("uvs-8-bit", uv=BYTE)
write("uvs-16-bit", uv=SHORT)
write("corners-16-bit", corner=SIGNED, scale=(2, 2, 2), extension="KHR_mesh_quantization")
write("mirrored", scale=(-1, 1, 1))
PY
cat > "$scratch/look.py" <<'PY'
import sys
from pathlib import Path
import numpy, open3d

for path in sorted(Path(sys.argv[1]).glob("*.glb")):
    meshes = {"mesh": open3d.io.read_triangle_mesh(str(path))}
    meshes["model"] = open3d.io.read_triangle_model(str(path)).meshes[0].mesh
    for kind, mesh in meshes.items():
        uv = " ".join(f"{number:.1g}" for number in numpy.asarray(mesh.triangle_uvs)[1])
        corners = numpy.asarray(mesh.vertices)[numpy.asarray(mesh.triangles)[0]]
        size = numpy.abs(corners).max()
        up = numpy.cross(corners[1] - corners[0], corners[2] - corners[0])[2]
        looks = "up" if up > 0 else "down" if up < 0 else "nowhere"
        print(f"Open3D: {path.stem}: {kind}: corner {size:.1g}, UV {uv}, looks {looks}")
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
    const { uv } = scene.children[0].geometry.attributes;
    const { min, max } = new Box3().setFromObject(scene, true);
    const where = `corner ${Math.max(-min.x, max.x)}, UV ${uv.getX(1)} ${uv.getY(1)}`;
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check open3d-cpu==0.20.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/write.py" "$scratch"
{
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch"
    node "$scratch/look.mjs" "$scratch"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
Open3D: corners-16-bit: mesh: corner nan, UV 1 1, looks nowhere
Open3D: corners-16-bit: model: corner nan, UV 1 1, looks nowhere
Open3D: floats: mesh: corner 1, UV 1 1, looks up
Open3D: floats: model: corner 1, UV 1 1, looks up
Open3D: mirrored: mesh: corner 1, UV 1 1, looks down
Open3D: mirrored: model: corner 1, UV 1 1, looks down
Open3D: uvs-16-bit: mesh: corner 1, UV 9e-41 1, looks up
Open3D: uvs-16-bit: model: corner 1, UV 9e-41 1, looks up
Open3D: uvs-8-bit: mesh: corner 1, UV 4e-43 1, looks up
Open3D: uvs-8-bit: model: corner 1, UV 4e-43 1, looks up
three: corners-16-bit: corner 2, UV 1 0; 0 errors
three: floats: corner 1, UV 1 0; 0 errors
three: mirrored: corner 1, UV 1 0; 0 errors
three: uvs-16-bit: corner 1, UV 1 0; 0 errors
three: uvs-8-bit: corner 1, UV 1 0; 0 errors
WANTED
