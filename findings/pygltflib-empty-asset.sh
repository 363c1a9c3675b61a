#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# pygltflib saves a file without what "asset" said of it: copyright, author and licence are gone.
#
# Each object of a glTF file may have extras and extensions, and "asset" is where a model tells whose it is: copyright,
# the extras in which Sketchfab for one writes author, licence, source and title, and KHR_xmp_json_ld. pygltflib keeps
# what scenes, nodes, meshes and materials have when a file is loaded and saved. But save() has an argument for
# "asset" whose default is an empty one, and writes that in place of the one that was loaded. So a tool that only
# renames a node hands on a model without the names that its licence demands, and no word is said.
# With save(path, asset=gltf.asset) all of it is kept.
#
# Versions: pygltflib 1.16.5 from PyPI, Python 3.11.
#
# Seen (what is there after a file was loaded and saved):
#     file: extras kept, extensions kept
#     scene: extras kept, extensions kept
#     node: extras kept
#     asset: copyright lost, extras lost, extensions lost
#     asset with the argument: copyright kept, extras kept, extensions kept
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, sys
from pygltflib import GLTF2

folder = sys.argv[1]
reference = {"KHR_xmp_json_ld": {"packet": 0}}
packets = {"KHR_xmp_json_ld": {"packets": [{"@context": {}, "@id": "", "dc:creator": "A. Potter"}]}}
document = {
    "asset": {
        "version": "2.0",
        "copyright": "A. Potter",
        "extras": {"author": "A. Potter", "license": "CC-BY-4.0"},
        "extensions": reference,
    },
    "extensionsUsed": ["KHR_xmp_json_ld"],
    "extensions": packets,
    "extras": {"of": "the file"},
    "scene": 0,
    "scenes": [{"nodes": [0], "extras": {"of": "the scene"}, "extensions": reference}],
    "nodes": [{"name": "Vase", "extras": {"of": "the node"}}],
}
with open(f"{folder}/in.gltf", "w") as file:
    json.dump(document, file)
gltf = GLTF2().load(f"{folder}/in.gltf")
gltf.save(f"{folder}/with.gltf", asset=gltf.asset)
gltf.save(f"{folder}/out.gltf")
with open(f"{folder}/out.gltf") as file, open(f"{folder}/with.gltf") as named:
    saved, kept = json.load(file), json.load(named)
for name, before, after in (
    ("file", document, saved),
    ("scene", document["scenes"][0], saved["scenes"][0]),
    ("node", document["nodes"][0], saved["nodes"][0]),
    ("asset", document["asset"], saved["asset"]),
    ("asset with the argument", document["asset"], kept["asset"]),
):
    said = [
        f"{key} {'kept' if after.get(key) == before[key] else 'lost'}"
        for key in ("copyright", "extras", "extensions")
        if key in before
    ]
    print(f"{name}: {', '.join(said)}")
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
file: extras kept, extensions kept
scene: extras kept, extensions kept
node: extras kept
asset: copyright lost, extras lost, extensions lost
asset with the argument: copyright kept, extras kept, extensions kept
WANTED
