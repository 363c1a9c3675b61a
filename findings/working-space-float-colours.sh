#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.1 on, vertex colours in floats are left out when colours are converted to another working space.
#
# Blender 5.0 and newer can work in ACEScg or Rec.2020. wm.set_working_color_space with convert_colors converts every
# colour of the file, and so does appending or linking from a file of another working space. 5.0 did this with all
# vertex colours; from 5.1 on only with those of bytes. Floats keep their numbers, which mean other colours now: those
# that come from PLY and OBJ files, and those of a new colour attribute as the operator for it makes it. A painted model
# no longer matches its own materials. Nothing is reported, and saving makes it last. Convert such attributes to bytes
# before.
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 5.1.2 and 5.2.3 are as 5.3.0 (tried too).
#
# Seen (one red, 1, 0, 0 in Rec.709, as it is in ACEScg):
#     5.0.1: converted: bytes (0.61, 0.07, 0.02), floats (0.61, 0.07, 0.02), material (0.61, 0.07, 0.02)
#     5.0.1: appended: bytes (0.61, 0.07, 0.02), floats (0.61, 0.07, 0.02), material (0.61, 0.07, 0.02)
#     5.3.0: converted: bytes (0.61, 0.07, 0.02), floats (1.0, 0.0, 0.0), material (0.61, 0.07, 0.02)
#     5.3.0: appended: bytes (0.61, 0.07, 0.02), floats (1.0, 0.0, 0.0), material (0.61, 0.07, 0.02)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def scene():
    """Make a triangle with a red material and red vertex colours of both kinds."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    material = bpy.data.materials.new("Red")
    material.diffuse_color = (1, 0, 0, 1)
    mesh.materials.append(material)
    for name, kind in (("bytes", "BYTE_COLOR"), ("floats", "FLOAT_COLOR")):
        mesh.color_attributes.new(name, kind, "POINT").data.foreach_set("color", (1, 0, 0, 1) * 3)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))


def seen():
    """Say how the red is stored."""
    assert bpy.data.colorspace.working_space == "ACEScg"
    colours = {"material": bpy.data.materials["Red"].diffuse_color}
    for attribute in bpy.data.meshes["Triangle"].color_attributes:
        colours[attribute.name] = attribute.data[0].color
    return ", ".join(f"{name} {tuple(round(value, 2) for value in colours[name])[:3]}" for name in sorted(colours))


print()
scene()
bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/red.blend")
bpy.ops.wm.set_working_color_space(working_space="ACEScg", convert_colors=True)
print(f"{version}: converted: {seen()}", flush=True)
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.set_working_color_space(working_space="ACEScg")
with bpy.data.libraries.load(f"{folder}/red.blend") as (inside, wanted):
    wanted.objects = inside.objects
print(f"{version}: appended: {seen()}", flush=True)
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
5.0.1: converted: bytes (0.61, 0.07, 0.02), floats (0.61, 0.07, 0.02), material (0.61, 0.07, 0.02)
5.0.1: appended: bytes (0.61, 0.07, 0.02), floats (0.61, 0.07, 0.02), material (0.61, 0.07, 0.02)
5.3.0: converted: bytes (0.61, 0.07, 0.02), floats (1.0, 0.0, 0.0), material (0.61, 0.07, 0.02)
5.3.0: appended: bytes (0.61, 0.07, 0.02), floats (1.0, 0.0, 0.0), material (0.61, 0.07, 0.02)
WANTED
