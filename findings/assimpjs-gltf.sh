#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assimpjs squares the alpha of materials, makes steps of animations even, and drops tiling, weights and cameras.
#
# It is assimp for Node.js and web pages. A base colour whose alpha is 0.5 is written with 0.25. Animations in steps and
# with cubic splines become linear ones between the same keys, those of morph targets are gone, and so are the weights
# and names of morph targets, cameras, the transforms of textures, the UV map that a texture lies on, and the strength of
# an occlusion map. A list in "extras" becomes an object with its last entry. A light becomes extras that nobody reads.
# The conversion is a success, and nothing is reported. Use a library that keeps what it does not change, where glTF is
# to become glTF, and take materials and animations from the source where it is to become something else.
#
# Versions: assimpjs 0.0.10 from npm (assimp 5.2), Node.js 20; gltf-validator 2.0.0-dev.3.10 to look.
#
# Seen (before, and after glTF was converted to glTF):
#     before: alpha 0.5, tiles 4
#     before: occlusion by TEXCOORD_1, strength 0.25
#     before: animations: CUBICSPLINE is CUBICSPLINE, LINEAR is LINEAR, STEP is STEP; of weights true
#     before: weights 0.5, names smile
#     before: cameras 1, lights 1
#     before: extras {"sizes":[1,2,3]}
#     before: errors none
#     assimpjs: success true
#     after: alpha 0.25, tiles 1
#     after: occlusion by TEXCOORD_0, strength 1
#     after: animations: CUBICSPLINE is LINEAR, LINEAR is LINEAR, STEP is LINEAR; of weights false
#     after: weights none, names none
#     after: cameras 0, lights 0
#     after: extras {"sizes":{"sizes":3}}
#     after: errors none
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import assimp from 'assimpjs';
import validator from 'gltf-validator';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';
const KINDS = ['LINEAR', 'STEP', 'CUBICSPLINE'];
const along = (...numbers) => numbers.flatMap((x) => [x, 0, 0]);
const parts = [
    [[0, 0, 0, 1, 0, 0, 0, 1, 0], 'VEC3', { min: [0, 0, 0], max: [1, 1, 0] }],
    [[0, 0, 1, 0, 0, 1, 0, 0, 1], 'VEC3', {}],
    [[0, 0, 1, 0, 0, 1], 'VEC2', {}],
    [[0, 0, 0, 0, 0, 1, 0, 0, 0], 'VEC3', { min: [0, 0, 0], max: [0, 0, 1] }],
    [[0, 1], 'SCALAR', { min: [0], max: [1] }],
    [along(1, 2), 'VEC3', {}],
    [along(5, 1, 5, 0, 2, 0), 'VEC3', {}],
    [[0.25, 0.75], 'SCALAR', {}],
];
const data = Buffer.from(new Float32Array(parts.flatMap(([numbers]) => numbers)).buffer);
const views = [];
for (const [numbers] of parts) {
    const last = views.at(-1) ?? { byteOffset: 0, byteLength: 0 };
    views.push({ buffer: 0, byteOffset: last.byteOffset + last.byteLength, byteLength: 4 * numbers.length });
}
const tiled = { KHR_texture_transform: { scale: [4, 4] } };
const before = {
    asset: { version: '2.0' },
    extensionsUsed: ['KHR_lights_punctual', 'KHR_texture_transform'],
    extensions: { KHR_lights_punctual: { lights: [{ type: 'point', name: 'Lamp' }] } },
    scene: 0,
    scenes: [{ nodes: [0, 1, 2, 3, 4] }],
    nodes: [
        ...KINDS.map((name) => ({ name, mesh: 0 })),
        { name: 'Camera', camera: 0, extras: { sizes: [1, 2, 3] } },
        { name: 'Lamp', extensions: { KHR_lights_punctual: { light: 0 } } },
    ],
    cameras: [{ type: 'perspective', perspective: { yfov: 0.5, znear: 0.1, aspectRatio: 2 } }],
    meshes: [
        {
            name: 'Head',
            weights: [0.5],
            extras: { targetNames: ['smile'] },
            primitives: [
                {
                    ...{ attributes: { POSITION: 0, NORMAL: 1, TEXCOORD_0: 2, TEXCOORD_1: 2 }, material: 0 },
                    targets: [{ POSITION: 3 }],
                },
            ],
        },
    ],
    materials: [
        {
            alphaMode: 'BLEND',
            pbrMetallicRoughness: {
                baseColorFactor: [1, 1, 1, 0.5],
                baseColorTexture: { index: 0, extensions: tiled },
            },
            occlusionTexture: { index: 0, texCoord: 1, strength: 0.25 },
        },
    ],
    textures: [{ source: 0 }],
    images: [{ uri: `data:image/png;base64,${PNG}` }],
    animations: [
        {
            channels: [
                ...KINDS.map((_, index) => ({ sampler: index, target: { node: index, path: 'translation' } })),
                { sampler: 3, target: { node: 0, path: 'weights' } },
            ],
            samplers: [
                ...KINDS.map((interpolation, index) => ({ input: 4, output: index < 2 ? 5 : 6, interpolation })),
                { input: 4, output: 7 },
            ],
        },
    ],
    accessors: parts.map(([numbers, type, limits], index) => ({
        ...{ bufferView: index, componentType: 5126, type, ...limits },
        count: numbers.length / { SCALAR: 1, VEC2: 2, VEC3: 3 }[type],
    })),
    bufferViews: views,
    buffers: [{ byteLength: data.length, uri: `data:application/octet-stream;base64,${data.toString('base64')}` }],
};

async function say(what, gltf, files = {}) {
    const node = (wanted) => gltf.nodes.find(({ name }) => name === wanted);
    const [{ pbrMetallicRoughness, occlusionTexture }] = gltf.materials;
    const { texCoord = 0, strength = 1 } = occlusionTexture;
    const tiles = pbrMetallicRoughness.baseColorTexture.extensions?.KHR_texture_transform.scale[0] ?? 1;
    const kinds = gltf.animations[0].channels.map(({ sampler, target }) => {
        const { interpolation = 'LINEAR' } = gltf.animations[0].samplers[sampler];
        return target.path === 'translation' ? `${gltf.nodes[target.node].name} is ${interpolation}` : null;
    });
    const weights = gltf.animations.some(({ channels }) => channels.some(({ target }) => target.path === 'weights'));
    const [mesh] = gltf.meshes;
    console.log(`${what}: alpha ${pbrMetallicRoughness.baseColorFactor[3]}, tiles ${tiles}`);
    console.log(`${what}: occlusion by TEXCOORD_${texCoord}, strength ${strength}`);
    console.log(`${what}: animations: ${kinds.filter((kind) => kind).sort().join(', ')}; of weights ${weights}`);
    console.log(`${what}: weights ${mesh.weights ?? 'none'}, names ${mesh.extras?.targetNames ?? 'none'}`);
    const lights = gltf.extensions?.KHR_lights_punctual?.lights.length ?? 0;
    console.log(`${what}: cameras ${gltf.cameras?.length ?? 0}, lights ${lights}`);
    console.log(`${what}: extras ${JSON.stringify(node('Camera').extras)}`);
    const { issues } = await validator.validateString(JSON.stringify(gltf), {
        externalResourceFunction: async (name) => files[name],
    });
    const codes = new Set(issues.messages.filter(({ severity }) => severity === 0).map(({ code }) => code));
    console.log(`${what}: errors ${[...codes].join(', ') || 'none'}`);
}

await say('before', before);
const library = await assimp();
const list = new library.FileList();
list.AddFile('in.gltf', new Uint8Array(Buffer.from(JSON.stringify(before))));
const result = library.ConvertFileList(list, 'gltf2');
console.log(`assimpjs: success ${result.IsSuccess()}`);
const files = {};
for (let index = 0; index < result.FileCount(); index++) {
    const file = result.GetFile(index);
    files[file.GetPath()] = new Uint8Array(file.GetContent());
}
await say('after', JSON.parse(Buffer.from(files['result.gltf'])), files);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    assimpjs@0.0.10 gltf-validator@2.0.0-dev.3.10 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
before: alpha 0.5, tiles 4
before: occlusion by TEXCOORD_1, strength 0.25
before: animations: CUBICSPLINE is CUBICSPLINE, LINEAR is LINEAR, STEP is STEP; of weights true
before: weights 0.5, names smile
before: cameras 1, lights 1
before: extras {"sizes":[1,2,3]}
before: errors none
assimpjs: success true
after: alpha 0.25, tiles 1
after: occlusion by TEXCOORD_0, strength 1
after: animations: CUBICSPLINE is LINEAR, LINEAR is LINEAR, STEP is LINEAR; of weights false
after: weights none, names none
after: cameras 0, lights 0
after: extras {"sizes":{"sizes":3}}
after: errors none
WANTED
