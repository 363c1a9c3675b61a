#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A panoramic camera may keep a whole scene from being exported as glTF with its cameras, depending on which object is
# first.
#
# glTF has perspective and orthographic cameras only, so a panoramic one, as used for 360 degree renders, should be left
# out as an area light is. The exporter does leave it out, but expects that something that it has written before has
# prepared a table, and looks it up. Where nothing has, the export ends with KeyError: 'current_paths', and no file is
# written. Up to 5.0 that happens if the camera was made before the first mesh; in 5.2 and 5.3 a mesh does not prepare
# it either. Without the option for cameras all is well. Set such cameras to another type for the export, or leave them
# out of the selection.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15 and 5.0.1 are as 4.2.23, and 5.2.3 as 5.3.0 (tried too).
#
# Seen (a scene of a mesh and a camera):
#     4.2.23: perspective written; panorama KeyError: 'current_paths'; panorama behind a mesh written
#     5.3.0: perspective written; panorama KeyError: 'current_paths'; panorama behind a mesh KeyError: 'current_paths'
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def exported(kind, order):
    """Export a triangle and a camera of this kind, made in this order, and say what became of it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    camera = bpy.data.cameras.new("Camera")
    camera.type = kind
    for data in (camera, mesh)[::order]:
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(data.name, data))
    path = f"{folder}/{kind}{order}.glb"
    try:
        bpy.ops.export_scene.gltf(filepath=path, export_cameras=True)
    except RuntimeError as error:
        lines = str(error).splitlines()
        return next(line for line in lines if line.startswith("KeyError"))
    return "written" if os.path.exists(path) else "not written"


seen = [exported("PERSP", 1), exported("PANO", 1), exported("PANO", -1)]
print()
print(f"{version}: perspective {seen[0]}; panorama {seen[1]}; panorama behind a mesh {seen[2]}", flush=True)
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
4.2.23: perspective written; panorama KeyError: 'current_paths'; panorama behind a mesh written
5.3.0: perspective written; panorama KeyError: 'current_paths'; panorama behind a mesh KeyError: 'current_paths'
WANTED
