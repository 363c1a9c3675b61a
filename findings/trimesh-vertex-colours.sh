#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# trimesh makes vertex colours of glTF black, or takes half of their bits, as soon as the mesh is loaded and exported.
#
# COLOR_0 of glTF may be floats, or whole numbers of 8 or 16 bits that stand for 0 to 1; Blender's exporter writes 16
# bits. trimesh takes such colours over as they are, and makes bytes of them when it exports: of floats only 0 and 1 are
# left, which as a byte are nothing and next to nothing, so the mesh is black and transparent. Of 16 bits the lower 8
# are kept, which have nothing to do with the colour. Without a material, floats are scaled, and 16 bits are spoiled as
# soon as they are loaded. Nothing is reported. 8 bits arrive in all cases: convert colours to these before trimesh
# reads the file.
#
# Versions: trimesh 5.2.0 with numpy 2.4.6 from PyPI, Python 3.11.
#
# Seen (a colour of 0.5, 0.25, 0.1, 1; what trimesh exports again, from 0 to 255):
#     8 bits: without a material [128, 64, 26, 255], with one [128, 64, 26, 255]
#     16 bits: without a material [0, 0, 154, 255], with one [0, 0, 154, 255]
#     floats: without a material [128, 64, 26, 255], with one [0, 0, 0, 1]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import io, json, struct
import trimesh


def again(component, code, colour, with_material):
    """Load a triangle of one colour with trimesh, export it, and return the colour that it has then."""
    blob = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0) + struct.pack("<3HH", 0, 1, 2, 0)
    blob += struct.pack(f"<12{code}", *colour * 3)
    size = len(blob) - 44
    accessors = [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
        {"bufferView": 2, "componentType": component, "count": 3, "type": "VEC4", "normalized": component != 5126},
    ]
    primitive = {"attributes": {"POSITION": 0, "COLOR_0": 2}, "indices": 1}
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": start, "byteLength": length} for start, length in ((0, 36), (36, 6), (44, size))
        ],
        "accessors": accessors,
    }
    if with_material:
        document["materials"] = [{"pbrMetallicRoughness": {"metallicFactor": 0}}]
        primitive["material"] = 0
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(blob))
    parts = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    made = trimesh.load(io.BytesIO(head + parts), file_type="glb").export(file_type="glb")
    length = struct.unpack("<I", made[12:16])[0]
    document, blob = json.loads(made[20 : 20 + length]), made[28 + length :]
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"]]
    assert accessor["componentType"] == 5121
    start = document["bufferViews"][accessor["bufferView"]].get("byteOffset", 0) + accessor.get("byteOffset", 0)
    return list(blob[start : start + 4])


KINDS = {
    "8 bits": (5121, "B", (128, 64, 26, 255)),
    "16 bits": (5123, "H", (32768, 16384, 6554, 65535)),
    "floats": (5126, "f", (0.5, 0.25, 0.1, 1.0)),
}
for name, kind in KINDS.items():
    print(f"{name}: without a material {again(*kind, False)}, with one {again(*kind, True)}")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
8 bits: without a material [128, 64, 26, 255], with one [128, 64, 26, 255]
16 bits: without a material [0, 0, 154, 255], with one [0, 0, 154, 255]
floats: without a material [128, 64, 26, 255], with one [0, 0, 0, 1]
WANTED
