#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's FBX exporter leaves out the animation of shape keys and of lenses, unless some object has an action as well.
#
# By default it writes an animation for each action of an object or an armature, and lets shape keys and cameras play
# their own along with each of them. Where no object has an action, there is no animation in the file: a face that
# speaks, or a camera that only zooms, stands still. An empty that moves anywhere in the scene brings both back. With
# "All Actions" off and no NLA strip, nothing is animated at all, actions of objects neither, though the tip of "NLA
# Strips" says "if any, instead of global scene animation": the whole scene is only written where that is off too.
# Nothing is reported, and glTF has these shape keys. Turn bake_anim_use_all_actions and bake_anim_use_nla_strips off.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the value of a shape key, the focal length and the place of an empty in the first and in the last frame, as
# Blender reads them again; they were animated from 0 to 1, from 20 to 80 and, where it moves, from 0 to 5):
#     4.2.23: fbx, no object moves: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
#     4.2.23: fbx, the empty moves: key 0.0 to 1.0, lens 20.0 to 80.0, empty 0.0 to 5.0
#     4.2.23: fbx, the empty moves, All Actions off: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
#     4.2.23: fbx, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 5.0
#     4.2.23: fbx, no object moves, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 0.0
#     4.2.23: glb, no object moves: key 0.0 to 1.0
#     5.3.0: fbx, no object moves: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
#     5.3.0: fbx, the empty moves: key 0.0 to 1.0, lens 20.0 to 80.0, empty 0.0 to 5.0
#     5.3.0: fbx, the empty moves, All Actions off: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
#     5.3.0: fbx, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 5.0
#     5.3.0: fbx, no object moves, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 0.0
#     5.3.0: glb, no object moves: key 0.0 to 1.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
FRAMES = (1, 31)


def make(moves):
    """Make a mesh with an animated shape key, a camera that zooms, and an empty that may move."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = FRAMES
    bpy.ops.mesh.primitive_cube_add()
    face = bpy.context.object
    face.name = "Face"
    face.shape_key_add(name="Basis")
    smile = face.shape_key_add(name="Smile")
    smile.data[0].co.z += 1
    camera = bpy.data.cameras.new("Camera")
    empty = bpy.data.objects.new("Empty", None)
    for one in (bpy.data.objects.new("Camera", camera), empty):
        scene.collection.objects.link(one)
    for frame, value, lens, place in zip(FRAMES, (0, 1), (20, 80), (0, 5)):
        smile.value, camera.lens = value, lens
        smile.keyframe_insert("value", frame=frame)
        camera.keyframe_insert("lens", frame=frame)
        if moves:
            empty.location.x = place
            empty.keyframe_insert("location", frame=frame)
    scene.frame_set(1)


def seen():
    """Return what is animated, in the first and in the last frame."""
    values = []
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        smile = bpy.data.objects["Face"].data.shape_keys.key_blocks["Smile"].value
        lens, place = bpy.data.objects["Camera"].data.lens, bpy.data.objects["Empty"].location.x
        values.append([round(one, 1) for one in (smile, lens, place)])
    first, last = values
    names = ("key", "lens", "empty")
    return ", ".join(f"{name} {one} to {other}" for name, one, other in zip(names, first, last))


print()
path = f"{folder}/{version}.fbx"
for case, moves, options in (
    ("no object moves", False, {}),
    ("the empty moves", True, {}),
    ("the empty moves, All Actions off", True, {"bake_anim_use_all_actions": False}),
    ("both off", True, {"bake_anim_use_all_actions": False, "bake_anim_use_nla_strips": False}),
    ("no object moves, both off", False, {"bake_anim_use_all_actions": False, "bake_anim_use_nla_strips": False}),
):
    make(moves)
    bpy.ops.export_scene.fbx(filepath=path, **options)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.fbx(filepath=path)
    print(f"{version}: fbx, {case}: {seen()}", flush=True)
make(False)
bpy.ops.export_scene.gltf(filepath=f"{folder}/{version}.glb")
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.gltf(filepath=f"{folder}/{version}.glb")
values = []
for frame in FRAMES:
    bpy.context.scene.frame_set(frame)
    values.append(round(bpy.data.objects["Face"].data.shape_keys.key_blocks["Smile"].value, 1))
print(f"{version}: glb, no object moves: key {values[0]} to {values[1]}", flush=True)
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
4.2.23: fbx, no object moves: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
4.2.23: fbx, the empty moves: key 0.0 to 1.0, lens 20.0 to 80.0, empty 0.0 to 5.0
4.2.23: fbx, the empty moves, All Actions off: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
4.2.23: fbx, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 5.0
4.2.23: fbx, no object moves, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 0.0
4.2.23: glb, no object moves: key 0.0 to 1.0
5.3.0: fbx, no object moves: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
5.3.0: fbx, the empty moves: key 0.0 to 1.0, lens 20.0 to 80.0, empty 0.0 to 5.0
5.3.0: fbx, the empty moves, All Actions off: key 0.0 to 0.0, lens 20.0 to 20.0, empty 0.0 to 0.0
5.3.0: fbx, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 5.0
5.3.0: fbx, no object moves, both off: key 0.0 to 1.0, lens 20.0 to 79.8, empty 0.0 to 0.0
5.3.0: glb, no object moves: key 0.0 to 1.0
WANTED
