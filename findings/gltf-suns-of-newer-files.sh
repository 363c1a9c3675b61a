#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender 4.5 and 5.0 export the sun of a file from 5.2 as a glTF sun of strength 1, and its coloured lights as white.
#
# From 5.2 on every new light has nodes, and lights of older files are given some. 4.5 and 5.0 open such files and
# render them as they were. But their glTF exporter takes a light with nodes for its node alone: a sun has the strength
# of the node, which is 1, and not that of the light, and every light has the colour of the node, which is white, and
# not its own or that of its temperature. In Blender the two are multiplied. The same is true of any light with "Use
# Nodes" of 4.2 to 5.0. Of suns nothing is reported. Turn off use_nodes of lights in Blender before 5.2, where the node
# was left as it is.
#
# Versions: bpy 5.3.0 (Python 3.13) and 4.5.15 (Python 3.11), from PyPI, with the numpy that pip installs with each.
# 5.2.3 is as 5.3.0, and 5.0.1 as 4.5.15 (tried too).
#
# Seen (one file, saved by 5.3.0 with three lights of strength 10, exported with export_import_convert_lighting_mode
# RAW):
#     5.3.0: sun: 10 in Blender, exported 10 of [1, 1, 1]
#     5.3.0: brown point: 10 in Blender, exported 10 of [0.5, 0.25, 0.1]
#     5.3.0: warm point: 10 in Blender, exported 10 of [1.77, 0.84, 0.27]
#     4.5.15: sun: 10 in Blender, exported 1 of [1, 1, 1]
#     4.5.15: brown point: 10 in Blender, exported 10 of [1, 1, 1]
#     4.5.15: warm point: 10 in Blender, exported 10 of [1, 1, 1]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, sys
import bpy

version, folder = sys.argv[1:]
BLEND = f"{folder}/lights.blend"
LIGHTS = {
    "sun": ("SUN", {}),
    "brown point": ("POINT", {"color": (0.5, 0.25, 0.1)}),
    "warm point": ("POINT", {"use_temperature": True, "temperature": 3000}),
}


def exported():
    """Return each light of the glTF, with the strength that it has in Blender's unit."""
    bpy.ops.export_scene.gltf(
        filepath=f"{folder}/out.gltf",
        export_format="GLTF_SEPARATE",
        export_lights=True,
        export_import_convert_lighting_mode="RAW",
    )
    with open(f"{folder}/out.gltf") as file:
        lights = json.load(file)["extensions"]["KHR_lights_punctual"]["lights"]
    return {light["name"]: light for light in lights}


print()
bpy.ops.wm.read_factory_settings(use_empty=True)
if not os.path.exists(BLEND):
    for name, (kind, values) in LIGHTS.items():
        light = bpy.data.lights.new(name, kind)
        light.energy = 10
        for key, value in values.items():
            setattr(light, key, value)
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, light))
    bpy.ops.wm.save_as_mainfile(filepath=BLEND)
bpy.ops.wm.open_mainfile(filepath=BLEND)
gltf = exported()
for name in LIGHTS:
    light, written = bpy.data.lights[name], gltf[name]
    colour, strength = [round(value, 2) for value in written["color"]], written["intensity"]
    print(f"{version}: {name}: {light.energy:g} in Blender, exported {strength:g} of {colour}", flush=True)
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
5.3.0 3.13
4.5.15 3.11
LIST
diff - "$scratch/seen" <<'WANTED'
5.3.0: sun: 10 in Blender, exported 10 of [1, 1, 1]
5.3.0: brown point: 10 in Blender, exported 10 of [0.5, 0.25, 0.1]
5.3.0: warm point: 10 in Blender, exported 10 of [1.77, 0.84, 0.27]
4.5.15: sun: 10 in Blender, exported 1 of [1, 1, 1]
4.5.15: brown point: 10 in Blender, exported 10 of [1, 1, 1]
4.5.15: warm point: 10 in Blender, exported 10 of [1, 1, 1]
WANTED
