#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender halves the angle of a sun when it writes USD and doubles it when it reads USD: shadows have another softness.
#
# Both Blender and USD say of their angle that it is the diameter of the sun as seen from the Earth, which is 0.53
# degrees. Blender takes USD's for the radius: a sun of 2 degrees is 1 in the file, and one of 2 degrees in a file is 4
# in Blender. There and back nothing changes, so that a test of Blender alone finds nothing; in other programs, shadows
# of Blender's suns are too hard, and theirs too soft in Blender. The exposure of a DomeLight is ignored, in which a
# sky's brightness often is: 2 stops are 4 times darker. Where a scene has no world, as after
# read_factory_settings(use_empty=True), the dome is left out altogether. Nothing is reported. Halve or double the angle
# after an import and before an export, and multiply the background's strength by 2 to the power of the exposure.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each;
# usd-core 26.11 for what USD says.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen:
#     USD's angle: The angular diameter of the light in degrees.
#     4.2.23: Blender's angle: Angular diameter of the Sun as seen from the Earth
#     4.2.23: a sun of 2 degrees is written as 1
#     4.2.23: and read again as 2
#     4.2.23: a sun of another program with 2 degrees is read as 4
#     4.2.23: a dome of 3 and exposure 0, with a world: 3
#     4.2.23: a dome of 3 and exposure 2, with a world: 3
#     4.2.23: a dome of 3 and exposure 0, without a world: nothing
#     4.2.23: a dome of 3 and exposure 2, without a world: nothing
#     5.3.0: Blender's angle: Angular diameter of the Sun as seen from the Earth
#     5.3.0: a sun of 2 degrees is written as 1
#     5.3.0: and read again as 2
#     5.3.0: a sun of another program with 2 degrees is read as 4
#     5.3.0: a dome of 3 and exposure 0, with a world: 3
#     5.3.0: a dome of 3 and exposure 2, with a world: 3
#     5.3.0: a dome of 3 and exposure 0, without a world: nothing
#     5.3.0: a dome of 3 and exposure 2, without a world: nothing
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import math, os, re, sys
import bpy

version, folder = sys.argv[1:]
path = f"{folder}/{version}.usda"


def read(prim, world):
    """Import a stage with this prim into an empty file, with or without a world."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if world:
        bpy.context.scene.world = bpy.data.worlds.new("World")
        bpy.context.scene.world.use_nodes = True
    with open(path, "w") as file:
        file.write('#usda 1.0\n(\n    defaultPrim = "Root"\n    metersPerUnit = 1\n    upAxis = "Z"\n)\n')
        file.write('def Xform "Root"\n{\n%s\n}\n' % prim)
    bpy.ops.wm.usd_import(filepath=path)


print()
description = bpy.types.SunLight.bl_rna.properties["angle"].description
print(f"{version}: Blender's angle: {description}")
bpy.ops.wm.read_factory_settings(use_empty=True)
data = bpy.data.lights.new("Sun", "SUN")
data.angle = math.radians(2)
bpy.context.scene.collection.objects.link(bpy.data.objects.new("Sun", data))
bpy.ops.wm.usd_export(filepath=path)
with open(path) as file:
    written = re.search(r"inputs:angle = (\S+)", file.read())[1]
print(f"{version}: a sun of 2 degrees is written as {written}")
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.usd_import(filepath=path)
print(f"{version}: and read again as {math.degrees(bpy.data.lights[0].angle):.3g}")
read('def DistantLight "Sun"\n{\nfloat inputs:angle = 2\n}', world=True)
print(f"{version}: a sun of another program with 2 degrees is read as {math.degrees(bpy.data.lights[0].angle):.3g}")
for world in (True, False):
    for exposure in (0, 2):
        read('def DomeLight "Sky"\n{\nfloat inputs:intensity = 3\nfloat inputs:exposure = %d\n}' % exposure, world)
        nodes = [one for item in bpy.data.worlds for one in item.node_tree.nodes if one.type == "BACKGROUND"]
        strength = f"{nodes[0].inputs['Strength'].default_value:g}" if nodes else "nothing"
        where = "with" if world else "without"
        print(f"{version}: a dome of 3 and exposure {exposure}, {where} a world: {strength}", flush=True)
os._exit(0)
PY
cat > "$scratch/usd.py" <<'PY'
from pxr import Usd, UsdLux

definition = Usd.SchemaRegistry().FindConcretePrimDefinition("DistantLight")
text = " ".join(definition.GetPropertyDocumentation("inputs:angle").split())
print(f"USD's angle: {text.split('.')[0]}.")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
{
    "$(python_of 3.11)" -m venv "$scratch/usd"
    "$scratch/usd/bin/pip" install --quiet --disable-pip-version-check usd-core==26.11
    "$scratch/usd/bin/python" "$scratch/usd.py"
    while read -r version python; do
        "$(python_of "$python")" -m venv "$scratch/$version"
        "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
        "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
    done <<'LIST'
4.2.23 3.11
5.3.0 3.13
LIST
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
USD's angle: The angular diameter of the light in degrees.
4.2.23: Blender's angle: Angular diameter of the Sun as seen from the Earth
4.2.23: a sun of 2 degrees is written as 1
4.2.23: and read again as 2
4.2.23: a sun of another program with 2 degrees is read as 4
4.2.23: a dome of 3 and exposure 0, with a world: 3
4.2.23: a dome of 3 and exposure 2, with a world: 3
4.2.23: a dome of 3 and exposure 0, without a world: nothing
4.2.23: a dome of 3 and exposure 2, without a world: nothing
5.3.0: Blender's angle: Angular diameter of the Sun as seen from the Earth
5.3.0: a sun of 2 degrees is written as 1
5.3.0: and read again as 2
5.3.0: a sun of another program with 2 degrees is read as 4
5.3.0: a dome of 3 and exposure 0, with a world: 3
5.3.0: a dome of 3 and exposure 2, with a world: 3
5.3.0: a dome of 3 and exposure 0, without a world: nothing
5.3.0: a dome of 3 and exposure 2, without a world: nothing
WANTED
