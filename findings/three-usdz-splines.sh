#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three's USDZExporter takes the slopes of a cubic animation for its places, and leaves out how bright a surface glows.
#
# GLTFLoader keeps an animation with cubic splines, which Blender writes for curves with handles, as three values for
# each key: the slope before it, its value, the slope after it. USDZExporter counts one value for each key. So the first
# key becomes the first slope, the second key gets the value of the first, and the rest is dropped; its code counts
# turns and scales alike. An animation in steps becomes an even movement. A strength of emission, as of
# KHR_materials_emissive_strength, counts only with an emissive picture. Of an InstancedMesh one instance is left.
# Nothing is reported. Bake animations to many linear keys, multiply the strength into the colour, and make meshes of
# instances before.
#
# Versions: three 0.187.0 from npm, Node.js 20; usd-core 26.11 from PyPI to read the file, Python 3.11.
# Input: an object that goes from 1 to 2 in a second, in each of the ways that glTF has; the slope at 1 is 5, at 2 0.
#
# Seen (the x of each at 0, 0.5 and 0.99 seconds):
#     gltf-validator finds 0 errors
#     three: CUBICSPLINE 1.00, 2.13, 2.00
#     three: LINEAR 1.00, 1.50, 1.99
#     three: STEP 1.00, 1.00, 1.00
#     three: emission 20
#     usdz: CUBICSPLINE 5.00, 3.00, 1.04
#     usdz: LINEAR 1.00, 1.50, 1.99
#     usdz: STEP 1.00, 1.50, 1.99
#     usdz: emission 1
#     usdz: 4 meshes of the three and five instances
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { writeFileSync } from 'fs';
import validator from 'gltf-validator';
import * as THREE from 'three';
import { USDZExporter } from 'three/addons/exporters/USDZExporter.js';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

globalThis.self ??= globalThis;
globalThis.ProgressEvent ??= class {}; // The loader wants it.

const KINDS = ['CUBICSPLINE', 'LINEAR', 'STEP'];
const along = (...numbers) => numbers.flatMap((x) => [x, 0, 0]);
const parts = {
    corners: [[0, 0, 0, 1, 0, 0, 0, 1, 0], 'VEC3', { min: [0, 0, 0], max: [1, 1, 0] }],
    normals: [[0, 0, 1, 0, 0, 1, 0, 0, 1], 'VEC3', {}],
    times: [[0, 1], 'SCALAR', { min: [0], max: [1] }],
    splines: [along(5, 1, 5, 0, 2, 0), 'VEC3', {}],
    plain: [along(1, 2), 'VEC3', {}],
};
const names = Object.keys(parts);
const data = Buffer.from(new Float32Array(Object.values(parts).flatMap(([numbers]) => numbers)).buffer);
let place = 0;
const views = [];
const accessors = [];
for (const [numbers, type, limits] of Object.values(parts)) {
    const count = numbers.length / (type === 'SCALAR' ? 1 : 3);
    accessors.push({ bufferView: views.length, componentType: 5126, count, type, ...limits });
    views.push({ buffer: 0, byteOffset: place, byteLength: 4 * numbers.length });
    place += 4 * numbers.length;
}
const gltf = JSON.stringify({
    asset: { version: '2.0' },
    extensionsUsed: ['KHR_materials_emissive_strength'],
    scene: 0,
    scenes: [{ nodes: [0, 1, 2] }],
    nodes: KINDS.map((name) => ({ name, mesh: 0 })),
    meshes: [{ primitives: [{ attributes: { POSITION: 0, NORMAL: 1 }, material: 0 }] }],
    materials: [
        {
            emissiveFactor: [1, 1, 1],
            extensions: { KHR_materials_emissive_strength: { emissiveStrength: 20 } },
        },
    ],
    animations: [
        {
            channels: KINDS.map((_, index) => ({ sampler: index, target: { node: index, path: 'translation' } })),
            samplers: KINDS.map((interpolation) => ({
                input: names.indexOf('times'),
                output: names.indexOf(interpolation === 'CUBICSPLINE' ? 'splines' : 'plain'),
                interpolation,
            })),
        },
    ],
    accessors,
    bufferViews: views,
    buffers: [{ byteLength: data.length, uri: `data:application/octet-stream;base64,${data.toString('base64')}` }],
});
const { issues } = await validator.validateString(gltf);
console.log(`gltf-validator finds ${issues.numErrors} errors`);
const { scene, animations } = await new GLTFLoader().parseAsync(gltf, '');
const mixer = new THREE.AnimationMixer(scene);
mixer.clipAction(animations[0]).play();
const places = [0, 0.5, 0.99].map((time) => {
    mixer.setTime(time);
    return scene.children.map((child) => child.position.x.toFixed(2));
});
KINDS.forEach((kind, index) => console.log(`three: ${kind} ${places.map((row) => row[index]).join(', ')}`));
const { emissive, emissiveIntensity } = scene.children[0].material;
console.log(`three: emission ${emissive.r * emissiveIntensity}`);
const { geometry, material } = scene.children[0];
scene.add(new THREE.InstancedMesh(geometry, material, 5));
scene.updateMatrixWorld(true);
writeFileSync(process.argv[2], await new USDZExporter().parseAsync(scene, { animations }));
JS
cat > "$scratch/look.py" <<'PY'
import sys
from pxr import Usd, UsdGeom

stage = Usd.Stage.Open(sys.argv[1])
speed = stage.GetTimeCodesPerSecond()
prims = list(stage.TraverseAll())
for kind in ("CUBICSPLINE", "LINEAR", "STEP"):
    (prim,) = [one for one in prims if one.GetName() == kind]
    spots = [UsdGeom.Xformable(prim).GetLocalTransformation(time * speed) for time in (0, 0.5, 0.99)]
    print(f"usdz: {kind} {', '.join(f'{one.ExtractTranslation()[0]:.2f}' for one in spots)}")
(glow,) = [one.GetAttribute("inputs:emissiveColor") for one in prims if one.GetTypeName() == "Shader"]
print(f"usdz: emission {glow.Get()[0]:g}")
meshes = [one for one in prims if one.GetTypeName() == "Mesh"]
print(f"usdz: {len(meshes)} meshes of the three and five instances")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    three@0.187.0 gltf-validator@2.0.0-dev.3.10 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check usd-core==26.11
{
    node "$scratch/look.mjs" "$scratch/model.usdz"
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch/model.usdz"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
gltf-validator finds 0 errors
three: CUBICSPLINE 1.00, 2.13, 2.00
three: LINEAR 1.00, 1.50, 1.99
three: STEP 1.00, 1.00, 1.00
three: emission 20
usdz: CUBICSPLINE 5.00, 3.00, 1.04
usdz: LINEAR 1.00, 1.50, 1.99
usdz: STEP 1.00, 1.50, 1.99
usdz: emission 1
usdz: 4 meshes of the three and five instances
WANTED
