#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# materialxgltf gives a picture the tiling of another material, and leaves out what a picture is multiplied with.
#
# It converts between glTF and MaterialX, which has nodes for glTF's materials and pictures. Two materials that use one
# picture, as a wall and its floor, share one node for it, and the last of them decides on tiling, turning and UV map of
# both. Where there is a picture, the number or colour that it is multiplied with is gone, though the nodes have inputs
# for it ("color" and "factor"): what was dark and half rough is bright and rough, and a lamp has its full light. The
# normal map has twice its strength, the picture's own alpha is not connected, so that leaves are whole cards, and a
# specular of 0 is left out, which means 1. Nothing is reported, and the document is valid. Give each material a texture
# of its own in the glTF, and set what is missing in the document.
#
# Versions: materialxgltf 1.39.5 and MaterialX 1.39.5 from PyPI, Python 3.11.
#
# Seen (what the shader of each material is given; in the glTF, the pictures of "first" are not tiled and each has a
# number or a colour that is not 1, and "third" has a specular of 0):
#     first: values alpha 0.5; pictures base_color with scale 2, 3, emissive, metallic, normal, occlusion, roughness
#     second: pictures base_color with scale 2, 3
#     third: values alpha 0.5, base_color 0.5, 0.25, 0.125, metallic 0
#     valid: True
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import base64, contextlib, io, json, os, struct, sys
from materialxgltf.core import GLTF2MtlxOptions, GLTF2MtlxReader

# One pixel, grey.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
TILED = {"index": 0, "texCoord": 1, "extensions": {"KHR_texture_transform": {"scale": [2, 3]}}}
MATERIALS = [
    {
        "name": "first",
        "pbrMetallicRoughness": {
            "baseColorTexture": {"index": 0},
            "baseColorFactor": [0.5, 0.25, 0.125, 0.5],
            "metallicRoughnessTexture": {"index": 1},
            "roughnessFactor": 0.5,
            "metallicFactor": 0.25,
        },
        "normalTexture": {"index": 2, "scale": 0.5},
        "occlusionTexture": {"index": 3, "strength": 0.5},
        "emissiveTexture": {"index": 4},
        "emissiveFactor": [0.5, 0.5, 0.5],
        "alphaMode": "BLEND",
    },
    {"name": "second", "pbrMetallicRoughness": {"baseColorTexture": TILED}},
    {
        "name": "third",
        "pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.25, 0.125, 0.5], "metallicFactor": 0},
        "extensions": {"KHR_materials_specular": {"specularFactor": 0}},
        "alphaMode": "BLEND",
    },
]
PICTURES = ["colour", "rough and metal", "slopes", "shade", "glow"]
POINTS = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
FILE = {
    "asset": {"version": "2.0"},
    "scene": 0,
    "scenes": [{"nodes": [0, 1, 2]}],
    "nodes": [{"mesh": 0}, {"mesh": 1}, {"mesh": 2}],
    "meshes": [
        {"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1, "TEXCOORD_1": 1}, "material": number}]}
        for number in range(3)
    ],
    "materials": MATERIALS,
    "textures": [{"source": number} for number in range(5)],
    "images": [{"uri": f"data:image/png;base64,{PNG}", "name": name} for name in PICTURES],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC2"},
    ],
    "bufferViews": [{"buffer": 0, "byteLength": 36}],
    "buffers": [
        {"byteLength": 36, "uri": f"data:application/octet-stream;base64,{base64.b64encode(POINTS).decode()}"}
    ],
    "extensionsUsed": ["KHR_texture_transform", "KHR_materials_specular"],
}


def tell(node):
    """Name what a node is given: its values, and the pictures with what these are given."""
    values, pictures = [], []
    for one in sorted(node.getInputs(), key=lambda one: one.getName()):
        if one.getName() in ("file", "texcoord", "alpha_mode"):
            continue
        source = one.getConnectedNode()
        if source and source.getCategory() == "extract":
            source = source.getConnectedNode("in")
        if source:
            pictures.append(one.getName() + tell(source).replace(" values", " with"))
        else:
            values.append(f"{one.getName()} {one.getValueString()}")
    parts = (("values", values), ("pictures", pictures))
    return ";".join(f" {what} {', '.join(those)}" for what, those in parts if those)


os.chdir(sys.argv[1])
with open("model.gltf", "w") as file:
    json.dump(FILE, file)
reader = GLTF2MtlxReader()
reader.setOptions(GLTF2MtlxOptions())
with contextlib.redirect_stdout(io.StringIO()):
    document = reader.convert("model.gltf")
for shader in document.getNodes("gltf_pbr"):
    print(f"{shader.getName()}:{tell(shader)}")
print(f"valid: {document.validate()[0]}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check materialxgltf==1.39.5 materialx==1.39.5
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
first: values alpha 0.5; pictures base_color with scale 2, 3, emissive, metallic, normal, occlusion, roughness
second: pictures base_color with scale 2, 3
third: values alpha 0.5, base_color 0.5, 0.25, 0.125, metallic 0
valid: True
WANTED
