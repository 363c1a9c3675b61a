#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Babylon.js exports a glTF that it loaded with other glass, a rougher coat, and a camera that sees nothing.
#
# Its loader turns the dispersion of KHR_materials_dispersion, which is 20 divided by the Abbe number, into that number,
# and its exporter writes this one as the dispersion: 0.3 becomes 66.7, where a diamond has 0.36. A camera without a far
# end, as glTF allows, gets "zfar": 0, which is no valid number there. The strength of a clear coat's normal map is 1
# afterwards, the picture of a sheen's roughness is gone, and so is KHR_materials_diffuse_transmission, which the loader
# knows. None of this is reported. To change a file that has any of these, use a library that keeps what it does not
# change.
#
# Versions: @babylonjs/core, /loaders and /serializers 9.28.0 from npm, Node.js 20, with the NullEngine; to look at it,
# gltf-validator 2.0.0-dev.3.10.
# Input: a triangle with a material that has all these, and a camera.
#
# Seen (the same properties before and after):
#     before: dispersion 0.30
#     before: clear coat's normals 0.5
#     before: sheen's pictures sheenColorTexture, sheenRoughnessTexture
#     before: diffuse transmission is there
#     before: zfar not there
#     before: the validator finds no errors
#     after: dispersion 66.67
#     after: clear coat's normals 1
#     after: sheen's pictures sheenColorTexture
#     after: diffuse transmission is not there
#     after: zfar 0
#     after: the validator finds VALUE_NOT_IN_RANGE /cameras/0/perspective/zfar
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { ImportMeshAsync, Logger, NullEngine, Scene } from '@babylonjs/core';
import '@babylonjs/loaders/glTF/index.js';
import { GLTF2Export } from '@babylonjs/serializers';
import validator from 'gltf-validator';

globalThis.XMLHttpRequest ??= class {}; // The loader wants it.
Logger.LogLevels = Logger.WarningLogLevel | Logger.ErrorLogLevel;
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';
const picture = { index: 0 };
const extensions = {
    KHR_materials_dispersion: { dispersion: 0.3 },
    KHR_materials_clearcoat: { clearcoatFactor: 1, clearcoatNormalTexture: { index: 0, scale: 0.5 } },
    KHR_materials_sheen: {
        ...{ sheenColorFactor: [1, 1, 1], sheenColorTexture: picture },
        ...{ sheenRoughnessFactor: 1, sheenRoughnessTexture: picture },
    },
    KHR_materials_diffuse_transmission: { diffuseTransmissionFactor: 0.5 },
    KHR_materials_transmission: { transmissionFactor: 0.5 },
    KHR_materials_volume: { thicknessFactor: 0.5 },
};

function glbOf(gltf, data) {
    const text = Buffer.from(JSON.stringify(gltf));
    const json = Buffer.concat([text, Buffer.alloc(-text.length & 3, ' ')]);
    const head = Buffer.alloc(20);
    const next = Buffer.alloc(8);
    const fill = (buffer, numbers) => numbers.forEach((one, place) => buffer.writeUInt32LE(one, 4 * place));
    fill(head, [0x46546c67, 2, 28 + json.length + data.length, json.length, 0x4e4f534a]);
    fill(next, [data.length, 0x004e4942]);
    return Buffer.concat([head, json, next, data]);
}

const numbers = new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
const png = Buffer.from(PNG, 'base64');
const data = Buffer.concat([Buffer.from(numbers.buffer), png, Buffer.alloc(-png.length & 3)]);
const before = {
    asset: { version: '2.0' },
    extensionsUsed: Object.keys(extensions),
    scene: 0,
    scenes: [{ nodes: [0, 1] }],
    nodes: [{ mesh: 0 }, { camera: 0, translation: [0, 0, 5] }],
    cameras: [{ type: 'perspective', perspective: { yfov: 0.5, znear: 0.1, aspectRatio: 1 } }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1, NORMAL: 2 }, material: 0 }] }],
    materials: [{ normalTexture: picture, extensions }],
    textures: [{ source: 0 }],
    images: [{ bufferView: 3, mimeType: 'image/png' }],
    accessors: [
        { bufferView: 0, componentType: 5126, count: 3, type: 'VEC3', min: [0, 0, 0], max: [1, 1, 0] },
        { bufferView: 1, componentType: 5126, count: 3, type: 'VEC2' },
        { bufferView: 2, componentType: 5126, count: 3, type: 'VEC3' },
    ],
    bufferViews: [
        { buffer: 0, byteLength: 36 },
        { buffer: 0, byteOffset: 36, byteLength: 24 },
        { buffer: 0, byteOffset: 60, byteLength: 36 },
        { buffer: 0, byteOffset: 96, byteLength: png.length },
    ],
    buffers: [{ byteLength: data.length }],
};

async function say(what, gltf, glb) {
    const { dispersion, clearcoat, sheen, ...others } = Object.fromEntries(
        Object.entries(gltf.materials[0].extensions).map(([name, content]) => [name.slice(14), content]),
    );
    const { issues } = await validator.validateBytes(new Uint8Array(glb));
    const worst = issues.messages.filter(({ severity }) => severity === 0);
    const errors = worst.map(({ code, pointer }) => `${code} ${pointer}`);
    console.log(`${what}: dispersion ${dispersion.dispersion.toFixed(2)}`);
    console.log(`${what}: clear coat's normals ${clearcoat.clearcoatNormalTexture.scale ?? 1}`);
    const pictures = Object.keys(sheen).filter((name) => name.endsWith('Texture'));
    console.log(`${what}: sheen's pictures ${pictures.join(', ')}`);
    console.log(`${what}: diffuse transmission ${'diffuse_transmission' in others ? 'is there' : 'is not there'}`);
    console.log(`${what}: zfar ${gltf.cameras[0].perspective.zfar ?? 'not there'}`);
    console.log(`${what}: the validator finds ${errors.join(', ') || 'no errors'}`);
}

const glb = glbOf(before, data);
await say('before', before, glb);
const scene = new Scene(new NullEngine());
await ImportMeshAsync(new Uint8Array(glb), scene, { pluginExtension: '.glb' });
const { files } = await GLTF2Export.GLBAsync(scene, 'out');
const after = Buffer.from(await files['out.glb'].arrayBuffer());
await say('after', JSON.parse(after.subarray(20, 20 + after.readUInt32LE(12))), after);
process.exit(0);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error @babylonjs/core@9.28.0 \
    @babylonjs/loaders@9.28.0 @babylonjs/serializers@9.28.0 gltf-validator@2.0.0-dev.3.10 > "$scratch/log"
node "$scratch/look.mjs" | grep -v "^BJS - .* - Null engine$" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
before: dispersion 0.30
before: clear coat's normals 0.5
before: sheen's pictures sheenColorTexture, sheenRoughnessTexture
before: diffuse transmission is there
before: zfar not there
before: the validator finds no errors
after: dispersion 66.67
after: clear coat's normals 1
after: sheen's pictures sheenColorTexture
after: diffuse transmission is not there
after: zfar 0
after: the validator finds VALUE_NOT_IN_RANGE /cameras/0/perspective/zfar
WANTED
