#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's USD importer shows a material that names no colour as 0.8, where USD says 0.18, and ignores resets, holes and
# animated visibility.
#
# What a USD material does not say is meant to be the default of UsdPreviewSurface, and writers leave it out; Blender
# leaves its own default there, which reflects four times as much. With "opacityThreshold", a point is there or not;
# Blender heeds it for a picture only, and a number of 0.5, which is over the threshold and means opaque, makes the whole
# half transparent. A texture that is mirrored along one direction and clamped along the other is mirrored along both.
# "!resetXformStack!", which says that the transforms above do not count, is ignored: the part is where its parent is.
# Faces in "holeIndices" are there, and what has an animated "visibility" is visible all the time. Nothing is reported.
# Write colours into each material, and flatten transforms, before the import.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each;
# usd-core 26.11 for what USD says.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (what OpenUSD says of the files, and what Blender has made of them):
#     OpenUSD: a colour that is not said is 0.18 0.18 0.18
#     OpenUSD: the part is at 0
#     OpenUSD: visibility at 1 is inherited, at 10 invisible
#     4.2.23: a colour that is not said is 0.8 0.8 0.8
#     4.2.23: an opacity of 0.5 with a threshold of 0.3 is 0.5, connected False
#     4.2.23: a picture mirrored along S, clamped along T: MIRROR
#     4.2.23: the part is at 5
#     4.2.23: of two faces, one of them a hole, there are 2
#     4.2.23: hidden at 1 False, at 10 False; animation None
#     5.3.0: a colour that is not said is 0.8 0.8 0.8
#     5.3.0: an opacity of 0.5 with a threshold of 0.3 is 0.5, connected False
#     5.3.0: a picture mirrored along S, clamped along T: MIRROR
#     5.3.0: the part is at 5
#     5.3.0: of two faces, one of them a hole, there are 2
#     5.3.0: hidden at 1 False, at 10 False; animation None
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import struct, sys, zlib

HEAD = '#usda 1.0\n(\n    defaultPrim = "Root"\n    metersPerUnit = 1\n    upAxis = "Z"\n    endTimeCode = 10\n)\n'
STAGE = """def Xform "Root"
{
    %s
    def Mesh "Part" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {
        int[] faceVertexCounts = [3, 3]
        int[] faceVertexIndices = [0, 1, 2, 2, 1, 3]
        point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
        uniform token subdivisionScheme = "none"
        rel material:binding = </Root/Paint>
        %s
    }
    def Material "Paint"
    {
        token outputs:surface.connect = </Root/Paint/Surface.outputs:surface>
        def Shader "Surface"
        {
            uniform token info:id = "UsdPreviewSurface"
            %s
            token outputs:surface
        }
        def Shader "Picture"
        {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @picture.png@
            token inputs:wrapS = "mirror"
            token inputs:wrapT = "clamp"
            float3 outputs:rgb
        }
    }
}
"""
MOVED = 'double3 xformOp:translate = (5, 0, 0)\nuniform token[] xformOpOrder = ["xformOp:translate"]'
FILES = {
    "unsaid": ("", "", ""),
    "cut": ("", "", "float inputs:opacity = 0.5\nfloat inputs:opacityThreshold = 0.3"),
    "picture": ("", "", "color3f inputs:diffuseColor.connect = </Root/Paint/Picture.outputs:rgb>"),
    "reset": (MOVED, 'uniform token[] xformOpOrder = ["!resetXformStack!"]', ""),
    "holes": ("", "int[] holeIndices = [0]", ""),
    "shown": ("", 'token visibility.timeSamples = {1: "inherited", 10: "invisible"}', ""),
}
for name, parts in FILES.items():
    with open(f"{sys.argv[1]}/{name}.usda", "w") as file:
        file.write(HEAD + STAGE % parts)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
with open(f"{sys.argv[1]}/picture.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\xff\x80\x40")) + chunk(b"IEND", b""))
PY
cat > "$scratch/usd.py" <<'PY'
import sys
from pxr import Sdr, Usd, UsdGeom


def part(name):
    return UsdGeom.Mesh(Usd.Stage.Open(f"{sys.argv[1]}/{name}.usda").GetPrimAtPath("/Root/Part"))


surface = Sdr.Registry().GetShaderNodeByIdentifier("UsdPreviewSurface")
colour = surface.GetShaderInput("diffuseColor").GetDefaultValue()
print(f"OpenUSD: a colour that is not said is {colour[0]:.2g} {colour[1]:.2g} {colour[2]:.2g}")
stage = Usd.Stage.Open(f"{sys.argv[1]}/reset.usda")
place = UsdGeom.XformCache().GetLocalToWorldTransform(stage.GetPrimAtPath("/Root/Part")).ExtractTranslation()
print(f"OpenUSD: the part is at {place[0]:g}")
stage = Usd.Stage.Open(f"{sys.argv[1]}/shown.usda")
image = UsdGeom.Imageable(stage.GetPrimAtPath("/Root/Part"))
print(f"OpenUSD: visibility at 1 is {image.ComputeVisibility(1)}, at 10 {image.ComputeVisibility(10)}")
PY
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def load(name):
    """Import a file, and return the object, the main shader of its material and its texture."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.usd_import(filepath=f"{folder}/{name}.usda")
    (thing,) = [one for one in bpy.data.objects if one.type == "MESH"]
    nodes = {node.type: node for node in bpy.data.materials[0].node_tree.nodes}
    return thing, nodes["BSDF_PRINCIPLED"], nodes.get("TEX_IMAGE")


print()
colour = load("unsaid")[1].inputs["Base Color"].default_value
print(f"{version}: a colour that is not said is {colour[0]:.2g} {colour[1]:.2g} {colour[2]:.2g}")
alpha = load("cut")[1].inputs["Alpha"]
print(f"{version}: an opacity of 0.5 with a threshold of 0.3 is {alpha.default_value:g}, connected {alpha.is_linked}")
print(f"{version}: a picture mirrored along S, clamped along T: {load('picture')[2].extension}")
thing = load("reset")[0]
bpy.context.view_layer.update()
print(f"{version}: the part is at {thing.matrix_world.translation.x:g}")
print(f"{version}: of two faces, one of them a hole, there are {len(load('holes')[0].data.polygons)}")
thing = load("shown")[0]
hidden = []
for frame in (1, 10):
    bpy.context.scene.frame_set(frame)
    hidden.append(thing.hide_render or thing.hide_viewport)
print(f"{version}: hidden at 1 {hidden[0]}, at 10 {hidden[1]}; animation {thing.animation_data}", flush=True)
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
"$(python_of 3.11)" "$scratch/write.py" "$scratch"
{
    "$(python_of 3.11)" -m venv "$scratch/usd"
    "$scratch/usd/bin/pip" install --quiet --disable-pip-version-check usd-core==26.11
    "$scratch/usd/bin/python" "$scratch/usd.py" "$scratch"
    while read -r version python; do
        "$(python_of "$python")" -m venv "$scratch/$version"
        "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
        "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
    done <<'LIST'
4.2.23 3.11
5.3.0 3.13
LIST
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
OpenUSD: a colour that is not said is 0.18 0.18 0.18
OpenUSD: the part is at 0
OpenUSD: visibility at 1 is inherited, at 10 invisible
4.2.23: a colour that is not said is 0.8 0.8 0.8
4.2.23: an opacity of 0.5 with a threshold of 0.3 is 0.5, connected False
4.2.23: a picture mirrored along S, clamped along T: MIRROR
4.2.23: the part is at 5
4.2.23: of two faces, one of them a hole, there are 2
4.2.23: hidden at 1 False, at 10 False; animation None
5.3.0: a colour that is not said is 0.8 0.8 0.8
5.3.0: an opacity of 0.5 with a threshold of 0.3 is 0.5, connected False
5.3.0: a picture mirrored along S, clamped along T: MIRROR
5.3.0: the part is at 5
5.3.0: of two faces, one of them a hole, there are 2
5.3.0: hidden at 1 False, at 10 False; animation None
WANTED
