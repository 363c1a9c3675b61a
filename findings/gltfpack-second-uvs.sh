#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltfpack lays a picture onto the wrong UV map where a texture transform names the map, shows what is hidden, and drops
# the copyright.
#
# KHR_texture_transform may name a UV map of its own, which replaces the one of the texture. gltfpack keeps the rest of
# the transform and drops that name, so a picture for the second map lies on the first, though both maps are still in
# the file. A node that KHR_node_visibility hides is visible afterwards. The "copyright" of a file, where its licence is
# said, is gone, and so are the names of lights, cameras and meshes, also with -kn, and the extras of the file, also
# with -ke. Nothing is reported. Before, move a transform's "texCoord" into the texture itself and delete hidden nodes;
# afterwards, write the copyright back.
#
# Versions: gltfpack 1.3.0 from npm, Node.js 20; gltf-validator 2.0.0-dev.3.10 to look.
# 0.25.0 is the same, and 0.20.0 without -kv (tried too).
#
# Seen (before, after gltfpack, and after gltfpack with all that keeps: -noq -kn -km -ke -kv):
#     before: the validator finds 0 errors
#     before: the picture lies on TEXCOORD_1, of TEXCOORD_0 and TEXCOORD_1
#     before: nodes with a mesh 2, hidden 1
#     before: copyright 2026 Somebody, CC BY 4.0, extras of the file true
#     before: light, camera, mesh: Lamp, Camera, Mesh
#     gltfpack: it says: nothing
#     packed: the picture lies on TEXCOORD_0, of TEXCOORD_0 and TEXCOORD_1
#     packed: nodes with a mesh 2, hidden 0
#     packed: copyright none, extras of the file false
#     packed: light, camera, mesh: no name, no name, no name
#     gltfpack -noq -kn -km -ke -kv: it says: nothing
#     all kept: the picture lies on TEXCOORD_0, of TEXCOORD_0 and TEXCOORD_1
#     all kept: nodes with a mesh 2, hidden 0
#     all kept: copyright none, extras of the file false
#     all kept: light, camera, mesh: no name, no name, no name
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { execFileSync } from 'child_process';
import { readFileSync, writeFileSync } from 'fs';
import validator from 'gltf-validator';

const folder = process.argv[2];
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';
const parts = {
    POSITION: [0, 0, 0, 1, 0, 0, 0, 1, 0],
    NORMAL: [0, 0, 1, 0, 0, 1, 0, 0, 1],
    TEXCOORD_0: [0, 0, 1, 0, 0, 1],
    TEXCOORD_1: [0.5, 0.5, 0.75, 0.5, 0.5, 0.75],
};
const data = Buffer.from(new Float32Array(Object.values(parts).flat()).buffer);
const starts = [0, 36, 72, 96];
const before = {
    asset: { version: '2.0', copyright: '2026 Somebody, CC BY 4.0', extras: { note: 'asset' } },
    extensionsUsed: ['KHR_lights_punctual', 'KHR_node_visibility', 'KHR_texture_transform'],
    extensions: { KHR_lights_punctual: { lights: [{ type: 'point', name: 'Lamp' }] } },
    extras: { note: 'file' },
    scene: 0,
    scenes: [{ nodes: [0, 1, 2, 3] }],
    nodes: [
        { mesh: 0, name: 'Shown' },
        { mesh: 0, name: 'Hidden', translation: [5, 0, 0], extensions: { KHR_node_visibility: { visible: false } } },
        { name: 'Light', extensions: { KHR_lights_punctual: { light: 0 } } },
        { name: 'View', camera: 0 },
    ],
    cameras: [{ type: 'perspective', name: 'Camera', perspective: { yfov: 1, znear: 0.1 } }],
    meshes: [
        {
            name: 'Mesh',
            primitives: [{ attributes: { POSITION: 0, NORMAL: 1, TEXCOORD_0: 2, TEXCOORD_1: 3 }, material: 0 }],
        },
    ],
    materials: [
        {
            pbrMetallicRoughness: {
                baseColorTexture: {
                    index: 0,
                    texCoord: 0,
                    extensions: { KHR_texture_transform: { scale: [2, 2], texCoord: 1 } },
                },
            },
            occlusionTexture: { index: 0, texCoord: 1 },
        },
    ],
    textures: [{ source: 0 }],
    images: [{ uri: `data:image/png;base64,${PNG}` }],
    accessors: Object.values(parts).map((numbers, index) => ({
        ...{ bufferView: index, componentType: 5126, count: 3, type: index < 2 ? 'VEC3' : 'VEC2' },
        ...(index ? {} : { min: [0, 0, 0], max: [1, 1, 0] }),
    })),
    bufferViews: Object.values(parts).map((numbers, index) => ({
        ...{ buffer: 0, byteOffset: starts[index], byteLength: 4 * numbers.length },
    })),
    buffers: [{ byteLength: data.length, uri: `data:application/octet-stream;base64,${data.toString('base64')}` }],
};

function say(what, gltf) {
    const { texCoord = 0, extensions } = gltf.materials[0].pbrMetallicRoughness.baseColorTexture;
    const map = extensions.KHR_texture_transform.texCoord ?? texCoord;
    const { primitives } = gltf.meshes[0];
    const maps = Object.keys(primitives[0].attributes).filter((name) => name.startsWith('TEXCOORD'));
    const shown = gltf.nodes.filter(({ mesh }) => mesh !== undefined);
    const hidden = gltf.nodes.filter((node) => node.extensions?.KHR_node_visibility?.visible === false);
    const names = [gltf.extensions.KHR_lights_punctual.lights[0], gltf.cameras[0], gltf.meshes[0]];
    console.log(`${what}: the picture lies on TEXCOORD_${map}, of ${maps.join(' and ')}`);
    console.log(`${what}: nodes with a mesh ${shown.length}, hidden ${hidden.length}`);
    console.log(`${what}: copyright ${gltf.asset.copyright ?? 'none'}, extras of the file ${'extras' in gltf}`);
    console.log(`${what}: light, camera, mesh: ${names.map(({ name }) => name ?? 'no name').join(', ')}`);
}

writeFileSync(`${folder}/in.gltf`, JSON.stringify(before));
const { issues } = await validator.validateString(JSON.stringify(before));
console.log(`before: the validator finds ${issues.numErrors} errors`);
say('before', before);
for (const options of [[], ['-noq', '-kn', '-km', '-ke', '-kv']]) {
    const command = [`${folder}/node_modules/.bin/gltfpack`, '-i', `${folder}/in.gltf`, '-o', `${folder}/out.gltf`];
    const said = execFileSync(command[0], [...command.slice(1), ...options], { encoding: 'utf8' });
    console.log(`gltfpack${options.map((one) => ` ${one}`).join('')}: it says: ${said.trim() || 'nothing'}`);
    say(options.length ? 'all kept' : 'packed', JSON.parse(readFileSync(`${folder}/out.gltf`)));
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    gltfpack@1.3.0 gltf-validator@2.0.0-dev.3.10 > "$scratch/log"
node "$scratch/look.mjs" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
before: the validator finds 0 errors
before: the picture lies on TEXCOORD_1, of TEXCOORD_0 and TEXCOORD_1
before: nodes with a mesh 2, hidden 1
before: copyright 2026 Somebody, CC BY 4.0, extras of the file true
before: light, camera, mesh: Lamp, Camera, Mesh
gltfpack: it says: nothing
packed: the picture lies on TEXCOORD_0, of TEXCOORD_0 and TEXCOORD_1
packed: nodes with a mesh 2, hidden 0
packed: copyright none, extras of the file false
packed: light, camera, mesh: no name, no name, no name
gltfpack -noq -kn -km -ke -kv: it says: nothing
all kept: the picture lies on TEXCOORD_0, of TEXCOORD_0 and TEXCOORD_1
all kept: nodes with a mesh 2, hidden 0
all kept: copyright none, extras of the file false
all kept: light, camera, mesh: no name, no name, no name
WANTED
