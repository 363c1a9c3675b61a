#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of the actions that animate geometry nodes, Blender 5.2 and newer keep only those alive that are in use when an older
# file is opened.
#
# 5.2 gave the inputs of a geometry nodes modifier another path: modifiers["Hinge"].properties.inputs.Socket_2.value in
# place of modifiers["Hinge"]["Socket_2"]. What an object plays, or an NLA track of it, gets the new path when the file
# is opened. A second take that is kept by its fake user does not, nor an action that is appended from a library of
# actions: assigned, they do nothing. Once the file is saved by the new version, it is not tried again. The other way,
# 4.5 and 5.0 open files of 5.2 with the warning "expect loss of data", and what is animated so stands still. Replace
# the path in the curves of all actions, of their slots and of drivers.
#
# Versions: bpy 4.5.15 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 5.0.1 is as 4.5.15, and 5.2.3 as 5.3.0 (tried
# too).
#
# Seen (where the first and the last frame put a vertex):
#     4.5.15: made: Slow 0.0 to 2.0, Wide 0.0 to 9.0
#     5.3.0: opened: Slow 0.0 to 2.0
#     5.3.0: the other take: Wide 2.0 to 2.0
#     5.3.0: appended alone: Wide 2.0 to 2.0
#     4.5.15: saved by 5.3.0: Slow 0.0 to 0.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder, step = sys.argv[1:]
OLD, NEW = f"{folder}/4.5.15.blend", f"{folder}/5.3.0.blend"


def moved():
    """Return where geometry nodes put the corner of a square, in the first and in the last frame."""
    places = []
    for frame in (1, 11):
        bpy.context.scene.frame_set(frame)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        places.append(round(bpy.data.objects["Door"].evaluated_get(depsgraph).data.vertices[0].co.x, 1))
    return f"{places[0]} to {places[1]}"


def play(action):
    """Let the object play an action, with its slot."""
    data = bpy.data.objects["Door"].animation_data
    data.action = action
    data.action_slot = action.slots[0]
    return moved()


def write():
    """Make an object that two actions open and close by an input of its geometry nodes, as add-ons for 4.5 do."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    group = bpy.data.node_groups.new("Hinge", "GeometryNodeTree")
    for way, kind in (("INPUT", "Geometry"), ("OUTPUT", "Geometry"), ("INPUT", "Float")):
        socket = group.interface.new_socket(kind, in_out=way, socket_type=f"NodeSocket{kind}")
    kinds = ("NodeGroupInput", "NodeGroupOutput", "GeometryNodeTransform", "ShaderNodeCombineXYZ")
    enter, leave, move, place = (group.nodes.new(kind) for kind in kinds)
    group.links.new(enter.outputs[0], move.inputs[0])
    group.links.new(enter.outputs[1], place.inputs[0])
    group.links.new(place.outputs[0], move.inputs["Translation"])
    group.links.new(move.outputs[0], leave.inputs[0])
    mesh = bpy.data.meshes.new("Door")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    door = bpy.data.objects.new("Door", mesh)
    bpy.context.scene.collection.objects.link(door)
    modifier = door.modifiers.new("Hinge", "NODES")
    modifier.node_group = group
    for name, last in (("Wide", 9.0), ("Slow", 2.0)):
        if door.animation_data:
            door.animation_data.action = None
        for frame, value in ((1, 0.0), (11, last)):
            modifier[socket.identifier] = value
            door.keyframe_insert(f'modifiers["Hinge"]["{socket.identifier}"]', frame=frame)
        door.animation_data.action.name = name
        door.animation_data.action.use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=OLD)


print()
if step == "write":
    write()
    print(f"{version}: made: Slow {play(bpy.data.actions['Slow'])}, Wide {play(bpy.data.actions['Wide'])}")
if step == "update":
    bpy.ops.wm.open_mainfile(filepath=OLD)
    bpy.ops.wm.save_as_mainfile(filepath=NEW)
    print(f"{version}: opened: Slow {moved()}")
    print(f"{version}: the other take: Wide {play(bpy.data.actions['Wide'])}")
    with bpy.data.libraries.load(OLD) as (_, wanted):
        wanted.actions = ["Wide"]
    print(f"{version}: appended alone: Wide {play(wanted.actions[0])}")
if step == "back":
    bpy.ops.wm.open_mainfile(filepath=NEW)
    print(f"{version}: saved by 5.3.0: Slow {moved()}")
sys.stdout.flush()
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
done <<'LIST'
4.5.15 3.11
5.3.0 3.13
LIST
while read -r version step; do
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" "$step" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.5.15 write
5.3.0 update
4.5.15 back
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: made: Slow 0.0 to 2.0, Wide 0.0 to 9.0
5.3.0: opened: Slow 0.0 to 2.0
5.3.0: the other take: Wide 2.0 to 2.0
5.3.0: appended alone: Wide 2.0 to 2.0
4.5.15: saved by 5.3.0: Slow 0.0 to 0.0
WANTED
