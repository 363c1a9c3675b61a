#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, USD gets a sky with a picture without its strength, and 5.0 lays the sky on its side.
#
# A world with an environment picture becomes a DomeLight, whose intensity was the Strength of the Background node up to
# 4.5. Since 5.0 it is left out, though not for a world of one colour, and what is left out is 1 in USD: a sky that was
# turned up to 3 lights a third of that everywhere else, and after the way back to Blender. 5.0 also leaves out that
# Blender's sky is upright along Z, unless there is a Mapping node: the horizon stands upright, and light comes from
# another side. Nothing is reported. Multiply the pixels of the picture, or set the intensity in the file, and give the
# picture a Mapping node in 5.0.
#
# Versions: bpy 4.5.15 and 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23 is as 4.5.15, and 5.2.3 as
# 5.3.0 (tried too).
#
# Seen (of a sky of strength 3, which is not turned; angles in radians):
#     4.5.15: colour: intensity 3; read again: strength 3, turned [0.0, 0.0, 0.0]
#     4.5.15: picture: intensity 3; read again: strength 3, turned [0.0, 0.0, 0.0]
#     5.0.1: colour: intensity 3; read again: strength 3, turned [1.57, 0.0, 1.57]
#     5.0.1: picture: no intensity; read again: strength 1, turned [1.57, 0.0, 1.57]
#     5.3.0: colour: intensity 3; read again: strength 3, turned [1.57, 0.0, 1.57]
#     5.3.0: picture: no intensity; read again: strength 1, turned [0.0, 0.0, 0.0]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, re, sys
import bpy

version, folder = sys.argv[1:]
PATH = f"{folder}/{version}.usda"


def node(tree, kind):
    """Return the node of this type."""
    return next(one for one in tree.nodes if one.type == kind)


def export(picture):
    """Write a sky of strength 3, of one colour or with a picture."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    world = bpy.context.scene.world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    background = node(world.node_tree, "BACKGROUND")
    background.inputs["Strength"].default_value = 3
    if picture:
        texture = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
        texture.image = bpy.data.images.new("sky", 16, 8, float_buffer=True)
        texture.image.file_format = "OPEN_EXR"
        texture.image.filepath_raw = f"{folder}/sky.exr"
        texture.image.save()
        world.node_tree.links.new(texture.outputs["Color"], background.inputs["Color"])
    bpy.ops.wm.usd_export(filepath=PATH)


def read():
    """Return how strong and how turned the sky of the file is for Blender itself."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    world = bpy.context.scene.world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    bpy.ops.wm.usd_import(filepath=PATH)
    angles = [round(abs(angle), 2) for angle in node(world.node_tree, "MAPPING").inputs["Rotation"].default_value]
    strength = node(world.node_tree, "BACKGROUND").inputs["Strength"].default_value
    return f"strength {strength:g}, turned {angles}"


print()
for what, picture in (("colour", False), ("picture", True)):
    export(picture)
    with open(PATH) as file:
        intensity = re.search(r"inputs:intensity = (\S+)", file.read().partition("DomeLight")[2])
    said = f"intensity {intensity[1]}" if intensity else "no intensity"
    print(f"{version}: {what}: {said}; read again: {read()}", flush=True)
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
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: colour: intensity 3; read again: strength 3, turned [0.0, 0.0, 0.0]
4.5.15: picture: intensity 3; read again: strength 3, turned [0.0, 0.0, 0.0]
5.0.1: colour: intensity 3; read again: strength 3, turned [1.57, 0.0, 1.57]
5.0.1: picture: no intensity; read again: strength 1, turned [1.57, 0.0, 1.57]
5.3.0: colour: intensity 3; read again: strength 3, turned [1.57, 0.0, 1.57]
5.3.0: picture: no intensity; read again: strength 1, turned [0.0, 0.0, 0.0]
WANTED
