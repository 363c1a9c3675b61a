#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An animation that ends between two frames loses its end when Blender exports it to glTF.
#
# The importer puts keys where their times are, between frames if need be: seven frames of 30 a second are 5.6 in a
# scene of 24. The exporter takes samples (the default), at whole frames from the first to the last that is within, so
# it stops at 5. The door that closes stays open by four hundredths, a loop jumps, and the animation is shorter. So it
# is with nearly every file of another frame rate that is imported, touched and exported again. The second turn changes
# nothing any more, so a comparison of two exports finds nothing. Set the scene's frame rate to that of the file before
# the import.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (time and place of the last key: as it is made, after one turn through a scene of 24 frames a second, and two):
#     4.2.23: 0.233 s 1.00, 0.208 s 0.96, 0.208 s 0.96
#     5.3.0: 0.233 s 1.00, 0.208 s 0.96, 0.208 s 0.96
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]


def read():
    """Return the last time and the last value of the first animation in the file."""
    with open(f"{folder}/out.glb", "rb") as file:
        data = file.read()
    length = struct.unpack("<I", data[12:16])[0]
    document = json.loads(data[20 : 20 + length])
    sampler = document["animations"][0]["samplers"][0]
    values = document["accessors"][sampler["output"]]
    view = document["bufferViews"][values["bufferView"]]
    start = 28 + length + view.get("byteOffset", 0)
    last = struct.unpack_from("<f", data, start + 12 * (values["count"] - 1))[0]
    return f"{document['accessors'][sampler['input']]['max'][0]:.3f} s {last:.2f}"


bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
mover = bpy.data.objects.new("Mover", None)
scene.collection.objects.link(mover)
# Seven of 30 frames a second.
scene.render.fps, scene.frame_start, scene.frame_end = 30, 0, 7
for frame, value in ((0, 0.0), (7, 1.0)):
    mover.location.x = value
    mover.keyframe_insert("location", frame=frame)
turns = []
for _ in range(3):
    bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb", export_format="GLB")
    turns.append(read())
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 24
    bpy.ops.import_scene.gltf(filepath=f"{folder}/out.glb")
print()
print(f"{version}: {', '.join(turns)}", flush=True)
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
4.2.23: 0.233 s 1.00, 0.208 s 0.96, 0.208 s 0.96
5.3.0: 0.233 s 1.00, 0.208 s 0.96, 0.208 s 0.96
WANTED
