#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-pipeline throws away pictures and materials that only an extension names, and others come to their numbers.
#
# By default it removes elements that nothing uses, also when it has nothing to do but make a .glb of a .gltf. It knows
# of the pictures of specular and transmission, and of those of no other material extension: a normal map of a clearcoat
# or a colour of a sheen is removed, and the next picture, mostly the base colour, moves up to its number, which the
# extension still has. The same happens to materials that KHR_materials_variants offers, and to what
# KHR_animation_pointer moves. The file is valid as long as the number exists. Nothing is reported. Give it
# --keepUnusedElements (keepUnusedElements: true), always.
#
# Versions: gltf-pipeline 4.3.1 from npm, Node.js 20.
#
# Seen (the picture or material that was named A before and should be named A after):
#     clearcoatTexture B, clearcoatRoughnessTexture B, clearcoatNormalTexture B
#     sheenColorTexture B, sheenRoughnessTexture B
#     anisotropyTexture B
#     iridescenceTexture B, iridescenceThicknessTexture B
#     thicknessTexture B
#     diffuseTransmissionTexture B, diffuseTransmissionColorTexture B
#     transmissionTexture A
#     specularTexture A, specularColorTexture A
#     material of a variant: B
#     material of a variant, keepUnusedElements: A
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import pipeline from 'gltf-pipeline';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==';
const PIXEL = `data:image/png;base64,${PNG}`;
const CORNERS = Buffer.from(new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1]).buffer);

/** Return a triangle with the pictures A and B, of which the base colour is B. */
function triangle(extension, content) {
    return {
        asset: { version: '2.0' },
        extensionsUsed: [extension],
        scene: 0,
        scenes: [{ nodes: [0] }],
        nodes: [{ mesh: 0 }],
        meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1 }, material: 0 }] }],
        materials: [
            { pbrMetallicRoughness: { baseColorTexture: { index: 1 } }, extensions: { [extension]: content } },
        ],
        textures: [{ source: 0 }, { source: 1 }],
        images: [{ name: 'A', uri: PIXEL }, { name: 'B', uri: PIXEL }],
        accessors: [
            { bufferView: 0, componentType: 5126, count: 3, type: 'VEC3', min: [0, 0, 0], max: [1, 1, 0] },
            { bufferView: 1, componentType: 5126, count: 3, type: 'VEC2' },
        ],
        bufferViews: [
            { buffer: 0, byteLength: 36 },
            { buffer: 0, byteOffset: 36, byteLength: 24 },
        ],
        buffers: [{ byteLength: 60, uri: `data:application/octet-stream;base64,${CORNERS.toString('base64')}` }],
    };
}

const KINDS = {
    clearcoat: ['clearcoatTexture', 'clearcoatRoughnessTexture', 'clearcoatNormalTexture'],
    sheen: ['sheenColorTexture', 'sheenRoughnessTexture'],
    anisotropy: ['anisotropyTexture'],
    iridescence: ['iridescenceTexture', 'iridescenceThicknessTexture'],
    volume: ['thicknessTexture'],
    diffuse_transmission: ['diffuseTransmissionTexture', 'diffuseTransmissionColorTexture'],
    transmission: ['transmissionTexture'],
    specular: ['specularTexture', 'specularColorTexture'],
};
for (const [kind, names] of Object.entries(KINDS)) {
    const said = [];
    for (const name of names) {
        const extension = `KHR_materials_${kind}`;
        const before = triangle(extension, { [name]: { index: 0 } });
        const { gltf } = await pipeline.processGltf(before);
        const { index } = gltf.materials[0].extensions[extension][name];
        said.push(`${name} ${gltf.images[gltf.textures[index].source].name}`);
    }
    console.log(said.join(', '));
}
for (const keepUnusedElements of [false, true]) {
    const before = triangle('KHR_materials_variants', {});
    delete before.materials[0].extensions;
    before.materials = [{ name: 'A' }, { ...before.materials[0], name: 'B' }];
    before.extensions = { KHR_materials_variants: { variants: [{ name: 'In the colour of A' }] } };
    const [primitive] = before.meshes[0].primitives;
    primitive.material = 1;
    primitive.extensions = { KHR_materials_variants: { mappings: [{ material: 0, variants: [0] }] } };
    const { gltf } = await pipeline.processGltf(before, { keepUnusedElements });
    const { mappings } = gltf.meshes[0].primitives[0].extensions.KHR_materials_variants;
    const option = keepUnusedElements ? ', keepUnusedElements' : '';
    console.log(`material of a variant${option}: ${gltf.materials[mappings[0].material].name}`);
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error gltf-pipeline@4.3.1 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
clearcoatTexture B, clearcoatRoughnessTexture B, clearcoatNormalTexture B
sheenColorTexture B, sheenRoughnessTexture B
anisotropyTexture B
iridescenceTexture B, iridescenceThicknessTexture B
thicknessTexture B
diffuseTransmissionTexture B, diffuseTransmissionColorTexture B
transmissionTexture A
specularTexture A, specularColorTexture A
material of a variant: B
material of a variant, keepUnusedElements: A
WANTED
