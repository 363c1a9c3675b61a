#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's OBJ exporter writes each curve that has a thickness twice, one inside the other.
#
# Pipes, cables and rails are curves with a bevel. An OBJ file of one has two objects of the same name in the same
# place: once as a mesh, which heeds the options, and once more as the curve itself, which "Triangulated Mesh" leaves in
# quads. Faces lie on faces, as seen when glass is rendered or a solid is counted, and the file is twice as large. STL,
# PLY, FBX and glTF write it once, but glTF with "Geometry Nodes Instances" (export_gn_mesh) writes curves, texts and
# surfaces twice as well. Nothing is reported. Convert curves to meshes before (object.convert).
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (the faces of each object that is in the file of one, where triangles are asked for):
#     4.2.23: curve as OBJ: 576 and 1152 faces
#     4.2.23: curve as glTF: 1152 faces
#     4.2.23: curve as glTF, instances: 1152 and 1152 faces
#     4.2.23: text as OBJ: 171 faces
#     4.2.23: text as glTF: 171 faces
#     4.2.23: text as glTF, instances: 171 and 171 faces
#     4.2.23: surface as OBJ: 1216 faces
#     4.2.23: surface as glTF: 1216 faces
#     4.2.23: surface as glTF, instances: 1216 and 1216 faces
#     4.2.23: mesh as OBJ: 12 faces
#     4.2.23: mesh as glTF: 12 faces
#     4.2.23: mesh as glTF, instances: 12 faces
#     5.3.0: curve as OBJ: 576 and 1152 faces
#     5.3.0: curve as glTF: 1152 faces
#     5.3.0: curve as glTF, instances: 1152 and 1152 faces
#     5.3.0: text as OBJ: 171 faces
#     5.3.0: text as glTF: 171 faces
#     5.3.0: text as glTF, instances: 171 and 171 faces
#     5.3.0: surface as OBJ: 1216 faces
#     5.3.0: surface as glTF: 1216 faces
#     5.3.0: surface as glTF, instances: 1216 and 1216 faces
#     5.3.0: mesh as OBJ: 12 faces
#     5.3.0: mesh as glTF: 12 faces
#     5.3.0: mesh as glTF, instances: 12 faces
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, sys
import bpy

version, folder = sys.argv[1:]
ADD = {
    "curve": bpy.ops.curve.primitive_bezier_circle_add,
    "text": bpy.ops.object.text_add,
    "surface": bpy.ops.surface.primitive_nurbs_surface_sphere_add,
    "mesh": bpy.ops.mesh.primitive_cube_add,
}


def scene(kind):
    """Make one object of this kind; a curve is given the round cross section of a pipe or cable."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    ADD[kind]()
    bpy.context.object.name = kind
    if kind == "curve":
        bpy.context.object.data.bevel_depth = 0.1


def in_obj(path):
    """Return the number of faces that each object of an OBJ has."""
    found = []
    with open(path) as file:
        for line in file:
            if line.startswith("o "):
                found.append(0)
            found[-1:] = [found[-1] + line.startswith("f ")] if found else []
    return found


def in_gltf(path):
    """Return the number of triangles that each object of a glTF has."""
    with open(path) as file:
        gltf = json.load(file)
    parts = [gltf["meshes"][node["mesh"]]["primitives"] for node in gltf["nodes"] if "mesh" in node]
    return [sum(gltf["accessors"][part["indices"]]["count"] // 3 for part in mesh) for mesh in parts]


WAYS = {
    "OBJ": (bpy.ops.wm.obj_export, "obj", in_obj, {"export_triangulated_mesh": True}),
    "glTF": (bpy.ops.export_scene.gltf, "gltf", in_gltf, {"export_format": "GLTF_SEPARATE"}),
    "glTF, instances": (
        bpy.ops.export_scene.gltf,
        "gltf",
        in_gltf,
        {"export_format": "GLTF_SEPARATE", "export_gn_mesh": True},
    ),
}
print()
for kind in ADD:
    for way, (write, ending, read, options) in WAYS.items():
        scene(kind)
        write(filepath=f"{folder}/out.{ending}", **options)
        faces = " and ".join(map(str, read(f"{folder}/out.{ending}")))
        print(f"{version}: {kind} as {way}: {faces} faces", flush=True)
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
4.2.23: curve as OBJ: 576 and 1152 faces
4.2.23: curve as glTF: 1152 faces
4.2.23: curve as glTF, instances: 1152 and 1152 faces
4.2.23: text as OBJ: 171 faces
4.2.23: text as glTF: 171 faces
4.2.23: text as glTF, instances: 171 and 171 faces
4.2.23: surface as OBJ: 1216 faces
4.2.23: surface as glTF: 1216 faces
4.2.23: surface as glTF, instances: 1216 and 1216 faces
4.2.23: mesh as OBJ: 12 faces
4.2.23: mesh as glTF: 12 faces
4.2.23: mesh as glTF, instances: 12 faces
5.3.0: curve as OBJ: 576 and 1152 faces
5.3.0: curve as glTF: 1152 faces
5.3.0: curve as glTF, instances: 1152 and 1152 faces
5.3.0: text as OBJ: 171 faces
5.3.0: text as glTF: 171 faces
5.3.0: text as glTF, instances: 171 and 171 faces
5.3.0: surface as OBJ: 1216 faces
5.3.0: surface as glTF: 1216 faces
5.3.0: surface as glTF, instances: 1216 and 1216 faces
5.3.0: mesh as OBJ: 12 faces
5.3.0: mesh as glTF: 12 faces
5.3.0: mesh as glTF, instances: 12 faces
WANTED
