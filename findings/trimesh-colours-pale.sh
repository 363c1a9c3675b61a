#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# trimesh makes the vertex colours of a scan pale on the way from PLY to glTF, and those of a glTF dark on the way back.
#
# Colours in PLY and OBJ are sRGB, as scanners write them, and Blender and three read them. COLOR_0
# of a glTF is linear. trimesh copies the bytes from one to the other, so that a middle grey of 188, which is 0.50 of
# light, has 0.74 of light in a GLB. From GLB to PLY and back nothing seems wrong, as two errors cancel out. Nothing is
# reported. Take sRGB off before an export as glTF, and put it on after a load of one, in floats.
#
# Versions: trimesh 5.2.0 and numpy 2.4.6 from PyPI, Python 3.11; as reader three 0.187.0 from npm, Node.js 20. Blender
# reads the files as three does (5.2.3 tried).
#
# Seen (the linear colour of the first vertex, as three reads it):
#     a PLY: 0.50 0.11 0.02
#     that as PLY: 0.50 0.11 0.02
#     that as OBJ: 0.50 0.11 0.02
#     that as GLB: 0.74 0.36 0.14
#     a GLB: 0.50 0.11 0.02
#     this as GLB: 0.50 0.11 0.02
#     this as OBJ: 0.22 0.01 0.00
#     this as PLY: 0.22 0.01 0.00
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import json, struct, sys
import trimesh

folder = sys.argv[1]
PLY = """ply
format ascii 1.0
element vertex 3
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
element face 1
property list uchar int vertex_indices
end_header
0 0 0 188 93 35
1 0 0 188 93 35
0 1 0 188 93 35
3 0 1 2
"""
with open(f"{folder}/a PLY.ply", "w") as file:
    file.write(PLY)
for kind in ("ply", "obj", "glb"):
    trimesh.load(f"{folder}/a PLY.ply").export(f"{folder}/that as {kind.upper()}.{kind}")

blob = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0) + bytes((128, 28, 4, 255) * 3)
document = {
    "asset": {"version": "2.0"},
    "scene": 0,
    "scenes": [{"nodes": [0]}],
    "nodes": [{"mesh": 0}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 1}}]}],
    "buffers": [{"byteLength": len(blob)}],
    "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 12}],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 1, "componentType": 5121, "count": 3, "type": "VEC4", "normalized": True},
    ],
}
text = json.dumps(document).encode()
text += b" " * (-len(text) % 4)
with open(f"{folder}/a GLB.glb", "wb") as file:
    file.write(struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(blob), len(text), b"JSON") + text)
    file.write(struct.pack("<I4s", len(blob), b"BIN\0") + blob)
for kind in ("glb", "obj", "ply"):
    trimesh.load(f"{folder}/a GLB.glb").to_mesh().export(f"{folder}/this as {kind.upper()}.{kind}")
PY
cat > "$scratch/look.mjs" <<'JS'
import fs from 'node:fs';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import { PLYLoader } from 'three/addons/loaders/PLYLoader.js';

globalThis.self = globalThis; // GLTFLoader wants it.

async function geometryOf(path) {
    const data = new Uint8Array(fs.readFileSync(path));
    if (path.endsWith('.ply')) return new PLYLoader().parse(data.buffer);
    if (path.endsWith('.obj')) return new OBJLoader().parse(new TextDecoder().decode(data)).children[0].geometry;
    let found;
    (await new GLTFLoader().parseAsync(data.buffer, '')).scene.traverse((one) => (found = one.geometry ?? found));
    return found;
}

const FILES = [
    'a PLY.ply', 'that as PLY.ply', 'that as OBJ.obj', 'that as GLB.glb',
    'a GLB.glb', 'this as GLB.glb', 'this as OBJ.obj', 'this as PLY.ply',
];
for (const name of FILES) {
    const colours = (await geometryOf(`${import.meta.dirname}/${name}`)).getAttribute('color');
    const numbers = [0, 1, 2].map((n) => colours.getComponent(0, n).toFixed(2));
    console.log(`${name.slice(0, -4)}: ${numbers.join(' ')}`);
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
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/write.py" "$scratch"
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
a PLY: 0.50 0.11 0.02
that as PLY: 0.50 0.11 0.02
that as OBJ: 0.50 0.11 0.02
that as GLB: 0.74 0.36 0.14
a GLB: 0.50 0.11 0.02
this as GLB: 0.50 0.11 0.02
this as OBJ: 0.22 0.01 0.00
this as PLY: 0.22 0.01 0.00
WANTED
