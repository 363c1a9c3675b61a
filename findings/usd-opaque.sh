#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Blender 5.2 and newer, the USD exporter makes translucent materials opaque: Alpha is not written, unless it is a
# texture.
#
# Up to 5.0 the opacity of the exported UsdPreviewSurface was the Alpha of the Principled BSDF. Since the exporter
# writes "Transmission Weight" as opacity (1 - weight), it does so always, and the value of Alpha is left out. So glass,
# veils and decals of a file that was right for years come out solid, in every program that reads them and in Blender
# itself, and nothing is reported. An Alpha that comes from a texture is still written. In 5.2 and newer, what shall be
# seen through in USD needs its value as Transmission Weight, or an alpha texture.
#
# Versions: bpy 5.0.1 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), from PyPI. 4.2.23 and 4.5.15 are as 5.0.1 (tried
# too).
#
# Seen (opacity in the file):
#     5.0.1: alpha 0.4 0.4; alpha 0.4, transmission 0.25 0.4; transmission 0.25 1.0
#     5.2.3: alpha 0.4 1.0; alpha 0.4, transmission 0.25 0.75; transmission 0.25 0.75
#     5.3.0: alpha 0.4 1.0; alpha 0.4, transmission 0.25 0.75; transmission 0.25 0.75
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def exported(alpha, transmission):
    """Export a triangle whose material has these values, and return the opacity that the file has."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Material")
    material.use_nodes = True
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Alpha"].default_value = alpha
    surface.inputs["Transmission Weight"].default_value = transmission
    mesh = bpy.data.meshes.new("Triangle")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Triangle", mesh))
    bpy.ops.wm.usd_export(filepath=f"{folder}/out.usda")
    with open(f"{folder}/out.usda") as file:
        line = next(line for line in file if "inputs:opacity =" in line)
    return round(float(line.split("=")[1]), 3)


seen = [exported(0.4, 0), exported(0.4, 0.25), exported(1, 0.25)]
print()
print(f"{version}: alpha 0.4 {seen[0]}; alpha 0.4, transmission 0.25 {seen[1]}", end="")
print(f"; transmission 0.25 {seen[2]}", flush=True)
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
5.0.1 3.11
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.0.1: alpha 0.4 0.4; alpha 0.4, transmission 0.25 0.4; transmission 0.25 1.0
5.2.3: alpha 0.4 1.0; alpha 0.4, transmission 0.25 0.75; transmission 0.25 0.75
5.3.0: alpha 0.4 1.0; alpha 0.4, transmission 0.25 0.75; transmission 0.25 0.75
WANTED
