#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What Blender 5.2 reads as a DirectX normal map is exported as an OpenGL one: dents become bumps, in glTF and USD.
#
# The Normal Map node of 5.2 and newer can read pictures whose green points down, as DirectX and Unreal have them, so
# nobody has to turn the green over any more. glTF and USD have normal maps with green up only. Both exporters write the
# picture as it is, and leave out how it was read, so what was right in Blender is lit from below in the file, in
# Blender too when it is imported again. Nothing is reported. Before an export, put the picture's green through 1 - g
# into a new picture, and set the node to OpenGL.
#
# Versions: bpy 5.2.3 and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each. 4.2.23, 4.5.15 and
# 5.0.1 do not have the choice.
#
# Seen (how the node reads the picture, and the picture's green, before the export and after the import):
#     5.2.3: in Blender OPENGL 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
#     5.2.3: in Blender DIRECTX 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
#     5.3.0: in Blender OPENGL 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
#     5.3.0: in Blender DIRECTX 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def made(convention):
    """Make a triangle whose normal map is read by this convention."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Material")
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    picture, normals = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeNormalMap")
    image = bpy.data.images.new("normals", 4, 4)
    image.generated_color = (0.5, 0.25, 0.9, 1.0)
    image.filepath_raw, image.file_format = f"{folder}/normals.png", "PNG"
    image.save()
    picture.image = bpy.data.images.load(f"{folder}/normals.png")
    picture.image.colorspace_settings.name = "Non-Color"
    normals.convention = convention
    links.new(picture.outputs["Color"], normals.inputs["Color"])
    links.new(normals.outputs["Normal"], surface.inputs["Normal"])
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.uv_layers.new(name="UVMap")
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))


def green():
    """Tell the green of the normal map's picture, and how the node reads it."""
    nodes = next(one for one in bpy.data.objects if one.type == "MESH").data.materials[0].node_tree.nodes
    node = next(node for node in nodes if node.type == "NORMAL_MAP")
    source = node.inputs["Color"].links[0].from_node
    if source.type != "TEX_IMAGE":
        return f"{node.convention} by way of {source.type}"
    return f"{node.convention} {source.image.pixels[1]:.2f}"


print()
for convention in ("OPENGL", "DIRECTX"):
    said = []
    for kind in ("glTF", "USD"):
        made(convention)
        before = green()
        if kind == "glTF":
            bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb")
        else:
            bpy.ops.wm.usd_export(filepath=f"{folder}/out.usda")
        bpy.ops.wm.read_factory_settings(use_empty=True)
        if kind == "glTF":
            bpy.ops.import_scene.gltf(filepath=f"{folder}/out.glb")
        else:
            bpy.ops.wm.usd_import(filepath=f"{folder}/out.usda")
        said.append(f"{kind} {green()}")
    print(f"{version}: in Blender {before}: {', '.join(said)}", flush=True)
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
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.2.3: in Blender OPENGL 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
5.2.3: in Blender DIRECTX 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
5.3.0: in Blender OPENGL 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
5.3.0: in Blender DIRECTX 0.25: glTF OPENGL 0.25, USD OPENGL 0.25
WANTED
