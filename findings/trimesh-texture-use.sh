#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# trimesh takes the pictures of a glTF material and leaves out how they are used: tiling, second UVs and strengths.
#
# A model that was loaded and exported has all its textures, and looks different: KHR_texture_transform is not read (nor
# refused where the file says that it is required), so that bricks are eight times larger; a picture that is clamped is
# repeated; an occlusion baked for TEXCOORD_1 is laid by TEXCOORD_0, and TEXCOORD_1 itself is gone; normal maps and
# occlusion have full strength. Colour factors, which are linear, are held in 8 bits, so that dark paints are up to
# twice as bright and lose their tint. Nothing is reported. Change such files with a library that keeps the rest.
#
# Versions: trimesh 5.2.0, Pillow 13.0.0 and numpy 2.4.6 from PyPI, Python 3.11.
#
# Seen (what the file says, and what it says after it was loaded and exported as .glb):
#     tiling of the base colour: [8, 8] becomes nothing
#     extensions that are required: ['KHR_texture_transform'] becomes nothing
#     wrapping: 33071 becomes nothing
#     strength of the normal map: 0.2 becomes nothing
#     UVs of the occlusion: 1 becomes nothing
#     strength of the occlusion: 0.3 becomes nothing
#     second UVs: 2 becomes nothing
#     unlit: {} becomes nothing
#     emission: 5 becomes nothing
#     base colour: [0.002, 0.003, 0.006, 1] becomes [0.0039, 0.0039, 0.0078, 1.0]
#     extras of the material: {'part': 'door'} becomes nothing
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import io, json, struct, sys
import trimesh
from PIL import Image


def chunk(kind, data, fill):
    data += fill * (-len(data) % 4)
    return struct.pack("<I4s", len(data), kind) + data


def document_of(data):
    length = struct.unpack("<I", data[12:16])[0]
    return json.loads(data[20 : 20 + length])


picture = io.BytesIO()
Image.new("RGB", (4, 4), (99, 99, 99)).save(picture, "PNG")
blob = struct.pack("<9f6f6f", 0, 0, 0, 1, 0, 0, 0, 1, 0, *(0, 0, 1, 0, 0, 1), *(0.5, 0.5, 0.6, 0.5, 0.5, 0.6))
views = [(0, 36), (36, 24), (60, 24), (84, len(picture.getvalue()))]
blob += picture.getvalue()
material = {
    "pbrMetallicRoughness": {
        "baseColorFactor": [0.002, 0.003, 0.006, 1],
        "baseColorTexture": {"index": 0, "extensions": {"KHR_texture_transform": {"scale": [8, 8]}}},
    },
    "normalTexture": {"index": 0, "scale": 0.2},
    "occlusionTexture": {"index": 0, "strength": 0.3, "texCoord": 1},
    "emissiveFactor": [1, 1, 1],
    "extensions": {"KHR_materials_emissive_strength": {"emissiveStrength": 5}, "KHR_materials_unlit": {}},
    "extras": {"part": "door"},
}
document = {
    "asset": {"version": "2.0"},
    "extensionsUsed": ["KHR_texture_transform", "KHR_materials_emissive_strength", "KHR_materials_unlit"],
    "extensionsRequired": ["KHR_texture_transform"],
    "scene": 0,
    "scenes": [{"nodes": [0]}],
    "nodes": [{"mesh": 0}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1, "TEXCOORD_1": 2}, "material": 0}]}],
    "materials": [material],
    "textures": [{"source": 0, "sampler": 0}],
    "samplers": [{"wrapS": 33071, "wrapT": 33071, "magFilter": 9728}],
    "images": [{"bufferView": 3, "mimeType": "image/png"}],
    "buffers": [{"byteLength": len(blob)}],
    "bufferViews": [{"buffer": 0, "byteOffset": start, "byteLength": length} for start, length in views],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 1, "componentType": 5126, "count": 3, "type": "VEC2"},
        {"bufferView": 2, "componentType": 5126, "count": 3, "type": "VEC2"},
    ],
}
parts = chunk(b"JSON", json.dumps(document).encode(), b" ") + chunk(b"BIN\0", blob, b"\0")
data = struct.pack("<4sII", b"glTF", 2, 12 + len(parts)) + parts
after = document_of(trimesh.load(io.BytesIO(data), file_type="glb").export(file_type="glb"))


def look(name, *path):
    found = []
    for one in (document, after):
        for key in path:
            try:
                one = one[key]
            except (KeyError, IndexError):
                one = "nothing"
                break
        if isinstance(one, list):
            one = [round(number, 4) if isinstance(number, float) else number for number in one]
        found.append(one)
    print(f"{name}: {found[0]} becomes {found[1]}")


first = ("materials", 0)
base = (*first, "pbrMetallicRoughness", "baseColorTexture")
look("tiling of the base colour", *base, "extensions", "KHR_texture_transform", "scale")
look("extensions that are required", "extensionsRequired")
look("wrapping", "samplers", 0, "wrapS")
look("strength of the normal map", *first, "normalTexture", "scale")
look("UVs of the occlusion", *first, "occlusionTexture", "texCoord")
look("strength of the occlusion", *first, "occlusionTexture", "strength")
look("second UVs", "meshes", 0, "primitives", 0, "attributes", "TEXCOORD_1")
look("unlit", *first, "extensions", "KHR_materials_unlit")
look("emission", *first, "extensions", "KHR_materials_emissive_strength", "emissiveStrength")
look("base colour", *first, "pbrMetallicRoughness", "baseColorFactor")
look("extras of the material", *first, "extras")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 pillow==13.0.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
tiling of the base colour: [8, 8] becomes nothing
extensions that are required: ['KHR_texture_transform'] becomes nothing
wrapping: 33071 becomes nothing
strength of the normal map: 0.2 becomes nothing
UVs of the occlusion: 1 becomes nothing
strength of the occlusion: 0.3 becomes nothing
second UVs: 2 becomes nothing
unlit: {} becomes nothing
emission: 5 becomes nothing
base colour: [0.002, 0.003, 0.006, 1] becomes [0.0039, 0.0039, 0.0078, 1.0]
extras of the material: {'part': 'door'} becomes nothing
WANTED
