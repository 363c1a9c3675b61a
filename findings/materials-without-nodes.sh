#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Materials without nodes in a file from before 5.0 are exported by newer Blenders as white, or as the nodes that were
# switched off.
#
# 5.0 gave every material nodes: when an older file is opened, those without get a Material Output for EEVEE and one for
# Cycles, so that renders stay as they were. The glTF exporter of 5.2.3 and newer ignores each output whose target is
# not ALL, even if it is the only one, and writes white metal. Of a material whose nodes had only been switched off,
# 5.3.0 writes these old nodes, as FBX and USD do from 5.0 on. materials.new() made materials without nodes, so scripts
# that only set colours left them so. Nothing is reported, and the render is right. Delete all outputs but that for
# EEVEE, and set its target to ALL.
#
# Versions: bpy 4.5.15 (Python 3.11), which also writes the file, and 5.3.0 (Python 3.13), from PyPI, with the numpy
# that pip installs with each. 4.2.23 is as 4.5.15. 5.2.3 is as 5.3.0, but its glTF has white for all; 5.0.1 is too, but
# its glTF is right (tried too).
#
# Seen (what is read back of three blue materials with metallic 0.75 and roughness 0.25: one never had nodes, one has
# red nodes that are off, and one has nodes whose output is for EEVEE):
#     4.5.15: glTF: never blue [0.75, 0.25], off blue [0.75, 0.25], EEVEE blue [0.75, 0.25]
#     4.5.15: OBJ: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
#     4.5.15: FBX: never blue [0.75, 0.25], off blue [0.75, 0.25], EEVEE blue [0.75, 0.25]
#     4.5.15: USD: never blue [0.75, 0.25], off blue [0.75, 0.25], EEVEE blue [0.75, 0.25]
#     5.3.0: glTF: never white [1.0, 1.0], off red [0.0, 0.5], EEVEE white [1.0, 1.0]
#     5.3.0: OBJ: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
#     5.3.0: FBX: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
#     5.3.0: USD: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder, step = sys.argv[1:]
OLD = f"{folder}/old.blend"
WAYS = {
    "glTF": (bpy.ops.export_scene.gltf, bpy.ops.import_scene.gltf, "glb"),
    "OBJ": (bpy.ops.wm.obj_export, bpy.ops.wm.obj_import, "obj"),
    "FBX": (bpy.ops.export_scene.fbx, bpy.ops.import_scene.fbx, "fbx"),
    "USD": (bpy.ops.wm.usd_export, bpy.ops.wm.usd_import, "usdc"),
}


def write():
    """Write three blue metals: one never had nodes, one had red ones, and the nodes of one are for EEVEE only."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name in ("never", "off", "EEVEE"):
        material = bpy.data.materials.new(name)
        if name != "never":
            material.use_nodes = True
            shader = material.node_tree.nodes["Principled BSDF"]
            shader.inputs["Base Color"].default_value = (1.0, 0.0, 0.0, 1.0)
        if name == "EEVEE":
            material.node_tree.nodes["Material Output"].target = "EEVEE"
            shader.inputs["Base Color"].default_value = (0.0, 0.0, 1.0, 1.0)
            shader.inputs["Metallic"].default_value, shader.inputs["Roughness"].default_value = 0.75, 0.25
        else:
            material.use_nodes = False
        material.diffuse_color = (0.0, 0.0, 1.0, 1.0)
        material.metallic, material.roughness = 0.75, 0.25
        bpy.ops.mesh.primitive_plane_add()
        bpy.context.object.data.materials.append(material)
    bpy.ops.wm.save_as_mainfile(filepath=OLD)


def named(name):
    """Return what a material that was read back says of itself."""
    material = next(one for one in bpy.data.materials if one.name.split(".")[0] == name)
    (node,) = [one for one in material.node_tree.nodes if one.type == "BSDF_PRINCIPLED"]
    colour = {(0, 0, 1): "blue", (1, 0, 0): "red", (1, 1, 1): "white"}
    rounded = tuple(round(value) for value in node.inputs["Base Color"].default_value[:3])
    values = [round(node.inputs[key].default_value, 2) for key in ("Metallic", "Roughness")]
    return f"{colour.get(rounded, rounded)} {values}"


print()
if step == "write":
    write()
for way, (export, read, suffix) in WAYS.items():
    bpy.ops.wm.open_mainfile(filepath=OLD)
    path = f"{folder}/{version}.{suffix}"
    export(filepath=path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=path)
    said = ", ".join(f"{name} {named(name)}" for name in ("never", "off", "EEVEE"))
    print(f"{version}: {way}: {said}", flush=True)
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
4.5.15: glTF: never blue [0.75, 0.25], off blue [0.75, 0.25], EEVEE blue [0.75, 0.25]
4.5.15: OBJ: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
4.5.15: FBX: never blue [0.75, 0.25], off blue [0.75, 0.25], EEVEE blue [0.75, 0.25]
4.5.15: USD: never blue [0.75, 0.25], off blue [0.75, 0.25], EEVEE blue [0.75, 0.25]
5.3.0: glTF: never white [1.0, 1.0], off red [0.0, 0.5], EEVEE white [1.0, 1.0]
5.3.0: OBJ: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
5.3.0: FBX: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
5.3.0: USD: never blue [0.75, 0.25], off red [0.0, 0.5], EEVEE blue [0.75, 0.25]
WANTED
