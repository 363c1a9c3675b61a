#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One kind of custom attribute that glTF allows stops Blender's importer altogether: a scalar of normalized bytes.
#
# glTF lets an application's own attributes (_WEAR) have any accessor type; bytes with "normalized" are the usual way to
# store a weight from 0 to 1. Blender's importer turns normalized bytes into floats when it decodes them, but makes the
# attribute by the type that the file has, which for a scalar of bytes is a whole number; filling it with floats fails
# with "TypeError: couldn't access the py sequence", and the import ends in its middle. The neighbours are read: the same
# scalar without "normalized", and four normalized bytes, which become a colour; two bytes a value are passed over without
# a word. So a weight painted for each vertex keeps a whole model out; written as floats it arrives.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI.
#
# Seen (for each kind of attribute: the type it has in Blender, "none" if it is passed over, or the error):
#     4.2.23: byte INT, normalized-byte TypeError, four-normalized-bytes BYTE_COLOR, normalized-short none, float FLOAT
#     5.3.0: byte INT, normalized-byte TypeError, four-normalized-bytes BYTE_COLOR, normalized-short none, float FLOAT
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

BINARY = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
KINDS = {
    "byte": (5121, "SCALAR", False, 4),
    "normalized-byte": (5121, "SCALAR", True, 4),
    "four-normalized-bytes": (5121, "VEC4", True, 4),
    "normalized-short": (5123, "SCALAR", True, 4),
    "float": (5126, "SCALAR", False, 4),
}


def glb(component, kind, normalized, stride):
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "_WEAR": 1}}]}],
        "buffers": [{"byteLength": 48}],
        "bufferViews": [
            {"buffer": 0, "byteLength": 36, "target": 34962},
            {"buffer": 0, "byteOffset": 36, "byteLength": 12, "byteStride": stride, "target": 34962},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": component, "count": 3, "type": kind, "normalized": normalized},
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", 48, 0x004E4942) + BINARY + bytes(12)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


found = []
for name, kind in KINDS.items():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    path = f"{sys.argv[2]}/a.glb"
    with open(path, "wb") as file:
        file.write(glb(*kind))
    try:
        bpy.ops.import_scene.gltf(filepath=path)
        attribute = bpy.data.meshes[0].attributes.get("_WEAR")
        found.append(f"{name} {attribute.data_type if attribute else 'none'}")
    except RuntimeError as error:
        found.append(f"{name} {'TypeError' if 'TypeError' in str(error) else 'another error'}")
print(f"{sys.argv[1]}: {', '.join(found)}", flush=True)
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
4.2.23: byte INT, normalized-byte TypeError, four-normalized-bytes BYTE_COLOR, normalized-short none, float FLOAT
5.3.0: byte INT, normalized-byte TypeError, four-normalized-bytes BYTE_COLOR, normalized-short none, float FLOAT
WANTED
