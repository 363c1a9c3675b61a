#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Point clouds from glTF lose their colours in Blender 4.2, and in 5.2 and newer as objects of their own type; these are
# missing in PLY, too.
#
# A scan of points is a mesh without faces, and 4.2 gives its colours to corners of faces, of which there are none. 5.2
# has the option to make a point cloud of it, which can be rendered: there, colours and material are left out. In 5.3
# the colours are called COLOR_0, and the material, which asks for Color, does not find them. Exported as PLY, the
# format of scans, a point cloud is a file with 0 points; 5.2 leaves it out of Alembic as well. Both operators return
# FINISHED, and nothing is reported. Import as a mesh in 4.5 or newer, and use a point cloud only to render; in 5.3, let
# the Attribute node ask for COLOR_0.
#
# Versions: bpy 4.2.23 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with
# each. 4.5.15 and 5.0.1 are as 5.2.3, but have meshes only (tried too).
#
# Seen (of four red points):
#     4.2.23: MESH: 4 points, Color empty
#     4.2.23: MESH to PLY: FINISHED, 4 points, Col [0, 0, 0]
#     4.2.23: MESH to Alembic: FINISHED, 4 points, no colour
#     5.2.3: MESH: 4 points, Color [1, 0, 0]
#     5.2.3: MESH to PLY: FINISHED, 4 points, Col [1, 0, 0]
#     5.2.3: MESH to Alembic: FINISHED, 4 points, no colour
#     5.2.3: POINTCLOUD: 4 points, no colour
#     5.2.3: POINTCLOUD to PLY: FINISHED, nothing
#     5.2.3: POINTCLOUD to Alembic: FINISHED, nothing
#     5.3.0: MESH: 4 points, Color [1, 0, 0], the material asks for Color
#     5.3.0: MESH to PLY: FINISHED, 4 points, Col [1, 0, 0]
#     5.3.0: MESH to Alembic: FINISHED, 4 points, Color empty
#     5.3.0: POINTCLOUD: 4 points, COLOR_0 [1, 0, 0], the material asks for Color
#     5.3.0: POINTCLOUD to PLY: FINISHED, nothing
#     5.3.0: POINTCLOUD to Alembic: FINISHED, 4 points, no colour
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import array, base64, json, os, sys
import bpy

version, folder = sys.argv[1:]
PATH = f"{folder}/{version}.gltf"
FORMATS = {
    "PLY": (bpy.ops.wm.ply_export, bpy.ops.wm.ply_import, "ply"),
    "Alembic": (bpy.ops.wm.alembic_export, bpy.ops.wm.alembic_import, "abc"),
}


def write():
    """Write a glTF of four red points."""
    places = array.array("f", [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]).tobytes()
    data = places + array.array("f", [1, 0, 0, 1] * 4).tobytes()
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    views = [{"buffer": 0, "byteLength": 48}, {"buffer": 0, "byteOffset": 48, "byteLength": 64}]
    place = {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 1]}
    colour = {"bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC4"}
    primitive = {"mode": 0, "attributes": {"POSITION": 0, "COLOR_0": 1}}
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "accessors": [place, colour],
        "bufferViews": views,
        "buffers": [{"byteLength": len(data), "uri": uri}],
    }
    with open(PATH, "w") as file:
        json.dump(document, file)


def points():
    """Return how many points the file has, and what colour the first one has, by which attribute."""
    for obj in bpy.data.objects:
        if obj.type not in ("MESH", "POINTCLOUD"):
            continue
        count = len(obj.data.vertices if obj.type == "MESH" else obj.data.points)
        colours = [one for one in obj.data.attributes if "COLOR" in one.data_type]
        values = [[round(value) for value in one.data[0].color[:3]] if len(one.data) else "empty" for one in colours]
        said = ", ".join(f"{one.name} {value}" for one, value in zip(colours, values))
        return f"{count} points, {said or 'no colour'}"
    return "nothing"


def asked():
    """Return what an Attribute node of the material asks for."""
    nodes = [node for material in bpy.data.materials for node in material.node_tree.nodes]
    return "".join(f", the material asks for {node.attribute_name}" for node in nodes if node.type == "ATTRIBUTE")


def start(options):
    """Import the file and return what type of object it became."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=PATH, **options)
    return bpy.data.objects[0].type


print()
write()
for options in ({}, {"import_point_as_pointcloud": True}):
    if options and bpy.app.version < (5, 2):
        continue
    kind = start(options)
    print(f"{version}: {kind}: {points()}{asked()}", flush=True)
    for name, (export, read, suffix) in FORMATS.items():
        start(options)
        path = f"{folder}/{version}.{suffix}"
        (answer,) = export(filepath=path)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        try:
            read(filepath=path)
        except RuntimeError:  # of the PLY importer: "failed importing, no vertices"
            pass
        print(f"{version}: {kind} to {name}: {answer}, {points()}", flush=True)
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
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: MESH: 4 points, Color empty
4.2.23: MESH to PLY: FINISHED, 4 points, Col [0, 0, 0]
4.2.23: MESH to Alembic: FINISHED, 4 points, no colour
5.2.3: MESH: 4 points, Color [1, 0, 0]
5.2.3: MESH to PLY: FINISHED, 4 points, Col [1, 0, 0]
5.2.3: MESH to Alembic: FINISHED, 4 points, no colour
5.2.3: POINTCLOUD: 4 points, no colour
5.2.3: POINTCLOUD to PLY: FINISHED, nothing
5.2.3: POINTCLOUD to Alembic: FINISHED, nothing
5.3.0: MESH: 4 points, Color [1, 0, 0], the material asks for Color
5.3.0: MESH to PLY: FINISHED, 4 points, Col [1, 0, 0]
5.3.0: MESH to Alembic: FINISHED, 4 points, Color empty
5.3.0: POINTCLOUD: 4 points, COLOR_0 [1, 0, 0], the material asks for Color
5.3.0: POINTCLOUD to PLY: FINISHED, nothing
5.3.0: POINTCLOUD to Alembic: FINISHED, 4 points, no colour
WANTED
