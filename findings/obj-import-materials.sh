#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's OBJ importer takes pictures of roughness for colours, makes glass of "Tf 1 1 1", and overlooks opacity maps.
#
# All pictures of an MTL file get the colour space sRGB, also those for roughness, metallic, gloss and normals: a
# roughness of 0.25 becomes 0.05, and bumps are bent, even on the way from Blender to Blender. An opacity map (map_d) is
# read by its alpha, and a grey picture, which such maps mostly are, has none: leaves are whole cards. A gloss map
# (map_Ns) becomes roughness without being turned round. Tf is the colour that what is transparent lets through; many
# programs write it for each material, as 1 1 1, and each becomes glass. Tr, which others write for 1 - d, is ignored.
# Nothing is reported. Set the colour spaces, link Color in place of Alpha, and set Transmission Weight to 0.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (of a grey picture of 0.25 without alpha; what is not as in a material without the line):
#     4.2.23: roughness map: Roughness 0.05 (Color of the picture, sRGB)
#     4.2.23: metallic map: Metallic 0.05 (Color of the picture, sRGB)
#     4.2.23: opacity map: Alpha 1.00 (Alpha of the picture, sRGB)
#     4.2.23: gloss map: Roughness 0.05 (Color of the picture, sRGB)
#     4.2.23: Tf: Transmission Weight 1.00
#     4.2.23: Tr: as without
#     4.2.23: exported: Roughness 0.25 (Color of the picture, Non-Color)
#     4.2.23: and read again: Roughness 0.05 (Color of the picture, sRGB)
#     5.3.0: roughness map: Roughness 0.05 (Color of the picture, sRGB)
#     5.3.0: metallic map: Metallic 0.05 (Color of the picture, sRGB)
#     5.3.0: opacity map: Alpha 1.00 (Alpha of the picture, sRGB)
#     5.3.0: gloss map: Roughness 0.05 (Color of the picture, sRGB)
#     5.3.0: Tf: Transmission Weight 1.00
#     5.3.0: Tr: as without
#     5.3.0: exported: Roughness 0.25 (Color of the picture, Non-Color)
#     5.3.0: and read again: Roughness 0.05 (Color of the picture, sRGB)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
FLAT = "illum 2\nNs 100\nd 1\n"
MATERIALS = {
    "roughness map": FLAT + "map_Pr grey.png",
    "metallic map": FLAT + "map_Pm grey.png",
    "opacity map": FLAT + "map_d grey.png",
    "gloss map": FLAT + "map_Ns grey.png",
    "Tf": FLAT + "Tf 1 1 1",
    "Tr": "illum 2\nNs 100\nTr 0.75",
}
SOCKETS = ("Roughness", "Metallic", "Alpha", "Transmission Weight")


def grey(path):
    """Write a picture without alpha, whose pixels are a quarter of the largest number."""
    image = bpy.data.images.new("grey", 8, 8, alpha=False)
    image.pixels[:] = [0.25, 0.25, 0.25, 1.0] * 64
    image.filepath_raw, image.file_format = path, "PNG"
    image.save()


def value(socket):
    """Return the number that a socket gets, from a picture if there is one."""
    if not socket.is_linked:
        return f"{socket.default_value:.2f}"
    link = socket.links[0]
    image = link.from_node.image
    pixel = image.pixels[3 if link.from_socket.name == "Alpha" else 0]
    if link.from_socket.name == "Color" and image.colorspace_settings.name == "sRGB":
        pixel = ((pixel + 0.055) / 1.055) ** 2.4
    return f"{pixel:.2f} ({link.from_socket.name} of the picture, {image.colorspace_settings.name})"


def shader(material):
    """Return the shader of a material."""
    return next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")


def read(name, lines):
    """Import a triangle with a material of these lines, and say where it is not as one without them."""
    with open(f"{folder}/one.mtl", "w") as file:
        file.write(f"newmtl {name}\n{lines}\n")
    with open(f"{folder}/one.obj", "w") as file:
        file.write(f"mtllib one.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl {name}\nf 1/1 2/2 3/3\n")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.obj_import(filepath=f"{folder}/one.obj")
    inputs = shader(bpy.context.object.data.materials[0]).inputs
    return {key: value(inputs[key]) for key in SOCKETS}


print()
grey(f"{folder}/grey.png")
plain = read("plain", FLAT)
for name, lines in MATERIALS.items():
    found = read(name, lines)
    changed = [f"{key} {found[key]}" for key in SOCKETS if found[key] != plain[key]]
    print(f"{version}: {name}: {', '.join(changed) or 'as without'}", flush=True)
# There and back in one Blender.
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_plane_add()
material = bpy.data.materials.new("Own")
material.use_nodes = True
texture = material.node_tree.nodes.new("ShaderNodeTexImage")
texture.image = bpy.data.images.load(f"{folder}/grey.png")
texture.image.colorspace_settings.name = "Non-Color"
roughness = shader(material).inputs["Roughness"]
material.node_tree.links.new(texture.outputs["Color"], roughness)
bpy.context.object.data.materials.append(material)
print(f"{version}: exported: Roughness {value(roughness)}")
bpy.ops.wm.obj_export(filepath=f"{folder}/own.obj", export_pbr_extensions=True)
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.obj_import(filepath=f"{folder}/own.obj")
roughness = shader(bpy.context.object.data.materials[0]).inputs["Roughness"]
print(f"{version}: and read again: Roughness {value(roughness)}", flush=True)
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
4.2.23: roughness map: Roughness 0.05 (Color of the picture, sRGB)
4.2.23: metallic map: Metallic 0.05 (Color of the picture, sRGB)
4.2.23: opacity map: Alpha 1.00 (Alpha of the picture, sRGB)
4.2.23: gloss map: Roughness 0.05 (Color of the picture, sRGB)
4.2.23: Tf: Transmission Weight 1.00
4.2.23: Tr: as without
4.2.23: exported: Roughness 0.25 (Color of the picture, Non-Color)
4.2.23: and read again: Roughness 0.05 (Color of the picture, sRGB)
5.3.0: roughness map: Roughness 0.05 (Color of the picture, sRGB)
5.3.0: metallic map: Metallic 0.05 (Color of the picture, sRGB)
5.3.0: opacity map: Alpha 1.00 (Alpha of the picture, sRGB)
5.3.0: gloss map: Roughness 0.05 (Color of the picture, sRGB)
5.3.0: Tf: Transmission Weight 1.00
5.3.0: Tr: as without
5.3.0: exported: Roughness 0.25 (Color of the picture, Non-Color)
5.3.0: and read again: Roughness 0.05 (Color of the picture, sRGB)
WANTED
