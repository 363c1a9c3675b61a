#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-transform gives each camera without a far end one at 100 m, also where it only copies a file, and drops notes.
#
# A perspective camera of a glTF may have no "zfar" and then sees without end. gltf-transform reads that as 100, its
# own start value (getZFar() is described as undefined then), and writes it: what is farther away is gone, and a camera
# whose near end is at 500 m sees nothing and makes the file invalid. Of "extras", those of textures (not of images),
# samplers, texture transforms, variants, spots, perspectives and places of lights are dropped, others are kept. A
# texture that has a WebP, and a PNG for readers without EXT_texture_webp, keeps the WebP only, and the extension does
# not become a required one: such readers show no picture. The name of a material's mapping to a variant is gone.
# Reading and writing is enough for all of that. Nothing is reported. Write a far end into each camera before, and keep
# notes in nodes, meshes, materials and images.
#
# Versions: @gltf-transform/core and /extensions 4.5.1 from npm, Node.js 20; gltf-validator 2.0.0-dev.3.10 to look.
# "copy", "resize" and "optimize" of @gltf-transform/cli do the same to the cameras, and 4.1.1 also drops the notes of
# lights (tried too).
#
# Seen (before, and after a file was read and written with all extensions that the library has):
#     before: cameras see from 0.1 to no end, and from 500 to no end
#     before: picture image/png, with WebP image/webp
#     before: required extensions: none; mapping: Paint
#     before: lost 0 of 13 notes: none
#     before: no errors
#     after: cameras see from 0.1 to 100, and from 500 to 100
#     after: picture none, with WebP image/webp
#     after: required extensions: none; mapping: undefined
#     after: lost 7 of 13 notes: spot, variant, place of a light, perspective, transform, texture, sampler
#     after: CAMERA_ZFAR_LEQUAL_ZNEAR /cameras/1/perspective
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { Logger, NodeIO } from '@gltf-transform/core';
import { ALL_EXTENSIONS } from '@gltf-transform/extensions';
import validator from 'gltf-validator';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';
const WEBP = 'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==';
const extras = (note) => ({ extras: { note } });
const floats = Buffer.from(new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1]).buffer);
const images = [['image/png', PNG], ['image/webp', WEBP]];
const camera = (perspective) => ({ type: 'perspective', perspective: { yfov: 1, ...perspective } });
const mapping = { material: 0, variants: [0], name: 'Paint' };
const before = {
    asset: { version: '2.0' },
    extensionsUsed: ['EXT_texture_webp', 'KHR_lights_punctual', 'KHR_materials_variants', 'KHR_texture_transform'],
    extensions: {
        KHR_lights_punctual: { lights: [{ type: 'spot', spot: extras('spot'), ...extras('light') }] },
        KHR_materials_variants: { variants: [{ name: 'Red', ...extras('variant') }] },
    },
    scene: 0,
    scenes: [{ nodes: [0, 1, 2, 3], ...extras('scene') }],
    nodes: [
        { mesh: 0, ...extras('node') },
        { camera: 0 },
        { camera: 1 },
        { extensions: { KHR_lights_punctual: { light: 0, ...extras('place of a light') } } },
    ],
    cameras: [camera({ znear: 0.1, ...extras('perspective') }), camera({ znear: 500 })],
    meshes: [
        {
            ...extras('mesh'),
            primitives: [
                {
                    attributes: { POSITION: 0, TEXCOORD_0: 1 },
                    material: 0,
                    extensions: { KHR_materials_variants: { mappings: [mapping] } },
                },
            ],
        },
    ],
    materials: [
        {
            pbrMetallicRoughness: {
                baseColorTexture: {
                    index: 0,
                    extensions: { KHR_texture_transform: { offset: [0.5, 0], ...extras('transform') } },
                },
            },
            ...extras('material'),
        },
    ],
    textures: [{ source: 0, sampler: 0, extensions: { EXT_texture_webp: { source: 1 } }, ...extras('texture') }],
    samplers: [{ magFilter: 9729, ...extras('sampler') }],
    images: images.map(([type, data], index) => ({
        uri: `data:${type};base64,${data}`,
        mimeType: type,
        ...(index ? extras('image') : {}),
    })),
    accessors: [
        { bufferView: 0, componentType: 5126, count: 3, type: 'VEC3', min: [0, 0, 0], max: [1, 1, 0] },
        { bufferView: 1, componentType: 5126, count: 3, type: 'VEC2' },
    ],
    bufferViews: [
        { buffer: 0, byteLength: 36 },
        { buffer: 0, byteOffset: 36, byteLength: 24 },
    ],
    buffers: [{ byteLength: 60, uri: `data:application/octet-stream;base64,${floats.toString('base64')}` }],
};

async function say(what, gltf, resources = {}) {
    const { issues } = await validator.validateString(JSON.stringify(gltf), {
        externalResourceFunction: async (name) => resources[name],
    });
    const errors = issues.messages.filter(({ severity }) => severity === 0);
    const text = JSON.stringify(gltf);
    const ends = gltf.cameras.map(({ perspective }) => `${perspective.znear} to ${perspective.zfar ?? 'no end'}`);
    const [{ source, extensions }] = gltf.textures;
    const [{ name }] = gltf.meshes[0].primitives[0].extensions.KHR_materials_variants.mappings;
    const type = (index) => (index === undefined ? 'none' : gltf.images[index].mimeType);
    console.log(`${what}: cameras see from ${ends.join(', and from ')}`);
    console.log(`${what}: picture ${type(source)}, with WebP ${type(extensions.EXT_texture_webp.source)}`);
    console.log(`${what}: required extensions: ${gltf.extensionsRequired ?? 'none'}; mapping: ${name}`);
    const notes = [...JSON.stringify(before).matchAll(/"note":"([\w ]+)"/g)].map(([, note]) => note);
    const lost = notes.filter((note) => !text.includes(`"note":"${note}"`));
    console.log(`${what}: lost ${lost.length} of ${notes.length} notes: ${lost.join(', ') || 'none'}`);
    console.log(`${what}: ${errors.map(({ code, pointer }) => `${code} ${pointer}`).join(', ') || 'no errors'}`);
}

await say('before', before);
const io = new NodeIO().setLogger(new Logger(Logger.Verbosity.WARN)).registerExtensions(ALL_EXTENSIONS);
const document = await io.readJSON({ json: structuredClone(before), resources: {} });
const after = await io.writeJSON(document);
await say('after', after.json, after.resources);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @gltf-transform/core@4.5.1 @gltf-transform/extensions@4.5.1 gltf-validator@2.0.0-dev.3.10 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
before: cameras see from 0.1 to no end, and from 500 to no end
before: picture image/png, with WebP image/webp
before: required extensions: none; mapping: Paint
before: lost 0 of 13 notes: none
before: no errors
after: cameras see from 0.1 to 100, and from 500 to 100
after: picture none, with WebP image/webp
after: required extensions: none; mapping: undefined
after: lost 7 of 13 notes: spot, variant, place of a light, perspective, transform, texture, sampler
after: CAMERA_ZFAR_LEQUAL_ZNEAR /cameras/1/perspective
WANTED
