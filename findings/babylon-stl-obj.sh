#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Babylon.js exports what it loaded from a glTF as an STL that is inside out, and as an OBJ that is a mirror image.
#
# The loader puts a mirrored root over a glTF, since Babylon's axes are left-handed, and neither exporter reckons with
# it. CreateSTL() turns all faces, so a slicer sees a hollow for a part. It also changes the scene: the second export is
# a mirror image, elsewhere, and so is what the page shows. A second node with the same mesh, which the loader makes an
# instance, is written where the mesh itself lies, over the first one. With supportInstancedMeshes, all is right but for
# nodes with a negative scale, which are inside out. OBJExport.OBJ() writes each mesh at its own origin, a mirror image
# of itself, and the UVs of a glTF, whose V is counted from above, as they are: pictures are upside down. With
# globalposition, the shape and the place are right, and instances end in an error. Of a mesh without indices, neither
# writes any face. Nothing else is reported. Export as glTF, and let Blender or the like write the STL or OBJ.
#
# Versions: @babylonjs/core, /loaders and /serializers 9.28.0 from npm, Node.js 20, with the NullEngine.
#
# Seen (tetrahedrons with edges 1, 2 and 3 along X, Y and Z; a negative volume is inside out; STL has Z upwards):
#     a box of Babylon: STL volume 1.00, X -0.5 to 0.5, Y -0.5 to 0.5, Z -0.5 to 0.5
#     glTF at X 5: STL volume -1.00, X -6 to -5, Y 0 to 3, Z 0 to 2
#     glTF at X 5: STL once more volume -1.00, X 5 to 6, Y 0 to 3, Z 0 to 2
#     glTF at X 5: STL with instances volume 1.00, X -6 to -5, Y 0 to 3, Z 0 to 2
#     glTF at X 5 and 0: STL volume -2.00, X -6 to -5, Y 0 to 3, Z 0 to 2
#     glTF at X 5 and 0: STL with instances volume 2.00, X -6 to 0, Y 0 to 3, Z 0 to 2
#     glTF, scale -1: STL with instances volume -1.00, X 0 to 1, Y 0 to 3, Z 0 to 2
#     glTF at X 5: OBJ volume 1.00, X -1 to 0, Y 0 to 2, Z 0 to 3
#     glTF at X 5: OBJ with positions volume 1.00, X 5 to 6, Y 0 to 2, Z 0 to 3
#     glTF at X 5 and 0: OBJ with positions TypeError
#     glTF, upper edge of the picture: OBJ vt 0 0
#     glTF without indices: STL no faces, OBJ no faces
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { ImportMeshAsync, Logger, MeshBuilder, NullEngine, Scene } from '@babylonjs/core';
import '@babylonjs/loaders/glTF/index.js';
import { OBJExport, STLExport } from '@babylonjs/serializers';

globalThis.XMLHttpRequest ??= class {}; // The loader wants it.
Logger.LogLevels = Logger.WarningLogLevel | Logger.ErrorLogLevel;
const engine = new NullEngine();
const CORNERS = [[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]];
const FACES = [0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3];
const places = FACES.flatMap((corner) => CORNERS[corner]);
const uvs = FACES.flatMap((corner) => [CORNERS[corner][0], 1 - CORNERS[corner][1] / 2]);
const blob = Buffer.concat([
    Buffer.from(new Float32Array([...places, ...uvs]).buffer),
    Buffer.from(new Uint16Array(FACES.map((_, index) => index)).buffer),
]);

/** Return the meshes of a glTF in which each of the nodes has the same mesh. */
async function load(nodes, indices = { indices: 2 }) {
    const gltf = {
        asset: { version: '2.0' },
        scene: 0,
        scenes: [{ nodes: nodes.map((_, index) => index) }],
        nodes: nodes.map((node) => ({ mesh: 0, ...node })),
        meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1 }, ...indices }] }],
        accessors: [
            { bufferView: 0, componentType: 5126, count: 12, type: 'VEC3', min: [0, 0, 0], max: [1, 2, 3] },
            { bufferView: 1, componentType: 5126, count: 12, type: 'VEC2' },
            { bufferView: 2, componentType: 5123, count: 12, type: 'SCALAR' },
        ],
        bufferViews: [[0, 144], [144, 96], [240, 24]].map(([byteOffset, byteLength]) => ({
            ...{ buffer: 0, byteOffset, byteLength },
        })),
        buffers: [{ byteLength: blob.length }],
    };
    const text = Buffer.from(JSON.stringify(gltf));
    const json = Buffer.concat([text, Buffer.alloc(-text.length & 3, ' ')]);
    const words = (...numbers) => Buffer.from(new Uint32Array(numbers).buffer);
    const length = 28 + json.length + blob.length;
    const head = words(0x46546c67, 2, length, json.length, 0x4e4f534a);
    const glb = Buffer.concat([head, json, words(blob.length, 0x004e4942), blob]);
    const scene = new Scene(engine);
    await ImportMeshAsync(new Uint8Array(glb), scene, { pluginExtension: '.glb' });
    return scene.meshes.filter((mesh) => mesh.getTotalVertices() > 0);
}

/** Return how large corners in threes are, which way round, and where. */
function measured(corners) {
    let volume = 0;
    for (let at = 0; at < corners.length; at += 3) {
        const [a, b, c] = corners.slice(at, at + 3);
        const across = [0, 1, 2].map((k) => b[(k + 1) % 3] * c[(k + 2) % 3] - b[(k + 2) % 3] * c[(k + 1) % 3]);
        volume += across.reduce((sum, one, k) => sum + (one * a[k]) / 6, 0);
    }
    if (!corners.length) return 'no faces';
    const span = (k) => [Math.min, Math.max].map((of) => of(...corners.map((corner) => corner[k])) + 0).join(' to ');
    return `volume ${volume.toFixed(2)}, X ${span(0)}, Y ${span(1)}, Z ${span(2)}`;
}

function rows(text, pattern) {
    return [...text.matchAll(pattern)].map(([, ...found]) => found.map(Number));
}

function stl(meshes, instances = false) {
    const text = STLExport.CreateSTL(meshes, false, '', false, true, false, instances);
    return measured(rows(text, /vertex (\S+) (\S+) (\S+)/g));
}

function obj(meshes, everywhere) {
    const text = OBJExport.OBJ(meshes, false, '', everywhere);
    const corners = rows(text, /^v (\S+) (\S+) (\S+)/gm);
    const faces = rows(text, /^f (\d+)\S* (\d+)\S* (\d+)/gm);
    return measured(faces.flat().map((number) => corners[number - 1]));
}

const moved = { translation: [5, 0, 0] };
const mirrored = { scale: [-1, 1, 1] };
console.log(`a box of Babylon: STL ${stl([MeshBuilder.CreateBox('', {}, new Scene(engine))])}`);
const meshes = await load([moved]);
console.log(`glTF at X 5: STL ${stl(meshes)}`);
console.log(`glTF at X 5: STL once more ${stl(meshes)}`);
console.log(`glTF at X 5: STL with instances ${stl(await load([moved]), true)}`);
console.log(`glTF at X 5 and 0: STL ${stl(await load([moved, {}]))}`);
console.log(`glTF at X 5 and 0: STL with instances ${stl(await load([moved, {}]), true)}`);
console.log(`glTF, scale -1: STL with instances ${stl(await load([mirrored]), true)}`);
console.log(`glTF at X 5: OBJ ${obj(await load([moved]), false)}`);
console.log(`glTF at X 5: OBJ with positions ${obj(await load([moved]), true)}`);
try {
    obj(await load([moved, {}]), true);
} catch (error) {
    console.log(`glTF at X 5 and 0: OBJ with positions ${error.name}`);
}
const text = OBJExport.OBJ(await load([{}]));
const [top] = rows(text, /^v (\S+) (\S+) (\S+)/gm).flatMap(([, y], index) => (y === 2 ? [index] : []));
console.log(`glTF, upper edge of the picture: OBJ vt ${rows(text, /^vt (\S+) (\S+)/gm)[top].join(' ')}`);
console.log(`glTF without indices: STL ${stl(await load([{}], {}))}, OBJ ${obj(await load([{}], {}))}`);
process.exit(0);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @babylonjs/core@9.28.0 @babylonjs/loaders@9.28.0 @babylonjs/serializers@9.28.0 > "$scratch/log"
node "$scratch/look.mjs" | grep -v "^BJS - .* - Null engine$" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
a box of Babylon: STL volume 1.00, X -0.5 to 0.5, Y -0.5 to 0.5, Z -0.5 to 0.5
glTF at X 5: STL volume -1.00, X -6 to -5, Y 0 to 3, Z 0 to 2
glTF at X 5: STL once more volume -1.00, X 5 to 6, Y 0 to 3, Z 0 to 2
glTF at X 5: STL with instances volume 1.00, X -6 to -5, Y 0 to 3, Z 0 to 2
glTF at X 5 and 0: STL volume -2.00, X -6 to -5, Y 0 to 3, Z 0 to 2
glTF at X 5 and 0: STL with instances volume 2.00, X -6 to 0, Y 0 to 3, Z 0 to 2
glTF, scale -1: STL with instances volume -1.00, X 0 to 1, Y 0 to 3, Z 0 to 2
glTF at X 5: OBJ volume 1.00, X -1 to 0, Y 0 to 2, Z 0 to 3
glTF at X 5: OBJ with positions volume 1.00, X 5 to 6, Y 0 to 2, Z 0 to 3
glTF at X 5 and 0: OBJ with positions TypeError
glTF, upper edge of the picture: OBJ vt 0 0
glTF without indices: STL no faces, OBJ no faces
WANTED
