#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Values and links of a node group go to other inputs when the group is built anew with its inputs in another order.
#
# A script builds a library of node groups, as it should be able to do again with an input more. Scenes link a group and
# give it values: a modifier with a width, a material whose node gets a roughness by a link. They are stored by the
# identifiers of the inputs, Socket_2 and so on, which Blender numbers in the order in which they are made, whatever
# they are called. After the library is built with a new input in front, the width is the depth, at the next opening of
# the scene, and nothing is reported. The same happens to modifiers and nodes that get another version of the group by
# node_group and node_tree. Always make new inputs last, move them up in the interface afterwards, and never make those
# anew that are there.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the inputs of a modifier and of a node in a material, which were set to width 2 and height 7, height by a link):
#     4.2.23: linked: Width 2, Height 7; material: Width 2, Height by the link
#     4.2.23: built with a depth first: Depth 2, Width 7, Height 1; material: Depth 2, Width by the link, Height 1
#     4.2.23: depth last, moved up: Depth 1, Width 2, Height 7; material: Depth 1, Width 2, Height by the link
#     4.2.23: another group, height first: Height 2, Width 7; material: Height 2, Width by the link
#     5.3.0: linked: Width 2, Height 7; material: Width 2, Height by the link
#     5.3.0: built with a depth first: Depth 2, Width 7, Height 1; material: Depth 2, Width by the link, Height 1
#     5.3.0: depth last, moved up: Depth 1, Width 2, Height 7; material: Depth 1, Width 2, Height by the link
#     5.3.0: another group, height first: Height 2, Width 7; material: Height 2, Width by the link
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


def groups(names, moved_up=()):
    """Build a group for geometry and one for materials, with inputs in this order."""
    made = []
    for name, kind in (("Shape", "GeometryNodeTree"), ("Look", "ShaderNodeTree")):
        group = bpy.data.node_groups.new(name, kind)
        group.use_fake_user = True
        if name == "Shape":
            for way in ("INPUT", "OUTPUT"):
                group.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
        for one in names:
            group.interface.new_socket(one, in_out="INPUT", socket_type="NodeSocketFloat").default_value = 1
        for one in moved_up:
            group.interface.move(group.interface.items_tree[one], group.interface.items_tree["Width"].position)
        made.append(group)
    return made


def build(*names, moved_up=()):
    """Write the library."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    groups(names, moved_up)
    bpy.ops.wm.save_as_mainfile(filepath=LIBRARY)


def value_of(modifier, socket):
    """Return what holds the value of an input of a modifier, and under which key."""
    if hasattr(modifier, "properties"):
        return getattr(modifier.properties.inputs, socket.identifier), "value"
    return modifier, socket.identifier


def inputs(modifier):
    """Return the inputs of a modifier that are numbers."""
    tree = modifier.node_group.interface.items_tree
    return [one for one in tree if one.in_out == "INPUT" and one.socket_type == "NodeSocketFloat"]


def use(shape, look):
    """Use both groups, in a modifier and in a material, with a width of 2 and a height of 7."""
    box = bpy.data.objects.new("Box", bpy.data.meshes.new("Box"))
    bpy.context.scene.collection.objects.link(box)
    modifier = box.modifiers.new("Shape", "NODES")
    modifier.node_group = shape
    for socket, value in zip(inputs(modifier), (2.0, 7.0)):
        holder, key = value_of(modifier, socket)
        if key == "value":
            holder.value = value
        else:
            holder[key] = value
    material = bpy.data.materials.new("Box")
    material.use_nodes = True
    box.data.materials.append(material)
    tree = material.node_tree
    node, number = tree.nodes.new("ShaderNodeGroup"), tree.nodes.new("ShaderNodeValue")
    node.name, node.node_tree, number.outputs[0].default_value = "Look", look, 7.0
    node.inputs["Width"].default_value = 2.0
    tree.links.new(number.outputs[0], node.inputs["Height"])


def say(when):
    """Print the inputs as they are now."""
    modifier = bpy.data.objects["Box"].modifiers["Shape"]
    shape = []
    for socket in inputs(modifier):
        holder, key = value_of(modifier, socket)
        shape.append(f"{socket.name} {holder.value if key == 'value' else holder[key]:.0f}")
    look = []
    for one in bpy.data.materials["Box"].node_tree.nodes["Look"].inputs:
        look.append(f"{one.name} " + ("by the link" if one.is_linked else f"{one.default_value:.0f}"))
    print(f"{version}: {when}: {', '.join(shape)}; material: {', '.join(look)}", flush=True)


print()
build("Width", "Height")
bpy.ops.wm.read_factory_settings(use_empty=True)
with bpy.data.libraries.load(LIBRARY, link=True) as (_, wanted):
    wanted.node_groups = ["Shape", "Look"]
use(*wanted.node_groups)
say("linked")
bpy.ops.wm.save_as_mainfile(filepath=SCENE)
build("Depth", "Width", "Height")
bpy.ops.wm.open_mainfile(filepath=SCENE)
say("built with a depth first")
build("Width", "Height", "Depth", moved_up=["Depth"])
bpy.ops.wm.open_mainfile(filepath=SCENE)
say("depth last, moved up")
bpy.ops.wm.read_factory_settings(use_empty=True)
use(*groups(["Width", "Height"]))
shape, look = groups(["Height", "Width"])
bpy.data.objects["Box"].modifiers["Shape"].node_group = shape
bpy.data.materials["Box"].node_tree.nodes["Look"].node_tree = look
say("another group, height first")
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
4.2.23: linked: Width 2, Height 7; material: Width 2, Height by the link
4.2.23: built with a depth first: Depth 2, Width 7, Height 1; material: Depth 2, Width by the link, Height 1
4.2.23: depth last, moved up: Depth 1, Width 2, Height 7; material: Depth 1, Width 2, Height by the link
4.2.23: another group, height first: Height 2, Width 7; material: Height 2, Width by the link
5.3.0: linked: Width 2, Height 7; material: Width 2, Height by the link
5.3.0: built with a depth first: Depth 2, Width 7, Height 1; material: Depth 2, Width by the link, Height 1
5.3.0: depth last, moved up: Depth 1, Width 2, Height 7; material: Depth 1, Width 2, Height by the link
5.3.0: another group, height first: Height 2, Width 7; material: Height 2, Width by the link
WANTED
