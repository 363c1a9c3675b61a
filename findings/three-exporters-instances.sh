#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three's exporters of STL, OBJ and PLY write one of many instances, and turn mirrored meshes inside out.
#
# Web editors use them for 3D prints and for Blender. An InstancedMesh, as for screws or trees, is written as
# its one geometry, without the places of the instances: five become one, where the object itself is. Of a mesh with a
# negative scale the vertices are mirrored and the order of the corners stays, so each face looks inwards; a slicer
# takes such a body for a hole, and a viewer that leaves out backs shows nothing. Only the normals in an OBJ and a
# PLY still look outwards. three itself draws both as they should be, and GLTFExporter writes both. Nothing is reported.
# Make meshes of the instances, and flip the index of what has a negative determinant, before an export.
#
# Versions: three 0.187.0 from npm, Node.js 20.
#
# Seen (how many triangles there are, and where the first of them looks):
#     a triangle: OBJ 1 up, STL 1 up, PLY 1 up
#     mirrored: OBJ 1 down, STL 1 down, PLY 1 down
#     five instances: OBJ 1 up, STL 1 up, PLY 1 up
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.mjs" <<'JS'
import * as THREE from 'three';
import { OBJExporter } from 'three/addons/exporters/OBJExporter.js';
import { PLYExporter } from 'three/addons/exporters/PLYExporter.js';
import { STLExporter } from 'three/addons/exporters/STLExporter.js';

globalThis.requestAnimationFrame = (call) => setTimeout(call); // PLYExporter wants it.

const rows = (text, pattern) => [...text.matchAll(pattern)].map((row) => row.slice(1).map(Number));

/** Return the triangles of an object as three exporters write them, each as three corners. */
function exported(object) {
    object.updateMatrixWorld(true);
    const obj = new OBJExporter().parse(object);
    const stl = new STLExporter().parse(object);
    const ply = new PLYExporter().parse(object, () => {}).split('end_header\n')[1];
    const corners = rows(obj, /^v (\S+) (\S+) (\S+)/gm);
    const vertices = rows(ply, /^(\S+) (\S+) (\S+)(?: \S+ \S+ \S+)?$/gm);
    const faces = rows(ply, /^3 (\d+) (\d+) (\d+)$/gm);
    const listed = rows(stl, /vertex (\S+) (\S+) (\S+)/g);
    return {
        OBJ: rows(obj, /^f (\d+)\S* (\d+)\S* (\d+)/gm).map((face) => face.map((one) => corners[one - 1])),
        STL: listed.flatMap((_, n) => (n % 3 ? [] : [listed.slice(n, n + 3)])),
        PLY: faces.map((face) => face.map((one) => vertices[one])),
    };
}

/** Say how many triangles there are, and where the first of them looks. */
function said(triangles) {
    const corners = triangles[0].map((one) => new THREE.Vector3(...one));
    const up = new THREE.Triangle(...corners).getNormal(new THREE.Vector3()).z > 0;
    return `${triangles.length} ${up ? 'up' : 'down'}`;
}

const geometry = new THREE.BufferGeometry();
geometry.setAttribute('position', new THREE.Float32BufferAttribute([0, 0, 0, 1, 0, 0, 0, 1, 0], 3));
geometry.setIndex([0, 1, 2]);
const mirrored = new THREE.Mesh(geometry);
mirrored.scale.x = -1;
const instances = new THREE.InstancedMesh(geometry, new THREE.MeshStandardMaterial(), 5);
const OBJECTS = { 'a triangle': new THREE.Mesh(geometry), mirrored, 'five instances': instances };
for (const [name, object] of Object.entries(OBJECTS)) {
    const found = Object.entries(exported(object)).map(([kind, triangles]) => `${kind} ${said(triangles)}`);
    console.log(`${name}: ${found.join(', ')}`);
}
JS
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
node "$scratch/look.mjs" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
a triangle: OBJ 1 up, STL 1 up, PLY 1 up
mirrored: OBJ 1 down, STL 1 down, PLY 1 down
five instances: OBJ 1 up, STL 1 up, PLY 1 up
WANTED
