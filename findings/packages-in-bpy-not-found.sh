#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The bpy module from 4.5 on contains OpenImageIO, OpenUSD and others as Python packages, and cannot import them.
#
# In Blender, `import OpenImageIO` and `import pxr` work. The wheel of the same version has these packages too, 70 to
# 85 MB, in bpy/<version>/python/lib/python3.x/site-packages, but importing bpy does not put that folder on sys.path, so
# a script that runs in Blender ends with ModuleNotFoundError in the module. Nothing says that they are there. With
# bpy.utils.system_resource("PYTHON") the folder is found; put at the end of sys.path after `import bpy`, OpenImageIO
# reads pictures with the wheel's own libraries. The wheel of 4.2 has none of them.
#
# Versions: bpy 4.2.23, 4.5.15, 5.0.1 (Python 3.11), 5.2.3 (Python 3.13), from PyPI.
#
# Seen:
#     4.2.23: contains nothing
#     4.5.15: contains MaterialX OpenImageIO PyOpenColorIO openvdb oslquery pxr; not found; found with the folder
#     5.0.1: contains MaterialX OpenImageIO PyOpenColorIO openvdb oslquery pxr; not found; found with the folder
#     5.2.3: contains MaterialX OpenImageIO PyOpenColorIO openvdb oslquery pxr; not found; found with the folder
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import importlib, os, sys
from pathlib import Path
import bpy


def can_import():
    try:
        importlib.import_module("OpenImageIO")
    except ImportError:
        return False
    return True


python = bpy.utils.system_resource("PYTHON")
folders = list(Path(python, "lib").glob("python3*/site-packages")) if python else []
inside = sorted(path.name.partition(".")[0] for folder in folders for path in folder.iterdir())
said = f"contains {' '.join(inside) or 'nothing'}"
if inside:
    before = can_import()
    sys.path += map(str, folders)
    importlib.invalidate_caches()
    said += f"; {'found' if before else 'not found'}; {'found' if can_import() else 'not found'} with the folder"
print(f"{sys.argv[1]}: {said}", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
4.5.15 3.11
5.0.1 3.11
5.2.3 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: contains nothing
4.5.15: contains MaterialX OpenImageIO PyOpenColorIO openvdb oslquery pxr; not found; found with the folder
5.0.1: contains MaterialX OpenImageIO PyOpenColorIO openvdb oslquery pxr; not found; found with the folder
5.2.3: contains MaterialX OpenImageIO PyOpenColorIO openvdb oslquery pxr; not found; found with the folder
WANTED
