#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of a UDIM texture, Blender's OBJ and FBX exporters copy no picture at all, also where pictures are to be embedded.
#
# path_mode="COPY" puts pictures beside the model, and FBX can embed them, so that one folder or file can be handed on.
# For a texture of several tiles neither exporter does this: the .mtl names "skin.<UDIM>.png", FBX names the first tile
# alone, and none of the files is there. The operators return {'FINISHED'}, and on the machine of whoever receives it
# the model has no textures. USD copies all tiles, and glTF makes a picture and a primitive for each. Bake the tiles
# into one picture before an export as OBJ or FBX, or copy them by hand.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (what two tiles, both of which are used, become):
#     4.2.23: OBJ: FINISHED, pictures: none
#     4.2.23: FBX: FINISHED, pictures: none
#     4.2.23: FBX, embedded: FINISHED, pictures: none
#     4.2.23: USD: FINISHED, pictures: skin.1001.png, skin.1002.png
#     4.2.23: glTF: FINISHED, pictures: skin_1001.png, skin_1002.png
#     5.3.0: OBJ: FINISHED, pictures: none
#     5.3.0: FBX: FINISHED, pictures: none
#     5.3.0: FBX, embedded: FINISHED, pictures: none
#     5.3.0: USD: FINISHED, pictures: skin.1001.png, skin.1002.png
#     5.3.0: glTF: FINISHED, pictures: skin.1001.png, skin.1002.png
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys, tempfile
import bpy

version, folder = sys.argv[1:]
folder = tempfile.mkdtemp(dir=folder)
os.mkdir(f"{folder}/tiles")
save = bpy.ops.export_scene
WAYS = {
    "OBJ": (bpy.ops.wm.obj_export, "obj", {"path_mode": "COPY"}),
    "FBX": (save.fbx, "fbx", {"path_mode": "COPY"}),
    "FBX, embedded": (save.fbx, "fbx", {"path_mode": "COPY", "embed_textures": True}),
    "USD": (bpy.ops.wm.usd_export, "usda", {}),
    "glTF": (save.gltf, "gltf", {"export_format": "GLTF_SEPARATE"}),
}


def scene():
    """Make two squares, one in each tile of a UDIM texture."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for number in (1001, 1002):
        tile = bpy.data.images.new(f"tile{number}", 8, 8)
        tile.filepath_raw, tile.file_format = f"{folder}/tiles/skin.{number}.png", "PNG"
        tile.save()
        bpy.data.images.remove(tile)
    image = bpy.data.images.load(f"{folder}/tiles/skin.1001.png")
    image.source = "TILED"
    image.filepath = f"{folder}/tiles/skin.<UDIM>.png"
    image.tiles.new(1002)
    material = bpy.data.materials.new("Skin")
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    tree.links.new(node.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    for right in (0, 1):
        bpy.ops.mesh.primitive_plane_add(location=(3 * right, 0, 0))
        mesh = bpy.context.object.data
        mesh.materials.append(material)
        corners = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
        mesh.uv_layers[0].data.foreach_set("uv", [value for u, v in corners for value in (u + right, v)])


print()
for number, (way, (write, ending, options)) in enumerate(WAYS.items()):
    scene()
    place = f"{folder}/{number}"
    os.mkdir(place)
    (answer,) = write(filepath=f"{place}/out.{ending}", **options)
    files = sorted(name for _, _, names in os.walk(place) for name in names if name.endswith(".png"))
    if "embedded" in way:
        with open(f"{place}/out.fbx", "rb") as file:
            files = ["a picture"] * file.read().count(b"\x89PNG")
    print(f"{version}: {way}: {answer}, pictures: {', '.join(files) or 'none'}", flush=True)
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
4.2.23: OBJ: FINISHED, pictures: none
4.2.23: FBX: FINISHED, pictures: none
4.2.23: FBX, embedded: FINISHED, pictures: none
4.2.23: USD: FINISHED, pictures: skin.1001.png, skin.1002.png
4.2.23: glTF: FINISHED, pictures: skin_1001.png, skin_1002.png
5.3.0: OBJ: FINISHED, pictures: none
5.3.0: FBX: FINISHED, pictures: none
5.3.0: FBX, embedded: FINISHED, pictures: none
5.3.0: USD: FINISHED, pictures: skin.1001.png, skin.1002.png
5.3.0: glTF: FINISHED, pictures: skin.1001.png, skin.1002.png
WANTED
