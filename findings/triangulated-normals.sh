#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Exporters of Blender that are asked for triangles spoil custom normals: weighted or transferred shading is gone.
#
# Custom normals are kept relative to the corner of a face, and when a quad is cut into triangles its corners are
# others. The Triangulate modifier has "Keep Normals" for that. The options of the exporters, "Triangulate Faces" of
# FBX, "Triangulated Mesh" of OBJ and "Triangulate Meshes" of USD, cut without it, and the numbers stay: the file has
# normals that are in no mesh of the scene. Without the option, the same exporters write them right, and the glTF
# exporter, whose faces are always triangles, does so too. Nothing is reported. Who wants triangles for a game engine
# should put a Triangulate modifier with keep_custom_normals at the end of the stack, and leave the option off.
# bmesh.ops.triangulate() cuts in the same way.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (largest angle, in degrees, between a custom normal of a bent quad and that in the exported file):
#     4.2.23: FBX 0, triangulated 43; OBJ 0, triangulated 43; USD 0, triangulated 43; glTF (always triangles) 0
#     5.3.0: FBX 0, triangulated 43; OBJ 0, triangulated 43; USD 0, triangulated 43; glTF (always triangles) 0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
from mathutils import Vector

version, folder = sys.argv[1:]
wm, export, load = bpy.ops.wm, bpy.ops.export_scene, bpy.ops.import_scene
WAYS = {
    "FBX": (lambda path, on: export.fbx(filepath=path, use_triangles=on), load.fbx, "fbx"),
    "OBJ": (lambda path, on: wm.obj_export(filepath=path, export_triangulated_mesh=on), wm.obj_import, "obj"),
    "USD": (lambda path, on: wm.usd_export(filepath=path, triangulate_meshes=on), wm.usd_import, "usdc"),
    "glTF": (lambda path, on: export.gltf(filepath=path), load.gltf, "glb"),
}


def turned(write, read, ending, triangulate):
    """Export a bent quad whose custom normals are all (0.6, 0, 0.8); say by how many degrees they differ then."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Quad")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0.5), (0, 1, 0)], [], [(0, 1, 2, 3)])
    mesh.normals_split_custom_set([(0.6, 0, 0.8)] * 4)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Quad", mesh))
    path = f"{folder}/out.{ending}"
    write(path, triangulate)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=path)
    bpy.context.view_layer.update()
    quad = next(one for one in bpy.data.objects if one.type == "MESH")
    matrix = quad.matrix_world.to_3x3().inverted().transposed()
    angles = [(matrix @ corner.vector).angle(Vector((0.6, 0, 0.8))) for corner in quad.data.corner_normals]
    return f"{max(angles) * 57.2958:.0f}"


said = []
for kind, way in WAYS.items():
    if kind == "glTF":
        said.append(f"{kind} (always triangles) {turned(*way, True)}")
    else:
        said.append(f"{kind} {turned(*way, False)}, triangulated {turned(*way, True)}")
print()
print(f"{version}: {'; '.join(said)}", flush=True)
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
4.2.23: FBX 0, triangulated 43; OBJ 0, triangulated 43; USD 0, triangulated 43; glTF (always triangles) 0
5.3.0: FBX 0, triangulated 43; OBJ 0, triangulated 43; USD 0, triangulated 43; glTF (always triangles) 0
WANTED
