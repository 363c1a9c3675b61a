#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-transform converts textures by their colour profiles, also normal maps, though glTF says to ignore profiles.
#
# Paint programs put a profile (Display P3 on a Mac, Adobe RGB) into what they save. glTF says it must be ignored:
# whether numbers are sRGB or plain data follows from what a material uses them for. Whenever gltf-transform writes a
# picture anew, to make it smaller or another kind of file, its encoder converts the numbers from the profile to sRGB
# and drops the profile. So a model looks different after it was compressed: colours are stronger, normals lean another
# way, and roughness and metallic have other values. Pictures that are not written anew keep theirs, so one model may
# have both. Nothing is reported. Take the profiles out of the pictures first, without converting them.
#
# Versions: @gltf-transform/core and /functions 4.5.1, sharp 0.34.5, from npm, Node.js 20. resize, webp, png and jpeg
# of @gltf-transform/cli 4.5.1 are the same (tried too).
#
# Seen (the numbers of a picture before and after, without a profile and with that of Display P3):
#     BaseColor 200 60 60, resize: without 200 60 60, with 217 42 53
#     BaseColor 200 60 60, webp: without 200 60 60, with 217 42 53
#     Normal 200 128 230, resize: without 200 128 230, with 212 124 236
#     Normal 200 128 230, webp: without 200 128 230, with 212 124 236
#     MetallicRoughness 0 128 64, resize: without 0 128 64, with 0 130 56
#     MetallicRoughness 0 128 64, webp: without 0 128 64, with 0 130 56
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { Document, Logger } from '@gltf-transform/core';
import { textureCompress } from '@gltf-transform/functions';
import sharp from 'sharp';
import zlib from 'node:zlib';

/** Return the bytes of a PNG of 8 x 8 pixels with these numbers, and with this profile if there is one. */
function png(numbers, profile) {
    const chunk = (kind, content) => {
        const body = Buffer.concat([Buffer.from(kind), content]);
        const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
        size.writeUInt32BE(content.length);
        check.writeUInt32BE(zlib.crc32(body));
        return Buffer.concat([size, body, check]);
    };
    const head = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0]);
    const row = [0, ...Array(8).fill(numbers).flat()];
    return Buffer.concat([
        Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
        chunk('IHDR', head),
        ...(profile ? [chunk('iCCP', Buffer.concat([Buffer.from('P3\0\0'), zlib.deflateSync(profile)]))] : []),
        chunk('IDAT', zlib.deflateSync(Buffer.from(Array(8).fill(row).flat()))),
        chunk('IEND', Buffer.alloc(0)),
    ]);
}

/** Return the numbers that the picture of a material has after gltf-transform has written it anew. */
async function written(image, slot, options) {
    const document = new Document().setLogger(new Logger(Logger.Verbosity.ERROR));
    const texture = document.createTexture().setImage(new Uint8Array(image)).setMimeType('image/png');
    document.createMaterial()[`set${slot}Texture`](texture);
    await document.transform(textureCompress({ encoder: sharp, ...options }));
    if ((await sharp(texture.getImage()).metadata()).icc) throw new Error('The profile is still there.');
    return [...(await sharp(texture.getImage()).raw().toBuffer()).subarray(0, 3)].join(' ');
}

const example = { create: { width: 8, height: 8, channels: 3, background: 'red' } };
const { icc } = await sharp(await sharp(example).png().withIccProfile('p3').toBuffer()).metadata();
const PICTURES = { BaseColor: [200, 60, 60], Normal: [200, 128, 230], MetallicRoughness: [0, 128, 64] };
const WAYS = {
    resize: { resize: [4, 4] },
    webp: { targetFormat: 'webp', lossless: true },
};
for (const [slot, numbers] of Object.entries(PICTURES)) {
    for (const [way, options] of Object.entries(WAYS)) {
        const plain = await written(png(numbers), slot, options);
        const profiled = await written(png(numbers, icc), slot, options);
        console.log(`${slot} ${numbers.join(' ')}, ${way}: without ${plain}, with ${profiled}`);
    }
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @gltf-transform/core@4.5.1 @gltf-transform/functions@4.5.1 sharp@0.34.5 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
BaseColor 200 60 60, resize: without 200 60 60, with 217 42 53
BaseColor 200 60 60, webp: without 200 60 60, with 217 42 53
Normal 200 128 230, resize: without 200 128 230, with 212 124 236
Normal 200 128 230, webp: without 200 128 230, with 212 124 236
MetallicRoughness 0 128 64, resize: without 0 128 64, with 0 130 56
MetallicRoughness 0 128 64, webp: without 0 128 64, with 0 130 56
WANTED
