#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-transform makes a surface glossier whose roughness picture is the same plain grey as a colour picture.
#
# Bakers and generators write a picture for each channel, also where it has one value only. dedup() keeps one of several
# pictures that are alike, and prune() puts a number in the place of a picture with one colour. Numbers of a base or
# emissive colour are linear, so sRGB is taken off; those of roughness, metallic and occlusion are not. That is decided
# once for each picture, not for each use: where one picture serves for a colour anywhere in the file, sRGB is taken off
# the roughness too. Middle grey is 0.5 of roughness, and becomes 0.22. Each of the two functions is right by itself;
# one after the other, as in the command "optimize", they are not. Nothing is reported. Prune before dedup, or ask
# optimize for --prune-solid-textures false.
#
# Versions: @gltf-transform/core and /functions 4.5.1, sharp 0.34.5, from npm, Node.js 20. 4.1.1 is the same, and so is
# "optimize" of @gltf-transform/cli 4.5.1 (tried too).
#
# Seen (roughness and metallic of a material whose picture says 0.502 and 0.251):
#     a colour picture of another colour: dedup, prune: 0.502, 0.251
#     a colour picture of the same colour: prune: 0.502, 0.251
#     a colour picture of the same colour: dedup, prune: 0.216, 0.051
#     a colour picture of the same colour, in another material: dedup, prune: 0.216, 0.051
#     a colour picture of the same colour: prune, dedup: 0.502, 0.251
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { Document, Logger } from '@gltf-transform/core';
import { dedup, prune } from '@gltf-transform/functions';
import sharp from 'sharp';

const SAME = { r: 0, g: 128, b: 64 };
const OTHER = { r: 9, g: 128, b: 64 };

/** Print what is left of the roughness picture of a material, beside a colour picture there or in another material. */
async function look(said, colour, inAnother, ...steps) {
    const document = new Document().setLogger(new Logger(Logger.Verbosity.ERROR));
    const buffer = document.createBuffer();
    const accessor = (type, numbers) =>
        document.createAccessor().setType(type).setArray(new Float32Array(numbers)).setBuffer(buffer);
    const picture = async (background) => {
        const png = await sharp({ create: { width: 8, height: 8, channels: 3, background } }).png().toBuffer();
        return document.createTexture().setImage(new Uint8Array(png)).setMimeType('image/png');
    };
    const material = document.createMaterial().setMetallicRoughnessTexture(await picture(SAME));
    const another = inAnother ? document.createMaterial() : material;
    another.setBaseColorTexture(await picture(colour));
    const mesh = document.createMesh();
    for (const one of new Set([material, another])) {
        const primitive = document.createPrimitive().setMaterial(one);
        primitive.setAttribute('POSITION', accessor('VEC3', [0, 0, 0, 1, 0, 0, 0, 1, 0]));
        primitive.setAttribute('TEXCOORD_0', accessor('VEC2', [0, 0, 1, 0, 0, 1]));
        mesh.addPrimitive(primitive);
    }
    document.createScene().addChild(document.createNode().setMesh(mesh));
    await document.transform(...steps.map((step) => step({ keepSolidTextures: false })));
    if (material.getMetallicRoughnessTexture()) throw new Error('The picture is still there.');
    const factors = [material.getRoughnessFactor(), material.getMetallicFactor()];
    const order = steps.map((step) => step.name).join(', ');
    console.log(`a colour picture of ${said}: ${order}: ${factors.map((one) => one.toFixed(3)).join(', ')}`);
}

await look('another colour', OTHER, false, dedup, prune);
await look('the same colour', SAME, false, prune);
await look('the same colour', SAME, false, dedup, prune);
await look('the same colour, in another material', SAME, true, dedup, prune);
await look('the same colour', SAME, false, prune, dedup);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @gltf-transform/core@4.5.1 @gltf-transform/functions@4.5.1 sharp@0.34.5 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
a colour picture of another colour: dedup, prune: 0.502, 0.251
a colour picture of the same colour: prune: 0.502, 0.251
a colour picture of the same colour: dedup, prune: 0.216, 0.051
a colour picture of the same colour, in another material: dedup, prune: 0.216, 0.051
a colour picture of the same colour: prune, dedup: 0.502, 0.251
WANTED
