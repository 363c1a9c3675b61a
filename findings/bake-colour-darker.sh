#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Baking only the colour of "Diffuse" gives a darker picture than Base Color: by 4 % always, and by Alpha a second time.
#
# With pass_filter {"COLOR"}, which is to be the plain colour, Cycles bakes the weight of the diffuse part of the
# Principled BSDF: what the coat of its IOR reflects is taken off, 4 % at the usual 1.5 and 10 % at 2, so each time that
# a baked texture is baked again it is darker. Alpha goes into the colour, and into the alpha of the picture as well; a
# picture of 8 bits has straight alpha in Blender, so what is half transparent has half of its colour left. That metals
# are black in such a bake is well known; manuals call what the pass has the colour input of the node, changed only by
# mixing shaders. Bake "Emit" with the colour plugged into an Emission node instead.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (what is baked of Base Color [0.5, 0.2, 0.1] into a new picture of 8 bits, with sRGB decoded):
#     4.2.23: opaque: colour [0.48, 0.19, 0.1], alpha 1.0
#     4.2.23: IOR 2: colour [0.45, 0.18, 0.09], alpha 1.0
#     4.2.23: Specular IOR Level 0: colour [0.5, 0.2, 0.1], alpha 1.0
#     4.2.23: Alpha 0.5: colour [0.24, 0.1, 0.05], alpha 0.5
#     4.2.23: Metallic 0.5: colour [0.24, 0.1, 0.05], alpha 1.0
#     5.3.0: opaque: colour [0.48, 0.19, 0.1], alpha 1.0
#     5.3.0: IOR 2: colour [0.45, 0.18, 0.09], alpha 1.0
#     5.3.0: Specular IOR Level 0: colour [0.5, 0.2, 0.1], alpha 1.0
#     5.3.0: Alpha 0.5: colour [0.24, 0.1, 0.05], alpha 0.5
#     5.3.0: Metallic 0.5: colour [0.24, 0.1, 0.05], alpha 1.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
BAKES = {
    "opaque": {},
    "IOR 2": {"IOR": 2.0},
    "Specular IOR Level 0": {"Specular IOR Level": 0.0},
    "Alpha 0.5": {"Alpha": 0.5},
    "Metallic 0.5": {"Metallic": 0.5},
}


def linear(value):
    """Return what a number of a picture in sRGB means."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


print()
for name, values in BAKES.items():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.engine = "CYCLES"
    bpy.context.scene.cycles.samples = 1
    bpy.ops.mesh.primitive_plane_add()
    material = bpy.data.materials.new("Paint")
    material.use_nodes = True
    bpy.context.object.data.materials.append(material)
    nodes = material.node_tree.nodes
    inputs = next(node for node in nodes if node.type == "BSDF_PRINCIPLED").inputs
    inputs["Base Color"].default_value = (0.5, 0.2, 0.1, 1.0)
    for one, value in values.items():
        inputs[one].default_value = value
    nodes.active = nodes.new("ShaderNodeTexImage")
    image = nodes.active.image = bpy.data.images.new("Baked", 8, 8, alpha=True)
    bpy.ops.object.bake(type="DIFFUSE", pass_filter={"COLOR"})
    *colour, alpha = image.pixels[:4]
    colour = [round(linear(value), 2) for value in colour]
    print(f"\n{version}: {name}: colour {colour}, alpha {alpha:.1f}", flush=True)
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
4.2.23: opaque: colour [0.48, 0.19, 0.1], alpha 1.0
4.2.23: IOR 2: colour [0.45, 0.18, 0.09], alpha 1.0
4.2.23: Specular IOR Level 0: colour [0.5, 0.2, 0.1], alpha 1.0
4.2.23: Alpha 0.5: colour [0.24, 0.1, 0.05], alpha 0.5
4.2.23: Metallic 0.5: colour [0.24, 0.1, 0.05], alpha 1.0
5.3.0: opaque: colour [0.48, 0.19, 0.1], alpha 1.0
5.3.0: IOR 2: colour [0.45, 0.18, 0.09], alpha 1.0
5.3.0: Specular IOR Level 0: colour [0.5, 0.2, 0.1], alpha 1.0
5.3.0: Alpha 0.5: colour [0.24, 0.1, 0.05], alpha 0.5
5.3.0: Metallic 0.5: colour [0.24, 0.1, 0.05], alpha 1.0
WANTED
