#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's OBJ exporter gives all textures of a material the tiling of one: of the image node that was made first.
#
# A .mtl has the scale and the place of each texture by itself (-s and -o), and the exporter looks for a "Mapping" node
# at each image node. But where the tree has several image nodes, it looks at the first one in the tree's order each
# time, which is mostly the oldest, whether or not it is used at all. So a brick wall whose colours are tiled four times
# is not tiled any more, since there is a normal map, or a picture that somebody has unplugged; or a mask that lies over
# the whole wall is repeated as the bricks are. Nothing is reported, and Blender's own importer reads what was written.
# The order does not show in the editor. Bake the tiling into the UV map before such an export, or use glTF or USD.
#
# Versions: bpy 5.3.0 from PyPI, Python 3.13, with the numpy that pip installs. 4.2.23, 4.5.15, 5.0.1 and 5.2.3 are the
# same (tried too).
#
# Seen (a colour that is tiled 4 times and a roughness that is tiled once; what the .mtl says of them):
#     the colour alone: map_Kd -s 4 4 1 bricks.png
#     the colour made first: map_Kd -s 4 4 1 bricks.png, map_Pr -s 4 4 1 dirt.png
#     the roughness made first: map_Kd bricks.png, map_Pr dirt.png
#     an unplugged picture made first: map_Kd bricks.png
#     an unplugged picture made last: map_Kd -s 4 4 1 bricks.png
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

folder = sys.argv[1]
os.chdir(folder)


def image_node(material, name, tiles=None, into=None):
    """Add a picture to a material, with a node for its tiling and a link, where these are wanted."""
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.new(name, 4, 4)
    node.image.filepath_raw = f"{folder}/{name}.png"
    node.image.save()
    if tiles:
        mapping = tree.nodes.new("ShaderNodeMapping")
        mapping.inputs["Scale"].default_value = (tiles, tiles, 1)
        tree.links.new(mapping.outputs["Vector"], node.inputs["Vector"])
    if into:
        tree.links.new(node.outputs["Color"], tree.nodes["Principled BSDF"].inputs[into])


def look(what, *pictures):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_plane_add()
    material = bpy.data.materials.new("Wall")
    material.use_nodes = True
    for name, tiles, into in pictures:
        image_node(material, name, tiles, into)
    bpy.context.object.data.materials.append(material)
    bpy.ops.wm.obj_export(filepath="wall.obj", path_mode="RELATIVE", export_pbr_extensions=True)
    with open("wall.mtl") as file:
        said = [line.strip().replace(f"{folder}/", "") for line in file if line.startswith("map_")]
    print(f"Seen: {what}: {', '.join(said)}", flush=True)


COLOUR, ROUGHNESS, UNUSED = ("bricks", 4, "Base Color"), ("dirt", None, "Roughness"), ("unplugged", None, None)
print()
look("the colour alone", COLOUR)
look("the colour made first", COLOUR, ROUGHNESS)
look("the roughness made first", ROUGHNESS, COLOUR)
look("an unplugged picture made first", UNUSED, COLOUR)
look("an unplugged picture made last", COLOUR, UNUSED)
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
"$(python_of 3.13)" -m venv "$scratch/blender"
"$scratch/blender/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
"$scratch/blender/bin/python" "$scratch/look.py" "$scratch" 2>/dev/null | sed -n 's/^Seen: //p' | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
the colour alone: map_Kd -s 4 4 1 bricks.png
the colour made first: map_Kd -s 4 4 1 bricks.png, map_Pr -s 4 4 1 dirt.png
the roughness made first: map_Kd bricks.png, map_Pr dirt.png
an unplugged picture made first: map_Kd bricks.png
an unplugged picture made last: map_Kd -s 4 4 1 bricks.png
WANTED
