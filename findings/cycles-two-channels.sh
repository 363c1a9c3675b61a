#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Cycles takes an EXR of two channels for grey with alpha: of R and G, green is gone and has become the alpha.
#
# Flow maps, motion vectors and normal maps without blue are EXRs with the channels R and G. One would expect what
# Image.pixels says, where R is red and G is green. Cycles counts channels, and heeds no names where there are one or
# two: the first is the grey of all three outputs, the second is the alpha. So the surface shows a grey picture, green
# has no effect, and what is mixed by the alpha becomes transparent; with the alpha in use, the colour is divided by
# green. Three channels are right. Nothing is reported. Write such maps with a third channel of zeros.
#
# Versions: bpy 5.3.0 from PyPI, Python 3.13; OpenEXR 3.5.3 and numpy 2.4.6, Python 3.11. 4.2.23, 4.5.15, 5.0.1 and
# 5.2.3 are the same (tried too).
#
# Seen (0.6 in the first channel, 0.3 in the second, 0.1 in the third; the outputs of Image Texture in Cycles):
#     5.3.0: R: Color 0.6 0.6 0.6, Alpha 1.0 1.0 1.0
#     5.3.0: R G: Color 0.6 0.6 0.6, Alpha 0.3 0.3 0.3
#     5.3.0: X Y: Color 0.6 0.6 0.6, Alpha 0.3 0.3 0.3
#     5.3.0: R G B: Color 0.6 0.3 0.1, Alpha 1.0 1.0 1.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import sys
import numpy, OpenEXR

for channels in ("R", "RG", "XY", "RGB"):
    values = zip(channels, (0.6, 0.3, 0.1))
    picture = {name: numpy.full((8, 8), value, numpy.float32) for name, value in values}
    OpenEXR.File({}, picture).write(f"{sys.argv[1]}/{channels}.exr")
PY
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def rendered(path, socket):
    """Return the colour that Cycles renders for an output of an Image Texture."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.render.resolution_x = scene.render.resolution_y = 8
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.filepath = f"{folder}/rendered.exr"
    material = bpy.data.materials.new("Texture")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    texture, emission, output = (
        tree.nodes.new(f"ShaderNode{name}") for name in ("TexImage", "Emission", "OutputMaterial")
    )
    texture.image = bpy.data.images.load(path)
    tree.links.new(texture.outputs[socket], emission.inputs["Color"])
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.data.materials.append(material)
    camera = bpy.data.cameras.new("Camera")
    camera.type, camera.ortho_scale = "ORTHO", 2
    scene.camera = bpy.data.objects.new("Camera", camera)
    scene.camera.location.z = 3
    scene.collection.objects.link(scene.camera)
    bpy.ops.render.render(write_still=True)
    result = bpy.data.images.load(scene.render.filepath)
    return " ".join(f"{one:.1f}" for one in result.pixels[144:147])


print()
for channels in ("R", "RG", "XY", "RGB"):
    path = f"{folder}/{channels}.exr"
    said = f"Color {rendered(path, 'Color')}, Alpha {rendered(path, 'Alpha')}"
    print(f"{version}: {' '.join(channels)}: {said}", flush=True)
os._exit(0)
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
"$(python_of 3.11)" -m venv "$scratch/writer"
"$scratch/writer/bin/pip" install --quiet --disable-pip-version-check openexr==3.5.3 numpy==2.4.6
"$scratch/writer/bin/python" "$scratch/write.py" "$scratch"
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
"$scratch/venv/bin/python" "$scratch/look.py" 5.3.0 "$scratch" 2>/dev/null | grep "^5.3.0:" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
5.3.0: R: Color 0.6 0.6 0.6, Alpha 1.0 1.0 1.0
5.3.0: R G: Color 0.6 0.6 0.6, Alpha 0.3 0.3 0.3
5.3.0: X Y: Color 0.6 0.6 0.6, Alpha 0.3 0.3 0.3
5.3.0: R G B: Color 0.6 0.3 0.1, Alpha 1.0 1.0 1.0
WANTED
