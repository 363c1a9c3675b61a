#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's FBX and Alembic exporters give each camera that came from a glTF another field of view, and Alembic a near
# end of 10 cm.
#
# A glTF camera has the angle that it sees upwards, so the importer makes one with sensor_fit "VERTICAL". FBX and
# Alembic have the width and the height of a sensor, and the exporters write those of Blender, whichever of the two
# counts, and nothing about the fit; the importers make sensor_fit "AUTO". So a camera of 40 degrees comes back with 57,
# and the same is true of each camera that is fitted by the side that is not the longer one. The Alembic importer also
# moves the near end to 0.1 m, so small things in front of it are cut off. Nothing is reported. USD and glTF keep the
# field of view. Set sensor_fit "AUTO" and the lens for it before an export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same, and so is wm.fbx_import (tried too).
#
# Seen (a square picture, and a camera of a glTF file with yfov 0.7 and znear 0.01):
#     4.2.23: FBX: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.01 m
#     4.2.23: Alembic: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.1 m
#     4.2.23: USD: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
#     4.2.23: glTF: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
#     5.3.0: FBX: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.01 m
#     5.3.0: Alembic: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.1 m
#     5.3.0: USD: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
#     5.3.0: glTF: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, math, os, sys
import bpy

version, folder = sys.argv[1:]
save, load = bpy.ops.export_scene, bpy.ops.import_scene
ALEMBIC = {"as_background_job": False}
WAYS = {
    "FBX": (save.fbx, load.fbx, "fbx", {}),
    "Alembic": (bpy.ops.wm.alembic_export, bpy.ops.wm.alembic_import, "abc", ALEMBIC),
    "USD": (bpy.ops.wm.usd_export, bpy.ops.wm.usd_import, "usdc", {}),
    "glTF": (save.gltf, load.gltf, "glb", {}),
}
GLTF = {
    "asset": {"version": "2.0"},
    "scene": 0,
    "scenes": [{"nodes": [0]}],
    "nodes": [{"camera": 0}],
    "cameras": [{"type": "perspective", "perspective": {"yfov": 0.7, "aspectRatio": 1.0, "znear": 0.01, "zfar": 50}}],
}


def view():
    """Say the angles that the one camera sees across and up, in the square of the scene, and where it begins."""
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = 1000
    (camera,) = bpy.data.cameras
    corners = camera.view_frame(scene=scene)
    angles = [
        2 * math.degrees(math.atan(max(corner[axis] for corner in corners) / abs(corners[0].z))) for axis in (0, 1)
    ]
    return f"{angles[0]:.1f} x {angles[1]:.1f} degrees, from {camera.clip_start:.2g} m"


print()
with open(f"{folder}/in.gltf", "w") as file:
    json.dump(GLTF, file)
for way, (write, read, ending, options) in WAYS.items():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=f"{folder}/in.gltf")
    before = view()
    extra = {"export_cameras": True} if way == "glTF" else {}
    write(filepath=f"{folder}/out.{ending}", **options, **extra)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=f"{folder}/out.{ending}", **options)
    print(f"{version}: {way}: {before} become {view()}", flush=True)
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
4.2.23: FBX: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.01 m
4.2.23: Alembic: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.1 m
4.2.23: USD: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
4.2.23: glTF: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
5.3.0: FBX: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.01 m
5.3.0: Alembic: 40.1 x 40.1 degrees, from 0.01 m become 57.4 x 57.4 degrees, from 0.1 m
5.3.0: USD: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
5.3.0: glTF: 40.1 x 40.1 degrees, from 0.01 m become 40.1 x 40.1 degrees, from 0.01 m
WANTED
