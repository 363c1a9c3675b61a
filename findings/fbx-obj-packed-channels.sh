#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender writes neither roughness nor metallic into FBX and OBJ where one picture holds both, as pictures of glTF do.
#
# A glTF material has one picture for both, roughness in its green and metallic in its blue channel, and so have the ORM
# textures of game engines. In Blender a Separate Color node stands between the picture and the Principled BSDF. The
# exporters of FBX and OBJ follow a link to a picture only if it is direct. Otherwise they write the number that the
# input would have without its link, which nobody sees in the interface: 0.5 for roughness, 0 for metallic. So a model
# that is imported from glTF and exported as FBX or OBJ is plastic in all its parts. Nothing is reported. USD keeps
# them. Split the picture into one for each channel first.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (roughness and metallic after an export and import, from two pictures, and from one):
#     4.2.23: FBX: apart picture picture, packed 0.50 0.00
#     4.2.23: OBJ: apart picture picture, packed 0.50 0.00
#     4.2.23: USD: apart picture picture, packed picture picture
#     5.3.0: FBX: apart picture picture, packed 0.50 0.00
#     5.3.0: OBJ: apart picture picture, packed 0.50 0.00
#     5.3.0: USD: apart picture picture, packed picture picture
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def picture(name, colour):
    """Write a PNG of one colour, and return it as an image of data."""
    image = bpy.data.images.new(name, 4, 4)
    image.generated_color = colour
    image.filepath_raw, image.file_format = f"{folder}/{name}.png", "PNG"
    image.save()
    image = bpy.data.images.load(f"{folder}/{name}.png")
    image.colorspace_settings.name = "Non-Color"
    return image


def surface_of(material):
    return next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")


def exported(kind, packed):
    """Export a triangle with pictures for roughness and metallic, or one for both; return what comes back."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Material")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = surface_of(material)
    if packed:
        node, parts = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeSeparateColor")
        node.image = picture("both", (1.0, 0.2, 1.0, 1.0))
        links.new(node.outputs["Color"], parts.inputs["Color"])
        links.new(parts.outputs["Green"], surface.inputs["Roughness"])
        links.new(parts.outputs["Blue"], surface.inputs["Metallic"])
    else:
        for name, value in (("Roughness", 0.2), ("Metallic", 1.0)):
            node = nodes.new("ShaderNodeTexImage")
            node.image = picture(name, (value, value, value, 1.0))
            links.new(node.outputs["Color"], surface.inputs[name])
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.uv_layers.new(name="UVMap")
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    if kind == "FBX":
        bpy.ops.export_scene.fbx(filepath=f"{folder}/out.fbx")
    elif kind == "OBJ":
        bpy.ops.wm.obj_export(filepath=f"{folder}/out.obj", export_pbr_extensions=True)
    else:
        bpy.ops.wm.usd_export(filepath=f"{folder}/out.usdc")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if kind == "FBX":
        bpy.ops.import_scene.fbx(filepath=f"{folder}/out.fbx")
    elif kind == "OBJ":
        bpy.ops.wm.obj_import(filepath=f"{folder}/out.obj")
    else:
        bpy.ops.wm.usd_import(filepath=f"{folder}/out.usdc")
    triangle = next(one for one in bpy.data.objects if one.type == "MESH")
    inputs = surface_of(triangle.data.materials[0]).inputs
    sockets = [inputs[name] for name in ("Roughness", "Metallic")]
    return " ".join("picture" if one.is_linked else f"{one.default_value:.2f}" for one in sockets)


print()
for kind in ("FBX", "OBJ", "USD"):
    print(f"{version}: {kind}: apart {exported(kind, False)}, packed {exported(kind, True)}", flush=True)
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
4.2.23: FBX: apart picture picture, packed 0.50 0.00
4.2.23: OBJ: apart picture picture, packed 0.50 0.00
4.2.23: USD: apart picture picture, packed picture picture
5.3.0: FBX: apart picture picture, packed 0.50 0.00
5.3.0: OBJ: apart picture picture, packed 0.50 0.00
5.3.0: USD: apart picture picture, packed picture picture
WANTED
