#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender exports instances to Alembic as chance will have it: of one scene, objects are lost that were there last time.
#
# Where an object is in the scene and has instances too, as a cube on the vertices of a mesh or a collection with
# instances, the exporter writes some of them as Alembic instances and others as whole meshes. Which ones is different
# each time. Blender's own importer makes an empty of an Alembic instance, so of the same scene one, three or all five
# of five cubes come back. Nothing is reported. The option's tooltip speaks of a faster export, and of turning it off
# for other software only; it is on by default. Pass use_instancing=False.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (25 exports of one scene that shows five cubes, and what came back):
#     4.2.23: vertices: different numbers of cubes
#     4.2.23: vertices, use_instancing=False: 5 cubes in each
#     4.2.23: collection: different numbers of cubes
#     4.2.23: collection, use_instancing=False: 5 cubes in each
#     5.3.0: vertices: different numbers of cubes
#     5.3.0: vertices, use_instancing=False: 5 cubes in each
#     5.3.0: collection: different numbers of cubes
#     5.3.0: collection, use_instancing=False: 5 cubes in each
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
PATH = f"{folder}/out.abc"


def vertices():
    """Make a square that has a cube on each of its corners."""
    bpy.ops.mesh.primitive_plane_add(size=20)
    square = bpy.context.object
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.parent, square.instance_type = square, "VERTS"


def collection():
    """Make a cube in a collection, and four instances of the collection."""
    group = bpy.data.collections.new("Group")
    bpy.context.scene.collection.children.link(group)
    bpy.ops.mesh.primitive_cube_add()
    group.objects.link(bpy.context.object)
    for number in range(4):
        empty = bpy.data.objects.new("Instance", None)
        empty.instance_type, empty.instance_collection, empty.location.x = "COLLECTION", group, 5 * number + 5
        bpy.context.scene.collection.objects.link(empty)


def cubes():
    """Import the file, and return how many cubes there are."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.alembic_import(filepath=PATH, as_background_job=False)
    return sum(obj.type == "MESH" and len(obj.data.polygons) == 6 for obj in bpy.data.objects)


def seen(make, **options):
    """Export the same 25 times, and say what comes back."""
    found = set()
    for _ in range(25):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        make()
        bpy.ops.wm.alembic_export(filepath=PATH, as_background_job=False, **options)
        found.add(cubes())
    return "5 cubes in each" if found == {5} else "different numbers of cubes" if len(found) > 1 else "too few"


print()
for make in (vertices, collection):
    print(f"{version}: {make.__name__}: {seen(make)}", flush=True)
    print(f"{version}: {make.__name__}, use_instancing=False: {seen(make, use_instancing=False)}", flush=True)
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
4.2.23: vertices: different numbers of cubes
4.2.23: vertices, use_instancing=False: 5 cubes in each
4.2.23: collection: different numbers of cubes
4.2.23: collection, use_instancing=False: 5 cubes in each
5.3.0: vertices: different numbers of cubes
5.3.0: vertices, use_instancing=False: 5 cubes in each
5.3.0: collection: different numbers of cubes
5.3.0: collection, use_instancing=False: 5 cubes in each
WANTED
