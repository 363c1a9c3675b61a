#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF exporter writes every sheen at full strength, however small "Sheen Weight" is.
#
# KHR_materials_sheen has a colour and a roughness and no weight; the weaker sheen is the darker colour. The exporter
# writes the tint as colour, and does not multiply it by the weight: 0.05, a touch of dust on a cloth, arrives as 1. The
# weights of coat, transmission and specular arrive as they are, as their extensions have a factor. Nothing is reported.
# Multiply the tint by the weight, and set the weight to 1, before an export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (what was exported, and what is imported again):
#     4.2.23: weight 0.05, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
#     4.2.23: weight 0.05, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
#     4.2.23: weight 0.50, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
#     4.2.23: weight 0.50, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
#     5.3.0: weight 0.05, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
#     5.3.0: weight 0.05, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
#     5.3.0: weight 0.50, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
#     5.3.0: weight 0.50, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def again(**values):
    """Export a triangle with a sheen, import it, and return weight and tint."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Material")
    material.use_nodes = True
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    for name, value in values.items():
        surface.inputs[name.replace("_", " ")].default_value = value
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=f"{folder}/out.glb")
    nodes = bpy.data.materials[0].node_tree.nodes
    inputs = next(node for node in nodes if node.type == "BSDF_PRINCIPLED").inputs
    weight, tint = inputs["Sheen Weight"].default_value, inputs["Sheen Tint"].default_value
    return f"{weight:.2f}", tuple(round(number, 2) for number in tint[:3])


print()
for weight in (0.05, 0.5):
    for tint in ((1.0, 1.0, 1.0, 1.0), (0.5, 0.2, 0.1, 1.0)):
        one, colour = again(Sheen_Weight=weight, Sheen_Tint=tint)
        print(f"{version}: weight {weight:.2f}, tint {tint[:3]}: weight {one}, tint {colour}", flush=True)
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
4.2.23: weight 0.05, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
4.2.23: weight 0.05, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
4.2.23: weight 0.50, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
4.2.23: weight 0.50, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
5.3.0: weight 0.05, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
5.3.0: weight 0.05, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
5.3.0: weight 0.50, tint (1.0, 1.0, 1.0): weight 1.00, tint (1.0, 1.0, 1.0)
5.3.0: weight 0.50, tint (0.5, 0.2, 0.1): weight 1.00, tint (0.5, 0.2, 0.1)
WANTED
