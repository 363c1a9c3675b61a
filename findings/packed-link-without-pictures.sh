#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is linked and packed (new in Blender 5.0) has no pictures once the library is gone, also after "Pack Resources".
#
# libraries.load(link=True, pack=True), "Pack" in the asset browser, keeps linked data in the .blend, so that it opens
# without the library. Picture files of the library are not kept, and "Pack Resources" (file.pack_all) passes them over
# without a word, as they are linked; what was appended it packs. So the file that was packed in both ways, sent to a
# farm or into an archive, has its meshes and materials and no textures: size 0 x 0, and a glTF of it is written without
# them, FINISHED. Only pictures that the library itself had packed are there. Pack them in the library, and link it
# again.
#
# Versions: bpy 5.3.0 (Python 3.13), from PyPI. 5.0.1 and 5.2.3 are the same (tried too).
# Input: a library with one material of two pictures of 8 x 8 px, a file "beside.png" and one that it has packed.
#
# Seen (after pack_all and saving; the library's folder removed; the file opened; pictures, and textures in a glTF of
# it):
#     linked and packed: mesh of 3 vertices, {'beside.png': (0, 0), 'packed.png': (8, 8)}, FINISHED with 1
#     appended: mesh of 3 vertices, {'beside.png': (8, 8), 'packed.png': (8, 8)}, FINISHED with 2
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, shutil, sys
import bpy

folder, wm = sys.argv[1], bpy.ops.wm


def write_library():
    os.makedirs(f"{folder}/library")
    wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Material")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = nodes["Principled BSDF"]
    for name, socket in (("beside.png", "Base Color"), ("packed.png", "Emission Color")):
        image = bpy.data.images.new(name, 8, 8)
        image.filepath_raw, image.file_format = f"{folder}/library/{name}", "PNG"
        image.save()
        bpy.data.images.remove(image)
        image = bpy.data.images.load(f"{folder}/library/{name}")
        node = nodes.new("ShaderNodeTexImage")
        node.image = image
        links.new(node.outputs["Color"], shader.inputs[socket])
        if name == "packed.png":
            image.pack()
            os.unlink(f"{folder}/library/{name}")
    shader.inputs["Emission Strength"].default_value = 1
    mesh = bpy.data.meshes.new("Mesh")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.uv_layers.new()
    mesh.materials.append(material)
    bpy.context.collection.objects.link(bpy.data.objects.new("Chair", mesh))
    wm.save_as_mainfile(filepath=f"{folder}/library/library.blend")
    bpy.ops.file.make_paths_relative()
    wm.save_mainfile()


for name, how in (("linked and packed", {"link": True, "pack": True}), ("appended", {"link": False})):
    write_library()
    wm.read_factory_settings(use_empty=True)
    wm.save_as_mainfile(filepath=f"{folder}/work.blend")
    with bpy.data.libraries.load(f"{folder}/library/library.blend", **how) as (_, wanted):
        wanted.objects = ["Chair"]
    bpy.context.collection.objects.link(wanted.objects[0])
    assert {"FINISHED"} == bpy.ops.file.pack_all()
    wm.save_mainfile()
    shutil.rmtree(f"{folder}/library")
    wm.open_mainfile(filepath=f"{folder}/work.blend")
    (thing,) = bpy.context.scene.objects
    pictures = {image.name: tuple(image.size) for image in sorted(bpy.data.images, key=lambda image: image.name)}
    answer = bpy.ops.export_scene.gltf(filepath=f"{folder}/out.gltf", export_format="GLTF_SEPARATE")
    with open(f"{folder}/out.gltf") as file:
        textures = len(json.load(file).get("textures", []))
    print(f"seen {name}: mesh of {len(thing.data.vertices)} vertices, {pictures},"
          f" {' '.join(answer)} with {textures}", flush=True)
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0 2>/dev/null
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" 2>/dev/null | sed -n 's/^seen //p' | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
linked and packed: mesh of 3 vertices, {'beside.png': (0, 0), 'packed.png': (8, 8)}, FINISHED with 1
appended: mesh of 3 vertices, {'beside.png': (8, 8), 'packed.png': (8, 8)}, FINISHED with 2
WANTED
