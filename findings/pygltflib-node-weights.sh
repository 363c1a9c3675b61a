#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# pygltflib saves a file without the weights of its nodes, and without what is empty in their extras.
#
# Several nodes of a glTF can use one mesh, each with its own weights of the morph targets: one head that smiles and one
# that does not. pygltflib knows weights of a mesh only, and drops those of nodes when it loads a file, so that after a
# load and a save all have the expression of the mesh. Of extras it leaves out each entry whose value is an empty text,
# list or object, or null, also deep inside; 0 and false are kept. So a program that looks for its own key finds none
# where somebody had emptied it: notes, tags. Extensions keep what is empty. Nothing is reported. The JSON of the file
# that was loaded has both; put them back after the save.
#
# Versions: pygltflib 1.16.5 from PyPI, Python 3.11.
#
# Seen (before, and after a file was loaded and saved):
#     before: weights of the mesh [0.25], of the node [0.75]
#     before: extras {"note": "", "tags": [], "parts": {"left": {}}, "next": null, "count": 0, "done": false}
#     before: extensions {"KHR_materials_unlit": {}}
#     after: weights of the mesh [0.25], of the node None
#     after: extras {"parts": {}, "count": 0, "done": false}
#     after: extensions {"KHR_materials_unlit": {}}
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, struct, sys
from pygltflib import GLTF2

folder = sys.argv[1]
data = struct.pack("<18f", 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1)
with open(f"{folder}/data.bin", "wb") as file:
    file.write(data)
places = {"componentType": 5126, "count": 3, "type": "VEC3"}
document = {
    "asset": {"version": "2.0"},
    "extensionsUsed": ["KHR_materials_unlit"],
    "scene": 0,
    "scenes": [{"nodes": [0, 1]}],
    "nodes": [
        {"mesh": 0, "weights": [0.75]},
        {
            "mesh": 0,
            "extras": {"note": "", "tags": [], "parts": {"left": {}}, "next": None, "count": 0, "done": False},
        },
    ],
    "meshes": [
        {
            "primitives": [{"attributes": {"POSITION": 0}, "targets": [{"POSITION": 1}], "material": 0}],
            "weights": [0.25],
        }
    ],
    "materials": [{"extensions": {"KHR_materials_unlit": {}}}],
    "accessors": [
        places | {"bufferView": 0, "min": [0, 0, 0], "max": [1, 1, 0]},
        places | {"bufferView": 1, "min": [0, 0, 1], "max": [0, 0, 1]},
    ],
    "bufferViews": [{"buffer": 0, "byteOffset": offset, "byteLength": 36} for offset in (0, 36)],
    "buffers": [{"uri": "data.bin", "byteLength": 72}],
}
with open(f"{folder}/in.gltf", "w") as file:
    json.dump(document, file)
GLTF2().load(f"{folder}/in.gltf").save(f"{folder}/out.gltf")
with open(f"{folder}/out.gltf") as file:
    saved = json.load(file)
for name, state in (("before", document), ("after", saved)):
    plain, noted = state["nodes"]
    print(f"{name}: weights of the mesh {state['meshes'][0].get('weights')}, of the node {plain.get('weights')}")
    print(f"{name}: extras {json.dumps(noted.get('extras'))}")
    print(f"{name}: extensions {json.dumps(state['materials'][0].get('extensions'))}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pygltflib==1.16.5
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
before: weights of the mesh [0.25], of the node [0.75]
before: extras {"note": "", "tags": [], "parts": {"left": {}}, "next": null, "count": 0, "done": false}
before: extensions {"KHR_materials_unlit": {}}
after: weights of the mesh [0.25], of the node None
after: extras {"parts": {}, "count": 0, "done": false}
after: extensions {"KHR_materials_unlit": {}}
WANTED
