#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF importer makes Python texts of extras that are no plain numbers, and 5.3 refuses a file whose extras
# are a list.
#
# Extras of a glTF are any JSON. Those that Blender has no property for are stored as what Python prints: [1, null] is
# then the text "[1, None]", which is not JSON, and objects in a mixed list have single quotes. A number beyond 32 bits,
# as an id or a time in milliseconds is, becomes a text too, and a name of more than 63 bytes is left out with its
# value. The next export writes the texts, so a program that reads the extras finds another type. Nothing is reported.
# Extras that are themselves a list are left out up to 5.2; in 5.3 the import ends with a TypeError.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are as 4.2.23 (tried too).
#
# Seen (extras of a node before an import, and after it and an export):
#     4.2.23: number: 1 becomes 1
#     4.2.23: beyond 32 bits: 1099511627776 becomes "1099511627776"
#     4.2.23: numbers and a null: [1, null] becomes "[1, None]"
#     4.2.23: a truth and a number: [true, 1] becomes "[True, 1]"
#     4.2.23: objects and a number: [{"name": "oak"}, 2] becomes "[{'name': 'oak'}, 2]"
#     4.2.23: nnnnnnnnnnnnnnnnnnnn: "a name of 64 letters" becomes "nothing"
#     4.2.23: extras that are a list: None
#     5.3.0: number: 1 becomes 1
#     5.3.0: beyond 32 bits: 1099511627776 becomes "1099511627776"
#     5.3.0: numbers and a null: [1, null] becomes "[1, None]"
#     5.3.0: a truth and a number: [true, 1] becomes "[True, 1]"
#     5.3.0: objects and a number: [{"name": "oak"}, 2] becomes "[{'name': 'oak'}, 2]"
#     5.3.0: nnnnnnnnnnnnnnnnnnnn: "a name of 64 letters" becomes "nothing"
#     5.3.0: extras that are a list: no import
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, sys
import bpy

version, folder = sys.argv[1:]
EXTRAS = {
    "number": 1,
    "beyond 32 bits": 2**40,
    "numbers and a null": [1, None],
    "a truth and a number": [True, 1],
    "objects and a number": [{"name": "oak"}, 2],
    "n" * 64: "a name of 64 letters",
}


def back(extras):
    """Import a node with these extras, and return those of the glTF that is exported again."""
    gltf = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "Node", "extras": extras}],
    }
    with open(f"{folder}/in.gltf", "w") as file:
        json.dump(gltf, file)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    try:
        bpy.ops.import_scene.gltf(filepath=f"{folder}/in.gltf")
    except RuntimeError:
        return "no import"
    bpy.ops.export_scene.gltf(filepath=f"{folder}/out.gltf", export_format="GLTF_SEPARATE", export_extras=True)
    with open(f"{folder}/out.gltf") as file:
        return json.load(file)["nodes"][0].get("extras")


print()
for name, value in EXTRAS.items():
    found = back({name: value}) or {}
    print(f"{version}: {name[:20]}: {json.dumps(value)} becomes {json.dumps(found.get(name, 'nothing'))}", flush=True)
print(f"\n{version}: extras that are a list: {back([1, 2])}", flush=True)
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
4.2.23: number: 1 becomes 1
4.2.23: beyond 32 bits: 1099511627776 becomes "1099511627776"
4.2.23: numbers and a null: [1, null] becomes "[1, None]"
4.2.23: a truth and a number: [true, 1] becomes "[True, 1]"
4.2.23: objects and a number: [{"name": "oak"}, 2] becomes "[{'name': 'oak'}, 2]"
4.2.23: nnnnnnnnnnnnnnnnnnnn: "a name of 64 letters" becomes "nothing"
4.2.23: extras that are a list: None
5.3.0: number: 1 becomes 1
5.3.0: beyond 32 bits: 1099511627776 becomes "1099511627776"
5.3.0: numbers and a null: [1, null] becomes "[1, None]"
5.3.0: a truth and a number: [true, 1] becomes "[True, 1]"
5.3.0: objects and a number: [{"name": "oak"}, 2] becomes "[{'name': 'oak'}, 2]"
5.3.0: nnnnnnnnnnnnnnnnnnnn: "a name of 64 letters" becomes "nothing"
5.3.0: extras that are a list: no import
WANTED
