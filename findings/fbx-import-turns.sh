#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's new FBX importer, wm.fbx_import, turns wheels backwards: angles beyond 180 degrees are taken for their
# shortest.
#
# In an FBX, as in an F-curve, the key of a rotation says how far an object has turned: 300 degrees are more than 150.
# The older importer (import_scene.fbx) keeps that. The new one, there since 4.5, makes each key an orientation first,
# and angles between -180 and 180 of it: after 150 comes -60. At the keys all looks right; between them the object turns
# back by 210 degrees instead of on by 150, and a wheel or a propeller rocks. In 4.5 and 5.0 the keys between the first
# and the last are left out, too. Nothing is reported. Where turns matter, use import_scene.fbx.
#
# Versions: bpy 4.5.15 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 5.0.1 is as 4.5.15, and 5.2.3 as 5.3.0 (tried too).
#
# Seen (angle at the frames 1, 6, 11 ... 31; the file has 0, 150, 300 and 450 degrees at 1, 11, 21 and 31):
#     4.5.15: import_scene.fbx [0, 75, 150, 225, 300, 375, 450], wm.fbx_import [0, 15, 30, 45, 60, 75, 90]
#     5.3.0: import_scene.fbx [0, 75, 150, 225, 300, 375, 450], wm.fbx_import [0, 75, 150, 45, -60, 15, 90]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import math, os, sys
import bpy

version, folder = sys.argv[1:]


def wheel(operator):
    """Export an empty that turns by 150 degrees in 10 frames, import it; return its angle at some frames."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 31
    hub = bpy.data.objects.new("Hub", None)
    scene.collection.objects.link(hub)
    for frame, degrees in ((1, 0), (11, 150), (21, 300), (31, 450)):
        hub.rotation_euler.z = math.radians(degrees)
        hub.keyframe_insert("rotation_euler", frame=frame)
    bpy.ops.export_scene.fbx(filepath=f"{folder}/out.fbx", bake_anim_step=10)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    operator(filepath=f"{folder}/out.fbx")
    angles = []
    for frame in (1, 6, 11, 16, 21, 26, 31):
        bpy.context.scene.frame_set(frame)
        angles.append(round(math.degrees(bpy.data.objects["Hub"].rotation_euler.z)) + 0)
    return angles


old, new = wheel(bpy.ops.import_scene.fbx), wheel(bpy.ops.wm.fbx_import)
print()
print(f"{version}: import_scene.fbx {old}, wm.fbx_import {new}", flush=True)
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
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: import_scene.fbx [0, 75, 150, 225, 300, 375, 450], wm.fbx_import [0, 15, 30, 45, 60, 75, 90]
5.3.0: import_scene.fbx [0, 75, 150, 225, 300, 375, 450], wm.fbx_import [0, 75, 150, 45, -60, 15, 90]
WANTED
