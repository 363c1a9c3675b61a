#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Up to Blender 4.5, Join empties attributes that two objects have of one name and of different types.
#
# Vertex colours from an OBJ are floats of vertices, those from a glTF bytes of face corners, and both are called
# "Color". Joined, such meshes have two attributes of one name: in that which is shown one of the halves is white, and a
# script that asks by name gets one of them. A number that is whole in one mesh and not in the other is 0 for all that
# is joined in. Values that could be converted, as 5.0 and newer do, are gone as soon as the other object is. The
# operator returns {'FINISHED'} and reports nothing. Convert attributes to one type and domain before joining in 4.5,
# which has long-term support.
#
# Versions: bpy 4.5.15 and 5.0.1 from PyPI, Python 3.11. 4.2.23 is as 4.5.15, and 5.1.2, 5.2.3 and 5.3.0 as 5.0.1 (tried
# too).
#
# Seen (the grey and the number that the halves of the joined mesh have, where the grey was 0.25 in both, and the
# numbers 1.5 and 7):
#     4.5.15: of one type: FINISHED, grey [0.25, 0.25], age [1.5, 7.0]
#     4.5.15: of two: FINISHED, grey [1.0, 0.25], age [1.5, 0.0]
#     5.0.1: of one type: FINISHED, grey [0.25, 0.25], age [1.5, 7.0]
#     5.0.1: of two: FINISHED, grey [0.25, 0.25], age [1.5, 7.0]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def square(x, kind, domain, number_kind, number):
    """Make a square with grey vertex colours and a number for each vertex, stored in these ways."""
    mesh = bpy.data.meshes.new("Square")
    mesh.from_pydata([(x, 0, 0), (x + 1, 0, 0), (x + 1, 1, 0), (x, 1, 0)], [], [(0, 1, 2, 3)])
    obj = bpy.data.objects.new("Square", mesh)
    bpy.context.scene.collection.objects.link(obj)
    mesh.color_attributes.new("Color", kind, domain).data.foreach_set("color", (0.25, 0.25, 0.25, 1.0) * 4)
    mesh.attributes.new("age", number_kind, "POINT").data.foreach_set("value", [number] * 4)
    obj.select_set(True)
    return obj


def halves(attribute, name):
    """Return the value that each of the two squares has."""
    values = [getattr(one, name) for one in attribute.data]
    first, last = values[0], values[-1]
    return [round(value[0] if hasattr(value, "__len__") else value, 2) for value in (first, last)]


def seen(second):
    """Join a square, as the glTF importer makes it, with a second one, and say what both have of it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.view_layer.objects.active = square(0, "BYTE_COLOR", "CORNER", "FLOAT", 1.5)
    square(2, *second)
    (answer,) = bpy.ops.object.join()
    mesh = bpy.context.object.data
    colours = halves(mesh.color_attributes.active_color, "color")
    return f"{answer}, grey {colours}, age {halves(mesh.attributes['age'], 'value')}"


print()
print(f"{version}: of one type: {seen(('BYTE_COLOR', 'CORNER', 'FLOAT', 7.0))}", flush=True)
print(f"{version}: of two: {seen(('FLOAT_COLOR', 'POINT', 'INT', 7))}", flush=True)
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
4.5.15: of one type: FINISHED, grey [0.25, 0.25], age [1.5, 7.0]
4.5.15: of two: FINISHED, grey [1.0, 0.25], age [1.5, 0.0]
5.0.1: of one type: FINISHED, grey [0.25, 0.25], age [1.5, 7.0]
5.0.1: of two: FINISHED, grey [0.25, 0.25], age [1.5, 7.0]
WANTED
