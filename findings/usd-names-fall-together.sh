#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Two materials whose names differ only in a space, a dot or the like become one in USD and OBJ files, and colours are
# lost.
#
# "Paint 1" and "Paint_1", "Oak.001" and "Oak_001": names from several sources are often that close. USD allows no such
# letters in a name, and MTL no spaces, so the exporters put "_" for each, and do not look whether the name is taken. In
# USD the second material is written over the first; in OBJ there are two of one name in the .mtl, and Blender itself
# reads one of them. Every object then has one and the same material, and which of the two depends on the version.
# Nothing is reported. glTF and FBX keep names as they are. Names of objects are made unique, but not in 4.2. Give
# materials names of letters, digits and "_" that differ, before an export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (how many colours two objects have, whose materials are red and blue, after an export and an import):
#     4.2.23: glTF 2, FBX 2, USD 1, OBJ 1
#     5.3.0: glTF 2, FBX 2, USD 1, OBJ 1
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, re, sys
import bpy

version, folder = sys.argv[1:]


def scene():
    """Make two squares, one of a red, one of a blue material; names differ in a letter that USD and MTL do not have."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for mesh_name, name, colour in (("A", "Paint 1", (1, 0, 0, 1)), ("B", "Paint_1", (0, 0, 1, 1))):
        material = bpy.data.materials.new(name)
        if bpy.app.version < (5, 0, 0):
            material.use_nodes = True
        material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = colour
        bpy.ops.mesh.primitive_plane_add()
        bpy.context.object.name = mesh_name
        bpy.context.object.data.materials.append(material)


def colours():
    """Say how many colours the objects have."""
    seen = set()
    for obj in bpy.data.objects:
        if obj.type == "MESH":
            value = obj.active_material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value
            seen.add(tuple(value))
    return len(seen)


wm, load, save = bpy.ops.wm, bpy.ops.import_scene, bpy.ops.export_scene
ways = {
    "glTF": (save.gltf, load.gltf, "glb"),
    "FBX": (save.fbx, load.fbx, "fbx"),
    "USD": (wm.usd_export, wm.usd_import, "usda"),
    "OBJ": (wm.obj_export, wm.obj_import, "obj"),
}
said = []
for kind, (write, read, ending) in ways.items():
    scene()
    write(filepath=f"{folder}/out.{ending}")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=f"{folder}/out.{ending}")
    said.append(f"{kind} {colours()}")
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
4.2.23: glTF 2, FBX 2, USD 1, OBJ 1
5.3.0: glTF 2, FBX 2, USD 1, OBJ 1
WANTED
