#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.2 on, what is see-through in a USD file is imported as glass, also where the file says that it is not.
#
# USD has opacityMode: "transparent" is glass, whose reflections stay, and "presence" says how much of a surface is
# there at all, as of leaves, veils, decals and what fades out. Up to 5.0 both became Alpha. Since 5.2, opacity becomes
# Transmission Weight (1 - opacity) in both cases, and also if a picture gives it by its red, as Blender's exporter
# writes it: what should not be there at all is a sheet of glass that bends light and throws reflections. Only the alpha
# of a picture is still Alpha. Nothing is reported. Put the value into Alpha again after the import.
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23 and 4.5.15 are as 5.0.1, and 5.2.3 as
# 5.3.0 (tried too).
#
# Seen (of a surface whose opacity is 0.25):
#     5.0.1: a number: Alpha 0.25, Transmission Weight 0.00
#     5.0.1: a number, presence: Alpha 0.25, Transmission Weight 0.00
#     5.0.1: red of a picture, presence: Alpha linked, Transmission Weight 0.00
#     5.0.1: alpha of a picture, presence: Alpha linked, Transmission Weight 0.00
#     5.3.0: a number: Alpha 1.00, Transmission Weight 0.75
#     5.3.0: a number, presence: Alpha 1.00, Transmission Weight 0.75
#     5.3.0: red of a picture, presence: Alpha 1.00, Transmission Weight linked
#     5.3.0: alpha of a picture, presence: Alpha linked, Transmission Weight 0.00
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
PATH = f"{folder}/{version}.usda"
STAGE = """#usda 1.0
(
    defaultPrim = "Root"
    metersPerUnit = 1
    upAxis = "Z"
)
def Xform "Root"
{
    def Mesh "Leaf" (prepend apiSchemas = ["MaterialBindingAPI"])
    {
        int[] faceVertexCounts = [3]
        int[] faceVertexIndices = [0, 1, 2]
        point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (0, 1)] (interpolation = "vertex")
        rel material:binding = </Root/Green>
    }
    def Material "Green"
    {
        token outputs:surface.connect = </Root/Green/Surface.outputs:surface>
        def Shader "Surface"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor = (0, 1, 0)
            %s
            token outputs:surface
        }
        def Shader "Picture"
        {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @leaf.png@
            float outputs:r
            float outputs:a
        }
    }
}
"""
PICTURE = "float inputs:opacity.connect = </Root/Green/Picture.outputs:%s>"
PRESENCE = 'token inputs:opacityMode = "presence"'
LINES = {
    "a number": "float inputs:opacity = 0.25",
    "a number, presence": "float inputs:opacity = 0.25\n" + PRESENCE,
    "red of a picture, presence": PICTURE % "r" + "\n" + PRESENCE,
    "alpha of a picture, presence": PICTURE % "a" + "\n" + PRESENCE,
}


def value(socket):
    """Return the number of a socket, or that it is linked."""
    return "linked" if socket.is_linked else f"{socket.default_value:.2f}"


print()
image = bpy.data.images.new("leaf", 8, 8)
image.pixels[:] = [0.25, 0, 0, 0.25] * 64
image.filepath_raw, image.file_format = f"{folder}/leaf.png", "PNG"
image.save()
for name, lines in LINES.items():
    with open(PATH, "w") as file:
        file.write(STAGE % lines)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.usd_import(filepath=PATH)
    tree = bpy.data.materials[0].node_tree
    inputs = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED").inputs
    said = ", ".join(f"{key} {value(inputs[key])}" for key in ("Alpha", "Transmission Weight"))
    print(f"{version}: {name}: {said}", flush=True)
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
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.0.1: a number: Alpha 0.25, Transmission Weight 0.00
5.0.1: a number, presence: Alpha 0.25, Transmission Weight 0.00
5.0.1: red of a picture, presence: Alpha linked, Transmission Weight 0.00
5.0.1: alpha of a picture, presence: Alpha linked, Transmission Weight 0.00
5.3.0: a number: Alpha 1.00, Transmission Weight 0.75
5.3.0: a number, presence: Alpha 1.00, Transmission Weight 0.75
5.3.0: red of a picture, presence: Alpha 1.00, Transmission Weight linked
5.3.0: alpha of a picture, presence: Alpha linked, Transmission Weight 0.00
WANTED
