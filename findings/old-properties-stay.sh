#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A file from before 5.0 keeps the old values of all add-on properties for good: scripts read them, exports publish
# them.
#
# Since Blender 5.0, properties that an add-on declares are stored apart from custom properties. A file of 4.5 or older
# is read into both. What is set afterwards goes to the declared property; the copy among the custom properties stays as
# it was, is saved with the file, and property_unset() does not reach it. So object["studio"], which gave the current
# value up to 4.5, gives that of the day when the file was first opened, without an error (in a new file it raises
# KeyError); what a user deleted, such as a note or a password, is in every later .blend; and the glTF exporter writes
# it as extras. del object["studio"] takes it away, and leaves the declared property.
#
# Versions: bpy 4.5.15 (writes the old file) and 5.0.1 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), from PyPI, with the
# numpy that pip installs with each.
#
# Seen (a note, emptied, and a number, set from 1 to 2, saved and opened again in the newer version):
#     5.0.1: properties ['', 2], by key ['the-old-note', 1], in the file True
#     5.0.1: extras {'studio': {'note': 'the-old-note'}, 'studio_number': 1}
#     5.2.3: properties ['', 2], by key ['the-old-note', 1], in the file True
#     5.2.3: extras {'studio': {'note': 'the-old-note'}, 'studio_number': 2}
#     5.3.0: properties ['', 2], by key ['the-old-note', 1], in the file True
#     5.3.0: extras {'studio': {'note': 'the-old-note'}, 'studio_number': 1, 'studio_number.001': 2}
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]


class Settings(bpy.types.PropertyGroup):
    note: bpy.props.StringProperty()


bpy.utils.register_class(Settings)
bpy.types.Object.studio = bpy.props.PointerProperty(type=Settings)
bpy.types.Object.studio_number = bpy.props.IntProperty()
if version == "4.5.15":
    bpy.ops.wm.read_factory_settings(use_empty=True)
    thing = bpy.data.objects.new("Thing", None)
    bpy.context.scene.collection.objects.link(thing)
    thing.studio.note, thing.studio_number = "the-old-note", 1
    bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/old.blend")
    os._exit(0)
bpy.ops.wm.open_mainfile(filepath=f"{folder}/old.blend")
thing = bpy.data.objects["Thing"]
thing.studio.note, thing.studio_number = "", 2
thing.property_unset("studio")
bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/new.blend", compress=False)
bpy.ops.wm.open_mainfile(filepath=f"{folder}/new.blend")
thing = bpy.data.objects["Thing"]
with open(f"{folder}/new.blend", "rb") as file:
    stays = b"the-old-note" in file.read()
bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb", export_format="GLB", export_extras=True)
with open(f"{folder}/out.glb", "rb") as file:
    data = file.read()
node = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])["nodes"][0]
print()
print(f"{version}: properties {[thing.studio.note, thing.studio_number]}", end=", ")
print(f"by key {[thing['studio'].to_dict()['note'], thing['studio_number']]}, in the file {stays}", flush=True)
print(f"{version}: extras {node.get('extras')}", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | { grep "^$version:" || true; }
done <<'LIST' | tee "$scratch/seen"
4.5.15 3.11
5.0.1 3.11
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.0.1: properties ['', 2], by key ['the-old-note', 1], in the file True
5.0.1: extras {'studio': {'note': 'the-old-note'}, 'studio_number': 1}
5.2.3: properties ['', 2], by key ['the-old-note', 1], in the file True
5.2.3: extras {'studio': {'note': 'the-old-note'}, 'studio_number': 2}
5.3.0: properties ['', 2], by key ['the-old-note', 1], in the file True
5.3.0: extras {'studio': {'note': 'the-old-note'}, 'studio_number': 1, 'studio_number.001': 2}
WANTED
