#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a scene whose working space is ACEScg or Rec.2020 (new in Blender 5.0), glTF, FBX and OBJ go out and come in with
# wrong colours.
#
# These formats mean colours of Rec.709 (glTF says so), and a scene of Blender has the working space that its file was
# given. Blender converts what is appended and linked, and when the working space is changed; but these exporters write
# the numbers of materials as they are, and the importers take them as they are. So a pure red of a scene in ACEScg
# arrives as a dull red (0.61, 0.07, 0.02), and an imported red is a deeper one than any screen shows. Nothing is
# reported. USD did the same up to 5.1; from 5.2 on it says in the file what the numbers mean, and converts. Set the
# working space to "Linear Rec.709" for the export or import (wm.set_working_color_space converts materials there and
# back).
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 5.1.2 is as 5.0.1, and 5.2.3 as 5.3.0 (tried
# too).
#
# Seen (a red material, which is 1, 0, 0 in Rec.709 and 0.61, 0.07, 0.02 in ACEScg: "out" of a scene in ACEScg it ought
# to be the first, and "in" such a scene the second):
#     5.0.1: glTF: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
#     5.0.1: FBX: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
#     5.0.1: OBJ: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
#     5.0.1: USD: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
#     5.3.0: glTF: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
#     5.3.0: FBX: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
#     5.3.0: OBJ: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
#     5.3.0: USD: out (1.0, 0.0, 0.0), in (0.61, 0.07, 0.02)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, sys
import bpy

version, folder = sys.argv[1:]
COLOURS = {"Linear Rec.709": (1, 0, 0, 1), "ACEScg": (0.6131, 0.0702, 0.0206, 1)}  # one and the same red
wm, load, save = bpy.ops.wm, bpy.ops.import_scene, bpy.ops.export_scene
WAYS = {
    "glTF": (save.gltf, load.gltf, "glb"),
    "FBX": (save.fbx, load.fbx, "fbx"),
    "OBJ": (wm.obj_export, wm.obj_import, "obj"),
    "USD": (wm.usd_export, wm.usd_import, "usda"),
}


def empty(space):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.set_working_color_space(working_space=space)
    assert bpy.data.colorspace.working_space == space


def base_color():
    return bpy.data.materials[0].node_tree.nodes["Principled BSDF"].inputs["Base Color"]


def scene(space):
    """Make a square with a material that is red, as it is in this working space."""
    empty(space)
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.data.materials.append(bpy.data.materials.new("Red"))
    base_color().default_value = COLOURS[space]


def seen(way, source, target):
    """Bring a red square from a scene of one working space to one of another by way of a file; say its red there."""
    write, read, ending = WAYS[way]
    scene(source)
    write(filepath=f"{folder}/red.{ending}")
    empty(target)
    read(filepath=f"{folder}/red.{ending}")
    return tuple(round(abs(value), 2) for value in base_color().default_value[:3])


print()
for way in WAYS:
    there, back = seen(way, "ACEScg", "Linear Rec.709"), seen(way, "Linear Rec.709", "ACEScg")
    print(f"{version}: {way}: out {there}, in {back}", flush=True)
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
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.0.1: glTF: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
5.0.1: FBX: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
5.0.1: OBJ: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
5.0.1: USD: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
5.3.0: glTF: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
5.3.0: FBX: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
5.3.0: OBJ: out (0.61, 0.07, 0.02), in (1.0, 0.0, 0.0)
5.3.0: USD: out (1.0, 0.0, 0.0), in (0.61, 0.07, 0.02)
WANTED
