#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender renders to AVIF of 10 or 12 bits with what is translucent too dark: its colours are multiplied by alpha.
#
# AVIF, new in 5.2 as a format to write, stores straight alpha, as PNG does. Of 8 bits it is right. Of 10 and 12, glass,
# smoke, hair and soft edges of a render with a transparent background have colours that are multiplied by their alpha
# already, so that each program which shows the file multiplies a second time: half transparent is half as bright, and
# edges have a dark rim. What is opaque is right, so the thumbnail looks well. The same goes for Image.save_render() of
# any float picture. Nothing is reported. Render to PNG of 16 bits or OpenEXR, or to AVIF of 8 bits.
#
# Versions: bpy 5.2.3 and 5.3.0 from PyPI, Python 3.13, with the numpy that pip installs with each; pillow 13.0.0 shows
# the colours. 5.0.1 and older write no AVIF.
#
# Seen (how bright the colour of a half transparent plane is, compared to that of an opaque one, by the bits of the
# file; alpha is right in all):
#     5.2.3: 16.png: 1.0
#     5.2.3: 8.avif: 1.0
#     5.2.3: 10.avif: 0.5
#     5.2.3: 12.avif: 0.5
#     5.3.0: 16.png: 1.0
#     5.3.0: 8.avif: 1.0
#     5.3.0: 10.avif: 0.5
#     5.3.0: 12.avif: 0.5
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
KINDS = (("PNG", "16"), ("AVIF", "8"), ("AVIF", "10"), ("AVIF", "12"))


def scene_with(opacity):
    """Make a scene that shows a glowing plane of this opacity, and nothing behind it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.camera.location.z = 3
    scene.collection.objects.link(scene.camera)
    bpy.ops.mesh.primitive_plane_add(size=20)
    material = bpy.data.materials.new("Glow")
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    mix, clear, glow = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("MixShader", "BsdfTransparent", "Emission"))
    mix.inputs[0].default_value = opacity
    glow.inputs["Color"].default_value = (0.5, 0.25, 0.1, 1)
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(glow.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])
    bpy.context.object.data.materials.append(material)
    scene.view_settings.view_transform = "Standard"
    render = scene.render
    render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", 16
    render.resolution_x = render.resolution_y = 32
    render.film_transparent = True
    return scene


for opacity in ("1", "0.5"):
    scene = scene_with(float(opacity))
    settings = scene.render.image_settings
    bpy.ops.render.render()
    for kind, depth in KINDS:
        settings.file_format, settings.color_mode, settings.color_depth = kind, "RGBA", depth
        settings.quality = 100
        name = f"{version}-{opacity}-{depth}.{kind.lower()}"
        bpy.data.images["Render Result"].save_render(f"{folder}/{name}")
os._exit(0)
PY
cat > "$scratch/seen.py" <<'PY'
import sys
from PIL import Image

folder = sys.argv[1]
for version in ("5.2.3", "5.3.0"):
    for name in ("16.png", "8.avif", "10.avif", "12.avif"):
        bright = []
        for opacity in ("1", "0.5"):
            with Image.open(f"{folder}/{version}-{opacity}-{name}") as picture:
                bright.append(sum(picture.convert("RGBA").getpixel((16, 16))[:3]))
        print(f"{version}: {name}: {bright[1] / bright[0]:.1f}")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
for version in 5.2.3 5.3.0; do
    "$(python_of 3.13)" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" > "$scratch/said" 2>&1
done
"$scratch/5.3.0/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$scratch/5.3.0/bin/python" "$scratch/seen.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
5.2.3: 16.png: 1.0
5.2.3: 8.avif: 1.0
5.2.3: 10.avif: 0.5
5.2.3: 12.avif: 0.5
5.3.0: 16.png: 1.0
5.3.0: 8.avif: 1.0
5.3.0: 10.avif: 0.5
5.3.0: 12.avif: 0.5
WANTED
