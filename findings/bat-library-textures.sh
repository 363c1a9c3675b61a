#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender Asset Tracer packs no textures of linked materials, worlds and lights any more, once files are of Blender 5.0.
#
# BAT 1 gathers for a render farm what a .blend needs, without a Blender. Of the file itself it looks at all that is
# there; of a library it follows what is used. In files of 5.0 and newer, it looks for the nodes of a material, a world
# or a lamp where a scene has its compositor since 5.0 ("compositing_node_group"), and these have no such field. So all
# their pictures, also those in their node groups, are left out, where up to 4.5 they were packed; pictures of geometry
# nodes and of old textures are there. "bat pack" and "bat list" end with 0 and name nothing as missing, and the farm
# renders pink. A pack of the library itself is complete. Pack the pictures into the library, or go to BAT 2, which
# works with a Blender.
#
# Versions: bpy 5.3.0 and blender-asset-tracer 1.23 from PyPI, Python 3.13. "bat list" says the same of files of 5.0.1
# and 5.2.3, and names all six pictures for those of 4.2.23 and 4.5.15 (tried too). BAT 2 was not tried.
# Input: a library with a picture of 8 x 8 px for each of six users, and a file that links its collection and world.
#
# Seen (the pictures in the target of "bat pack"):
#     library.blend: code 0, geometry, group, lamp, material, texture, world
#     linking.blend: code 0, geometry, texture
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import os, sys
import bpy

folder = sys.argv[1]
data, wm = bpy.data, bpy.ops.wm


def picture(name):
    image = data.images.new(name, 8, 8)
    image.filepath_raw, image.file_format = f"//pictures/{name}.png", "PNG"
    image.save()
    image.source = "FILE"
    return image


def textured(tree, name, kind="ShaderNodeTexImage"):
    tree.nodes.new(kind).image = picture(name)


wm.read_factory_settings(use_empty=True)
wm.save_as_mainfile(filepath=f"{folder}/library.blend", compress=False)
material, world, lamp = data.materials.new("Wood"), data.worlds.new("Sky"), data.lights.new("Lamp", "POINT")
for one in (material, world, lamp):
    one.use_nodes = True
textured(material.node_tree, "material")
textured(world.node_tree, "world", "ShaderNodeTexEnvironment")
textured(lamp.node_tree, "lamp")
group = data.node_groups.new("Group", "ShaderNodeTree")
textured(group, "group")
material.node_tree.nodes.new("ShaderNodeGroup").node_tree = group
mesh = data.meshes.new("Mesh")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
mesh.materials.append(material)
chair = data.objects.new("Chair", mesh)
texture = data.textures.new("Texture", "IMAGE")
texture.image = picture("texture")
chair.modifiers.new("Displace", "DISPLACE").texture = texture
nodes = data.node_groups.new("Nodes", "GeometryNodeTree")
nodes.nodes.new("GeometryNodeImageTexture").inputs["Image"].default_value = picture("geometry")
chair.modifiers.new("Nodes", "NODES").node_group = nodes
collection = data.collections.new("Room")
for one in (chair, data.objects.new("Lamp", lamp)):
    collection.objects.link(one)
bpy.context.scene.collection.children.link(collection)
bpy.context.scene.world = world
wm.save_mainfile(compress=False)

wm.read_factory_settings(use_empty=True)
wm.save_as_mainfile(filepath=f"{folder}/linking.blend", compress=False)
with data.libraries.load("//library.blend", link=True, relative=True) as (_, wanted):
    wanted.collections, wanted.worlds = ["Room"], ["Sky"]
bpy.context.scene.collection.children.link(data.collections["Room"])
bpy.context.scene.world = data.worlds["Sky"]
wm.save_mainfile(compress=False)
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
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0 blender-asset-tracer==1.23 2>/dev/null
mkdir "$scratch/project"
"$scratch/venv/bin/python" "$scratch/write.py" "$scratch/project" > "$scratch/log" 2>&1
for name in library linking; do
    code=0
    "$scratch/venv/bin/bat" pack "$scratch/project/$name.blend" "$scratch/$name" > "$scratch/log" 2>&1 || code=$?
    found=$(cd "$scratch/$name" && find . -name "*.png" | sort | sed 's/.*\///; s/\.png$/, /' | tr -d '\n')
    echo "$name.blend: code $code, ${found%, }"
done | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
library.blend: code 0, geometry, group, lamp, material, texture, world
linking.blend: code 0, geometry, texture
WANTED
