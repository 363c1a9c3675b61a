#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An attribute whose name has a space makes a PLY from Blender unreadable, or is lost; and whole numbers become floats.
#
# Blender's PLY exporter writes all attributes of vertices unless it is told not to, each by its name. A space ends a
# name in PLY, so "property float wear inside" is no valid line: plyfile 1.1.5 refuses the file, and trimesh 5.2.0 does
# if it is binary (tried too). Blender reads it, takes the first word for the name, and of several attributes with one
# first word only the first. Whole numbers are written, and read, as floats of 32 bits, though PLY has integers, so
# numbers of scans, points or objects are wrong from 16777217 on. Nothing is reported. Rename attributes before an
# export, or pass export_attributes=False.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the header, and the attributes that come back, where "wear inside" was 0.25, "wear outside" 0.5, and "number"
# went up to 16777217):
#     4.2.23: back: {'wear': [0.25, 0.25, 0.25]}
#     4.2.23: header: property float wear inside, property float wear outside
#     4.2.23: back: {'number': [16777215.0, 16777216.0, 16777216.0]}
#     5.3.0: back: {'wear': [0.25, 0.25, 0.25]}
#     5.3.0: header: property float wear inside, property float wear outside
#     5.3.0: back: {'number': [16777215.0, 16777216.0, 16777216.0]}
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
print()


def triangle(**attributes):
    """Make a triangle with these attributes; "_" stands for a space in names."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Scan")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Scan", mesh))
    for name, values in attributes.items():
        kind = "INT" if isinstance(values[0], int) else "FLOAT"
        mesh.attributes.new(name.replace("_", " "), kind, "POINT").data.foreach_set("value", values)


def back():
    """Export, import, and return the attributes that the file brought."""
    bpy.ops.wm.ply_export(filepath=f"{folder}/out.ply", ascii_format=False)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.ply_import(filepath=f"{folder}/out.ply")
    found = {one.name: one for one in bpy.data.meshes[0].attributes}
    names = [name for name in found if name.split()[0] in ("wear", "number")]
    return {name: [one.value for one in found[name].data] for name in sorted(names)}


triangle(wear_inside=[0.25] * 3, wear_outside=[0.5] * 3)
print(f"{version}: back: {back()}", flush=True)
with open(f"{folder}/out.ply", encoding="latin-1") as file:
    lines = [line.strip() for line in file if line.startswith("property float w")]
print(f"{version}: header: {', '.join(lines)}", flush=True)
triangle(number=[16777215, 16777216, 16777217])
print(f"{version}: back: {back()}", flush=True)
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
4.2.23: back: {'wear': [0.25, 0.25, 0.25]}
4.2.23: header: property float wear inside, property float wear outside
4.2.23: back: {'number': [16777215.0, 16777216.0, 16777216.0]}
5.3.0: back: {'wear': [0.25, 0.25, 0.25]}
5.3.0: header: property float wear inside, property float wear outside
5.3.0: back: {'number': [16777215.0, 16777216.0, 16777216.0]}
WANTED
