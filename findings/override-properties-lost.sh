#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Custom properties and vertex groups that a script gives a library override are gone when the file is opened again.
#
# A pipeline links a model, makes a library override of it, and notes a price, a task or an export setting in a custom
# property, or adds a vertex group. All is there until the file is saved and opened: then a property has the value of
# the library again, and one that the library lacks is missing, like the vertex group, while the place of the object and
# an added modifier are kept. Setting them raises nothing. A property is kept if it was marked in the library before, by
# property_overridable_library_set(). Otherwise keep such notes at an object of the scene's own, such as an Empty that
# is the parent.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen ("price" and "marked" are 1 in the library, where "marked" is marked, "own" is not there; all were set to 5):
#     4.2.23: when set: price 5, marked 5, own 5, location 5, 1 modifier, 1 vertex group
#     4.2.23: opened again: price 1, marked 5, own None, location 5, 1 modifier, 0 vertex group
#     5.3.0: when set: price 5, marked 5, own 5, location 5, 1 modifier, 1 vertex group
#     5.3.0: opened again: price 1, marked 5, own None, location 5, 1 modifier, 0 vertex group
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
NAMES = ("price", "marked", "own")
mesh = bpy.data.meshes.new("Chair")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
chair = bpy.data.objects.new("Chair", mesh)
chair["price"] = chair["marked"] = 1
chair.property_overridable_library_set('["marked"]', True)
bpy.data.libraries.write(f"{folder}/library.blend", {chair})
bpy.ops.wm.read_factory_settings(use_empty=True)
with bpy.data.libraries.load(f"{folder}/library.blend", link=True) as (_, wanted):
    wanted.objects = ["Chair"]
bpy.context.scene.collection.objects.link(wanted.objects[0])
chair = wanted.objects[0].override_create(remap_local_usages=True)
for name in NAMES:
    chair[name] = 5
chair.location.x = 5
chair.modifiers.new("Smooth", "SUBSURF")
chair.vertex_groups.new(name="Seat")
print()
for when in ("when set", "opened again"):
    chair = next(obj for obj in bpy.data.objects if obj.override_library)
    said = [f"{name} {chair.get(name)}" for name in NAMES]
    said += [f"location {chair.location.x:.0f}", f"{len(chair.modifiers)} modifier"]
    print(f"{version}: {when}: {', '.join(said)}, {len(chair.vertex_groups)} vertex group", flush=True)
    bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/scene.blend")
    bpy.ops.wm.open_mainfile(filepath=f"{folder}/scene.blend")
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
4.2.23: when set: price 5, marked 5, own 5, location 5, 1 modifier, 1 vertex group
4.2.23: opened again: price 1, marked 5, own None, location 5, 1 modifier, 0 vertex group
5.3.0: when set: price 5, marked 5, own 5, location 5, 1 modifier, 1 vertex group
5.3.0: opened again: price 1, marked 5, own None, location 5, 1 modifier, 0 vertex group
WANTED
