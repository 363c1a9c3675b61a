#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, what animates or drives a compositing or geometry node of an older file moves another input.
#
# Animations and drivers name an input of a node by its number. Between 4.5 and 5.3 options of nodes became inputs, and
# came before those that were there. The numbers in older files are moved for some nodes, not for others, and for others
# too far: in 5.3 the strength of a glare plays in its tint, the width of a scale in its height, the dispersion of a
# lens in its jitter, the length of a ray in its direction, and the input that was animated stands still. Drivers are
# left behind also where animations are moved, as those of Resample Curve. 5.0 has other nodes wrong than 5.2 and newer
# have. Nothing is reported. Note the names of such inputs in 4.5, and set data_path of their curves by these names
# after the file was opened in the newer version.
#
# Versions: bpy 4.5.15 (Python 3.11), which writes the file, 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI.
# 5.2.3 is as 5.3.0 (tried too).
#
# Seen (which input is animated, or driven in geometry nodes, in a file of 4.5.15, and which ones change):
#     4.5.15: CompositorNodeGlare: Threshold in Threshold, Strength in Strength, Fade in Fade
#     4.5.15: CompositorNodeScale: X in X, Y in Y
#     4.5.15: CompositorNodeLensdist: Distortion in Distortion, Dispersion in Dispersion
#     4.5.15: CompositorNodeTonemap: Intensity in Intensity, Contrast in Contrast
#     4.5.15: CompositorNodeExposure: Exposure in Exposure
#     4.5.15: FunctionNodeRandomValue: Seed in Seed
#     4.5.15: GeometryNodeRaycast: Ray Length in Ray Length
#     4.5.15: GeometryNodeResampleCurve: Count in Count
#     4.5.15: GeometryNodeFilletCurve: Radius in Radius
#     4.5.15: GeometryNodeMeshCube: Vertices X in Vertices X
#     5.0.1: CompositorNodeGlare: Threshold in none, Strength in Clamp, Fade in Streaks Angle
#     5.0.1: CompositorNodeScale: X in none, Y in X
#     5.0.1: CompositorNodeLensdist: Distortion in none, Dispersion in Distortion
#     5.0.1: CompositorNodeTonemap: Intensity in Gamma, Contrast in Intensity
#     5.0.1: CompositorNodeExposure: Exposure in Exposure
#     5.0.1: FunctionNodeRandomValue: Seed in Seed
#     5.0.1: GeometryNodeRaycast: Ray Length in Ray Direction
#     5.0.1: GeometryNodeResampleCurve: Count in none
#     5.0.1: GeometryNodeFilletCurve: Radius in none
#     5.0.1: GeometryNodeMeshCube: Vertices X in Vertices X
#     5.3.0: CompositorNodeGlare: Threshold in Clamp, Strength in Tint, Fade in Diagonal
#     5.3.0: CompositorNodeScale: X in Y, Y in none
#     5.3.0: CompositorNodeLensdist: Distortion in Dispersion, Dispersion in Jitter
#     5.3.0: CompositorNodeTonemap: Intensity in Contrast, Contrast in Light Adaptation
#     5.3.0: CompositorNodeExposure: Exposure in Exposure
#     5.3.0: FunctionNodeRandomValue: Seed in none
#     5.3.0: GeometryNodeRaycast: Ray Length in Ray Direction
#     5.3.0: GeometryNodeResampleCurve: Count in none
#     5.3.0: GeometryNodeFilletCurve: Radius in none
#     5.3.0: GeometryNodeMeshCube: Vertices X in Vertices X
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
FILE = f"{folder}/scene.blend"
LISTS = ("RGBA", "VECTOR", "ROTATION")
ANIMATED = {
    "CompositorNodeGlare": ("Threshold", "Strength", "Fade"),
    "CompositorNodeScale": ("X", "Y"),
    "CompositorNodeLensdist": ("Distortion", "Dispersion"),
    "CompositorNodeTonemap": ("Intensity", "Contrast"),
    "CompositorNodeExposure": ("Exposure",),
}
DRIVEN = {
    "FunctionNodeRandomValue": ("Seed",),
    "GeometryNodeRaycast": ("Ray Length",),
    "GeometryNodeResampleCurve": ("Count",),
    "GeometryNodeFilletCurve": ("Radius",),
    "GeometryNodeMeshCube": ("Vertices X",),
}


def write():
    """Write a scene with a node for each input, which is animated in compositing, and driven in geometry nodes."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.use_nodes = True
    bpy.ops.mesh.primitive_cube_add()
    group = bpy.data.node_groups.new("Shape", "GeometryNodeTree")
    group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    bpy.context.object.modifiers.new("Shape", "NODES").node_group = group
    for kinds, tree in ((ANIMATED, bpy.context.scene.node_tree), (DRIVEN, group)):
        for kind, names in kinds.items():
            for name in names:
                node = tree.nodes.new(kind)
                node.name = f"{kind}, {name}"
                if kinds is DRIVEN:
                    node.inputs[name].driver_add("default_value").driver.expression = "frame"
                    continue
                for frame, value in ((1, 0.0), (11, 1.0)):
                    node.inputs[name].default_value = value
                    node.inputs[name].keyframe_insert("default_value", frame=frame)
    bpy.ops.wm.save_as_mainfile(filepath=FILE)


def values(node):
    """Return what each input of a node is."""
    inputs = [one for one in node.inputs if hasattr(one, "default_value")]
    return {one.name: one.default_value[:] if one.type in LISTS else one.default_value for one in inputs}


if not os.path.exists(FILE):
    write()
bpy.ops.wm.open_mainfile(filepath=FILE)
scene = bpy.context.scene
compositing = scene.compositing_node_group if hasattr(scene, "compositing_node_group") else scene.node_tree
print()
for kinds, tree in ((ANIMATED, compositing), (DRIVEN, bpy.data.node_groups["Shape"])):
    for kind, names in kinds.items():
        seen = []
        for name in names:
            node = tree.nodes[f"{kind}, {name}"]
            scene.frame_set(1)
            first = values(node)
            scene.frame_set(11)
            changed = [one for one, value in values(node).items() if value != first[one]]
            seen.append(f"{name} in {' and '.join(changed) or 'none'}")
        print(f"{version}: {kind}: {', '.join(seen)}", flush=True)
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
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: CompositorNodeGlare: Threshold in Threshold, Strength in Strength, Fade in Fade
4.5.15: CompositorNodeScale: X in X, Y in Y
4.5.15: CompositorNodeLensdist: Distortion in Distortion, Dispersion in Dispersion
4.5.15: CompositorNodeTonemap: Intensity in Intensity, Contrast in Contrast
4.5.15: CompositorNodeExposure: Exposure in Exposure
4.5.15: FunctionNodeRandomValue: Seed in Seed
4.5.15: GeometryNodeRaycast: Ray Length in Ray Length
4.5.15: GeometryNodeResampleCurve: Count in Count
4.5.15: GeometryNodeFilletCurve: Radius in Radius
4.5.15: GeometryNodeMeshCube: Vertices X in Vertices X
5.0.1: CompositorNodeGlare: Threshold in none, Strength in Clamp, Fade in Streaks Angle
5.0.1: CompositorNodeScale: X in none, Y in X
5.0.1: CompositorNodeLensdist: Distortion in none, Dispersion in Distortion
5.0.1: CompositorNodeTonemap: Intensity in Gamma, Contrast in Intensity
5.0.1: CompositorNodeExposure: Exposure in Exposure
5.0.1: FunctionNodeRandomValue: Seed in Seed
5.0.1: GeometryNodeRaycast: Ray Length in Ray Direction
5.0.1: GeometryNodeResampleCurve: Count in none
5.0.1: GeometryNodeFilletCurve: Radius in none
5.0.1: GeometryNodeMeshCube: Vertices X in Vertices X
5.3.0: CompositorNodeGlare: Threshold in Clamp, Strength in Tint, Fade in Diagonal
5.3.0: CompositorNodeScale: X in Y, Y in none
5.3.0: CompositorNodeLensdist: Distortion in Dispersion, Dispersion in Jitter
5.3.0: CompositorNodeTonemap: Intensity in Contrast, Contrast in Light Adaptation
5.3.0: CompositorNodeExposure: Exposure in Exposure
5.3.0: FunctionNodeRandomValue: Seed in none
5.3.0: GeometryNodeRaycast: Ray Length in Ray Direction
5.3.0: GeometryNodeResampleCurve: Count in none
5.3.0: GeometryNodeFilletCurve: Radius in none
5.3.0: GeometryNodeMeshCube: Vertices X in Vertices X
WANTED
