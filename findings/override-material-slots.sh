#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A material of a library override goes to another part of the model when the library gets one more material slot.
#
# A scene links a chair, makes a library override, and gives the seat a red material. The override of a modifier finds
# its modifier by name, so that the library may put another one in front. That of a material slot is stored by the
# number of the slot: once the library has a slot more in front of it, or its slots in another order, as a new import of
# the model may have them, the legs are red, and the seat is as in the library. It is so at the next opening of the
# scene, without a message. Add slots of libraries at the end only, and look up and set the materials of overrides by
# the names of the mesh's own materials after opening.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the material of seat and legs, where that of the seat is overridden as Red, and the width of the modifier
# "Edges" as 0.5):
#     4.2.23: overridden: seat Red, legs Wood; Edges 0.5
#     4.2.23: opened after the library got one more of each: seat Cloth, legs Red; Corners 0.1, Edges 0.5
#     5.3.0: overridden: seat Red, legs Wood; Edges 0.5
#     5.3.0: opened after the library got one more of each: seat Cloth, legs Red; Corners 0.1, Edges 0.5
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
LIBRARY, SCENE = f"{folder}/{version}-library.blend", f"{folder}/{version}-scene.blend"


def write_library(names, modifiers):
    """Write a chair whose legs are of wood and whose seat is of cloth, with slots and modifiers in this order."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cube_add()
    chair = bpy.context.object
    chair.name = "Chair"
    for name in names:
        chair.data.materials.append(bpy.data.materials.new(name))
    for polygon in chair.data.polygons:
        polygon.material_index = names.index("Cloth" if polygon.index == 0 else "Wood")
    for name in modifiers:
        chair.modifiers.new(name, "BEVEL").width = 0.1
    bpy.ops.wm.save_as_mainfile(filepath=LIBRARY)


def seen():
    """Return what the seat and the legs of the override look like, and the widths of its modifiers."""
    chair = next(obj for obj in bpy.data.objects if obj.override_library)
    seat, legs = (chair.material_slots[chair.data.polygons[face].material_index].name for face in (0, 1))
    widths = ", ".join(f"{one.name} {one.width:.1f}" for one in sorted(chair.modifiers, key=lambda one: one.name))
    return f"seat {seat}, legs {legs}; {widths}"


print()
write_library(["Wood", "Cloth"], ["Edges"])
bpy.ops.wm.read_factory_settings(use_empty=True)
with bpy.data.libraries.load(LIBRARY, link=True) as (_, wanted):
    wanted.objects = ["Chair"]
bpy.context.scene.collection.objects.link(wanted.objects[0])
bpy.context.view_layer.update()
chair = wanted.objects[0].override_create(remap_local_usages=True)
slot = chair.material_slots["Cloth"]
slot.link, slot.material = "OBJECT", bpy.data.materials.new("Red")
chair.modifiers["Edges"].width = 0.5
print(f"{version}: overridden: {seen()}")
bpy.ops.wm.save_as_mainfile(filepath=SCENE)
write_library(["Metal", "Wood", "Cloth"], ["Corners", "Edges"])
bpy.ops.wm.open_mainfile(filepath=SCENE)
print(f"{version}: opened after the library got one more of each: {seen()}", flush=True)
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
4.2.23: overridden: seat Red, legs Wood; Edges 0.5
4.2.23: opened after the library got one more of each: seat Cloth, legs Red; Corners 0.1, Edges 0.5
5.3.0: overridden: seat Red, legs Wood; Edges 0.5
5.3.0: opened after the library got one more of each: seat Cloth, legs Red; Corners 0.1, Edges 0.5
WANTED
