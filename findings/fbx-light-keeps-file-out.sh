#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One lamp in an FBX keeps the whole file out of Blender 5.0: import_scene.fbx ends with an AttributeError.
#
# The importer sets a property of Cycles for each light which no longer exists in 5.0 ("cast_shadow"; Blender has had
# one of its own for long). A scene of meshes is read; with a lamp beside them, which most programs write into every
# file, the script that has imported FBX for years gets a RuntimeError, with part of the objects made. 4.5 and older
# have the property, and from 5.2 on it is not set. In 5.0, wm.fbx_import reads the file; so does import_scene.fbx of a
# file that was exported without lights.
#
# Versions: bpy 4.5.15 and 5.0.1 (Python 3.11), 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with
# each. 4.2.23 (which has no wm.fbx_import) and 5.2.3 read the lamp as well (tried too).
#
# Seen:
#     4.5.15: mesh read
#     4.5.15: mesh and lamp read
#     4.5.15: mesh and lamp by wm.fbx_import read
#     5.0.1: mesh read
#     5.0.1: mesh and lamp AttributeError: 'CyclesLightSettings' object has no attribute 'cast_shadow'
#     5.0.1: mesh and lamp by wm.fbx_import read
#     5.3.0: mesh read
#     5.3.0: mesh and lamp read
#     5.3.0: mesh and lamp by wm.fbx_import read
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def imported(with_light, operator):
    """Export a triangle, with or without a lamp beside it, import it, and say what is there."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    for data in [mesh] + [bpy.data.lights.new("Lamp", "POINT")] * with_light:
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(data.name, data))
    bpy.ops.export_scene.fbx(filepath=f"{folder}/out.fbx")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    try:
        operator(filepath=f"{folder}/out.fbx")
    except RuntimeError as error:
        return next(line for line in str(error).splitlines() if line.startswith("AttributeError"))
    return "read" if len(bpy.data.objects) == 1 + with_light else "incomplete"


old = bpy.ops.import_scene.fbx
said = [f"mesh {imported(False, old)}", f"mesh and lamp {imported(True, old)}"]
if "fbx_import" in dir(bpy.ops.wm):
    said.append(f"mesh and lamp by wm.fbx_import {imported(True, bpy.ops.wm.fbx_import)}")
print()
for line in said:
    print(f"{version}: {line}", flush=True)
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
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: mesh read
4.5.15: mesh and lamp read
4.5.15: mesh and lamp by wm.fbx_import read
5.0.1: mesh read
5.0.1: mesh and lamp AttributeError: 'CyclesLightSettings' object has no attribute 'cast_shadow'
5.0.1: mesh and lamp by wm.fbx_import read
5.3.0: mesh read
5.3.0: mesh and lamp read
5.3.0: mesh and lamp by wm.fbx_import read
WANTED
