#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, a material that a script makes from a colour is exported as grey: diffuse_color no longer counts.
#
# materials.new() and then diffuse_color, metallic and roughness is how a script could make a material without nodes,
# and up to 4.5 these exporters took these numbers. From 5.0 on each new material has a node tree from the start, and
# these are only for the solid viewport. "use_nodes = False" is accepted and does nothing. The same script, run by 5.0,
# writes the same scene in grey, with roughness 0.5 and metallic 0. Set the inputs of the Principled BSDF.
#
# Versions: bpy 4.5.15 and 5.0.1 from PyPI, Python 3.11. 4.2.23 is as 4.5.15, and 5.2.3 and 5.3.0 as 5.0.1 (tried too).
#
# Seen (what is read back of a red material of metallic 0.75 and roughness 0.25):
#     4.5.15: glTF: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
#     4.5.15: OBJ: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
#     4.5.15: FBX: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
#     4.5.15: USD: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
#     5.0.1: glTF: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
#     5.0.1: OBJ: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
#     5.0.1: FBX: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
#     5.0.1: USD: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
WAYS = {
    "glTF": (bpy.ops.export_scene.gltf, bpy.ops.import_scene.gltf, "glb"),
    "OBJ": (bpy.ops.wm.obj_export, bpy.ops.wm.obj_import, "obj"),
    "FBX": (bpy.ops.export_scene.fbx, bpy.ops.import_scene.fbx, "fbx"),
    "USD": (bpy.ops.wm.usd_export, bpy.ops.wm.usd_import, "usdc"),
}
print()
for way, (export, read, suffix) in WAYS.items():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_plane_add()
    material = bpy.data.materials.new("Paint")
    material.use_nodes = False
    material.diffuse_color = (1.0, 0.0, 0.0, 1.0)
    material.metallic, material.roughness = 0.75, 0.25
    bpy.context.object.data.materials.append(material)
    export(filepath=f"{folder}/paint.{suffix}")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=f"{folder}/paint.{suffix}")
    inputs = next(node for node in bpy.data.materials[0].node_tree.nodes if node.type == "BSDF_PRINCIPLED").inputs
    colour = [round(value, 2) for value in inputs["Base Color"].default_value[:3]]
    numbers = [round(inputs[name].default_value, 2) for name in ("Metallic", "Roughness")]
    print(f"{version}: {way}: colour {colour}, metallic and roughness {numbers}", flush=True)
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
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: glTF: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
4.5.15: OBJ: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
4.5.15: FBX: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
4.5.15: USD: colour [1.0, 0.0, 0.0], metallic and roughness [0.75, 0.25]
5.0.1: glTF: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
5.0.1: OBJ: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
5.0.1: FBX: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
5.0.1: USD: colour [0.8, 0.8, 0.8], metallic and roughness [0.0, 0.5]
WANTED
