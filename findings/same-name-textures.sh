#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Two pictures whose files have the same name become one picture in an export as USD, OBJ or FBX.
#
# Material libraries keep a file called diffuse.png in one folder for each material, so a scene with two of them has two
# pictures of one name. The exporters of USD (also USDZ) and, where pictures are copied (path_mode "COPY"), those of OBJ
# and FBX put all pictures into one folder under their own names: one takes the place of the other, or is not written
# because the name is there already. Both materials then refer to that one file. Which of the two is left differs
# between exporters and versions. Nothing is reported. The glTF exporter gives each picture a name of its own. So rename
# the files, or let each image of the scene have a path with a name that no other one has, before such an export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (a red and a blue picture; what the materials have when the export is imported again):
#     4.2.23: USD both the same, USDZ both the same, OBJ both the same, FBX both the same, glTF right
#     5.3.0: USD both the same, USDZ both the same, OBJ both the same, FBX both the same, glTF right
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, shutil, sys
import bpy

version, folder = sys.argv[1:]
EXPORT = {
    "USD": lambda path: bpy.ops.wm.usd_export(filepath=path),
    "USDZ": lambda path: bpy.ops.wm.usd_export(filepath=path),
    "OBJ": lambda path: bpy.ops.wm.obj_export(filepath=path, path_mode="COPY"),
    "FBX": lambda path: bpy.ops.export_scene.fbx(filepath=path, path_mode="COPY"),
    "glTF": lambda path: bpy.ops.export_scene.gltf(filepath=path, export_format="GLTF_SEPARATE"),
}
IMPORT = {
    "USD": lambda path: bpy.ops.wm.usd_import(filepath=path),
    "USDZ": lambda path: bpy.ops.wm.usd_import(filepath=path),
    "OBJ": lambda path: bpy.ops.wm.obj_import(filepath=path),
    "FBX": lambda path: bpy.ops.import_scene.fbx(filepath=path),
    "glTF": lambda path: bpy.ops.import_scene.gltf(filepath=path),
}
ENDING = {"USD": "usdc", "USDZ": "usdz", "OBJ": "obj", "FBX": "fbx", "glTF": "gltf"}


def triangle(name, colour):
    """Make a triangle with a picture of one colour, whose file is called diffuse.png as those of the others are."""
    path = f"{folder}/{name}/diffuse.png"
    image = bpy.data.images.new("Image", 4, 4)
    image.generated_color = colour
    image.filepath_raw, image.file_format = path, "PNG"
    image.save()
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    node = nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load(path)
    links.new(node.outputs["Color"], surface.inputs["Base Color"])
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.uv_layers.new(name="UVMap")
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, mesh))


def colours():
    """Say which colour the picture of each of the two triangles has."""
    said = []
    for name in ("Hat", "Shoe"):
        triangle = next(one for one in bpy.data.objects if one.type == "MESH" and one.name.startswith(name))
        image = next(node.image for node in triangle.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE")
        said.append({(1, 0, 0): "red", (0, 0, 1): "blue"}[tuple(image.pixels[:3])])
    return said


said = []
for kind in EXPORT:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    triangle("Hat", (1, 0, 0, 1))
    triangle("Shoe", (0, 0, 1, 1))
    shutil.rmtree(f"{folder}/out", ignore_errors=True)
    os.mkdir(f"{folder}/out")
    EXPORT[kind](f"{folder}/out/model.{ENDING[kind]}")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    IMPORT[kind](f"{folder}/out/model.{ENDING[kind]}")
    seen = colours()
    said.append(f"{kind} {'right' if seen == ['red', 'blue'] else 'both the same' if len(set(seen)) == 1 else seen}")
print()
print(f"{version}: {', '.join(said)}", flush=True)
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
4.2.23: USD both the same, USDZ both the same, OBJ both the same, FBX both the same, glTF right
5.3.0: USD both the same, USDZ both the same, OBJ both the same, FBX both the same, glTF right
WANTED
