#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gltf-transform shows what a glTF hides, hides what it shows, and drops the other materials that one could choose.
#
# It knows KHR_node_visibility, by which a node hides itself and all below it, and KHR_materials_variants, by which a
# shop offers a chair in other colours. flatten() takes a part out of its hidden parent, and it is seen. join() makes
# one mesh of what is hidden and what is not, and of the two nodes the first one decides: a hidden part is seen, or a
# part that was seen is gone. instance() makes one row of instances of both, all of them seen. join() also keeps no
# variant of any of its parts, so the list of colours is still there, and nothing changes when one is chosen; a mesh
# that has no other to join with keeps them. "optimize" calls all of them without being asked. Nothing is reported. Give
# "optimize" --flatten false --join false --instance false for such models.
#
# Versions: @gltf-transform/core, /extensions and /functions 4.5.1 from npm, Node.js 20. "optimize" of
# @gltf-transform/cli 4.5.1 does the same with a hidden node and its variants (tried too).
#
# Seen (triangles at X 0, 1 and so on, which of them are seen, and what there is to choose):
#     flatten(), 1 in a hidden parent: seen 0, afterwards 0 1
#     join(), 1 hidden: seen 0, afterwards 0 1
#     join(), 0 hidden: seen 1, afterwards none
#     instance(), 1 hidden: seen 0 2 3 4 5, afterwards 0 1 2 3 4 5
#     join() of 1 with variants: to choose blue, afterwards blue
#     join() of 2 with variants: to choose blue blue, afterwards none
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import { Document, Logger } from '@gltf-transform/core';
import { KHRMaterialsVariants, KHRNodeVisibility } from '@gltf-transform/extensions';
import { flatten, instance, join } from '@gltf-transform/functions';

/** Call a function for each node that nothing hides. */
function eachSeen(nodes, call) {
    for (const node of nodes) {
        if (node.getExtension('KHR_node_visibility')?.getVisible() === false) continue;
        call(node);
        eachSeen(node.listChildren(), call);
    }
}

/** Return the X of each triangle that is seen. */
function seen(document) {
    const found = [];
    eachSeen(document.getRoot().listScenes()[0].listChildren(), (node) => {
        const rows = node.getExtension('EXT_mesh_gpu_instancing')?.getAttribute('TRANSLATION');
        const moves = rows ? [...Array(rows.getCount()).keys()].map((row) => rows.getElement(row, [])[0]) : [0];
        for (const primitive of node.getMesh()?.listPrimitives() ?? []) {
            const corners = primitive.getAttribute('POSITION');
            for (const corner of [...primitive.getIndices().getArray()].filter((_, at) => at % 3 === 0)) {
                const x = node.getWorldMatrix()[12] + corners.getElement(corner, [])[0];
                found.push(...moves.map((move) => x + move));
            }
        }
    });
    return found.length ? found.sort().join(' ') : 'none';
}

/** Return the materials that the variants of all primitives name. */
function choices(document) {
    const primitives = document.getRoot().listMeshes().flatMap((mesh) => mesh.listPrimitives());
    const lists = primitives.map((primitive) => primitive.getExtension('KHR_materials_variants'));
    const mappings = lists.flatMap((list) => list?.listMappings() ?? []);
    return mappings.map((mapping) => mapping.getMaterial().getName()).join(' ') || 'none';
}

function empty() {
    const document = new Document().setLogger(new Logger(Logger.Verbosity.WARN));
    const buffer = document.createBuffer();
    const accessor = (type, array) => document.createAccessor().setType(type).setArray(array).setBuffer(buffer);
    document.createScene();
    const triangle = () => {
        const primitive = document.createPrimitive().setIndices(accessor('SCALAR', new Uint16Array([0, 1, 2])));
        const corners = new Float32Array([0, 0, 0, 0, 1, 0, 0, 0, 1]);
        return primitive.setAttribute('POSITION', accessor('VEC3', corners));
    };
    return { document, triangle };
}

/** Return a document of triangles in a row, of which some are hidden, by themselves or by a parent. */
function row(hidden, { parent = false, shared = false } = {}) {
    const { document, triangle } = empty();
    const extension = document.createExtension(KHRNodeVisibility);
    const mesh = document.createMesh().addPrimitive(triangle());
    hidden.forEach((isHidden, x) => {
        const own = shared ? mesh : document.createMesh().addPrimitive(triangle());
        const node = document.createNode().setMesh(own).setTranslation([x, 0, 0]);
        const top = parent ? document.createNode().addChild(node) : node;
        if (isHidden) top.setExtension('KHR_node_visibility', extension.createVisibility().setVisible(false));
        document.getRoot().listScenes()[0].addChild(top);
    });
    return document;
}

async function look(what, document, ...steps) {
    const before = seen(document);
    await document.transform(...steps);
    console.log(`${what}: seen ${before}, afterwards ${seen(document)}`);
}

await look('flatten(), 1 in a hidden parent', row([false, true], { parent: true }), flatten());
await look('join(), 1 hidden', row([false, true]), join());
await look('join(), 0 hidden', row([true, false]), join());
await look('instance(), 1 hidden', row([false, true, false, false, false, false], { shared: true }), instance());
for (const count of [1, 2]) {
    const { document, triangle } = empty();
    const extension = document.createExtension(KHRMaterialsVariants);
    const [red, blue] = ['red', 'blue'].map((name) => document.createMaterial(name));
    const variant = extension.createVariant('in blue');
    for (let index = 0; index < count; index++) {
        const mapping = extension.createMapping().setMaterial(blue).addVariant(variant);
        const primitive = triangle().setMaterial(red);
        primitive.setExtension('KHR_materials_variants', extension.createMappingList().addMapping(mapping));
        const node = document.createNode().setMesh(document.createMesh().addPrimitive(primitive));
        document.getRoot().listScenes()[0].addChild(node);
    }
    const before = choices(document);
    await document.transform(join());
    console.log(`join() of ${count} with variants: to choose ${before}, afterwards ${choices(document)}`);
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @gltf-transform/core@4.5.1 @gltf-transform/extensions@4.5.1 @gltf-transform/functions@4.5.1 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
flatten(), 1 in a hidden parent: seen 0, afterwards 0 1
join(), 1 hidden: seen 0, afterwards 0 1
join(), 0 hidden: seen 1, afterwards none
instance(), 1 hidden: seen 0 2 3 4 5, afterwards 0 1 2 3 4 5
join() of 1 with variants: to choose blue, afterwards blue
join() of 2 with variants: to choose blue blue, afterwards none
WANTED
