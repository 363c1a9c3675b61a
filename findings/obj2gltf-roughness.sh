#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# obj2gltf makes all materials of an OBJ from Blender rougher, and all of them dull with Blender's PBR extensions.
#
# An MTL file has Ns, a shininess from 0 to 1000. Blender writes 1000 (1 - roughness)² there, and obj2gltf takes
# 1 - Ns / 1000 for the roughness, so 0.5, Blender's default, becomes 0.75. With the option "PBR Extensions" Blender
# writes roughness and metallic as they are, as Pr and Pm, and leaves Ns out. obj2gltf does not know these, and makes of
# each material one of roughness 1 that is no metal, so what should keep more keeps nothing. Nothing is reported;
# --metallicRoughness expects both in other places. Export glTF from Blender, or write the numbers of Pr and Pm into the
# glTF afterwards.
#
# Versions: obj2gltf 3.2.0 from npm, Node.js 20; the MTL files are those that bpy 5.2.3 writes.
#
# Seen (roughness and metallic in Blender, and in the glTF):
#     without the PBR extensions: roughness 0, metallic 0 becomes 0, 0
#     without the PBR extensions: roughness 0.25, metallic 0 becomes 0.4375, 0
#     without the PBR extensions: roughness 0.5, metallic 0 becomes 0.75, 0
#     without the PBR extensions: roughness 0.75, metallic 0 becomes 0.9375, 0
#     without the PBR extensions: roughness 0.5, metallic 1 becomes 0.75, 0
#     with the PBR extensions: roughness 0, metallic 0 becomes 1, 0
#     with the PBR extensions: roughness 0.25, metallic 0 becomes 1, 0
#     with the PBR extensions: roughness 0.5, metallic 0 becomes 1, 0
#     with the PBR extensions: roughness 0.75, metallic 0 becomes 1, 0
#     with the PBR extensions: roughness 0.5, metallic 1 becomes 1, 0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import fs from 'node:fs';
import path from 'node:path';
import obj2gltf from 'obj2gltf';

const folder = import.meta.dirname;

/** Return a material as Blender 5.2 writes it, with its PBR extensions or without. */
function material(name, roughness, metallic, extended) {
    const shine = ((1 - roughness) ** 2 * 1000).toFixed(6);
    const lines = extended
        ? ['Kd 0.8 0.8 0.8', 'Ks 0.5 0.5 0.5', 'Ke 0 0 0', 'Ni 1.5', 'd 1', 'illum 3']
        : [`Ns ${shine}`, 'Ka 1 1 1', 'Kd 0.8 0.8 0.8', 'Ks 0.5 0.5 0.5', 'Ke 0 0 0', 'Ni 1.5', 'd 1', 'illum 2'];
    if (extended) lines.push(`Pr ${roughness}`, `Pm ${metallic}`, 'Ps 0', 'Pc 0', 'Pcr 0.03', 'aniso 0', 'anisor 0');
    return [`newmtl ${name}`, ...lines].join('\n');
}

const KINDS = [[0, 0], [0.25, 0], [0.5, 0], [0.75, 0], [0.5, 1]];
for (const extended of [false, true]) {
    const names = KINDS.map((_, n) => `Material${n}`);
    const materials = KINDS.map(([roughness, metallic], n) => material(names[n], roughness, metallic, extended));
    fs.writeFileSync(path.join(folder, 'in.mtl'), materials.join('\n\n'));
    const faces = names.map((name) => `o ${name}\nusemtl ${name}\nf 1 2 3`);
    fs.writeFileSync(path.join(folder, 'in.obj'), `mtllib in.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\n${faces.join('\n')}\n`);
    const gltf = await obj2gltf(path.join(folder, 'in.obj'));
    for (const [n, [roughness, metallic]] of KINDS.entries()) {
        const found = gltf.materials.find((one) => one.name === names[n]).pbrMetallicRoughness;
        console.log(
            `${extended ? 'with' : 'without'} the PBR extensions: roughness ${roughness}, metallic ${metallic} ` +
                `becomes ${found.roughnessFactor}, ${found.metallicFactor}`,
        );
    }
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error obj2gltf@3.2.0 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
without the PBR extensions: roughness 0, metallic 0 becomes 0, 0
without the PBR extensions: roughness 0.25, metallic 0 becomes 0.4375, 0
without the PBR extensions: roughness 0.5, metallic 0 becomes 0.75, 0
without the PBR extensions: roughness 0.75, metallic 0 becomes 0.9375, 0
without the PBR extensions: roughness 0.5, metallic 1 becomes 0.75, 0
with the PBR extensions: roughness 0, metallic 0 becomes 1, 0
with the PBR extensions: roughness 0.25, metallic 0 becomes 1, 0
with the PBR extensions: roughness 0.5, metallic 0 becomes 1, 0
with the PBR extensions: roughness 0.75, metallic 0 becomes 1, 0
with the PBR extensions: roughness 0.5, metallic 1 becomes 1, 0
WANTED
