#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's FBX exporter writes a group of custom properties as its address in memory, and USD drops most lists.
#
# Custom properties of Blender are numbers, texts, lists and groups, and glTF extras become such. With use_custom_props,
# FBX keeps numbers, texts and vectors of three floats. A group is written as "<bpy id prop: owner=... address=0x...>",
# without what is in it; other lists become texts; and a list of three whole numbers, as a glTF's "extras": {"size": [1,
# 2, 3]} is, ends the export with an AssertionError. USD keeps lists of two to four numbers, and leaves out those of
# five, of texts, and groups. glTF keeps all. But for that error nothing is reported. Store JSON in a text property for
# FBX and USD.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (what an object's custom property is after the way there and back):
#     4.2.23: FBX: three floats: the same
#     4.2.23: FBX: five floats: '[0.5, 1.5, 2.5, 3.5, 4.5]'
#     4.2.23: FBX: three whole numbers: no file, AssertionError
#     4.2.23: FBX: two texts: "['oak', 'ash']"
#     4.2.23: FBX: group: '<bpy id prop: owner="OBPlane", name="note", address=0x...>'
#     4.2.23: USD: three floats: the same
#     4.2.23: USD: five floats: missing
#     4.2.23: USD: three whole numbers: the same
#     4.2.23: USD: two texts: missing
#     4.2.23: USD: group: missing
#     4.2.23: glTF: three floats: the same
#     4.2.23: glTF: five floats: the same
#     4.2.23: glTF: three whole numbers: the same
#     4.2.23: glTF: two texts: the same
#     4.2.23: glTF: group: the same
#     5.3.0: FBX: three floats: the same
#     5.3.0: FBX: five floats: '[0.5, 1.5, 2.5, 3.5, 4.5]'
#     5.3.0: FBX: three whole numbers: no file, AssertionError
#     5.3.0: FBX: two texts: "['oak', 'ash']"
#     5.3.0: FBX: group: '<bpy id prop: owner="OBPlane", name="note", address=0x...>'
#     5.3.0: USD: three floats: the same
#     5.3.0: USD: five floats: missing
#     5.3.0: USD: three whole numbers: the same
#     5.3.0: USD: two texts: missing
#     5.3.0: USD: group: missing
#     5.3.0: glTF: three floats: the same
#     5.3.0: glTF: five floats: the same
#     5.3.0: glTF: three whole numbers: the same
#     5.3.0: glTF: two texts: the same
#     5.3.0: glTF: group: the same
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, re, sys
import bpy

version, folder = sys.argv[1:]
VALUES = {
    "three floats": [0.5, 1.5, 2.5],
    "five floats": [0.5, 1.5, 2.5, 3.5, 4.5],
    "three whole numbers": [1, 2, 3],
    "two texts": ["oak", "ash"],
    "group": {"wood": "oak", "year": 1900},
}
save, load = bpy.ops.export_scene, bpy.ops.import_scene
WAYS = {
    "FBX": (save.fbx, load.fbx, "fbx", {"use_custom_props": True}),
    "USD": (bpy.ops.wm.usd_export, bpy.ops.wm.usd_import, "usda", {}),
    "glTF": (save.gltf, load.gltf, "glb", {"export_extras": True}),
}


def plain(value):
    """Return a property's value as Python has it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return value.to_list() if hasattr(value, "to_list") else value


def back(value, write, read, ending, options):
    """Export an object with this custom property, import it, and say what it has then."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object["note"] = value
    try:
        write(filepath=f"{folder}/out.{ending}", **options)
    except RuntimeError as error:
        return f"no file, {re.search('[A-Za-z]+Error', str(error))[0]}"
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=f"{folder}/out.{ending}")
    (obj,) = (obj for obj in bpy.data.objects if obj.type == "MESH")
    found = [plain(obj[key]) for key in obj.keys() if key.endswith("note")]
    if not found:
        return "missing"
    text = re.sub("0x[0-9a-f]+", "0x...", repr(found[0]))
    return "the same" if found[0] == value else text


print()
for way, how in WAYS.items():
    for name, value in VALUES.items():
        print(f"\n{version}: {way}: {name}: {back(value, *how)}", flush=True)
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
4.2.23: FBX: three floats: the same
4.2.23: FBX: five floats: '[0.5, 1.5, 2.5, 3.5, 4.5]'
4.2.23: FBX: three whole numbers: no file, AssertionError
4.2.23: FBX: two texts: "['oak', 'ash']"
4.2.23: FBX: group: '<bpy id prop: owner="OBPlane", name="note", address=0x...>'
4.2.23: USD: three floats: the same
4.2.23: USD: five floats: missing
4.2.23: USD: three whole numbers: the same
4.2.23: USD: two texts: missing
4.2.23: USD: group: missing
4.2.23: glTF: three floats: the same
4.2.23: glTF: five floats: the same
4.2.23: glTF: three whole numbers: the same
4.2.23: glTF: two texts: the same
4.2.23: glTF: group: the same
5.3.0: FBX: three floats: the same
5.3.0: FBX: five floats: '[0.5, 1.5, 2.5, 3.5, 4.5]'
5.3.0: FBX: three whole numbers: no file, AssertionError
5.3.0: FBX: two texts: "['oak', 'ash']"
5.3.0: FBX: group: '<bpy id prop: owner="OBPlane", name="note", address=0x...>'
5.3.0: USD: three floats: the same
5.3.0: USD: five floats: missing
5.3.0: USD: three whole numbers: the same
5.3.0: USD: two texts: missing
5.3.0: USD: group: missing
5.3.0: glTF: three floats: the same
5.3.0: glTF: five floats: the same
5.3.0: glTF: three whole numbers: the same
5.3.0: glTF: two texts: the same
5.3.0: glTF: group: the same
WANTED
