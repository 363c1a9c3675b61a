#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ViewLayer.objects is the list from before the last change; reading ViewLayer.objects.active brings it up to date.
#
# After a script has linked or unlinked an object, or excluded a collection, a loop over view_layer.objects, its length,
# "in" and get() still tell of what was there before: a new object is missing, and one that was just unlinked is found.
# Reading the active object of the same list, or asking an object visible_get(), brings it up to date, so a print() for
# debugging can make the fault go away. scene.objects is always right. So read view_layer.objects.active first, and look
# up many objects in a set of the list: by name, Blender walks through it for each.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 5.2.3 is the same (tried too).
#
# Seen, in both versions:
#     linked: list [], scene ['A'], after active ['A']
#     unlinked: list ['A'], get A, scene [], after active []
#     excluded: list ['B'], scene ['B'], after active []
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version = sys.argv[1]
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
layer = scene.view_layers[0]


def names(objects):
    return [one.name for one in objects]


def after():
    _ = layer.objects.active
    return names(layer.objects)


one = bpy.data.objects.new("A", None)
scene.collection.objects.link(one)
print(f"{version}: linked: list {names(layer.objects)}, scene {names(scene.objects)}, after active {after()}")
scene.collection.objects.unlink(one)
found = layer.objects.get("A")
listed = f"list {names(layer.objects)}, get {found.name if found else None}, scene {names(scene.objects)}"
print(f"{version}: unlinked: {listed}, after active {after()}")
kit = bpy.data.collections.new("Kit")
scene.collection.children.link(kit)
kit.objects.link(bpy.data.objects.new("B", None))
after()
layer.layer_collection.children["Kit"].exclude = True
print(f"{version}: excluded: list {names(layer.objects)}, scene {names(scene.objects)}, after active {after()}", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: linked: list [], scene ['A'], after active ['A']
4.2.23: unlinked: list ['A'], get A, scene [], after active []
4.2.23: excluded: list ['B'], scene ['B'], after active []
5.3.0: linked: list [], scene ['A'], after active ['A']
5.3.0: unlinked: list ['A'], get A, scene [], after active []
5.3.0: excluded: list ['B'], scene ['B'], after active []
WANTED
