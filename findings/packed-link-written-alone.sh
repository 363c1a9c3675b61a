#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# libraries.write() of an object that was linked and packed writes a file from which nobody can get it, without a word.
#
# Packed data (new in Blender 5.0) is kept in the .blend, cannot be edited there, and still counts as that of a
# library's. bpy.data.libraries.write() takes it and returns as ever; the file offers no object to be appended or
# linked. Opened, it has the mesh in 5.0 and 5.2, in no scene; 5.3 leaves it out altogether. A script that writes each
# asset of a file into one of its own so loses those that were packed. Put the object into a collection of the file and
# write that, or write its copy (ID.copy()).
#
# Versions: bpy 5.2.3 and 5.3.0 (Python 3.13), from PyPI. 5.0.1 is as 5.2.3 (tried too).
# Input: a library with one object, a mesh of 3 vertices, marked as an asset; the library is away when the written file
# is looked at.
#
# Seen (what was written; what the file offers; the vertices of the meshes once it was appended, or the file opened):
#     5.2.3: local object, offers ['Chair'], appended [3], opened [3]
#     5.2.3: packed object, offers [], appended [], opened [3]
#     5.2.3: collection of the packed object, offers ['Set'], appended [3], opened [3]
#     5.3.0: local object, offers ['Chair'], appended [3], opened [3]
#     5.3.0: packed object, offers [], appended [], opened []
#     5.3.0: collection of the packed object, offers ['Set'], appended [3], opened [3]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
library, away, written = (f"{folder}/{name}.blend" for name in ("library", "away", "written"))


def empty():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def meshes():
    return [len(mesh.vertices) for mesh in bpy.data.meshes]


def local():
    mesh = bpy.data.meshes.new("Mesh")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    thing = bpy.data.objects.new("Chair", mesh)
    thing.asset_mark()
    return thing


def packed():
    with bpy.data.libraries.load(library, link=True, pack=True) as (_, wanted):
        wanted.objects = ["Chair"]
    assert wanted.objects[0].is_linked_packed
    return wanted.objects[0]


def collection():
    group = bpy.data.collections.new("Set")
    group.objects.link(packed())
    group.asset_mark()
    return group


empty()
local()
bpy.ops.wm.save_as_mainfile(filepath=library)
for name, make in (("local object", local), ("packed object", packed), ("collection of the packed object", collection)):
    empty()
    bpy.data.libraries.write(written, {make()}, fake_user=True)
    os.rename(library, away)
    empty()
    with bpy.data.libraries.load(written) as (inside, wanted):
        offers = [*inside.objects, *inside.collections]
        wanted.objects, wanted.collections = list(inside.objects), list(inside.collections)
    appended = meshes()
    bpy.ops.wm.open_mainfile(filepath=written)
    print(f"{version}: {name}, offers {offers}, appended {appended}, opened {meshes()}", flush=True)
    os.rename(away, library)
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
for version in 5.2.3 5.3.0; do
    "$(python_of 3.13)" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version" 2>/dev/null
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
    rm -rf "${scratch:?}/$version"
done | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
5.2.3: local object, offers ['Chair'], appended [3], opened [3]
5.2.3: packed object, offers [], appended [], opened [3]
5.2.3: collection of the packed object, offers ['Set'], appended [3], opened [3]
5.3.0: local object, offers ['Chair'], appended [3], opened [3]
5.3.0: packed object, offers [], appended [], opened []
5.3.0: collection of the packed object, offers ['Set'], appended [3], opened [3]
WANTED
