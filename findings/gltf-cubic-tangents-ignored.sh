#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF importer reads an animation with cubic splines without their slopes: keys are right, all between them
# is not.
#
# An animation sampler with the interpolation CUBICSPLINE has three values for each key: the slope before it, the value,
# and the slope behind it. The importer takes the values, and gives each key handles of Blender's own making. So what
# leaves a key fast, overshoots, or goes through it at a slant arrives with a gentle start and stop at each key. There
# is no message, and a look at the keys, or a test of them, finds nothing wrong. Blender's exporter writes linear keys
# at every frame (the default), so an animation that it wrote is read right. Ask for sampled animations, or sample them
# before the import.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Input: a valid glTF 2.0 file; a node goes from 0 to 1 in a second, leaves with a slope, and arrives with none.
#
# Seen (where it is after a quarter, a half and three quarters of the second):
#     4.2.23: slope 0: 0.16 0.50 0.84, by the file 0.16 0.50 0.84
#     4.2.23: slope 3: 0.16 0.50 0.84, by the file 0.58 0.88 0.98
#     4.2.23: slope -3: 0.16 0.50 0.84, by the file -0.27 0.12 0.70
#     5.3.0: slope 0: 0.16 0.50 0.84, by the file 0.16 0.50 0.84
#     5.3.0: slope 3: 0.16 0.50 0.84, by the file 0.58 0.88 0.98
#     5.3.0: slope -3: 0.16 0.50 0.84, by the file -0.27 0.12 0.70
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]


def seen(slope):
    """Import a node that goes from 0 to 1 in a second and leaves with this slope; return its way, and the right one."""
    times = struct.pack("<2f", 0, 1)
    # For each key: the slope before it, the value, the slope behind it.
    values = struct.pack("<18f", 0, 0, 0, 0, 0, 0, slope, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "Mover"}],
        "animations": [
            {
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
                "samplers": [{"input": 0, "output": 1, "interpolation": "CUBICSPLINE"}],
            }
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 2, "type": "SCALAR", "min": [0], "max": [1]},
            {"bufferView": 1, "componentType": 5126, "count": 6, "type": "VEC3"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": len(times)},
            {"buffer": 0, "byteOffset": len(times), "byteLength": len(values)},
        ],
        "buffers": [{"byteLength": len(times) + len(values)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = times + values
    with open(f"{folder}/in.glb", "wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(body)))
        file.write(struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(body), 0x004E4942) + body)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 24
    bpy.ops.import_scene.gltf(filepath=f"{folder}/in.glb")
    way = []
    for frame in (6, 12, 18):
        scene.frame_set(frame)
        way.append(f"{bpy.data.objects['Mover'].location.x:.2f}")
    right = [f"{slope * (u**3 - 2 * u**2 + u) + 3 * u**2 - 2 * u**3:.2f}" for u in (0.25, 0.5, 0.75)]
    return f"{' '.join(way)}, by the file {' '.join(right)}"


lines = [f"{version}: slope {slope}: {seen(slope)}" for slope in (0, 3, -3)]
print()
print("\n".join(lines), flush=True)
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
4.2.23: slope 0: 0.16 0.50 0.84, by the file 0.16 0.50 0.84
4.2.23: slope 3: 0.16 0.50 0.84, by the file 0.58 0.88 0.98
4.2.23: slope -3: 0.16 0.50 0.84, by the file -0.27 0.12 0.70
5.3.0: slope 0: 0.16 0.50 0.84, by the file 0.16 0.50 0.84
5.3.0: slope 3: 0.16 0.50 0.84, by the file 0.58 0.88 0.98
5.3.0: slope -3: 0.16 0.50 0.84, by the file -0.27 0.12 0.70
WANTED
