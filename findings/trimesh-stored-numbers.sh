#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# trimesh loads what is stored in a small glTF for what is meant: 32767 times too large, without sparse changes, one of
# many instances.
#
# Files that went through an optimiser hold whole numbers that stand for fractions (KHR_mesh_quantization; what
# "gltf-transform quantize" and "gltfpack -vpn" write): the meaning is in "normalized", which trimesh ignores, so that a
# model of 2 m is 65 km large, and each UV is some whole number. Of an accessor with "sparse", which is a base and
# changes of it, trimesh takes the base, or zeros where there is none. Of EXT_mesh_gpu_instancing it loads one instance.
# It does not look at "extensionsRequired" either. No error is raised, and nothing is logged. Undo all that first, with
# gltf-transform's functions: setSparse(false) for each accessor, dequantize() and uninstance().
#
# Versions: trimesh 5.2.0 and numpy 2.4.6 from PyPI, Python 3.11; as reader for comparison three 0.187.0 from npm,
# Node.js 20. trimesh 4.5.0 and 4.12.2 are the same, and gltf-validator 2.0.0-dev.3.10 finds no errors in the files
# (tried too).
#
# Seen (the largest corner of the model, and its largest UV):
#     floats: trimesh (2, 2, 0), UV 1
#     fractions: trimesh (32767, 32767, 0), UV 65535
#     sparse without a base: trimesh (0, 0, 0), UV 1
#     sparse: trimesh (2, 2, 0), UV 1
#     three instances: trimesh (2, 2, 0), UV 1
#     floats: three (2, 2, 0), UV 1
#     fractions: three (1, 1, 0), UV 1
#     sparse without a base: three (5, 5, 0), UV 1
#     sparse: three (5, 5, 0), UV 1
#     three instances: three (22, 2, 0), UV 1
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
export LC_ALL=C # For the order of the files.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import copy, json, struct, sys

FLOAT, SHORT, UNSIGNED_SHORT = 5126, 5122, 5123
PLAIN = struct.pack("<9f", 0, 0, 0, 2, 0, 0, 0, 2, 0)


def write(name, parts, accessors, extension=None, attributes=None):
    """Write a file with one buffer view of each part; without a sparse one, UVs are the accessor 1."""
    blob, views = b"", []
    for part, stride in parts:
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(part)} | stride)
        blob += part + bytes(-len(part) % 4)
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "material": 0}]}],
        "materials": [{}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": views,
        "accessors": accessors,
    }
    if extension:
        document |= {"extensionsUsed": [extension], "extensionsRequired": [extension]}
    if attributes:
        document["nodes"][0]["extensions"] = {extension: {"attributes": attributes}}
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    with open(f"{sys.argv[1]}/{name}.glb", "wb") as file:
        file.write(struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(blob), len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(blob), b"BIN\0") + blob)


def accessor(view, component, kind, count=3, **other):
    return {"bufferView": view, "componentType": component, "type": kind, "count": count} | other


corners = (PLAIN, {})
uvs = (struct.pack("<6f", 0, 0, 1, 0, 0, 1), {})
places = {"min": [0, 0, 0], "max": [2, 2, 0]}
plain = [accessor(0, FLOAT, "VEC3", **places), accessor(1, FLOAT, "VEC2")]
write("floats", [corners, uvs], plain)

short = struct.pack("<12h", 0, 0, 0, 0, 32767, 0, 0, 0, 0, 32767, 0, 0)
fractions = struct.pack("<6H", 0, 0, 65535, 0, 0, 65535)
places = {"min": [0, 0, 0], "max": [32767, 32767, 0]}
write(
    "fractions",
    [(short, {"byteStride": 8}), (fractions, {"byteStride": 4})],
    [
        accessor(0, SHORT, "VEC3", normalized=True, **places),
        accessor(1, UNSIGNED_SHORT, "VEC2", normalized=True),
    ],
    "KHR_mesh_quantization",
)

changes = [(struct.pack("<2H", 1, 2), {}), (struct.pack("<6f", 5, 0, 0, 0, 5, 0), {})]
sparse = {
    "count": 2,
    "indices": {"bufferView": 2, "componentType": UNSIGNED_SHORT},
    "values": {"bufferView": 3},
}
changed = copy.deepcopy(plain)
changed[0] |= {"sparse": sparse, "max": [5, 5, 0]}
write("sparse", [corners, uvs, *changes], changed)
del changed[0]["bufferView"]
write("sparse without a base", [corners, uvs, *changes], changed)

offsets = (struct.pack("<9f", 0, 0, 0, 10, 0, 0, 20, 0, 0), {})
write(
    "three instances",
    [corners, uvs, offsets],
    [*plain, accessor(2, FLOAT, "VEC3")],
    "EXT_mesh_gpu_instancing",
    {"TRANSLATION": 2},
)
PY
cat > "$scratch/look.py" <<'PY'
import logging, sys
import trimesh

logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
for path in sys.argv[1:]:
    mesh = trimesh.load(path).to_mesh()
    # trimesh has V from below.
    u, v = mesh.visual.uv[:, 0].max(), 1 - mesh.visual.uv[:, 1]
    corner = ", ".join(f"{number:g}" for number in mesh.bounds[1])
    print(f"{path.rpartition('/')[2][:-4]}: trimesh ({corner}), UV {max(u, *v):g}")
PY
cat > "$scratch/look.mjs" <<'JS'
import fs from 'node:fs';
import { Box3, Matrix4 } from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

globalThis.self = globalThis; // GLTFLoader wants it.
for (const path of process.argv.slice(2)) {
    const { scene } = await new GLTFLoader().parseAsync(new Uint8Array(fs.readFileSync(path)).buffer, '');
    scene.updateMatrixWorld(true);
    const all = new Box3();
    let largest = 0;
    scene.traverse((one) => {
        if (!one.isMesh) return;
        const box = new Box3().setFromBufferAttribute(one.geometry.getAttribute('position'));
        for (let index = 0; index < (one.count ?? 1); index++) {
            const matrix = new Matrix4();
            if (one.isInstancedMesh) one.getMatrixAt(index, matrix);
            all.union(box.clone().applyMatrix4(matrix.premultiply(one.matrixWorld)));
        }
        const uv = one.geometry.getAttribute('uv');
        for (let index = 0; index < uv.count; index++) largest = Math.max(largest, uv.getX(index), uv.getY(index));
    });
    console.log(`${path.split('/').at(-1).slice(0, -4)}: three (${all.max.toArray().join(', ')}), UV ${largest}`);
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
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
"$scratch/venv/bin/python" "$scratch/write.py" "$scratch"
{
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch"/*.glb
    node "$scratch/look.mjs" "$scratch"/*.glb
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
floats: trimesh (2, 2, 0), UV 1
fractions: trimesh (32767, 32767, 0), UV 65535
sparse without a base: trimesh (0, 0, 0), UV 1
sparse: trimesh (2, 2, 0), UV 1
three instances: trimesh (2, 2, 0), UV 1
floats: three (2, 2, 0), UV 1
fractions: three (1, 1, 0), UV 1
sparse without a base: three (5, 5, 0), UV 1
sparse: three (5, 5, 0), UV 1
three instances: three (22, 2, 0), UV 1
WANTED
