#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's PLY exporter turns mirrored objects inside out: it applies a negative scale, and keeps the order of the
# corners.
#
# An object whose scale is negative in one or three axes, as after Object > Mirror, is drawn right: Blender turns its
# faces over as it draws them. PLY files know no transform, so the exporter applies it to the vertices. In the mirrored
# vertices the old order of corners runs the other way round, and each face looks inwards; the normals that the same
# exporter writes for the vertices look outwards, so the file contradicts itself. The exporters of OBJ and STL turn the
# faces over. Nothing is reported. A slicer takes such a body for a hole, and a renderer that leaves out backs shows
# nothing. Apply the scale and flip the faces of such objects before an export as PLY, or turn over the faces of what
# was read.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (where a triangle looks that looked up, mirrored in X, exported and imported):
#     4.2.23: ply down, obj up, stl up
#     5.3.0: ply down, obj up, stl up
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
mesh = bpy.data.meshes.new("Triangle")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
triangle = bpy.data.objects.new("Triangle", mesh)
triangle.scale.x = -1
bpy.context.scene.collection.objects.link(triangle)
bpy.ops.wm.ply_export(filepath=f"{folder}/out.ply", export_normals=True)
bpy.ops.wm.obj_export(filepath=f"{folder}/out.obj")
bpy.ops.wm.stl_export(filepath=f"{folder}/out.stl")
said = []
for kind in ("ply", "obj", "stl"):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    getattr(bpy.ops.wm, f"{kind}_import")(filepath=f"{folder}/out.{kind}")
    obj = bpy.data.objects[0]
    bpy.context.view_layer.update()
    face = obj.matrix_world.to_3x3() @ obj.data.polygons[0].normal
    said.append(f"{kind} {'up' if face.z > 0 else 'down'}")
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
4.2.23: ply down, obj up, stl up
5.3.0: ply down, obj up, stl up
WANTED
