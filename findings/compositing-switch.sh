#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, Scene.use_nodes switches compositing neither on nor off, and says True whatever one sets.
#
# Scripts for renders of many models have switched compositing with scene.use_nodes: off for thumbnails and passes, on
# for the final picture. The property is still there, takes any value, and is always True; a warning of Python, which is
# only shown for scripts that are run by themselves, says that it will be removed in 6.0, not that it does nothing.
# Pictures that were to be plain come out composited. The other way round, a file whose use_nodes was off is opened with
# scene.render.use_compositing off, which used to be on, so that a script that sets use_nodes to True renders without
# its nodes. Set scene.render.use_compositing too; from 5.0 on, it alone counts, with scene.compositing_node_group.
#
# Versions: bpy 4.5.15 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 5.0.1 and 5.2.3 are as 5.3.0 (tried too).
#
# Seen (of two files from 4.5.15, whose nodes make the red world of a render cyan):
#     4.5.15: was on: opened composited, use_compositing is True
#     4.5.15: was on: set to False plain, use_nodes is False
#     4.5.15: was on: set to True composited, use_nodes is True
#     4.5.15: was off: opened plain, use_compositing is True
#     4.5.15: was off: set to False plain, use_nodes is False
#     4.5.15: was off: set to True composited, use_nodes is True
#     5.3.0: was on: opened composited, use_compositing is True
#     5.3.0: was on: set to False composited, use_nodes is True
#     5.3.0: was on: set to True composited, use_nodes is True
#     5.3.0: was off: opened plain, use_compositing is False
#     5.3.0: was off: set to False plain, use_nodes is True
#     5.3.0: was off: set to True plain, use_nodes is True
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def rendered():
    """Render the scene and return whether the picture is that of the world or that of the nodes."""
    scene = bpy.context.scene
    scene.render.filepath = f"{folder}/{version}.png"
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    red, green, _, _ = image.pixels[:4]
    bpy.data.images.remove(image)
    return "plain" if red > green else "composited"


def write(path, on):
    """Write a scene with a red world and nodes that invert the picture, with compositing on or off."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (1, 0, 0, 1)
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 1, "CPU"
    scene.render.resolution_x = scene.render.resolution_y = 8
    scene.view_settings.view_transform = "Standard"
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers, invert, out = (tree.nodes.new(f"CompositorNode{kind}") for kind in ("RLayers", "Invert", "Composite"))
    tree.links.new(layers.outputs["Image"], invert.inputs["Color"])
    tree.links.new(invert.outputs["Color"], out.inputs["Image"])
    scene.use_nodes = on
    bpy.ops.wm.save_as_mainfile(filepath=path)


print()
for name, on in (("on", True), ("off", False)):
    path = f"{folder}/{name}.blend"
    if not os.path.exists(path):
        write(path, on)
    bpy.ops.wm.open_mainfile(filepath=path)
    scene = bpy.context.scene
    print(f"{version}: was {name}: opened {rendered()}, use_compositing is {scene.render.use_compositing}")
    for value in (False, True):
        scene.use_nodes = value
        print(f"{version}: was {name}: set to {value} {rendered()}, use_nodes is {scene.use_nodes}", flush=True)
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
4.5.15 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: was on: opened composited, use_compositing is True
4.5.15: was on: set to False plain, use_nodes is False
4.5.15: was on: set to True composited, use_nodes is True
4.5.15: was off: opened plain, use_compositing is True
4.5.15: was off: set to False plain, use_nodes is False
4.5.15: was off: set to True composited, use_nodes is True
5.3.0: was on: opened composited, use_compositing is True
5.3.0: was on: set to False composited, use_nodes is True
5.3.0: was on: set to True composited, use_nodes is True
5.3.0: was off: opened plain, use_compositing is False
5.3.0: was off: set to False plain, use_nodes is True
5.3.0: was off: set to True plain, use_nodes is True
WANTED
