#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender 5.0 and newer write what older files send to a folder beside that folder, with names run together, where the
# path of the File Output node has no slash at its end.
#
# The node had one base path for all its pictures, which was a folder with or without a slash. 5.0 has a folder and the
# beginning of file names in its place, and converts "//out/none" to the folder "//out/" and the beginning "none": the
# picture is out/noneImage0007.png, and no longer out/none/Image0007.png. Scripts that set base_path mostly write no
# slash. The render ends well, and the next step of the pipeline finds an empty folder, or the pictures of last time.
# Add the slash before the file is opened in 5.0, or set directory and file_name afterwards.
#
# Versions: bpy 4.5.15 (Python 3.11), which also makes the file, and 5.3.0 (Python 3.13), from PyPI, with the numpy that
# pip installs with each. 5.0.1 and 5.2.3 are as 5.3.0 (tried too).
#
# Seen (what one render writes, whose nodes have the base paths "//out/slash/" and "//out/none"):
#     4.5.15: out/none/Image0007.png
#     4.5.15: out/slash/Image0007.png
#     4.5.15: out/whole/0007.png
#     5.3.0: out/noneImage0007.png
#     5.3.0: out/slash/Image0007.png
#     5.3.0: out/whole/0007.png
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder, step = sys.argv[1:]
FILE = f"{folder}/scene.blend"


def write():
    """Write a scene that renders one picture into two more folders, by a File Output node for each."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 1, "CPU"
    scene.render.resolution_x = scene.render.resolution_y = 16
    scene.render.filepath = "//out/whole/"
    scene.frame_start = scene.frame_end = 7
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(layers.outputs["Image"], tree.nodes.new("CompositorNodeComposite").inputs["Image"])
    for path in ("//out/slash/", "//out/none"):
        node = tree.nodes.new("CompositorNodeOutputFile")
        node.base_path = path
        node.format.file_format = "PNG"
        tree.links.new(layers.outputs["Image"], node.inputs[0])
    bpy.ops.wm.save_as_mainfile(filepath=FILE)


if step == "write":
    write()
bpy.ops.wm.open_mainfile(filepath=FILE)
bpy.ops.render.render(animation=True)
made = [os.path.join(where, name) for where, _, names in os.walk(f"{folder}/out") for name in names]
print()
for path in sorted(made):
    print(f"{version}: {os.path.relpath(path, folder)}", flush=True)
    os.remove(path)
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
while read -r version python step; do
    "$(python_of "$python")" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" "$step" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.5.15 3.11 write
5.3.0 3.13 read
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: out/none/Image0007.png
4.5.15: out/slash/Image0007.png
4.5.15: out/whole/0007.png
5.3.0: out/noneImage0007.png
5.3.0: out/slash/Image0007.png
5.3.0: out/whole/0007.png
WANTED
