#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF exporter and importer multiply the frame rate by its base, where Blender divides: animations of
# 23.976 frames a second run too fast.
#
# A rate of 23.976 frames a second is 24 / 1.001 in Blender (fps and fps_base). Both add-ons reckon with 24 * 1.001.
# Exported and imported again in one scene, the error cancels out, so a test that does so finds nothing. In the file,
# 1,000 frames last 41.63 s and no longer 41.71 s: after 40 seconds picture and sound are two frames apart, and with 48
# / 2, which is 24 as well, the animation takes a quarter of its time. Animations from elsewhere come into such a scene
# wrong the other way. Scenes with a base of 1 are right; set fps to the rounded rate, and fps_base to the rate divided
# by fps, for the time of an import or export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (fps / fps_base; duration of 1,000 frames in Blender and in the GLB; frames of it in a scene with 24 / 1):
#     4.2.23: 24 / 1: 41.67 s, exported 41.67 s, 1000 frames
#     4.2.23: 24 / 1.001: 41.71 s, exported 41.63 s, 999 frames
#     4.2.23: 48 / 2: 41.67 s, exported 10.42 s, 250 frames
#     5.3.0: 24 / 1: 41.67 s, exported 41.67 s, 1000 frames
#     5.3.0: 24 / 1.001: 41.71 s, exported 41.63 s, 999 frames
#     5.3.0: 48 / 2: 41.67 s, exported 10.42 s, 250 frames
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]


def seen(fps, base):
    """Move an object for 1,000 frames; return the seconds it takes in Blender, and those in the exported file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    render = bpy.context.scene.render
    render.fps, render.fps_base = fps, base
    mover = bpy.data.objects.new("Mover", None)
    bpy.context.scene.collection.objects.link(mover)
    for frame in (0, 1000):
        mover.location.x = frame
        mover.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 0, 1000
    bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb", export_format="GLB")
    with open(f"{folder}/out.glb", "rb") as file:
        data = file.read()
    document = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    times = document["accessors"][document["animations"][0]["samplers"][0]["input"]]["max"][0]
    render.fps, render.fps_base = 24, 1.0
    for action in list(bpy.data.actions):
        bpy.data.actions.remove(action)
    bpy.ops.import_scene.gltf(filepath=f"{folder}/out.glb")
    return f"{1000 * base / fps:.2f} s, exported {times:.2f} s, {bpy.data.actions[0].frame_range[1]:.0f} frames"


lines = [f"{version}: {fps} / {base:g}: {seen(fps, base)}" for fps, base in ((24, 1.0), (24, 1.001), (48, 2.0))]
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
4.2.23: 24 / 1: 41.67 s, exported 41.67 s, 1000 frames
4.2.23: 24 / 1.001: 41.71 s, exported 41.63 s, 999 frames
4.2.23: 48 / 2: 41.67 s, exported 10.42 s, 250 frames
5.3.0: 24 / 1: 41.67 s, exported 41.67 s, 1000 frames
5.3.0: 24 / 1.001: 41.71 s, exported 41.63 s, 999 frames
5.3.0: 48 / 2: 41.67 s, exported 10.42 s, 250 frames
WANTED
