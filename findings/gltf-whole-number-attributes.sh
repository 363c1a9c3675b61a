#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF importer leaves out whole numbers of 16 bits that a file has for its vertices, and cuts off others at
# 1.
#
# An application's own attribute (_FEATURE_ID_0 and the like, which tells of each vertex which building or part it
# belongs to) may have any kind of number, and ids usually have 16 bits. The importer makes an attribute of single
# numbers of 8 bits, and leaves out those of 16 bits without a word. Four whole numbers a vertex are taken for a colour:
# 3, 4, 5, 6 becomes 1, 1, 1, 1. Floats arrive, of either. The other way round, the exporter writes whole numbers as
# floats, where 16777217 is 16777216, and reads them as floats again. Ids that have to go through Blender want floats,
# below 16777216.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (3, 4, 5 in the file; 3, 4, 5, 6 in the file; the kind of number that is exported, 5126 for floats, and one of
# them):
#     4.2.23: 8 bits INT [3, 4, 5]; 16 bits none; floats FLOAT [3.0, 4.0, 5.0]
#     4.2.23: four of 8 bits BYTE_COLOR [1.0, 1.0, 1.0, 1.0]; four floats FLOAT_COLOR [3.0, 4.0, 5.0, 6.0]
#     4.2.23: exported as 5126, 16777217 is 16777216
#     5.3.0: 8 bits INT [3, 4, 5]; 16 bits none; floats FLOAT [3.0, 4.0, 5.0]
#     5.3.0: four of 8 bits BYTE_COLOR [1.0, 1.0, 1.0, 1.0]; four floats FLOAT_COLOR [3.0, 4.0, 5.0, 6.0]
#     5.3.0: exported as 5126, 16777217 is 16777216
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]


def read(text):
    """Return JSON and the rest of a GLB."""
    length = struct.unpack("<I", text[12:16])[0]
    return json.loads(text[20 : 20 + length]), text[28 + length :]


def imported(kind, component, code, numbers):
    """Import a triangle whose corners have such numbers (whole, so many bytes each), and return type and numbers."""
    each = len(numbers) // 3
    size = struct.calcsize(code)
    padding = b"\0" * (-(each * size) % 4)
    rows = [struct.pack(f"<{each}{code}", *numbers[row * each :][:each]) + padding for row in range(3)]
    blob = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0) + b"".join(rows)
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "_ID": 1}}]}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 36},
            {"buffer": 0, "byteOffset": 36, "byteLength": len(blob) - 36, "byteStride": len(rows[0])},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": component, "count": 3, "type": kind},
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(blob))
    parts = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    with open(f"{folder}/in.glb", "wb") as file:
        file.write(head + parts)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=f"{folder}/in.glb")
    mesh = next(one for one in bpy.data.objects if one.type == "MESH").data
    there = mesh.attributes.get("_ID")
    if there is None:
        return "none"
    if kind == "SCALAR":
        return f"{there.data_type} {[one.value for one in there.data]}"
    return f"{there.data_type} {[round(number, 2) for number in there.data[0].color]}"


def exported():
    """Export whole numbers of corners; return the kind of number in the file, and the last one."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.attributes.new("_ID", "INT", "POINT").data.foreach_set("value", [1, 2, 16777217])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb", export_attributes=True)
    with open(f"{folder}/out.glb", "rb") as file:
        document, blob = read(file.read())
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["_ID"]]
    start = document["bufferViews"][accessor["bufferView"]].get("byteOffset", 0)
    return accessor["componentType"], struct.unpack("<3f", blob[start : start + 12])[2]


one, four = (3, 4, 5), (3, 4, 5, 6) * 3
single = [imported("SCALAR", *kind, one) for kind in ((5121, "B"), (5123, "H"), (5126, "f"))]
fourfold = [imported("VEC4", *kind, four) for kind in ((5121, "B"), (5126, "f"))]
component, last = exported()
print()
print(f"{version}: 8 bits {single[0]}; 16 bits {single[1]}; floats {single[2]}")
print(f"{version}: four of 8 bits {fourfold[0]}; four floats {fourfold[1]}")
print(f"{version}: exported as {component}, 16777217 is {last:.0f}", flush=True)
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
4.2.23: 8 bits INT [3, 4, 5]; 16 bits none; floats FLOAT [3.0, 4.0, 5.0]
4.2.23: four of 8 bits BYTE_COLOR [1.0, 1.0, 1.0, 1.0]; four floats FLOAT_COLOR [3.0, 4.0, 5.0, 6.0]
4.2.23: exported as 5126, 16777217 is 16777216
5.3.0: 8 bits INT [3, 4, 5]; 16 bits none; floats FLOAT [3.0, 4.0, 5.0]
5.3.0: four of 8 bits BYTE_COLOR [1.0, 1.0, 1.0, 1.0]; four floats FLOAT_COLOR [3.0, 4.0, 5.0, 6.0]
5.3.0: exported as 5126, 16777217 is 16777216
WANTED
