#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three's GLTFExporter shows backs from the front, and puts all meshes of a batch at the origin, once.
#
# What three draws and what it exports differ. A material of which only the back is drawn (BackSide: skies, rooms that
# one looks into, outlines of cartoons) is exported as an ordinary one, with the faces as they were: the wall that
# should be left out hides the room, and the outline's hull hides the figure. Of a BatchedMesh there are the geometries,
# each once and at the origin, with neither the places nor the number of its instances; and the vertices that were
# reserved for more of them, all at the origin. A curve of smooth interpolation becomes straight lines between its keys.
# None of this is reported; the one message that there is concerns normals, those of the reserved vertices. For backs,
# turn the faces over before the export; make meshes of a batch; sample smooth curves.
#
# Versions: three 0.187.0 from npm, Node.js 20.
#
# Seen (what is drawn, and what GLTFLoader makes of the export):
#     side: front; exported: front, same order of corners
#     side: back; exported: front, same order of corners
#     side: both; exported: both, same order of corners
#     BatchedMesh of 4: up to x 30.5; exported: up to x 0.5, 100 vertices of 24
#     smooth curve: 1.125 at 1.5 s; exported: 1.000
#     said: THREE.GLTFExporter: Creating normalized normal attribute from the non-normalized one.
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import * as three from 'three';
import { GLTFExporter } from 'three/addons/exporters/GLTFExporter.js';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

globalThis.self = globalThis; // GLTFLoader wants it.
globalThis.FileReader = class {
    async readAsArrayBuffer(blob) {
        this.result = await blob.arrayBuffer();
        this.onloadend();
    }
};

const said = [];
for (const name of ['warn', 'error']) console[name] = (text) => said.push(text);

async function exported(root, animations = []) {
    const glb = await new GLTFExporter().parseAsync(root, { animations, binary: true });
    return new GLTFLoader().parseAsync(glb, '');
}

function meshes(root) {
    const found = [];
    root.traverse((one) => one.isMesh && found.push(one));
    return found;
}

const SIDES = { [three.FrontSide]: 'front', [three.BackSide]: 'back', [three.DoubleSide]: 'both' };
const box = () => new three.BoxGeometry(1, 1, 1);
for (const side of [three.FrontSide, three.BackSide, three.DoubleSide]) {
    const before = new three.Mesh(box(), new three.MeshStandardMaterial({ side }));
    const [after] = meshes((await exported(before)).scene);
    const [order, now] = [before, after].map((one) => [...one.geometry.index.array].join());
    const faces = order === now ? 'same order of corners' : 'other order of corners';
    console.log(`side: ${SIDES[side]}; exported: ${SIDES[after.material.side]}, ${faces}`);
}

const batch = new three.BatchedMesh(4, 100, 100, new three.MeshStandardMaterial());
const id = batch.addGeometry(box());
for (let place = 0; place < 4; place++) {
    batch.setMatrixAt(batch.addInstance(id), new three.Matrix4().makeTranslation(10 * place, 0, 0));
}
batch.computeBoundingBox();
const extent = (one) => `up to x ${one.max.x}`;
const { scene } = await exported(batch);
const whole = new three.Box3().setFromObject(scene);
const vertices = meshes(scene).map((one) => one.geometry.getAttribute('position').count);
console.log(`BatchedMesh of 4: ${extent(batch.boundingBox)}; exported: ${extent(whole)}, ${vertices} vertices of 24`);

const times = [0, 1, 2, 3];
const track = new three.VectorKeyframeTrack(
    'o.position', times, [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0], three.InterpolateSmooth,
);
const object = new three.Object3D();
object.name = 'o';
const clip = new three.AnimationClip('clip', 3, [track]);
const [loaded] = (await exported(object, [clip])).animations;
const at = (one) => one.createInterpolant(new Float32Array(3)).evaluate(1.5)[0].toFixed(3);
console.log(`smooth curve: ${at(track)} at 1.5 s; exported: ${at(loaded.tracks[0])}`);
console.log(`said: ${said.length ? said.join(' | ') : 'nothing'}`);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
side: front; exported: front, same order of corners
side: back; exported: front, same order of corners
side: both; exported: both, same order of corners
BatchedMesh of 4: up to x 30.5; exported: up to x 0.5, 100 vertices of 24
smooth curve: 1.125 at 1.5 s; exported: 1.000
said: THREE.GLTFExporter: Creating normalized normal attribute from the non-normalized one.
WANTED
