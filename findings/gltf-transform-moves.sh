#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-transform moves children and bends shapes where it says that a model stays as it is in the world.
#
# flatten() takes nodes out of their parents by clearNodeParent(), which "leaves its world transform unchanged". What is
# turned inside a parent with an uneven scale is sheared, which one node of glTF cannot be: the shear is dropped, and a
# diamond of 6 x 2 becomes a turned square. instance() does the same, and "optimize" calls both without being asked.
# clearNodeTransform() "applies transform to children" in the wrong order, child before parent: a child at (1, 0) inside
# of a parent that is turned by 90 degrees and scaled by 2 goes from (0, 2) to (1, 0). And it adds the node's place to
# each shape key, whose numbers are differences, and makes their normals one unit long: at full strength, the mesh has
# moved twice. Nothing is reported. Give "optimize" --flatten false --instance false, and apply transforms in the
# program that made the file.
#
# Versions: @gltf-transform/core, /extensions and /functions 4.5.1 from npm, Node.js 20. 4.1.1 is the same, and so is
# "optimize" of @gltf-transform/cli 4.5.1 (tried too).
#
# Seen (the corners of a mesh in the world, in x and y; and a shape key that moves one corner by 1 in z):
#     a diamond in a parent scaled by (3, 1, 1): (3, 0) (0, 1) (-3, 0) (0, -1)
#     flatten: (2.19, 0.19) (-0.19, 2.19) (-2.19, -0.19) (0.19, -2.19)
#     flatten, join: (2.19, 0.19) (-0.19, 2.19) (-2.19, -0.19) (0.19, -2.19)
#     two of them, instance, uninstance: (2.19, 0.19) (-0.19, 2.19) (-2.19, -0.19) (0.19, -2.19)
#     a child at (1, 0) in a parent turned and scaled by 2: (0, 4) (-2, 2) (0, 0) (2, 2)
#     clearNodeTransform(parent): (1, 2) (-1, 0) (1, -2) (3, 0)
#     a shape key of a node at (10, 0): (0, 0, 1) (0, 0, 0) (0, 0, 0) (0, 0, 0); normals (0, 0.1, 0)
#     clearNodeTransform(node): (10, 0, 1) (10, 0, 0) (10, 0, 0) (10, 0, 0); normals (0, 1, 0)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { Document, Logger } from '@gltf-transform/core';
import { clearNodeTransform, flatten, instance, join, uninstance } from '@gltf-transform/functions';

const DIAMOND = [1, 0, 0, 0, 1, 0, -1, 0, 0, 0, -1, 0];
const CORNER = Math.SQRT1_2;
const SQUARE = [CORNER, CORNER, 0, -CORNER, CORNER, 0, -CORNER, -CORNER, 0, CORNER, -CORNER, 0];
const turned = (degrees) => [0, 0, Math.sin((degrees * Math.PI) / 360), Math.cos((degrees * Math.PI) / 360)];

class Model {
    constructor() {
        this.document = new Document().setLogger(new Logger(Logger.Verbosity.WARN));
        this.buffer = this.document.createBuffer();
        this.scene = this.document.createScene();
    }

    accessor(numbers, type = 'VEC3') {
        const array = new (type === 'SCALAR' ? Uint16Array : Float32Array)(numbers);
        return this.document.createAccessor().setType(type).setArray(array).setBuffer(this.buffer);
    }

    mesh(corners) {
        this.primitive = this.document.createPrimitive().setAttribute('POSITION', this.accessor(corners));
        this.primitive.setIndices(this.accessor([0, 1, 2, 0, 2, 3], 'SCALAR'));
        return this.document.createMesh().addPrimitive(this.primitive);
    }

    /** Return a node that is the parent of a node with the mesh. */
    pair(mesh) {
        this.child = this.document.createNode().setMesh(mesh);
        const parent = this.document.createNode().addChild(this.child);
        this.scene.addChild(parent);
        return parent;
    }
}

const rounded = (number) => Number(number.toFixed(2)) + 0;
const corners = (accessor, size = 3) =>
    Array.from({ length: accessor.getCount() }, (_, index) => accessor.getElement(index, []).slice(0, size));
const text = (rows) => rows.map((row) => `(${row.map(rounded).join(', ')})`).join(' ');

/** Print where the corners of the first mesh are in the world. */
function say(what, model) {
    const node = model.document.getRoot().listNodes().find((one) => one.getMesh());
    const matrix = node.getWorldMatrix();
    const place = ([x, y, z]) =>
        [0, 1].map((k) => matrix[k] * x + matrix[4 + k] * y + matrix[8 + k] * z + matrix[12 + k]);
    console.log(`${what}: ${text(corners(node.getMesh().listPrimitives()[0].getAttribute('POSITION')).map(place))}`);
}

function sheared(count) {
    const model = new Model();
    const mesh = model.mesh(SQUARE);
    for (let index = 0; index < count; index++) {
        model.pair(mesh).setScale([3, 1, 1]).setTranslation([0, 0, index]);
        model.child.setRotation(turned(-45));
    }
    return model;
}

say('a diamond in a parent scaled by (3, 1, 1)', sheared(1));
for (const [count, ...steps] of [[1, flatten], [1, flatten, join], [2, instance, uninstance]]) {
    const model = sheared(count);
    await model.document.transform(...steps.map((step) => step(step === instance ? { min: 2 } : {})));
    say(`${count > 1 ? 'two of them, ' : ''}${steps.map((step) => step.name).join(', ')}`, model);
}

let model = new Model();
const parent = model.pair(model.mesh(DIAMOND)).setRotation(turned(90)).setScale([2, 2, 2]);
model.child.setTranslation([1, 0, 0]);
say('a child at (1, 0) in a parent turned and scaled by 2', model);
clearNodeTransform(parent);
say('clearNodeTransform(parent)', model);

model = new Model();
const node = model.document.createNode().setTranslation([10, 0, 0]).setMesh(model.mesh(DIAMOND));
model.scene.addChild(node);
const key = model.document.createPrimitiveTarget();
key.setAttribute('POSITION', model.accessor([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
key.setAttribute('NORMAL', model.accessor([0, 0.1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
model.primitive.addTarget(key);
const state = () =>
    `${text(corners(key.getAttribute('POSITION')))}; normals ${text(corners(key.getAttribute('NORMAL')).slice(0, 1))}`;
console.log(`a shape key of a node at (10, 0): ${state()}`);
clearNodeTransform(node);
console.log(`clearNodeTransform(node): ${state()}`);
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @gltf-transform/core@4.5.1 @gltf-transform/extensions@4.5.1 @gltf-transform/functions@4.5.1 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
a diamond in a parent scaled by (3, 1, 1): (3, 0) (0, 1) (-3, 0) (0, -1)
flatten: (2.19, 0.19) (-0.19, 2.19) (-2.19, -0.19) (0.19, -2.19)
flatten, join: (2.19, 0.19) (-0.19, 2.19) (-2.19, -0.19) (0.19, -2.19)
two of them, instance, uninstance: (2.19, 0.19) (-0.19, 2.19) (-2.19, -0.19) (0.19, -2.19)
a child at (1, 0) in a parent turned and scaled by 2: (0, 4) (-2, 2) (0, 0) (2, 2)
clearNodeTransform(parent): (1, 2) (-1, 0) (1, -2) (3, 0)
a shape key of a node at (10, 0): (0, 0, 1) (0, 0, 0) (0, 0, 0) (0, 0, 0); normals (0, 0.1, 0)
clearNodeTransform(node): (10, 0, 1) (10, 0, 0) (10, 0, 0) (10, 0, 0); normals (0, 1, 0)
WANTED
