#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.2 on, Cycles shows a 16 bit TIFF with straight alpha several times too bright.
#
# A TIFF says in its tag ExtraSamples whether its colours are multiplied with alpha. tifffile for one writes straight
# colours, and Blender itself writes multiplied ones in 16 bits. When it loads a TIFF it never reads the tag: it takes
# all of 16 bits for multiplied, and all others for straight. Up to 5.0 that was wrong in Image.pixels only, as Cycles
# read the file itself and heeded the tag. In 5.2 and 5.3 Cycles goes by what Blender believes: leaves and decals
# of an old .blend glow, since half transparent colours are divided by their alpha once too often, and a TIFF of 8 bits
# that is multiplied is too dark. Nothing is reported. Set the image's alpha_mode to what the file says.
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23 and 4.5.15 are as 5.0.1, and 5.2.3 as
# 5.3.0 (tried too).
#
# Seen (a red of 0.57 with an alpha of one half; alpha_mode after loading, and the red that Cycles renders):
#     5.0.1: 8 bits, straight: STRAIGHT, in Cycles 0.57
#     5.0.1: 8 bits, multiplied: STRAIGHT, in Cycles 0.57
#     5.0.1: 16 bits, straight: PREMUL, in Cycles 0.58
#     5.0.1: 16 bits, multiplied: PREMUL, in Cycles 0.57
#     5.3.0: 8 bits, straight: STRAIGHT, in Cycles 0.57
#     5.3.0: 8 bits, multiplied: STRAIGHT, in Cycles 0.13
#     5.3.0: 16 bits, straight: PREMUL, in Cycles 2.79
#     5.3.0: 16 bits, multiplied: PREMUL, in Cycles 0.57
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, struct, sys
import bpy

version, folder = sys.argv[1:]
COLOUR, ALPHA = (200, 100, 50), 128


def write(path, bits, straight):
    """Write a TIFF of one colour, whose tag 338 (ExtraSamples) says if it is multiplied with alpha or straight."""
    pixel = [one if straight else one * ALPHA // 255 for one in COLOUR] + [ALPHA]
    code, full = ("H", 257) if bits == 16 else ("B", 1)
    content = struct.pack(f"<256{code}", *[one * full for one in pixel * 64])
    entries = [(256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 4, 134), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 142)]
    entries += [(277, 3, 1, 4), (278, 3, 1, 8), (279, 4, 1, len(content)), (338, 3, 1, 2 if straight else 1)]
    with open(path, "wb") as file:
        file.write(struct.pack("<2sHIH", b"II", 42, 8, len(entries)))
        for entry in entries:
            file.write(struct.pack("<HHII", *entry))
        file.write(struct.pack("<I4H", 0, *[bits] * 4) + content)


def rendered(path):
    """Return the red that Cycles renders for an Image Texture whose colour and alpha are both in use."""
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
    texture, emission, always_one, output = (
        tree.nodes.new(f"ShaderNode{name}") for name in ("TexImage", "Emission", "Math", "OutputMaterial")
    )
    texture.image = image = bpy.data.images.load(path)
    always_one.operation, always_one.inputs[1].default_value = "GREATER_THAN", -1
    tree.links.new(texture.outputs["Alpha"], always_one.inputs[0])
    tree.links.new(always_one.outputs[0], emission.inputs["Strength"])
    tree.links.new(texture.outputs["Color"], emission.inputs["Color"])
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
    result.colorspace_settings.name = "Non-Color"
    red = result.pixels[4 * 36]
    return f"{image.alpha_mode}, in Cycles {red:.2f}"


print()
for bits in (8, 16):
    for straight in (True, False):
        path = f"{folder}/{bits}{straight}.tif"
        write(path, bits, straight)
        print(f"{version}: {bits} bits, {'straight' if straight else 'multiplied'}: {rendered(path)}", flush=True)
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
while read -r version python; do
    "$(python_of "$python")" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.0.1: 8 bits, straight: STRAIGHT, in Cycles 0.57
5.0.1: 8 bits, multiplied: STRAIGHT, in Cycles 0.57
5.0.1: 16 bits, straight: PREMUL, in Cycles 0.58
5.0.1: 16 bits, multiplied: PREMUL, in Cycles 0.57
5.3.0: 8 bits, straight: STRAIGHT, in Cycles 0.57
5.3.0: 8 bits, multiplied: STRAIGHT, in Cycles 0.13
5.3.0: 16 bits, straight: PREMUL, in Cycles 2.79
5.3.0: 16 bits, multiplied: PREMUL, in Cycles 0.57
WANTED
