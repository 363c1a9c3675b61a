#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's STL export with a file for each object writes parts over each other: of three instances, one file is left.
#
# "Batch" (use_batch) names each file after its object. Spaces, slashes and colons become underscores, and objects that
# an instance of a collection or geometry nodes shows all have the name of their original, so several parts have one
# file name. Each is written over the one before, the operator returns {'FINISHED'}, and nothing is reported: parts are
# missing from what goes to the printer. Count the files, give parts names of letters and digits, and make instances
# real (object.duplicates_make_real) before.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (the files of two parts, and of three twice):
#     4.2.23: leg.left, leg.right: FINISHED, part-leg.left.stl and part-leg.right.stl
#     4.2.23: leg left, leg_left, leg/left: FINISHED, part-leg_left.stl
#     4.2.23: three instances: FINISHED, part-Cube.stl
#     5.3.0: leg.left, leg.right: FINISHED, part-leg.left.stl and part-leg.right.stl
#     5.3.0: leg left, leg_left, leg/left: FINISHED, part-leg_left.stl
#     5.3.0: three instances: FINISHED, part-Cube.stl
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def names(*wanted):
    """Make a cube for each of these names."""
    for name in wanted:
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.object.name = name


def instances():
    """Make three instances of a collection with one cube."""
    group = bpy.data.collections.new("Group")
    bpy.ops.mesh.primitive_cube_add()
    group.objects.link(bpy.context.object)
    bpy.context.scene.collection.objects.unlink(bpy.context.object)
    for number in range(3):
        empty = bpy.data.objects.new("Instance", None)
        empty.instance_type, empty.instance_collection, empty.location.x = "COLLECTION", group, 5 * number
        bpy.context.scene.collection.objects.link(empty)


SCENES = {
    "leg.left, leg.right": lambda: names("leg.left", "leg.right"),
    "leg left, leg_left, leg/left": lambda: names("leg left", "leg_left", "leg/left"),
    "three instances": instances,
}
print()
for number, (name, make) in enumerate(SCENES.items()):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    make()
    place = f"{folder}/{version}-{number}"
    os.mkdir(place)
    (answer,) = bpy.ops.wm.stl_export(filepath=f"{place}/part-.stl", use_batch=True)
    print(f"{version}: {name}: {answer}, {' and '.join(sorted(os.listdir(place)))}", flush=True)
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
4.2.23: leg.left, leg.right: FINISHED, part-leg.left.stl and part-leg.right.stl
4.2.23: leg left, leg_left, leg/left: FINISHED, part-leg_left.stl
4.2.23: three instances: FINISHED, part-Cube.stl
5.3.0: leg.left, leg.right: FINISHED, part-leg.left.stl and part-leg.right.stl
5.3.0: leg left, leg_left, leg/left: FINISHED, part-leg_left.stl
5.3.0: three instances: FINISHED, part-Cube.stl
WANTED
