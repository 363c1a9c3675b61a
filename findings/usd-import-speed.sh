#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's USD importer ignores how long a frame is: an animation of 60 frames a second takes 2.5 times as long.
#
# A USD file says how many of its time codes make a second (timeCodesPerSecond), and Blender's exporter writes it. The
# importer takes each time code for one frame of the scene, whatever the file says, and leaves the frame rate of the
# scene as it is, so the duration is right only if both happen to be equal; in a new scene that is 24. "Set Frame Range"
# fits start and end of the scene to the file, with the same numbers, so all looks complete. Nothing is reported. The
# importers of glTF and Alembic place keys by their seconds, that of FBX sets the frame rate of the scene. Before a USD
# import, read the file's timeCodesPerSecond (24 if it has none), and give the scene that frame rate.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (seconds until a cube is at its end, which it is after 2 seconds, having been exported at 60 frames a second):
#     4.2.23: glTF 2.0, FBX 2.0, Alembic 2.0, USD (timeCodesPerSecond = 60) 5.0
#     5.3.0: glTF 2.0, FBX 2.0, Alembic 2.0, USD (timeCodesPerSecond = 60) 5.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
wm, scenes = bpy.ops.wm, bpy.ops.export_scene


def seconds(read, ending):
    """Import into a scene of 24 frames a second, and say after which time the cube is where it ends."""
    wm.read_factory_settings(use_empty=True)
    read(filepath=f"{folder}/cube.{ending}")
    scene = bpy.context.scene
    (cube,) = (obj for obj in bpy.data.objects if obj.type == "MESH")
    for frame in range(200):
        scene.frame_set(frame)
        if cube.matrix_world.translation.x > 9.999:
            return f"{frame / (scene.render.fps / scene.render.fps_base):.1f}"
    return "never"


wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add()
scene, cube = bpy.context.scene, bpy.context.object
scene.render.fps, scene.frame_start, scene.frame_end = 60, 0, 120
cube.keyframe_insert("location", frame=0)
cube.location.x = 10
cube.keyframe_insert("location", frame=120)
wm.usd_export(filepath=f"{folder}/cube.usda", export_animation=True)
wm.alembic_export(filepath=f"{folder}/cube.abc")
scenes.gltf(filepath=f"{folder}/cube.glb")
scenes.fbx(filepath=f"{folder}/cube.fbx")
with open(f"{folder}/cube.usda") as file:
    rate = next(line.strip() for line in file if "timeCodesPerSecond" in line)
load = bpy.ops.import_scene
ways = {"glTF": (load.gltf, "glb"), "FBX": (load.fbx, "fbx"), "Alembic": (wm.alembic_import, "abc")}
said = [f"{name} {seconds(*way)}" for name, way in ways.items()]
print()
print(f"{version}: {', '.join(said)}, USD ({rate}) {seconds(wm.usd_import, 'usda')}", flush=True)
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
4.2.23: glTF 2.0, FBX 2.0, Alembic 2.0, USD (timeCodesPerSecond = 60) 5.0
5.3.0: glTF 2.0, FBX 2.0, Alembic 2.0, USD (timeCodesPerSecond = 60) 5.0
WANTED
