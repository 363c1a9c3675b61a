#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three shows the plain colours of a Blender FBX too dark, and its cameras have another angle and see nothing.
#
# Blender writes the colour of a material into an FBX as the linear numbers that it has. three takes them for sRGB, and
# decodes them once more: middle grey of 0.50 becomes 0.21, and dark paints are nearly black; emission too.
# Vertex colours are right, as Blender writes these in sRGB by default; only plain colours are not. Of a camera three
# takes the focal length and counts on a film of 35 mm, whatever width the file has beside it: a phone camera of 5 mm
# with a sensor of 7 mm, which sees 70 degrees, becomes a fisheye of 148. And it divides the ends of what the camera
# sees by 1000, not so its place: what is 5 m away in the scene is at 500, and the camera sees up to 100, where it was
# 1000 m. Nothing is reported. Give web programs a glTF, which both read alike.
#
# Versions: bpy 5.3.0 from PyPI, Python 3.13; three 0.187.0 from npm, Node.js 20.
# Input: a triangle at the origin, and three cameras 5 m before it with the usual ends, 0.1 m and 1000 m.
#
# Seen (a material's colour and emission, the colour of a vertex; the angle in degrees that each camera sees sideways;
# the ends of what the first sees, and how far away the triangle is):
#     Blender: (0.50, 0.10, 0.02), (0.50, 0.50, 0.50), (0.50, 0.10, 0.02)
#     Blender: photo 39.6, cinema 52.9, phone 70.0; 0.10 to 1000.00, triangle 5.00
#     FBX in three: (0.21, 0.01, 0.00), (0.21, 0.21, 0.21), (0.50, 0.10, 0.02)
#     FBX in three: photo 38.6, cinema 70.0, phone 148.1; 0.01 to 100.00, triangle 500.00
#     glTF in three: (0.50, 0.10, 0.02), (0.50, 0.50, 0.50), (0.50, 0.10, 0.02)
#     glTF in three: photo 39.6, cinema 52.9, phone 70.0; 0.10 to 1000.00, triangle 5.00
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import math, os, sys
import bpy

folder = sys.argv[1]
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.resolution_x = scene.render.resolution_y = 512
material = bpy.data.materials.new("Paint")
material.use_nodes = True
(shader,) = (node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
shader.inputs["Base Color"].default_value = (0.5, 0.1, 0.02, 1)
shader.inputs["Emission Color"].default_value = (0.5, 0.5, 0.5, 1)
shader.inputs["Emission Strength"].default_value = 1
mesh = bpy.data.meshes.new("Mesh")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
mesh.materials.append(material)
for corner in mesh.color_attributes.new("Color", "FLOAT_COLOR", "CORNER").data:
    corner.color = (0.5, 0.1, 0.02, 1)
scene.collection.objects.link(bpy.data.objects.new("Mesh", mesh))
print("Blender: (0.50, 0.10, 0.02), (0.50, 0.50, 0.50), (0.50, 0.10, 0.02)\nBlender: ", end="")
for name, lens, width in (("1 photo", 50, 36), ("2 cinema", 25, 24.89), ("3 phone", 5, 7)):
    camera = bpy.data.cameras.new(name)
    camera.lens, camera.sensor_width, camera.sensor_fit = lens, width, "HORIZONTAL"
    scene.collection.objects.link(place := bpy.data.objects.new(name, camera))
    place.location.z = 5
    print(f"{name[2:]} {math.degrees(camera.angle_x):.1f}", end="; " if lens == 5 else ", ")
print(f"{camera.clip_start:.2f} to {camera.clip_end:.2f}, triangle 5.00", flush=True)
bpy.ops.export_scene.fbx(filepath=f"{folder}/out.fbx")
bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb", export_cameras=True, export_vertex_color="ACTIVE")
os._exit(0)
PY
cat > "$scratch/look.mjs" <<'JS'
import fs from 'node:fs';
import { Vector3 } from 'three';
import { FBXLoader } from 'three/addons/loaders/FBXLoader.js';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

globalThis.self = globalThis.window = globalThis; // The loaders want them.
const read = (name) => new Uint8Array(fs.readFileSync(`${import.meta.dirname}/${name}`)).buffer;

function say(what, root) {
    const colours = [];
    const angles = [];
    let ends;
    root.updateMatrixWorld(true);
    const text = (numbers) => `(${numbers.map((one) => one.toFixed(2)).join(', ')})`;
    root.traverse((one) => {
        if (one.isMesh) {
            const { color, emissive } = one.material;
            const vertex = one.geometry.getAttribute('color');
            colours.push(text(color.toArray()), text(emissive.toArray()));
            colours.push(text([0, 1, 2].map((channel) => vertex.getComponent(0, channel))));
        }
        if (!one.isPerspectiveCamera) return;
        const half = Math.atan(Math.tan((one.fov * Math.PI) / 360) * one.aspect);
        angles.push(`${one.name.replace('_', ' ')} ${((half * 360) / Math.PI).toFixed(1)}`);
        const away = one.getWorldPosition(new Vector3()).length();
        ends = `${one.near.toFixed(2)} to ${one.far.toFixed(2)}, triangle ${away.toFixed(2)}`;
    });
    console.log(`${what}: ${colours.join(', ')}\n${what}: ${angles.sort().join(', ').replace(/\d /g, '')}; ${ends}`);
}

say('FBX in three', new FBXLoader().parse(read('out.fbx'), ''));
say('glTF in three', (await new GLTFLoader().parseAsync(read('out.glb'), '')).scene);
JS
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0 2>/dev/null
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
{
    "$scratch/venv/bin/python" "$scratch/write.py" "$scratch" 2>/dev/null | grep "^Blender: "
    node "$scratch/look.mjs"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
Blender: (0.50, 0.10, 0.02), (0.50, 0.50, 0.50), (0.50, 0.10, 0.02)
Blender: photo 39.6, cinema 52.9, phone 70.0; 0.10 to 1000.00, triangle 5.00
FBX in three: (0.21, 0.01, 0.00), (0.21, 0.21, 0.21), (0.50, 0.10, 0.02)
FBX in three: photo 38.6, cinema 70.0, phone 148.1; 0.01 to 100.00, triangle 500.00
glTF in three: (0.50, 0.10, 0.02), (0.50, 0.50, 0.50), (0.50, 0.10, 0.02)
glTF in three: photo 39.6, cinema 52.9, phone 70.0; 0.10 to 1000.00, triangle 5.00
WANTED
