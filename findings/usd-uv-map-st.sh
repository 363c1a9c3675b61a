#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A second UV map that is named "st" replaces the one that is rendered when Blender exports to USD.
#
# The exporter calls the UV map that is rendered "st", as USD expects (option rename_uvmaps, on by default). It does not
# look whether another map has this name, as a mesh has that was once imported from USD or joined with such a one: of
# the two, only that which is later in the list is in the file. Where that is the old "st", it is under the name that
# the materials use, the coordinates of the rendered map are nowhere, and textures lie wrong; where it is the rendered
# one, the other map is missing. Nothing is reported. Rename "st" before the export.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (UV maps in the file, and the value in each; the first map, which is rendered, has 0.25, the other 0.5):
#     4.2.23: two maps: Light 0.5, st 0.25; one of them named st: st 0.5
#     5.3.0: two maps: Light 0.5, st 0.25; one of them named st: st 0.5
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def written(*names):
    """Export a square with UV maps of these names, the first of which is rendered; say what the file has."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Square")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [], [(0, 1, 2, 3)])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Square", mesh))
    for number, name in enumerate(names):
        mesh.uv_layers.new(name=name).data.foreach_set("uv", [(number + 1) / 4] * 8)
    assert mesh.uv_layers[0].active_render and mesh.uv_layers[0].active
    bpy.ops.wm.usd_export(filepath=f"{folder}/out.usda")
    with open(f"{folder}/out.usda") as file:
        maps = [line.split() for line in file if "texCoord2f[] primvars:" in line]
    return ", ".join(f"{words[1][9:]} {words[3].strip('[(,')}" for words in sorted(maps))


print()
print(f"{version}: two maps: {written('UVMap', 'Light')}; one of them named st: {written('UVMap', 'st')}", flush=True)
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
4.2.23: two maps: Light 0.5, st 0.25; one of them named st: st 0.5
5.3.0: two maps: Light 0.5, st 0.25; one of them named st: st 0.5
WANTED
