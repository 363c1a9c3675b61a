#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ktx2-encoder's transform for gltf-transform calls normal and roughness maps sRGB, and three takes them for colours.
#
# A KTX2 says in its header how its numbers are meant, and for glTF (KHR_texture_basisu) that has to be sRGB for colours
# and linear for all else. The transform, as its README calls it, writes sRGB for every texture of a model. three takes
# the header's word for the maps that glTF counts as data: a roughness of 0.5 becomes 0.21, so what was matt is glossy,
# the flat parts of a normal map lean by 39 degrees, and crevices are darker. A viewer that goes by what a texture is
# used for shows the same file well, so it looks like a fault of the other viewer. Nothing is reported. Call the
# transform twice, with the slots of colours, and with those of data and isSetKTX2SRGBTransferFunc: false.
#
# Versions: ktx2-encoder 0.6.0, @gltf-transform/core and /extensions 4.5.1, ktx-parse 2.0.0 and three 0.187.0 from npm,
# Node.js 20.
#
# Seen (what the header says of each texture, and what three's loaders make of it):
#     as in README: BaseColor: sRGB, three's map srgb
#     as in README: Emissive: sRGB, three's emissiveMap srgb
#     as in README: Normal: sRGB, three's normalMap srgb
#     as in README: Occlusion: sRGB, three's aoMap srgb
#     as in README: MetallicRoughness: sRGB, three's roughnessMap srgb
#     called twice: BaseColor: sRGB, three's map srgb
#     called twice: Emissive: sRGB, three's emissiveMap srgb
#     called twice: Normal: linear, three's normalMap srgb-linear
#     called twice: Occlusion: linear, three's aoMap srgb-linear
#     called twice: MetallicRoughness: linear, three's roughnessMap srgb-linear
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { Document, NodeIO } from '@gltf-transform/core';
import { KHRTextureBasisu } from '@gltf-transform/extensions';
import { read } from 'ktx-parse';
import { ktx2 } from 'ktx2-encoder/gltf-transform';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { KTX2Loader } from 'three/addons/loaders/KTX2Loader.js';

globalThis.self ??= globalThis; // The loaders want these two.
globalThis.ProgressEvent ??= class {};
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';
const MAPS = { BaseColor: 'map', Emissive: 'emissiveMap', Normal: 'normalMap', Occlusion: 'aoMap' };
MAPS.MetallicRoughness = 'roughnessMap';
const SRGB_TRANSFER = 2;
const imageDecoder = async () => ({ width: 8, height: 8, data: new Uint8Array(256).fill(128) });

/** three's loader, which reads the header and leaves the blocks as they are, as there is no graphics card. */
class Headers extends KTX2Loader {
    parse(buffer, onLoad) {
        const container = read(new Uint8Array(buffer));
        const data = { faces: [{ mipmaps: [{}] }], width: 8, height: 8 };
        onLoad(this._createTextureFrom({ type: 'transcode', data }, container));
    }
}

function model() {
    const document = new Document();
    const corners = document.createAccessor().setType('VEC3').setBuffer(document.createBuffer());
    corners.setArray(new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0]));
    const material = document.createMaterial();
    for (const name of Object.keys(MAPS)) {
        const texture = document.createTexture(name).setMimeType('image/png').setImage(Buffer.from(PNG, 'base64'));
        material[`set${name}Texture`](texture);
    }
    const primitive = document.createPrimitive().setAttribute('POSITION', corners).setMaterial(material);
    document.createScene().addChild(document.createNode().setMesh(document.createMesh().addPrimitive(primitive)));
    return document;
}

async function look(what, ...steps) {
    const document = model();
    await document.transform(...steps);
    const said = {};
    for (const texture of document.getRoot().listTextures()) {
        const [{ transferFunction }] = read(texture.getImage()).dataFormatDescriptor;
        said[texture.getName()] = transferFunction === SRGB_TRANSFER ? 'sRGB' : 'linear';
    }
    const glb = await new NodeIO().registerExtensions([KHRTextureBasisu]).writeBinary(document);
    const { scene } = await new GLTFLoader().setKTX2Loader(new Headers()).parseAsync(glb.buffer, '');
    for (const [name, map] of Object.entries(MAPS)) {
        const { colorSpace } = scene.children[0].material[map];
        console.log(`${what}: ${name}: ${said[name]}, three's ${map} ${colorSpace}`);
    }
}

const options = { isUASTC: true, enableDebug: false, generateMipmap: true, imageDecoder };
await look('as in README', ktx2(options));
await look(
    'called twice',
    ktx2({ ...options, slots: /baseColor|emissive/ }),
    ktx2({ ...options, slots: /normal|occlusion|metallicRoughness/, isSetKTX2SRGBTransferFunc: false }),
);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error ktx2-encoder@0.6.0 \
    @gltf-transform/core@4.5.1 @gltf-transform/extensions@4.5.1 ktx-parse@2.0.0 three@0.187.0 > "$scratch/log"
node "$scratch/look.mjs" | grep "three's" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
as in README: BaseColor: sRGB, three's map srgb
as in README: Emissive: sRGB, three's emissiveMap srgb
as in README: Normal: sRGB, three's normalMap srgb
as in README: Occlusion: sRGB, three's aoMap srgb
as in README: MetallicRoughness: sRGB, three's roughnessMap srgb
called twice: BaseColor: sRGB, three's map srgb
called twice: Emissive: sRGB, three's emissiveMap srgb
called twice: Normal: linear, three's normalMap srgb-linear
called twice: Occlusion: linear, three's aoMap srgb-linear
called twice: MetallicRoughness: linear, three's roughnessMap srgb-linear
WANTED
