#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Objects that play one action exchange their animations when the library has its slots in another order.
#
# Since 4.4 an action may hold the animation of several objects, each in a slot with the object's name. The name is what
# is shown, what the manual speaks of, and what counts when an action is assigned. But what a scene stores of a linked
# action is the number of the slot, and slots are numbered in the order in which they were made, in all actions from the
# same number on. Once a library is made anew and its objects come in another order, or with one more in front, the door
# plays what the lamp did, at the next opening of the scene, without a message. ID.user_remap() of one action to another
# does the same, and to take the action away and assign it anew leaves it so. After opening and after remapping, set
# animation_data.action_slot = action.slots["OB" + object.name].
#
# Versions: bpy 4.5.15 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (the slot that each object plays, and where it puts the object; the action has door at 1, lamp at 2, new at 7):
#     4.5.15: linked: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
#     4.5.15: library in another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
#     4.5.15: library with one more in front: Door plays OBNew at 7.0, Lamp plays OBDoor at 1.0
#     4.5.15: user_remap() to another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
#     4.5.15: assigned anew: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
#     4.5.15: slots set by name: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
#     5.3.0: linked: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
#     5.3.0: library in another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
#     5.3.0: library with one more in front: Door plays OBNew at 7.0, Lamp plays OBDoor at 1.0
#     5.3.0: user_remap() to another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
#     5.3.0: assigned anew: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
#     5.3.0: slots set by name: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
LIBRARY, SCENE = f"{folder}/{version}-library.blend", f"{folder}/{version}-scene.blend"
PLACES = {"Door": 1.0, "Lamp": 2.0, "New": 7.0}


def new_action(name, objects):
    """Return an action with a slot for each of these objects, in this order, that puts it in its place."""
    action = bpy.data.actions.new(name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    for one in objects:
        curves = strip.channelbag(action.slots.new("OBJECT", one), ensure=True).fcurves
        curves.new("location", index=0).keyframe_points.insert(1, PLACES[one])
    return action


def write_library(objects):
    """Write a library of one action."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    new_action("Takes", objects).use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=LIBRARY)


def assign(action):
    """Let a door and a lamp play an action, each with the slot that Blender chooses by its name."""
    for name in ("Door", "Lamp"):
        if name not in bpy.data.objects:
            bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, None))
        bpy.data.objects[name].animation_data_create().action = action


def say(when):
    """Print which slot each object plays, and where it is."""
    bpy.context.scene.frame_set(1)
    objects = sorted(bpy.data.objects, key=lambda one: one.name)
    seen = (f"{one.name} plays {one.animation_data.action_slot.identifier} at {one.location.x}" for one in objects)
    print(f"{version}: {when}: {', '.join(seen)}", flush=True)


print()
write_library(["Door", "Lamp"])
bpy.ops.wm.read_factory_settings(use_empty=True)
with bpy.data.libraries.load(LIBRARY, link=True) as (_, wanted):
    wanted.actions = ["Takes"]
assign(wanted.actions[0])
say("linked")
bpy.ops.wm.save_as_mainfile(filepath=SCENE)
write_library(["Lamp", "Door"])
bpy.ops.wm.open_mainfile(filepath=SCENE)
say("library in another order")
write_library(["New", "Door", "Lamp"])
bpy.ops.wm.open_mainfile(filepath=SCENE)
say("library with one more in front")
bpy.ops.wm.read_factory_settings(use_empty=True)
first, second = new_action("First", ["Door", "Lamp"]), new_action("Second", ["Lamp", "Door"])
assign(first)
first.user_remap(second)
say("user_remap() to another order")
assign(None)
assign(second)
say("assigned anew")
for one in bpy.data.objects:
    one.animation_data.action_slot = second.slots[f"OB{one.name}"]
say("slots set by name")
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
4.5.15 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: linked: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
4.5.15: library in another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
4.5.15: library with one more in front: Door plays OBNew at 7.0, Lamp plays OBDoor at 1.0
4.5.15: user_remap() to another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
4.5.15: assigned anew: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
4.5.15: slots set by name: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
5.3.0: linked: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
5.3.0: library in another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
5.3.0: library with one more in front: Door plays OBNew at 7.0, Lamp plays OBDoor at 1.0
5.3.0: user_remap() to another order: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
5.3.0: assigned anew: Door plays OBLamp at 2.0, Lamp plays OBDoor at 1.0
5.3.0: slots set by name: Door plays OBDoor at 1.0, Lamp plays OBLamp at 2.0
WANTED
