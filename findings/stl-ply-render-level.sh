#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.2 on, exports as STL and PLY take what a render would show, no longer what the viewport shows.
#
# Up to 5.1 both wrote modifiers at their viewport levels, and objects that are visible in the viewport. The same script
# now gets the render levels, which are often two steps of subdivision finer, so 16 times the triangles; modifiers that
# are off in renders are missing; objects with hide_render, as cutters of booleans are, are gone from the file, and
# objects with hide_viewport or hidden by the eye, as spare parts are, are in it. Nothing is reported. OBJ keeps to the
# viewport, and so do the modifiers of glTF and FBX. STL has an option since 5.2 (evaluation_mode), PLY only from 5.3
# on, so in 5.2 there is no way back. Pass evaluation_mode="DAG_EVAL_VIEWPORT" where the operator has it.
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23, 4.5.15 and 5.1.2 are as 5.0.1, and 5.2.3
# as 5.3.0 (tried too).
#
# Seen (what is in the file of three squares and a cube; the cube has a subdivision of 1 level, 2 in renders):
#     5.0.1: STL: plain, hidden in render; cube of 48 triangles
#     5.0.1: PLY: plain, hidden in render; cube of 48 triangles
#     5.0.1: OBJ: plain, hidden in render; cube of 48 triangles
#     5.3.0: STL: plain, hidden in viewport; cube of 192 triangles
#     5.3.0: PLY: plain, hidden in viewport; cube of 192 triangles
#     5.3.0: OBJ: plain, hidden in render; cube of 48 triangles
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
    """Make a square in each way of being hidden, each at a height of its own, and a cube that a modifier subdivides."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for height, hide in enumerate((None, "hide_viewport", "hide_render")):
        bpy.ops.mesh.primitive_plane_add(location=(0, 0, 10 * height))
        if hide:
            setattr(bpy.context.object, hide, True)
    bpy.ops.mesh.primitive_cube_add(location=(0, 0, 30))
    modifier = bpy.context.object.modifiers.new("Subdivision", "SUBSURF")
    modifier.levels, modifier.render_levels = 1, 2
    bpy.context.view_layer.update()


def seen():
    """Say what was imported: which squares, and the faces that the cube has."""
    heights = [polygon.center.z for obj in bpy.data.objects for polygon in obj.data.polygons]
    names = ("plain", "hidden in viewport", "hidden in render")
    squares = [name for height, name in enumerate(names) if any(abs(z - 10 * height) < 1 for z in heights)]
    corners = sum(len(p.vertices) - 2 for obj in bpy.data.objects for p in obj.data.polygons if p.center.z > 25)
    return f"{', '.join(squares)}; cube of {corners} triangles"


print()
for kind in ("stl", "ply", "obj"):
    scene()
    getattr(bpy.ops.wm, f"{kind}_export")(filepath=f"{folder}/out.{kind}", forward_axis="Y", up_axis="Z")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    getattr(bpy.ops.wm, f"{kind}_import")(filepath=f"{folder}/out.{kind}", forward_axis="Y", up_axis="Z")
    print(f"{version}: {kind.upper()}: {seen()}", flush=True)
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
5.0.1: STL: plain, hidden in render; cube of 48 triangles
5.0.1: PLY: plain, hidden in render; cube of 48 triangles
5.0.1: OBJ: plain, hidden in render; cube of 48 triangles
5.3.0: STL: plain, hidden in viewport; cube of 192 triangles
5.3.0: PLY: plain, hidden in viewport; cube of 192 triangles
5.3.0: OBJ: plain, hidden in render; cube of 48 triangles
WANTED
