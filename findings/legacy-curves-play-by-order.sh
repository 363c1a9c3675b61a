#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Blender 4.5, an animation made with Action.fcurves plays only if the action was assigned after its curves.
#
# Add-ons for 4.2 make an action, assign it to an object, and add curves with action.fcurves.new(). Since slots came,
# what an action does belongs to a slot, and that call is kept for such add-ons. It makes a slot, though not for the
# object that already has the action; nor does a second object get it, so of two wheels with one action, one stands
# still. An NLA strip of the same action moves it. Nothing is reported, the curves are in the file, and 5.0, which has
# no Action.fcurves any more, does not mend such a file. Assign the action last, and the slot with it:
# animation_data.action_slot = action.slots[0].
#
# Versions: bpy 4.2.23 and 4.5.15 from PyPI, Python 3.11.
#
# Seen (where the objects are in frame 10 of a movement from 0 to 5):
#     4.2.23: curves_first: [5.0]
#     4.2.23: action_first: [5.0]
#     4.2.23: two_objects: [5.0, 5.0]
#     4.2.23: strip: [5.0, 5.0]
#     4.5.15: curves_first: [5.0]
#     4.5.15: action_first: [0.0]
#     4.5.15: two_objects: [5.0, 0.0]
#     4.5.15: strip: [5.0, 5.0]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def empty(name):
    """Return a new object of a scene."""
    obj = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(obj)
    obj.animation_data_create()
    return obj


def move(action):
    """Move along X, from 0 in the first frame to 5 in the tenth."""
    curve = action.fcurves.new("location", index=0)
    curve.keyframe_points.insert(1, 0)
    curve.keyframe_points.insert(10, 5)


def curves_first():
    """Make the curves and assign the action then."""
    obj, action = empty("Wheel"), bpy.data.actions.new("Roll")
    move(action)
    obj.animation_data.action = action
    return [obj]


def action_first():
    """Assign an action and make its curves then."""
    obj, action = empty("Wheel"), bpy.data.actions.new("Roll")
    obj.animation_data.action = action
    move(action)
    return [obj]


def two_objects():
    """Give two objects one action."""
    objs, action = [empty("Left"), empty("Right")], bpy.data.actions.new("Roll")
    move(action)
    for obj in objs:
        obj.animation_data.action = action
    return objs


def strip():
    """Make an NLA strip of an action that another object has."""
    left, right = two_objects()
    right.animation_data.action = None
    right.animation_data.nla_tracks.new().strips.new("Roll", 1, left.animation_data.action)
    return [left, right]


print()
for make in (curves_first, action_first, two_objects, strip):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    objs = make()
    bpy.context.scene.frame_set(10)
    places = [round(obj.matrix_world.translation.x, 2) for obj in objs]
    print(f"{version}: {make.__name__}: {places}", flush=True)
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
4.5.15 3.11
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: curves_first: [5.0]
4.2.23: action_first: [5.0]
4.2.23: two_objects: [5.0, 5.0]
4.2.23: strip: [5.0, 5.0]
4.5.15: curves_first: [5.0]
4.5.15: action_first: [0.0]
4.5.15: two_objects: [5.0, 0.0]
4.5.15: strip: [5.0, 5.0]
WANTED
