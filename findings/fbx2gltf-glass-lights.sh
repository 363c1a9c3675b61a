#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# FBX2glTF makes dark glass from Blender opaque, plaster half a metal and gold less of one, and turns lights sideways.
#
# It is the converter of FBX to glTF that npm has, and Blender's own importer reads the same FBX as it was. Blender
# writes how much is see-through as two numbers and as a part of a colour, for which it gives the colour of the surface.
# FBX2glTF multiplies number and colour, so that of two glasses with an alpha of 0.5 the dark one is opaque. All that
# shines is "metallic 0.40", what is metal in Blender and what is not, also with --pbr-metallic-roughness, and its
# roughness of 0.30 is 0.20. Vertex colours, sRGB in an FBX, are taken for linear numbers: 0.2 becomes 0.49. The whole
# angle of a spot is taken for half of it, and a lamp shines along -Z, the axis of a glTF, where an FBX means -Y;
# cameras are turned rightly. The ends of a camera's view are in centimetres in Blender's FBX and stay the same numbers,
# now metres: nothing is seen that is nearer than 10 m. Nothing is reported. Import the FBX into Blender and export glTF
# from there.
#
# Versions: bpy 5.3.0 from PyPI, Python 3.13; fbx2gltf 0.9.7 from npm, Node.js 20, Linux on x86-64. Of a file from
# Blender 5.2.3 the same comes out (tried too).
#
# Seen (in Blender both glasses have alpha 0.50, glass and gold roughness 0.30, plaster 0.90 and gold alone metallic 1,
# the vertex colour is 0.20, the spot shines down (0 -1 0 in glTF) with 30 degrees on each side, and the camera looks
# ahead (0 0 -1) and sees from 0.1 m to 1000 m):
#     clear glass: colour and alpha 1.00 0.50, roughness 0.20, metallic 0.40
#     dark glass: colour and alpha 0.05 0.98, roughness 0.20, metallic 0.40
#     plaster: colour and alpha 0.80 1.00, roughness 0.82, metallic 0.40
#     gold: colour and alpha 0.80 1.00, roughness 0.20, metallic 0.40
#     vertex colour 0.49
#     spot: shines to 0 0 -1, half of its cone 60 degrees
#     camera: looks to 0 0 -1, sees from 10 m to 100000 m
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import math, os, sys
import bpy

MATERIALS = {  # colour, alpha, roughness, metallic
    "clear glass": (1.0, 0.5, 0.3, 0),
    "dark glass": (0.05, 0.5, 0.3, 0),
    "plaster": (0.8, 1, 0.9, 0),
    "gold": (0.8, 1, 0.3, 1),
}
bpy.ops.wm.read_factory_settings(use_empty=True)
for name, (colour, alpha, roughness, metallic) in MATERIALS.items():
    bpy.ops.mesh.primitive_plane_add()
    mesh = bpy.context.object.data
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (colour, colour, colour, 1)
    shader.inputs["Alpha"].default_value = alpha
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Metallic"].default_value = metallic
    mesh.materials.append(material)
    if name == "plaster":
        colours = mesh.color_attributes.new("Colour", "BYTE_COLOR", "CORNER")
        for corner in colours.data:
            corner.color = (0.2, 0.2, 0.2, 1)
bpy.ops.object.light_add(type="SPOT", location=(0, 0, 4))
bpy.context.object.data.spot_size = math.radians(60)
bpy.ops.object.camera_add(location=(0, -5, 0), rotation=(math.pi / 2, 0, 0))
bpy.context.object.data.clip_start = 0.1
bpy.ops.export_scene.fbx(filepath=sys.argv[1])
sys.stdout.flush()
os._exit(0)
PY
cat > "$scratch/look.mjs" <<'JS'
import { readFileSync } from 'fs';

const file = readFileSync(process.argv[2]);
const length = file.readUInt32LE(12);
const model = JSON.parse(file.toString('utf8', 20, 20 + length));
const { accessors, bufferViews, cameras, extensions, materials, meshes, nodes } = model;
const places = (values) => values.map((value) => value.toFixed(2)).join(' ');

// Where a camera or light looks to: -Z, turned by the rotation of its node.
const ahead = ({ rotation: [x, y, z, w] = [0, 0, 0, 1] }) => {
    const direction = [-2 * (x * z + w * y), -2 * (y * z - w * x), 2 * (x * x + y * y) - 1];
    return direction.map((value) => Math.round(value) + 0).join(' ');
};
for (const { name, pbrMetallicRoughness: { baseColorFactor, roughnessFactor, metallicFactor } } of materials) {
    console.log(`${name}: colour and alpha ${places([baseColorFactor[0], baseColorFactor[3]])}, ` +
        `roughness ${roughnessFactor.toFixed(2)}, metallic ${metallicFactor.toFixed(2)}`);
}
const { COLOR_0 } = meshes.flatMap((mesh) => mesh.primitives).find((one) => 'COLOR_0' in one.attributes).attributes;
const { byteOffset = 0 } = bufferViews[accessors[COLOR_0].bufferView];
const start = 20 + length + 8 + byteOffset + (accessors[COLOR_0].byteOffset ?? 0);
console.log(`vertex colour ${file.readFloatLE(start).toFixed(2)}`);
const { spot } = extensions.KHR_lights_punctual.lights[0];
const { znear, zfar } = cameras[0].perspective;
const lamp = nodes.find((node) => node.name === 'Spot');
const camera = nodes.find((node) => node.name === 'Camera');
const degrees = (spot.outerConeAngle * 180 / Math.PI).toFixed(0);
console.log(`spot: shines to ${ahead(lamp)}, half of its cone ${degrees} degrees`);
console.log(`camera: looks to ${ahead(camera)}, sees from ${znear} m to ${zfar} m`);
JS
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error fbx2gltf@0.9.7 > "$scratch/log"
"$(python_of 3.13)" -m venv "$scratch/blender"
"$scratch/blender/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
"$scratch/blender/bin/python" "$scratch/write.py" "$scratch/model.fbx" >> "$scratch/log" 2>&1
tool=$scratch/node_modules/fbx2gltf/bin/Linux/FBX2glTF
chmod +x "$tool"
"$tool" --binary --pbr-metallic-roughness --input "$scratch/model.fbx" --output "$scratch/model" >> "$scratch/log"
node "$scratch/look.mjs" "$scratch/model.glb" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
clear glass: colour and alpha 1.00 0.50, roughness 0.20, metallic 0.40
dark glass: colour and alpha 0.05 0.98, roughness 0.20, metallic 0.40
plaster: colour and alpha 0.80 1.00, roughness 0.82, metallic 0.40
gold: colour and alpha 0.80 1.00, roughness 0.20, metallic 0.40
vertex colour 0.49
spot: shines to 0 0 -1, half of its cone 60 degrees
camera: looks to 0 0 -1, sees from 10 m to 100000 m
WANTED
