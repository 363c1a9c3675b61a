#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF exporter darkens colour textures of 16 or 32 bits: an EXR always, a 16 bit PNG once it gets an alpha.
#
# Where a texture is a file that glTF allows, its bytes are copied. Where the exporter has to write it anew, because it
# is an EXR, or because colour and alpha come from two pictures, it writes the numbers of Image.pixels. For a picture of
# 8 bits these are sRGB numbers, as a PNG wants them; for one that Blender holds as floats they are scene linear. They
# are written as they are, and every viewer takes them for sRGB: 50 % grey becomes 22 %. So the same material is
# exported right until its alpha gets a texture. Nothing is reported. Save such pictures as 8 bit PNG before the export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (grey of 0.50 in the picture; the number in the texture of the GLB):
#     4.2.23: 8 bit 0.50, 16 bit 0.50, EXR 0.22; with an alpha: 8 bit 0.50, 16 bit 0.22
#     5.3.0: 8 bit 0.50, 16 bit 0.50, EXR 0.22; with an alpha: 8 bit 0.50, 16 bit 0.22
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys, zlib
import bpy

version, folder = sys.argv[1:]


def png(path, width, height, depth, pixel):
    """Write a PNG of one colour, with 8 or 16 bits for each of its four channels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + struct.pack(">4B" if depth == 8 else ">4H", *pixel) * width
    header = struct.pack(">IIBBBBB", width, height, depth, 6, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + parts)

def exported(picture, alpha=None):
    """Export a triangle with these pictures, and return a number of the texture's first pixel, as the file has it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Material")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    for path, socket in ((picture, "Base Color"), (alpha, "Alpha")):
        if path:
            node = nodes.new("ShaderNodeTexImage")
            node.image = bpy.data.images.load(path)
            links.new(node.outputs["Color"], surface.inputs[socket])
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.uv_layers.new(name="UVMap")
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb", export_format="GLB")
    with open(f"{folder}/out.glb", "rb") as file:
        data = file.read()
    length = struct.unpack("<I", data[12:16])[0]
    document = json.loads(data[20 : 20 + length])
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    start = 28 + length + view.get("byteOffset", 0)
    with open(f"{folder}/texture.png", "wb") as file:
        file.write(data[start : start + view["byteLength"]])
    texture = bpy.data.images.load(f"{folder}/texture.png")
    texture.colorspace_settings.name = "Non-Color"
    return f"{texture.pixels[0]:.2f}"


png(f"{folder}/8.png", 4, 4, 8, (128, 128, 128, 255))
png(f"{folder}/16.png", 4, 4, 16, (32896, 32896, 32896, 65535))
png(f"{folder}/alpha.png", 4, 4, 8, (255, 255, 255, 255))
settings = bpy.context.scene.render.image_settings
settings.file_format, settings.color_depth = "OPEN_EXR", "32"
bpy.data.images.load(f"{folder}/8.png").save_render(f"{folder}/32.exr")
values = [exported(f"{folder}/8.png"), exported(f"{folder}/16.png"), exported(f"{folder}/32.exr")]
values += [exported(f"{folder}/8.png", f"{folder}/alpha.png"), exported(f"{folder}/16.png", f"{folder}/alpha.png")]
print()
print(f"{version}: 8 bit {values[0]}, 16 bit {values[1]}, EXR {values[2]}", end="")
print(f"; with an alpha: 8 bit {values[3]}, 16 bit {values[4]}", flush=True)
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
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: 8 bit 0.50, 16 bit 0.50, EXR 0.22; with an alpha: 8 bit 0.50, 16 bit 0.22
5.3.0: 8 bit 0.50, 16 bit 0.50, EXR 0.22; with an alpha: 8 bit 0.50, 16 bit 0.22
WANTED
