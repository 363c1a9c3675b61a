#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-transform's simplify() looks at places only: in flat parts, vertex colours, shape keys, bends and UVs are lost.
#
# "error" is said to limit the error to 0.01 % of the mesh, so one expects to see no difference, and "optimize" calls it
# without being asked. But only POSITION is compared: whatever lies in a plane becomes a few triangles. A painted floor
# keeps the colours of its rim, a shape key that lifts the middle of a plane by half its width moves nothing any more,
# a flag that an armature bends has other weights, and a curved UV map is a straighter one. Custom attributes go the
# same way. What is lost is not reported. Give "optimize" --simplify false for such models, or call meshoptimizer's
# simplifyWithAttributes(), which compares what it is given.
#
# Versions: @gltf-transform/core and /functions 4.5.1 and meshoptimizer 1.3.0 from npm, Node.js 20.
# "optimize" of @gltf-transform/cli 4.5.1 does the same; 4.1.1 with meshoptimizer 0.22.0 leaves 4 vertices (tried too).
#
# Seen (a plane of 8 x 8 with 81 vertices: what is in its middle, and how many vertices there are):
#     COLOR_0: 1 0 0 (81 vertices), simplified 1 1 1 (9 vertices)
#     TEXCOORD_0: 0.25 0.5 (81 vertices), simplified 0.28 0.5 (9 vertices)
#     WEIGHTS_0: 0 1 0 0 (81 vertices), simplified 0.67 0.33 0 0 (9 vertices)
#     shape key: 0 0 4 (81 vertices), simplified 0 0 0 (9 vertices)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { Document, Logger } from '@gltf-transform/core';
import { simplify } from '@gltf-transform/functions';
import { MeshoptSimplifier } from 'meshoptimizer';

const SIDE = 9;
const MIDDLE = [4, 4];
const places = Array.from({ length: SIDE * SIDE }, (_, index) => [index % SIDE, Math.floor(index / SIDE)]);
const isMiddle = ([x, y]) => x === MIDDLE[0] && y === MIDDLE[1];
const faces = places.flatMap(([x, y], one) =>
    x < SIDE - 1 && y < SIDE - 1 ? [one, one + 1, one + SIDE, one + SIDE, one + 1, one + SIDE + 1] : [],
);

/** Return what an attribute is in the middle of the plane, between the corners of the face that is there. */
function inTheMiddle(primitive, attribute) {
    const corner = (index) => primitive.getAttribute('POSITION').getElement(index, []);
    const indices = primitive.getIndices().getArray();
    for (let face = 0; face < indices.length; face += 3) {
        const [a, b, c] = [0, 1, 2].map((one) => corner(indices[face + one]));
        const area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
        const [x, y] = [MIDDLE[0] - a[0], MIDDLE[1] - a[1]];
        const second = (x * (c[1] - a[1]) - (c[0] - a[0]) * y) / area;
        const third = ((b[0] - a[0]) * y - x * (b[1] - a[1])) / area;
        const shares = [1 - second - third, second, third];
        if (shares.some((share) => share < -1e-6)) continue;
        const values = [0, 1, 2].map((one) => attribute.getElement(indices[face + one], []));
        const mixed = (k) => shares.reduce((sum, share, n) => sum + share * values[n][k], 0);
        return values[0].map((_, k) => Number(mixed(k).toFixed(2)));
    }
}

const CASES = {
    COLOR_0: ['VEC3', (place) => (isMiddle(place) ? [1, 0, 0] : [1, 1, 1])],
    TEXCOORD_0: ['VEC2', ([x, y]) => [(x / 8) ** 2, y / 8]],
    WEIGHTS_0: ['VEC4', ([x]) => (x < 4 ? [1, 0, 0, 0] : [0, 1, 0, 0])],
    'shape key': ['VEC3', (place) => [0, 0, isMiddle(place) ? 4 : 0]],
};
for (const [name, [type, value]] of Object.entries(CASES)) {
    const document = new Document().setLogger(new Logger(Logger.Verbosity.INFO));
    const buffer = document.createBuffer();
    const accessor = (kind, array) => document.createAccessor().setType(kind).setArray(array).setBuffer(buffer);
    const floats = (kind, rows) => accessor(kind, new Float32Array(rows.flat()));
    const primitive = document.createPrimitive().setIndices(accessor('SCALAR', new Uint16Array(faces)));
    primitive.setAttribute('POSITION', floats('VEC3', places.map(([x, y]) => [x, y, 0])));
    const target = document.createPrimitiveTarget();
    const data = floats(type, places.map(value));
    if (name === 'shape key') primitive.addTarget(target.setAttribute('POSITION', data));
    else primitive.setAttribute(name, data);
    if (name === 'WEIGHTS_0') {
        primitive.setAttribute('JOINTS_0', accessor('VEC4', new Uint8Array(places.flatMap(() => [0, 1, 0, 0]))));
    }
    document.createScene().addChild(document.createNode().setMesh(document.createMesh().addPrimitive(primitive)));
    const state = () => {
        const attribute = name === 'shape key' ? target.getAttribute('POSITION') : primitive.getAttribute(name);
        const count = primitive.getAttribute('POSITION').getCount();
        return `${inTheMiddle(primitive, attribute).join(' ')} (${count} vertices)`;
    };
    const before = state();
    await document.transform(simplify({ simplifier: MeshoptSimplifier }));
    console.log(`${name}: ${before}, simplified ${state()}`);
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @gltf-transform/core@4.5.1 @gltf-transform/functions@4.5.1 meshoptimizer@1.3.0 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
COLOR_0: 1 0 0 (81 vertices), simplified 1 1 1 (9 vertices)
TEXCOORD_0: 0.25 0.5 (81 vertices), simplified 0.28 0.5 (9 vertices)
WEIGHTS_0: 0 1 0 0 (81 vertices), simplified 0.67 0.33 0 0 (9 vertices)
shape key: 0 0 4 (81 vertices), simplified 0 0 0 (9 vertices)
WANTED
