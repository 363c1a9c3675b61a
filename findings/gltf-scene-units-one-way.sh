#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF importer heeds the scale of the scene's units, its exporter does not: each way there and back is 100
# times larger.
#
# In a scene whose unit is a centimetre (Unit Scale 0.01) the importer makes of a metre of the file 100 units, which is
# right. The exporter writes units as metres, whatever they are: an object of one unit, a centimetre, is a metre in the
# file. So a model that is exported and imported again in the same scene is 100 times as large, and 10,000 times after
# the second turn; in a scene in kilometres it shrinks. No option of either changes that, and nothing is reported. Scale
# the objects by unit_settings.scale_length for the export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (width of a triangle of one unit after one, two and three turns):
#     4.2.23: 1 m a unit: 1 1 1
#     4.2.23: 0.01 m a unit: 100 10000 1e+06
#     4.2.23: 1000 m a unit: 0.001 1e-06 1e-09
#     5.3.0: 1 m a unit: 1 1 1
#     5.3.0: 0.01 m a unit: 100 10000 1e+06
#     5.3.0: 1000 m a unit: 0.001 1e-06 1e-09
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def seen(scale):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.unit_settings.scale_length = scale
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    widths = []
    for _ in range(3):
        bpy.ops.export_scene.gltf(filepath=f"{folder}/out.glb", export_format="GLB")
        for one in list(bpy.data.objects):
            bpy.data.objects.remove(one)
        bpy.ops.import_scene.gltf(filepath=f"{folder}/out.glb")
        widths.append(f"{bpy.data.objects[0].dimensions.x:g}")
    return " ".join(widths)


lines = [f"{version}: {scale:g} m a unit: {seen(scale)}" for scale in (1.0, 0.01, 1000.0)]
print()
print("\n".join(lines), flush=True)
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
4.2.23: 1 m a unit: 1 1 1
4.2.23: 0.01 m a unit: 100 10000 1e+06
4.2.23: 1000 m a unit: 0.001 1e-06 1e-09
5.3.0: 1 m a unit: 1 1 1
5.3.0: 0.01 m a unit: 100 10000 1e+06
5.3.0: 1000 m a unit: 0.001 1e-06 1e-09
WANTED
