#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of vertex colours, Blender up to 5.2 writes only one kind to Alembic, and 5.3 reads floats too dark from what it
# writes.
#
# With vcolors=True, the exporter of Blender 5.2 and older takes colours of bytes of face corners, and leaves out those
# of vertices and all floats, as they come from PLY and OBJ files, and as new ones are. From 5.3 on it writes all; but
# bytes are written in sRGB, floats as they are, linear, and the importer takes both for sRGB. So a grey of 0.5 comes
# back as 0.22, and is darker again after each way. Nothing is reported. Convert colours to bytes of corners before
# (geometry.color_attribute_convert).
#
# Versions: bpy 5.2.3 and 5.3.0 from PyPI, Python 3.13. 4.2.23, 4.5.15, 5.0.1 and 5.1.2 are as 5.2.3 (tried too).
#
# Seen (the colour that comes back where it was 0.5, 0.25, 0):
#     5.2.3: BYTE_COLOR of each CORNER: (0.5, 0.25, 0.0)
#     5.2.3: BYTE_COLOR of each POINT: none
#     5.2.3: FLOAT_COLOR of each CORNER: none
#     5.2.3: FLOAT_COLOR of each POINT: none
#     5.3.0: BYTE_COLOR of each CORNER: (0.5, 0.25, 0.0)
#     5.3.0: BYTE_COLOR of each POINT: (0.5, 0.25, 0.0)
#     5.3.0: FLOAT_COLOR of each CORNER: (0.22, 0.05, 0.0)
#     5.3.0: FLOAT_COLOR of each POINT: (0.22, 0.05, 0.0)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def seen(kind, domain):
    """Export a triangle with vertex colours of this kind as Alembic, and say the colour that comes back."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    mesh.color_attributes.new("Color", kind, domain).data.foreach_set("color", (0.5, 0.25, 0.0, 1.0) * 3)
    bpy.ops.wm.alembic_export(filepath=f"{folder}/out.abc", vcolors=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.alembic_import(filepath=f"{folder}/out.abc", as_background_job=False)
    (mesh,) = bpy.data.meshes
    if not mesh.color_attributes:
        return "none"
    return tuple(round(value, 2) for value in mesh.color_attributes[0].data[0].color[:3])


print()
for kind in ("BYTE_COLOR", "FLOAT_COLOR"):
    for domain in ("CORNER", "POINT"):
        print(f"{version}: {kind} of each {domain}: {seen(kind, domain)}", flush=True)
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
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.2.3: BYTE_COLOR of each CORNER: (0.5, 0.25, 0.0)
5.2.3: BYTE_COLOR of each POINT: none
5.2.3: FLOAT_COLOR of each CORNER: none
5.2.3: FLOAT_COLOR of each POINT: none
5.3.0: BYTE_COLOR of each CORNER: (0.5, 0.25, 0.0)
5.3.0: BYTE_COLOR of each POINT: (0.5, 0.25, 0.0)
5.3.0: FLOAT_COLOR of each CORNER: (0.22, 0.05, 0.0)
5.3.0: FLOAT_COLOR of each POINT: (0.22, 0.05, 0.0)
WANTED
