#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three's PLYLoader leaves out all faces with more than four corners, which Blender writes: a cylinder becomes a pipe.
#
# Blender's PLY exporter writes faces as they are, unless "Triangulated Mesh" is chosen: the caps of its cylinder have
# 32 corners. PLYLoader knows faces of three and four corners and drops all others, in texts and in binary files. Where
# a file has no other ones, there is no index either, and three draws the vertices as triangles in the order of their
# list, which has nothing to do with the faces. Nothing is reported. Export with triangles.
#
# Versions: bpy 5.3.0 from PyPI, Python 3.13, with the numpy that pip installs; three 0.187.0 from npm, Node.js 20.
# What 5.2.3 writes is read in the same way (tried too).
#
# Seen (the area that the faces cover, when Blender and three read what Blender has written):
#     Blender: cylinder, binary: area 18.79
#     Blender: cylinder, text: area 18.79
#     Blender: cylinder, with triangles: area 18.79
#     Blender: hexagon, binary: area 2.60
#     Blender: hexagon, text: area 2.60
#     Blender: hexagon, with triangles: area 2.60
#     three: cylinder, binary: area 12.55
#     three: cylinder, text: area 12.55
#     three: cylinder, with triangles: area 18.79
#     three: hexagon, binary: area 0.87, no index
#     three: hexagon, text: area 0.87, no index
#     three: hexagon, with triangles: area 2.60
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
export LC_ALL=C # For the order of the files.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import os, sys
import bpy

print()
SHAPES = {
    "cylinder": lambda: bpy.ops.mesh.primitive_cylinder_add(),
    "hexagon": lambda: bpy.ops.mesh.primitive_circle_add(vertices=6, fill_type="NGON"),
}
KINDS = {
    "binary": {},
    "text": {"ascii_format": True},
    "with triangles": {"export_triangulated_mesh": True},
}
for shape, make in SHAPES.items():
    for kind, options in KINDS.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        make()
        path = f"{sys.argv[1]}/{shape}, {kind}.ply"
        bpy.ops.wm.ply_export(filepath=path, **options)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.ply_import(filepath=path)
        faces = bpy.data.objects[0].data.polygons
        print(f"Blender: {shape}, {kind}: area {sum(face.area for face in faces):.2f}", flush=True)
os._exit(0)
PY
cat > "$scratch/look.mjs" <<'JS'
import { readdirSync, readFileSync } from 'fs';
import * as THREE from 'three';
import { PLYLoader } from 'three/addons/loaders/PLYLoader.js';

const folder = process.argv[2];
for (const name of readdirSync(folder).filter((one) => one.endsWith('.ply')).sort()) {
    const { index, attributes } = new PLYLoader().parse(new Uint8Array(readFileSync(`${folder}/${name}`)).buffer);
    const numbers = index ? [...index.array] : [...Array(attributes.position.count).keys()];
    const corner = (place) => new THREE.Vector3().fromBufferAttribute(attributes.position, numbers[place]);
    let area = 0;
    for (let at = 0; at + 2 < numbers.length; at += 3) {
        area += new THREE.Triangle(corner(at), corner(at + 1), corner(at + 2)).getArea();
    }
    console.log(`three: ${name.slice(0, -4)}: area ${area.toFixed(2)}${index ? '' : ', no index'}`);
}
JS
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
"$(python_of 3.13)" -m venv "$scratch/blender"
"$scratch/blender/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
{
    "$scratch/blender/bin/python" "$scratch/write.py" "$scratch" 2>/dev/null | grep "^Blender:"
    node "$scratch/look.mjs" "$scratch"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
Blender: cylinder, binary: area 18.79
Blender: cylinder, text: area 18.79
Blender: cylinder, with triangles: area 18.79
Blender: hexagon, binary: area 2.60
Blender: hexagon, text: area 2.60
Blender: hexagon, with triangles: area 2.60
three: cylinder, binary: area 12.55
three: cylinder, text: area 12.55
three: cylinder, with triangles: area 18.79
three: hexagon, binary: area 0.87, no index
three: hexagon, text: area 0.87, no index
three: hexagon, with triangles: area 2.60
WANTED
