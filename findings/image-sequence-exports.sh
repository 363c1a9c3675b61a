#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of a texture that is an image sequence, glTF gets nothing, USD and FBX the file of its path, OBJ the current frame.
#
# A flipbook of flames or a screen that plays has an image of the source "Image Sequence", and each frame shows another
# picture. The formats cannot play it, so one picture has to do, and Blender's exporters do not agree which. glTF leaves
# the texture out, and the model has no colour. USD and FBX copy the file that the path names, whichever frame is seen.
# OBJ copies that of the current frame. Nothing is reported, and the operators say FINISHED. Before an export, make it
# a single picture: image.source = "FILE", and image.filepath the file of the frame that is wanted.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the picture beside each export, of a sequence that is red, green and blue in frames 1 to 3, and of a file):
#     4.2.23: in frame 1: gltf none; usda red; fbx red; obj red
#     4.2.23: in frame 3: gltf none; usda red; fbx red; obj blue
#     4.2.23: file of frame 3: gltf blue; usda blue; fbx blue; obj blue
#     5.3.0: in frame 1: gltf none; usda red; fbx red; obj red
#     5.3.0: in frame 3: gltf none; usda red; fbx red; obj blue
#     5.3.0: file of frame 3: gltf blue; usda blue; fbx blue; obj blue
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
COLOURS = {"red": (1, 0, 0, 1), "green": (0, 1, 0, 1), "blue": (0, 0, 1, 1)}
WRITE = {
    "gltf": lambda path: bpy.ops.export_scene.gltf(filepath=path, export_format="GLTF_SEPARATE"),
    "usda": lambda path: bpy.ops.wm.usd_export(filepath=path),
    "fbx": lambda path: bpy.ops.export_scene.fbx(filepath=path, path_mode="COPY"),
    "obj": lambda path: bpy.ops.wm.obj_export(filepath=path, path_mode="COPY"),
}


def scene(frame, as_file):
    """Make a square with a texture that is the sequence in this frame, or the file of this frame alone."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for number, colour in enumerate(COLOURS.values(), 1):
        image = bpy.data.images.new("Made", 4, 4)
        image.pixels = colour * 16
        image.filepath_raw, image.file_format = f"{folder}/flames{number:04}.png", "PNG"
        image.save()
        bpy.data.images.remove(image)
    material = bpy.data.materials.new("Flames")
    material.use_nodes = True
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    tree.links.new(texture.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    texture.image = bpy.data.images.load(f"{folder}/flames0001.png")
    texture.image.source = "SEQUENCE"
    texture.image_user.frame_duration, texture.image_user.use_auto_refresh = len(COLOURS), True
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.data.materials.append(material)
    bpy.context.scene.frame_set(frame)
    if as_file:
        texture.image.source, texture.image.filepath = "FILE", f"{folder}/flames{frame:04}.png"


def beside(place):
    """Return the colours of the pictures in a folder."""
    seen = []
    for where, _, names in os.walk(place):
        for name in sorted(names):
            if name.endswith(".png"):
                pixel = tuple(round(value) for value in bpy.data.images.load(f"{where}/{name}").pixels[:4])
                seen.append(next(colour for colour, value in COLOURS.items() if value == pixel))
    return ", ".join(seen) or "none"


print()
for case, frame, as_file in (("in frame 1", 1, False), ("in frame 3", 3, False), ("file of frame 3", 3, True)):
    seen = []
    for extension, write in WRITE.items():
        place = f"{folder}/{version}/{case}/{extension}"
        os.makedirs(place)
        scene(frame, as_file)
        write(f"{place}/flames.{extension}")
        seen.append(f"{extension} {beside(place)}")
    print(f"{version}: {case}: {'; '.join(seen)}", flush=True)
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
4.2.23: in frame 1: gltf none; usda red; fbx red; obj red
4.2.23: in frame 3: gltf none; usda red; fbx red; obj blue
4.2.23: file of frame 3: gltf blue; usda blue; fbx blue; obj blue
5.3.0: in frame 1: gltf none; usda red; fbx red; obj red
5.3.0: in frame 3: gltf none; usda red; fbx red; obj blue
5.3.0: file of frame 3: gltf blue; usda blue; fbx blue; obj blue
WANTED
