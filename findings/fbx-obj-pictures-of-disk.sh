#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's FBX and OBJ exporters take pictures from the disk: what was painted since is old, what was only made is
# missing.
#
# A scene shows its images as they are in memory. The exporters of glTF and USD write them so. That of FBX, asked to
# embed its textures, embeds the file as it is on the disk, without what was painted on it since, and writes only a name
# for an image that was made in Blender (baked, for example). That of OBJ copies files only (path_mode "COPY"): an image
# that is packed into the .blend is named and not written, one that was made is not even named. All of them say
# FINISHED. Save all images to files, with Image.save() and names of their own, before an export as FBX or OBJ.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (a green picture: a red file that was painted, a painted one that was packed, one made in Blender; what comes
# back):
#     4.2.23: FBX: painted red, packed green, made none
#     4.2.23: OBJ: painted red, packed none, made none
#     4.2.23: USD: painted green, packed green, made green
#     4.2.23: glTF: painted green, packed green, made green
#     5.3.0: FBX: painted red, packed green, made none
#     5.3.0: OBJ: painted red, packed none, made none
#     5.3.0: USD: painted green, packed green, made green
#     5.3.0: glTF: painted green, packed green, made green
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
EXPORT = {
    "FBX": lambda path: bpy.ops.export_scene.fbx(filepath=path, path_mode="COPY", embed_textures=True),
    "OBJ": lambda path: bpy.ops.wm.obj_export(filepath=path, path_mode="COPY"),
    "USD": lambda path: bpy.ops.wm.usd_export(filepath=path),
    "glTF": lambda path: bpy.ops.export_scene.gltf(filepath=path),
}
IMPORT = {
    "FBX": lambda path: bpy.ops.import_scene.fbx(filepath=path),
    "OBJ": lambda path: bpy.ops.wm.obj_import(filepath=path),
    "USD": lambda path: bpy.ops.wm.usd_import(filepath=path),
    "glTF": lambda path: bpy.ops.import_scene.gltf(filepath=path),
}
ENDING = {"FBX": "fbx", "OBJ": "obj", "USD": "usdc", "glTF": "glb"}


def picture(state):
    """Make a green image that is only in memory, or was a red file before it was painted or packed."""
    image = bpy.data.images.new("made", 4, 4)
    if state != "made":
        image.generated_color = (1, 0, 0, 1)
        image.filepath_raw, image.file_format = f"{folder}/{state}.png", "PNG"
        image.save()
        image = bpy.data.images.load(f"{folder}/{state}.png")
    image.pixels = [0.0, 1.0, 0.0, 1.0] * 16
    if state == "packed":
        image.pack()
        os.remove(f"{folder}/packed.png")
    return image


def again(kind, state):
    """Export a triangle with such a picture, import it, and say what its picture is."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Material")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    node = nodes.new("ShaderNodeTexImage")
    node.image = picture(state)
    links.new(node.outputs["Color"], surface.inputs["Base Color"])
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.uv_layers.new(name="UVMap")
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    path = f"{folder}/{state}.{ENDING[kind]}"
    EXPORT[kind](path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    IMPORT[kind](path)
    triangle = next(one for one in bpy.data.objects if one.type == "MESH")
    nodes = triangle.data.materials[0].node_tree.nodes
    images = [node.image for node in nodes if node.type == "TEX_IMAGE" and node.image]
    pixels = tuple(images[0].pixels[:3]) if images else ()
    return {(1, 0, 0): "red", (0, 1, 0): "green"}.get(pixels, "none")


print()
for kind in EXPORT:
    said = ", ".join(f"{state} {again(kind, state)}" for state in ("painted", "packed", "made"))
    print(f"{version}: {kind}: {said}", flush=True)
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
4.2.23: FBX: painted red, packed green, made none
4.2.23: OBJ: painted red, packed none, made none
4.2.23: USD: painted green, packed green, made green
4.2.23: glTF: painted green, packed green, made green
5.3.0: FBX: painted red, packed green, made none
5.3.0: OBJ: painted red, packed none, made none
5.3.0: USD: painted green, packed green, made green
5.3.0: glTF: painted green, packed green, made green
WANTED
