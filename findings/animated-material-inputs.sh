#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, what animates a material of a file from 4.2 animates another input: a coat becomes glass.
#
# An animation names an input of a node by its number, and newer Blenders put new inputs between the old ones: Diffuse
# Roughness (4.3), Thin Wall (5.2), and two more in 5.3. 4.5 moves the numbers when it opens a file from 4.2. 5.0 and
# newer move them by what came after 4.5 only: what animated Coat Weight plays in Transmission Weight, Emission Strength
# in Emission Color, and the right input stands still. All of this is wrong for takes that are kept by their fake user
# only, also from 4.5 to 5.2 and newer, and for what 5.2 and newer saved when older versions open it. Nothing is
# reported. Open and save a file from 4.2 with 4.5 before newer ones get it, and set the paths of spare takes by name.
#
# Versions: bpy 4.2.23 and 4.5.15 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 5.0.1 and 5.2.3 play what is of
# 4.2.23 in the same wrong inputs as 5.3.0 (tried too).
#
# Seen (which input was animated in the file of which version, and in which it plays; kept: by its fake user only):
#     4.5.15: of 4.2.23, played: Alpha in Alpha, Coat Weight in Coat Weight, Emission Strength in Emission Strength
#     4.5.15: of 4.2.23, kept: Alpha in Alpha, Coat Weight in Transmission Weight, Emission Strength in Emission Color
#     5.3.0: of 4.2.23, played: Alpha in Alpha, Coat Weight in Transmission Weight, Emission Strength in Emission Color
#     5.3.0: of 4.2.23, kept: Alpha in Alpha, Coat Weight in Tangent, Emission Strength in Sheen Weight
#     5.3.0: of 4.5.15, played: Alpha in Alpha, Coat Weight in Coat Weight, Emission Strength in Emission Strength
#     5.3.0: of 4.5.15, kept: Alpha in Alpha, Coat Weight in Transmission Weight, Emission Strength in Sheen Roughness
#     4.5.15: of 5.3.0, played: Alpha in Alpha, Coat Weight in Coat Tint, Emission Strength in none
#     4.5.15: of 5.3.0, kept: Alpha in Alpha, Coat Weight in Coat Tint, Emission Strength in none
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder, step, source = sys.argv[1:]
ANIMATED = ("Alpha", "Coat Weight", "Emission Strength")


def node(material):
    """Return the node of a material that is animated."""
    return material.node_tree.nodes["Principled BSDF"]


def write():
    """Write a material for each input, in which an action plays that goes from 0 to 0.75, and one is kept."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Mesh")
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Object", mesh))
    for name in ANIMATED:
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        mesh.materials.append(material)
        animated = node(material).inputs[name]
        for kind in ("kept", "played"):
            material.node_tree.animation_data_clear()
            for frame, value in ((1, 0.0), (11, 0.75)):
                animated.default_value = value
                animated.keyframe_insert("default_value", frame=frame)
            action = material.node_tree.animation_data.action
            action.name, action.use_fake_user = f"{name}, {kind}", True
        animated.default_value = 0.0
    bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/{version}.blend")


def played(material):
    """Return the names of the inputs that change between the first and the last frame."""
    seen = []
    for frame in (1, 11):
        bpy.context.scene.frame_set(frame)
        tree = material.evaluated_get(bpy.context.evaluated_depsgraph_get()).node_tree
        inputs = [one for one in tree.nodes["Principled BSDF"].inputs if hasattr(one, "default_value")]
        values = (one.default_value for one in inputs)
        seen.append([value if isinstance(value, (bool, float)) else value[:] for value in values])
    return " and ".join(one.name for one, first, last in zip(inputs, *seen) if first != last) or "none"


print()
if step == "write":
    write()
else:
    bpy.ops.wm.open_mainfile(filepath=f"{folder}/{source}.blend")
    for kind in ("played", "kept"):
        seen = []
        for name in ANIMATED:
            material = bpy.data.materials[name]
            if kind == "kept":
                data = material.node_tree.animation_data
                data.action = bpy.data.actions[f"{name}, kept"]
                data.action_slot = data.action.slots[0]
            seen.append(f"{name} in {played(material)}")
        print(f"{version}: of {source}, {kind}: {', '.join(seen)}")
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
4.2.23 3.11
4.5.15 3.11
5.3.0 3.13
LIST
while read -r version step source; do
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" "$step" "$source" 2>/dev/null |
        grep "^$version:" || [ "$step" = write ]
done <<'LIST' | tee "$scratch/seen"
4.2.23 write -
4.5.15 write -
5.3.0 write -
4.5.15 read 4.2.23
5.3.0 read 4.2.23
5.3.0 read 4.5.15
4.5.15 read 5.3.0
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: of 4.2.23, played: Alpha in Alpha, Coat Weight in Coat Weight, Emission Strength in Emission Strength
4.5.15: of 4.2.23, kept: Alpha in Alpha, Coat Weight in Transmission Weight, Emission Strength in Emission Color
5.3.0: of 4.2.23, played: Alpha in Alpha, Coat Weight in Transmission Weight, Emission Strength in Emission Color
5.3.0: of 4.2.23, kept: Alpha in Alpha, Coat Weight in Tangent, Emission Strength in Sheen Weight
5.3.0: of 4.5.15, played: Alpha in Alpha, Coat Weight in Coat Weight, Emission Strength in Emission Strength
5.3.0: of 4.5.15, kept: Alpha in Alpha, Coat Weight in Transmission Weight, Emission Strength in Sheen Roughness
4.5.15: of 5.3.0, played: Alpha in Alpha, Coat Weight in Coat Tint, Emission Strength in none
4.5.15: of 5.3.0, kept: Alpha in Alpha, Coat Weight in Coat Tint, Emission Strength in none
WANTED
