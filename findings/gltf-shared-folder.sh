#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A glTF export with separate files changes the pictures of models that were exported into the same folder before.
#
# The exporter calls pictures after Blender's images, and writes them beside the .gltf. Names of images are unique in
# one .blend only: those that an importer or a script has made are called Image or Image_0 in every one. So the second
# model overwrites the picture of the first, which from then on has that of the second, and a batch that exports a
# library into one folder ends with one set of textures for all. The operator asks about an old .gltf in its file
# browser, never about a picture, and reports nothing. The .bin has the name of the .gltf, and is safe. Give each model
# a folder, or a folder for its pictures by export_texture_dir, or write GLB.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (a red hat and a blue shoe, exported one after the other):
#     4.2.23: one folder: hat blue, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png', 'Shoe.bin', 'Shoe.gltf']
#     4.2.23: two folders: hat red, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png']
#     5.3.0: one folder: hat blue, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png', 'Shoe.bin', 'Shoe.gltf']
#     5.3.0: two folders: hat red, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png']
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def export(name, colour, place):
    """Export a triangle with a picture of one colour, packed and called Image as those of the others are."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    image = bpy.data.images.new("Image", 4, 4)
    image.generated_color = colour
    image.pack()
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    node = nodes.new("ShaderNodeTexImage")
    node.image = image
    links.new(node.outputs["Color"], surface.inputs["Base Color"])
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.uv_layers.new(name="UVMap")
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, mesh))
    bpy.ops.export_scene.gltf(filepath=f"{place}/{name}.gltf", export_format="GLTF_SEPARATE")


def colour(path):
    """Say which colour the picture of an exported file has."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=path)
    triangle = next(one for one in bpy.data.objects if one.type == "MESH")
    image = next(node.image for node in triangle.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE")
    return {(1, 0, 0): "red", (0, 0, 1): "blue"}[tuple(image.pixels[:3])]


said = []
for places in (("one", "one"), ("first", "second")):
    for place in places:
        os.makedirs(f"{folder}/{place}", exist_ok=True)
    export("Hat", (1, 0, 0, 1), f"{folder}/{places[0]}")
    export("Shoe", (0, 0, 1, 1), f"{folder}/{places[1]}")
    hat, shoe = colour(f"{folder}/{places[0]}/Hat.gltf"), colour(f"{folder}/{places[1]}/Shoe.gltf")
    said.append(f"hat {hat}, shoe {shoe}, files {sorted(os.listdir(f'{folder}/{places[0]}'))}")
print()
print(f"{version}: one folder: {said[0]}")
print(f"{version}: two folders: {said[1]}", flush=True)
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
4.2.23: one folder: hat blue, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png', 'Shoe.bin', 'Shoe.gltf']
4.2.23: two folders: hat red, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png']
5.3.0: one folder: hat blue, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png', 'Shoe.bin', 'Shoe.gltf']
5.3.0: two folders: hat red, shoe blue, files ['Hat.bin', 'Hat.gltf', 'Image.png']
WANTED
