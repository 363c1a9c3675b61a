#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltfpack cuts animated weights of morph targets off at 0 and 1, also with "disable quantization".
#
# glTF sets no limits to weights: a cartoon face goes to 1.5, and a key that closes an eye opens it wide at -0.5.
# gltfpack writes the weights of an animation as bytes that stand for 0 to 1, whatever the options are: what is outside
# is cut off, so that the part of the animation in question stands still, and the rest is in steps of 1/255. Weights of
# meshes and nodes, which are not animated, are kept as they are. The option -noq, "disable quantization", changes
# nothing for weights, and there is none for their precision, as there is for translations, rotations and scales.
# Nothing is reported. Give shape keys a range of 0 to 1 before the export: a key for what goes below, and one that is
# as far as the animation goes.
#
# Versions: gltfpack 1.3.0 from npm, Node.js 20. Without "-af 0", at 30 Hz, it is the same (tried too).
# Input: a triangle with a morph target, whose weight is 1.5 and goes from -0.5 by 0.3 to 2.
#
# Seen (the weight of the mesh, the component type of the animation's weights and these):
#     before: 1.5; 5126; -0.5, 0.3, 2
#     -af 0: 1.5; 5121; 0, 0.302, 1
#     -af 0 -noq: 1.5; 5121; 0, 0.302, 1
#     -af 0 -vpf -at 24 -as 24: 1.5; 5121; 0, 0.302, 1
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const folder = import.meta.dirname;
const FLOAT = 5126;
const ARRAYS = { 5120: Int8Array, 5121: Uint8Array, 5122: Int16Array, 5123: Uint16Array, 5126: Float32Array };

function write(path) {
    const columns = [
        [[0, 0, 0, 1, 0, 0, 0, 1, 0], 'VEC3', { min: [0, 0, 0], max: [1, 1, 0] }],
        [[0, 0, 1, 0, 0, 1, 0, 0, 1], 'VEC3', { min: [0, 0, 1], max: [0, 0, 1] }],
        [[0, 1, 2], 'SCALAR', { min: [0], max: [2] }],
        [[-0.5, 0.3, 2], 'SCALAR', {}],
    ];
    const data = Buffer.from(new Float32Array(columns.flatMap(([numbers]) => numbers)).buffer);
    const bufferViews = [];
    let byteOffset = 0;
    for (const [{ length }] of columns) {
        bufferViews.push({ buffer: 0, byteOffset, byteLength: 4 * length });
        byteOffset += 4 * length;
    }
    const accessors = columns.map(([, type, limits], bufferView) => ({
        ...{ bufferView, componentType: FLOAT, type, count: 3 },
        ...limits,
    }));
    const gltf = {
        asset: { version: '2.0' },
        scene: 0,
        scenes: [{ nodes: [0] }],
        nodes: [{ mesh: 0 }],
        meshes: [{ primitives: [{ attributes: { POSITION: 0 }, targets: [{ POSITION: 1 }] }], weights: [1.5] }],
        animations: [
            {
                samplers: [{ input: 2, output: 3 }],
                channels: [{ sampler: 0, target: { node: 0, path: 'weights' } }],
            },
        ],
        accessors,
        bufferViews,
        buffers: [{ byteLength: data.length, uri: `data:application/octet-stream;base64,${data.toString('base64')}` }],
    };
    fs.writeFileSync(path, JSON.stringify(gltf));
}

/** Return the weight of the mesh, the component type of the animated weights and these. */
function weights(gltf, data) {
    const accessor = gltf.accessors[gltf.animations[0].samplers[0].output];
    const start = (gltf.bufferViews[accessor.bufferView].byteOffset ?? 0) + (accessor.byteOffset ?? 0);
    const kind = ARRAYS[accessor.componentType];
    const bytes = data.subarray(start, start + accessor.count * kind.BYTES_PER_ELEMENT);
    const stored = [...new kind(new Uint8Array(bytes).buffer)];
    const most = { 5120: 127, 5121: 255, 5122: 32767, 5123: 65535, 5126: 1 }[accessor.componentType];
    const numbers = stored.map((one) => Number((one / most).toFixed(4)));
    return `${gltf.meshes[0].weights}; ${accessor.componentType}; ${numbers.join(', ')}`;
}

write(`${folder}/in.gltf`);
const before = JSON.parse(fs.readFileSync(`${folder}/in.gltf`));
console.log(`before: ${weights(before, Buffer.from(before.buffers[0].uri.split(',')[1], 'base64'))}`);
for (const options of [['-af', '0'], ['-af', '0', '-noq'], ['-af', '0', '-vpf', '-at', '24', '-as', '24']]) {
    const program = `${folder}/node_modules/.bin/gltfpack`;
    execFileSync(program, ['-i', `${folder}/in.gltf`, '-o', `${folder}/out.glb`, ...options], { stdio: 'inherit' });
    const glb = fs.readFileSync(`${folder}/out.glb`);
    const end = 20 + glb.readUInt32LE(12);
    console.log(`${options.join(' ')}: ${weights(JSON.parse(glb.subarray(20, end)), glb.subarray(end + 8))}`);
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error gltfpack@1.3.0 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
before: 1.5; 5126; -0.5, 0.3, 2
-af 0: 1.5; 5121; 0, 0.302, 1
-af 0 -noq: 1.5; 5121; 0, 0.302, 1
-af 0 -vpf -at 24 -as 24: 1.5; 5121; 0, 0.302, 1
WANTED
