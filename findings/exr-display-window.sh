#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender loads an EXR without its display window: a picture whose empty edges were left out is stretched over all.
#
# An EXR says how large the picture is (display window) and which part of it is stored (data window). Compositors leave
# out empty edges by themselves, and renderers write more than is seen, for lens distortion. OpenImageIO, oiiotool and
# compositors put what is stored in its place. Blender takes what is stored for the picture: a decal of 4096 px whose
# middle is stored has another size in Image.size, and lies larger and elsewhere on the model, in Cycles too; an
# overscan is squeezed in. Files that look the same in another program do not in Blender. Nothing is reported. Make both
# windows equal first, with "oiiotool in.exr --croptofull -o out.exr".
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI; OpenEXR 3.5.3 writes the files, and OpenImageIO
# 3.2.2.0 reads them. 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (one picture of 8 x 8 px, stored in three ways; the row through its middle):
#     OpenImageIO: whole: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
#     OpenImageIO: cropped: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
#     OpenImageIO: overscan: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
#     4.2.23: whole: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
#     4.2.23: cropped: 4 x 4, [0.3, 0.4, 0.5, 0.6]
#     4.2.23: overscan: 16 x 16, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
#     4.2.23: whole, in Cycles: [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
#     4.2.23: cropped, in Cycles: [0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6]
#     5.3.0: whole: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
#     5.3.0: cropped: 4 x 4, [0.3, 0.4, 0.5, 0.6]
#     5.3.0: overscan: 16 x 16, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
#     5.3.0: whole, in Cycles: [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
#     5.3.0: cropped, in Cycles: [0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import sys
import numpy as np
import OpenEXR


def window(first, last):
    """Return a square of pixels in the form of the header."""
    return np.array([first, first], np.int32), np.array([last, last], np.int32)


# 0, 0, 0.3, 0.4, 0.5, 0.6, 0, 0 from left to right, and nothing above and below.
whole = np.zeros((8, 8), np.float32)
whole[2:6, 2:6] = (0.3, 0.4, 0.5, 0.6)
PICTURES = {"whole": (0, 7, whole), "cropped": (2, 5, whole[2:6, 2:6]), "overscan": (-4, 11, np.pad(whole, 4))}
for name, (first, last, values) in PICTURES.items():
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "displayWindow": window(0, 7),
        "dataWindow": window(first, last),
    }
    with OpenEXR.File(header, {channel: np.ascontiguousarray(values) for channel in "RGB"}) as file:
        file.write(f"{sys.argv[1]}/{name}.exr")
PY
cat > "$scratch/oiio.py" <<'PY'
import sys
import OpenImageIO as oiio

for name in ("whole", "cropped", "overscan"):
    picture = oiio.ImageBuf(f"{sys.argv[1]}/{name}.exr")
    values = [round(picture.getpixel(x, 4)[0], 1) for x in range(8)]
    print(f"OpenImageIO: {name}: {picture.spec().full_width} x {picture.spec().full_height}, {values}")
PY
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
import numpy as np

version, folder = sys.argv[1:]


def row(path):
    """Load a picture and return its size and the red of the row through its middle."""
    image = bpy.data.images.load(path)
    width, height = image.size
    red = np.array(image.pixels[:]).reshape(height, width, 4)[height // 2, :, 0]
    return f"{width} x {height}", [round(float(value), 1) for value in red]


def rendered(path):
    """Render a plane that shows a picture from edge to edge, and return the row through its middle."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    camera = bpy.data.cameras.new("Camera")
    camera.type, camera.ortho_scale = "ORTHO", 1
    scene.camera = bpy.data.objects.new("Camera", camera)
    scene.camera.location.z = 1
    scene.collection.objects.link(scene.camera)
    bpy.ops.mesh.primitive_plane_add(size=1)
    material = bpy.data.materials.new("Picture")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    texture, glow, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("TexImage", "Emission", "OutputMaterial"))
    texture.image = bpy.data.images.load(path)
    texture.interpolation = "Closest"
    tree.links.new(texture.outputs["Color"], glow.inputs["Color"])
    tree.links.new(glow.outputs[0], output.inputs["Surface"])
    bpy.context.object.data.materials.append(material)
    scene.view_settings.view_transform = "Raw"
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 16, "CPU"
    scene.cycles.use_denoising, scene.cycles.pixel_filter_type, scene.cycles.filter_width = False, "BOX", 0.01
    scene.render.resolution_x = scene.render.resolution_y = 8
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.filepath = f"{folder}/{version}-render.exr"
    bpy.ops.render.render(write_still=True)
    return row(scene.render.filepath)[1]


print()
for name in ("whole", "cropped", "overscan"):
    path = f"{folder}/{name}.exr"
    size, values = row(path)
    print(f"{version}: {name}: {size}, {values}", flush=True)
for name in ("whole", "cropped"):
    print(f"{version}: {name}, in Cycles: {rendered(f'{folder}/{name}.exr')}", flush=True)
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
{
    "$(python_of 3.11)" -m venv "$scratch/exr"
    "$scratch/exr/bin/pip" install --quiet --disable-pip-version-check OpenEXR==3.5.3 OpenImageIO==3.2.2.0
    "$scratch/exr/bin/python" "$scratch/write.py" "$scratch"
    "$scratch/exr/bin/python" "$scratch/oiio.py" "$scratch"
    while read -r version python; do
        "$(python_of "$python")" -m venv "$scratch/$version"
        "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
        "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
    done <<'LIST'
4.2.23 3.11
5.3.0 3.13
LIST
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
OpenImageIO: whole: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
OpenImageIO: cropped: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
OpenImageIO: overscan: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
4.2.23: whole: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
4.2.23: cropped: 4 x 4, [0.3, 0.4, 0.5, 0.6]
4.2.23: overscan: 16 x 16, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
4.2.23: whole, in Cycles: [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
4.2.23: cropped, in Cycles: [0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6]
5.3.0: whole: 8 x 8, [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
5.3.0: cropped: 4 x 4, [0.3, 0.4, 0.5, 0.6]
5.3.0: overscan: 16 x 16, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
5.3.0: whole, in Cycles: [0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.0, 0.0]
5.3.0: cropped, in Cycles: [0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6, 0.6]
WANTED
