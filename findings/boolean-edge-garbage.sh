#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Blender 5.0, the Boolean modifier gives the edges of a cut whatever was in memory as their crease, sharpness or
# seam.
#
# Where two meshes meet, a boolean makes new edges. What edges have (crease, bevel weight, sharp, seam, attributes of
# one's own) is 0 for them in all other versions, so subdivision rounds the cut and a bevel leaves it alone. In 5.0 the
# solver "Exact", which is the one of a new modifier, does not set these numbers: they are 1e24, -1.0 or not a number,
# other ones in each run, and some of the new edges are sharp or seams by chance. Nothing is reported; once it is
# subdivided or bevelled, one and the same scene comes out otherwise from one run to the next. "Manifold" and "Float"
# set them. Use these, or set the numbers of the new edges to 0.
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23, 4.5.15, 5.1.2 and 5.2.3 are as 5.3.0
# (tried too).
#
# Seen (two cubes, all edges of which have 0.5 as crease and bevel weight; edges that have neither 0.5 nor 0 after one
# was cut out of the other, by solver):
#     5.0.1: as it is: some; EXACT: some; MANIFOLD: none
#     5.3.0: as it is: none; EXACT: none; MANIFOLD: none
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def cube(**place):
    """Make a cube of 8 cells a side, with 0.5 as crease and as bevel weight of each edge."""
    bpy.ops.mesh.primitive_cube_add(**place)
    obj = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.subdivide(number_cuts=7)
    bpy.ops.object.mode_set(mode="OBJECT")
    for name, kind, value in (("crease_edge", "FLOAT", 0.5), ("bevel_weight_edge", "FLOAT", 0.5)):
        obj.data.attributes.new(name, kind, "EDGE").data.foreach_set("value", [value] * len(obj.data.edges))
    return obj


def seen(solver):
    """Cut one cube out of another, both with 0.5 on each edge, and say how many edges have neither 0.5 nor 0."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    cutter, obj = cube(location=(0.77, 0.77, 0.77)), cube()
    modifier = obj.modifiers.new("Boolean", "BOOLEAN")
    modifier.object, modifier.operation = cutter, "DIFFERENCE"
    if solver:
        modifier.solver = solver
    else:
        assert modifier.solver == "EXACT"
    bpy.ops.object.modifier_apply(modifier="Boolean")
    wrong = 0
    for name in ("crease_edge", "bevel_weight_edge"):
        values = [0.0] * len(obj.data.edges)
        obj.data.attributes[name].data.foreach_get("value", values)
        wrong += sum(value not in (0, 0.5) for value in values)
    return "some" if wrong else "none"


print()
answers = [f"{solver or 'as it is'}: {seen(solver)}" for solver in ("", "EXACT", "MANIFOLD")]
print(f"{version}: {'; '.join(answers)}", flush=True)
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
5.0.1: as it is: some; EXACT: some; MANIFOLD: none
5.3.0: as it is: none; EXACT: none; MANIFOLD: none
WANTED
