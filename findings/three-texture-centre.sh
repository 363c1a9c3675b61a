#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three's GLTFExporter loses the centre about which a texture is turned, and the zoom of a camera.
#
# A texture of three has repeat, rotation, offset and center, and its centre is where it is turned and repeated about:
# center.set(0.5, 0.5) and a rotation is the usual way to turn a picture on its surface. The exporter writes offset,
# rotation and repeat as KHR_texture_transform, which knows no centre, and does not put the centre into the offset. And
# glTF repeats before it turns, three after that: with a different repeat in x and y, a turned texture has other
# proportions in the file. (GLTFLoader heeds that order, so what it loads is exported rightly.) Of a camera, zoom is
# left out. Nothing is reported. Set offset so that center can be 0 0, and fov in place of zoom, before an export.
#
# Versions: three 0.187.0 from npm, Node.js 20.
#
# Seen (where in the picture the UV 1 0 is; the last line is the angle of a camera):
#     repeat 4 2, offset 0.5 0: in three 4.5 0, in the file 4.5 0
#     rotation 90, repeat 4 4: in three 0 -4, in the file 0 -4
#     rotation 90, repeat 4 1.5: in three 0 -1.5, in the file 0 -4
#     rotation 30 about the center 0.5 0.5: in three 0.68 -0.18, in the file 0.87 -0.5
#     repeat 4 1.5 about the center 0.5 0.5: in three 2.5 -0.25, in the file 4 0
#     camera of 50 degrees, zoom 2: in three 26.2, in the file 50.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import * as THREE from 'three';
import { GLTFExporter } from 'three/addons/exporters/GLTFExporter.js';

// What a browser has and Node lacks; nothing is drawn on this canvas, as only the numbers of the file are looked at.
globalThis.ImageData = class {};
globalThis.OffscreenCanvas = class {
    getContext() {
        return { translate() {}, scale() {}, putImageData() {} };
    }
    async convertToBlob() {
        return new Blob(['no picture'], { type: 'image/png' });
    }
};
globalThis.FileReader = class {
    async readAsDataURL(blob) {
        this.result = `data:${blob.type};base64,${Buffer.from(await blob.arrayBuffer()).toString('base64')}`;
        this.onloadend();
    }
};

/** Return the matrix that KHR_texture_transform stands for: scale, then rotation, then offset. */
function matrixOf({ offset = [0, 0], rotation = 0, scale = [1, 1] } = {}) {
    const [c, s] = [Math.cos(rotation), Math.sin(rotation)];
    const rows = [scale[0] * c, scale[1] * s, offset[0], -scale[0] * s, scale[1] * c, offset[1], 0, 0, 1];
    return new THREE.Matrix3().set(...rows);
}

const text = (vector) => vector.toArray().map((one) => +one.toFixed(2) + 0).join(' ');

async function look(name, settings) {
    const texture = new THREE.DataTexture(new Uint8Array(4), 1, 1);
    for (const [key, value] of Object.entries(settings)) {
        if (key === 'rotation') texture.rotation = value;
        else texture[key].set(...value);
    }
    texture.updateMatrix();
    const geometry = new THREE.PlaneGeometry();
    const mesh = new THREE.Mesh(geometry, new THREE.MeshStandardMaterial({ map: texture }));
    const document = await new GLTFExporter().parseAsync(mesh, {});
    const { extensions } = document.materials[0].pbrMetallicRoughness.baseColorTexture;
    const written = matrixOf(extensions?.KHR_texture_transform);
    const corner = new THREE.Vector2(1, 0);
    console.log(
        `${name}: in three ${text(corner.clone().applyMatrix3(texture.matrix))}, ` +
            `in the file ${text(corner.clone().applyMatrix3(written))}`,
    );
}

const quarter = Math.PI / 2;
await look('repeat 4 2, offset 0.5 0', { repeat: [4, 2], offset: [0.5, 0] });
await look('rotation 90, repeat 4 4', { rotation: quarter, repeat: [4, 4] });
await look('rotation 90, repeat 4 1.5', { rotation: quarter, repeat: [4, 1.5] });
await look('rotation 30 about the center 0.5 0.5', { rotation: Math.PI / 6, center: [0.5, 0.5] });
await look('repeat 4 1.5 about the center 0.5 0.5', { repeat: [4, 1.5], center: [0.5, 0.5] });
const camera = new THREE.PerspectiveCamera(50);
camera.zoom = 2;
camera.updateProjectionMatrix();
const { cameras } = await new GLTFExporter().parseAsync(camera, {});
const angles = [camera.getEffectiveFOV(), THREE.MathUtils.radToDeg(cameras[0].perspective.yfov)];
console.log(`camera of 50 degrees, zoom 2: in three ${angles[0].toFixed(1)}, in the file ${angles[1].toFixed(1)}`);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
repeat 4 2, offset 0.5 0: in three 4.5 0, in the file 4.5 0
rotation 90, repeat 4 4: in three 0 -4, in the file 0 -4
rotation 90, repeat 4 1.5: in three 0 -1.5, in the file 0 -4
rotation 30 about the center 0.5 0.5: in three 0.68 -0.18, in the file 0.87 -0.5
repeat 4 1.5 about the center 0.5 0.5: in three 2.5 -0.25, in the file 4 0
camera of 50 degrees, zoom 2: in three 26.2, in the file 50.0
WANTED
