#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Some bpy modules on PyPI export glTF without the Draco compression that was asked for, and say FINISHED.
#
# The option export_draco_mesh_compression_enable makes meshes seven times smaller. In the modules of 4.5 and 5.0 it
# does; those of 4.2, 5.2 and 5.3 have the same option in the same add-on, and lack the library that it needs. Its check
# prints a line to the console, the file is written as if nothing had been asked, and the operator returns {'FINISHED'}.
# A pipeline that goes to the next version, or from a Blender to the module, uploads seven times as much, and whoever
# wants KHR_draco_mesh_compression in the file finds out last. Look into extensionsUsed after an export.
#
# Versions: bpy 4.2.23 and 5.0.1 (Python 3.11), 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with
# each. 4.5.15 is as 5.0.1, and 5.2.3 as 5.3.0 (tried too).
#
# Seen (asked for Draco):
#     4.2.23: FINISHED, extensions [], 100 % of the size without Draco
#     5.0.1: FINISHED, extensions ['KHR_draco_mesh_compression'], 14 % of the size without Draco
#     5.3.0: FINISHED, extensions [], 100 % of the size without Draco
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]


def exported(compressed):
    """Export a sphere, with or without Draco; return what the operator said, the extensions and size of the file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_uv_sphere_add(segments=128, ring_count=64)
    path = f"{folder}/out.glb"
    answer = bpy.ops.export_scene.gltf(filepath=path, export_draco_mesh_compression_enable=compressed)
    with open(path, "rb") as file:
        data = file.read()
    document = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    return " ".join(answer), document.get("extensionsUsed", []), len(data)


(_, _, plain), (answer, extensions, size) = exported(False), exported(True)
print()
print(f"{version}: {answer}, extensions {extensions}, {100 * size // plain} % of the size without Draco", flush=True)
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
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: FINISHED, extensions [], 100 % of the size without Draco
5.0.1: FINISHED, extensions ['KHR_draco_mesh_compression'], 14 % of the size without Draco
5.3.0: FINISHED, extensions [], 100 % of the size without Draco
WANTED
