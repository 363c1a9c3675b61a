#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-pipeline breaks each file with shape keys that Blender writes, and with Draco it moves other corners.
#
# Blender's exporter stores shape keys as sparse accessors, unless told otherwise. gltf-pipeline, also when it has
# nothing to do but make a .glb of a .gltf, puts the numbers into new buffer views and does not know of "sparse": the
# old numbers of views stay in it, and point to nothing or to other things. --keepUnusedElements does not help here.
# Without sparse accessors, Draco (-d) puts vertices that are alike together, and those after them move up. The shape
# keys stay as they were, so that they move other corners; at level 0 too. Blender writes such vertices where only the
# normals of a shape key differ. Nothing is reported, and the file is invalid. Export without sparse accessors
# (export_try_sparse_sk=False), and have Blender's exporter do the Draco: it keeps all vertices.
#
# Versions: gltf-pipeline 4.3.1 from npm, Node.js 20; to look at it, gltf-validator 2.0.0-dev.3.10, @gltf-transform/core
# and /extensions 4.5.1, draco3dgltf 1.5.7. An export of bpy 5.3.0 of a mesh with two shape keys comes out the same
# (tried too).
# Input: a triangle and, before it, one with twice the same vertex; a shape key that moves the corner (5, 0, 0).
#
# Seen (what the validator says of the result, and which corner the shape key moves):
#     sparse, to .glb: UNRESOLVED_REFERENCE; not read (TypeError)
#     sparse, to .glb, keepUnusedElements: UNRESOLVED_REFERENCE; not read (TypeError)
#     sparse, Draco: UNRESOLVED_REFERENCE, MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT; not read (TypeError)
#     not sparse, to .glb: valid; moves (5, 0, 0)
#     not sparse, Draco: MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT; moves (6, 0, 0)
#     not sparse, Draco of level 0: MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT; moves (6, 0, 0)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { NodeIO } from '@gltf-transform/core';
import { ALL_EXTENSIONS } from '@gltf-transform/extensions';
import draco3d from 'draco3dgltf';
import pipeline from 'gltf-pipeline';
import validator from 'gltf-validator';

const CORNERS = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 5, 0, 0, 6, 0, 0, 5, 1, 0];
const MOVED = 4;
const FLOAT = 5126;
const SHORT = 5123;

/** Return a glTF with the corners, and a shape key that moves one of them by (0, 0, 9). */
function model(isSparse) {
    const parts = [];
    const accessors = [];
    const bufferViews = [];
    let length = 0;
    function view(array) {
        const bytes = Buffer.alloc(Math.ceil(array.byteLength / 4) * 4);
        Buffer.from(array.buffer).copy(bytes);
        bufferViews.push({ buffer: 0, byteOffset: length, byteLength: array.byteLength });
        parts.push(bytes);
        length += bytes.length;
        return bufferViews.length - 1;
    }
    const accessor = (content) => accessors.push(content) - 1;
    const position = accessor({
        ...{ bufferView: view(new Float32Array(CORNERS)), componentType: FLOAT, type: 'VEC3', count: 7 },
        ...{ min: [0, 0, 0], max: [6, 1, 0] },
    });
    const indices = accessor({
        bufferView: view(new Uint16Array([0, 2, 3, 1, 3, 2, 4, 5, 6])), componentType: SHORT, type: 'SCALAR', count: 9,
    });
    const key = { componentType: FLOAT, type: 'VEC3', count: 7, min: [0, 0, 0], max: [0, 0, 9] };
    if (isSparse) {
        key.sparse = {
            count: 1,
            indices: { bufferView: view(new Uint16Array([MOVED])), componentType: SHORT },
            values: { bufferView: view(new Float32Array([0, 0, 9])) },
        };
    } else {
        const moves = new Float32Array(CORNERS.length);
        moves[3 * MOVED + 2] = 9;
        key.bufferView = view(moves);
    }
    const targets = [{ POSITION: accessor(key) }];
    const data = Buffer.concat(parts).toString('base64');
    return {
        asset: { version: '2.0' },
        scene: 0,
        scenes: [{ nodes: [0] }],
        nodes: [{ mesh: 0 }],
        meshes: [{ primitives: [{ attributes: { POSITION: position }, indices, targets }], weights: [0] }],
        accessors,
        bufferViews,
        buffers: [{ byteLength: length, uri: `data:application/octet-stream;base64,${data}` }],
    };
}

const io = new NodeIO().registerExtensions(ALL_EXTENSIONS);
io.registerDependencies({ 'draco3d.decoder': await draco3d.createDecoderModule() });

async function moved(glb) {
    const { issues } = await validator.validateBytes(glb);
    const codes = [...new Set(issues.messages.filter((one) => one.severity === 0).map((one) => one.code))];
    let corners;
    try {
        const [primitive] = (await io.readBinary(glb)).getRoot().listMeshes()[0].listPrimitives();
        const [base, key] = [primitive, primitive.listTargets()[0]].map((one) => one.getAttribute('POSITION'));
        corners = Array.from({ length: key.getCount() }, (_, index) => index)
            .filter((index) => key.getElement(index, [])[2])
            .map((index) => (index < base.getCount() ? base.getElement(index, []).map(Math.round) : ['none']));
    } catch (error) {
        return `${codes.join(', ') || 'valid'}; not read (${error.name})`;
    }
    const said = corners.map((one) => `(${one.join(', ')})`).join(' ');
    return `${codes.join(', ') || 'valid'}; moves ${said || 'nothing'}`;
}

const dracoOptions = (compressionLevel) => ({ dracoOptions: { compressionLevel } });
for (const [what, isSparse, options] of [
    ['sparse, to .glb', true, {}],
    ['sparse, to .glb, keepUnusedElements', true, { keepUnusedElements: true }],
    ['sparse, Draco', true, dracoOptions(7)],
    ['not sparse, to .glb', false, {}],
    ['not sparse, Draco', false, dracoOptions(7)],
    ['not sparse, Draco of level 0', false, dracoOptions(0)],
]) {
    const { glb } = await pipeline.gltfToGlb(model(isSparse), options);
    console.log(`${what}: ${await moved(new Uint8Array(glb))}`);
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error gltf-pipeline@4.3.1 \
    gltf-validator@2.0.0-dev.3.10 @gltf-transform/core@4.5.1 @gltf-transform/extensions@4.5.1 draco3dgltf@1.5.7 \
    > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
sparse, to .glb: UNRESOLVED_REFERENCE; not read (TypeError)
sparse, to .glb, keepUnusedElements: UNRESOLVED_REFERENCE; not read (TypeError)
sparse, Draco: UNRESOLVED_REFERENCE, MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT; not read (TypeError)
not sparse, to .glb: valid; moves (5, 0, 0)
not sparse, Draco: MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT; moves (6, 0, 0)
not sparse, Draco of level 0: MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT; moves (6, 0, 0)
WANTED
