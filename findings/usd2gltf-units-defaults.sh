#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# usd2gltf makes models of Blender lie on their backs and those in centimetres 100 times larger, and loses instances.
#
# USD says which axis is up and how long a unit is, and Blender writes Z up. glTF has Y up and metres. usd2gltf copies
# points and places as they are and turns and scales nothing, so that a wall of 1 m x 2 m lies there as one of 100 m x
# 200 m. An instance becomes a node without a mesh, and the class that it refers to, which USD does not draw, is drawn
# at the origin. A colour and a roughness that a material leaves unsaid are 0.18 and 0.5 in USD, and 1 in the glTF; what
# a picture is multiplied with is left out; what is only a guide is shown. usd2gltf says "Converted!". Import the USD
# into Blender and export glTF from there, or give the first node of the glTF a turn and a scale.
#
# Versions: usd2gltf 0.3.5, usd-core 26.11 and numpy 2.4.6 from PyPI, Python 3.11.
#
# Seen (in USD: a wall whose material says nothing, one with a picture times 0.5, a guide, and two instances of /Chair):
#     USD: 100 x 0 x 200, Z up, unit 0.01 m
#     usd2gltf says: Converted!
#     node Wall: up to 100 0 200, turned or scaled False
#     node Dark_wall: up to 100 0 200, turned or scaled False
#     node Guide: up to 100 0 200, turned or scaled False
#     node Chair_1: no mesh, turned or scaled False
#     node Chair_2: no mesh, turned or scaled False
#     node Back: up to 100 0 200, turned or scaled False
#     material Unsaid: colour [1, 1, 1], roughness unsaid
#     material Halved: colour [1, 1, 1], roughness unsaid
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import base64, json, os, subprocess, sys
from pxr import Sdf, Usd, UsdGeom, UsdShade

# One pixel, grey.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
TYPES = Sdf.ValueTypeNames
folder = sys.argv[1]
with open(f"{folder}/grey.png", "wb") as file:
    file.write(base64.b64decode(PNG))
stage = Usd.Stage.CreateNew(f"{folder}/model.usda")
UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
UsdGeom.SetStageMetersPerUnit(stage, 0.01)
stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/Root").GetPrim())


def wall(path):
    """Make a wall of 1 m x 2 m, in centimetres, which stands on the ground and has UVs."""
    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr([(0, 0, 0), (100, 0, 0), (100, 0, 200), (0, 0, 200)])
    mesh.CreateFaceVertexCountsAttr([4])
    mesh.CreateFaceVertexIndicesAttr([0, 1, 2, 3])
    mesh.CreateSubdivisionSchemeAttr("none")
    uvs = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar("st", TYPES.TexCoord2fArray, "vertex")
    uvs.Set([(0, 0), (1, 0), (1, 1), (0, 1)])
    return mesh


def paint(mesh, name):
    """Bind a material that says nothing about its surface."""
    material = UsdShade.Material.Define(stage, f"/Root/{name}")
    shader = UsdShade.Shader.Define(stage, f"/Root/{name}/Surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)
    return shader


paint(wall("/Root/Wall"), "Unsaid")
picture = UsdShade.Shader.Define(stage, "/Root/Halved/Picture")
shader = paint(wall("/Root/Dark_wall"), "Halved")
picture.CreateIdAttr("UsdUVTexture")
picture.CreateInput("file", TYPES.Asset).Set("./grey.png")
picture.CreateInput("scale", TYPES.Float4).Set((0.5, 0.5, 0.5, 1))
shader.CreateInput("diffuseColor", TYPES.Color3f).ConnectToSource(picture.ConnectableAPI(), "rgb")
wall("/Root/Guide").CreatePurposeAttr(UsdGeom.Tokens.guide)
stage.CreateClassPrim("/Chair")
wall("/Chair/Back")
for number in (1, 2):
    chair = UsdGeom.Xform.Define(stage, f"/Root/Chair_{number}").GetPrim()
    chair.GetReferences().AddInternalReference("/Chair")
    chair.SetInstanceable(True)
stage.Save()
boxes = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_])
size = boxes.ComputeWorldBound(stage.GetDefaultPrim()).ComputeAlignedRange().GetSize()
print(f"USD: {' x '.join(f'{number:g}' for number in size)}, {UsdGeom.GetStageUpAxis(stage)} up, unit 0.01 m")

os.mkdir(f"{folder}/made")
target = f"{folder}/made/model.gltf"
tool = sys.executable.replace("python", "usd2gltf")
done = subprocess.run([tool, "-i", f"{folder}/model.usda", "-o", target], check=True, capture_output=True, text=True)
print("usd2gltf says:", done.stdout.split()[-1])
with open(target) as file:
    model = json.load(file)
for node in model["nodes"]:
    if "children" in node:
        continue
    what = "no mesh"
    if "mesh" in node:
        primitive = model["meshes"][node["mesh"]]["primitives"][0]
        top = model["accessors"][primitive["attributes"]["POSITION"]]["max"]
        what = f"up to {' '.join(f'{end:g}' for end in top)}"
    print(f"node {node['name']}: {what}, turned or scaled {bool({'matrix', 'rotation', 'scale'} & set(node))}")
for material in model["materials"]:
    surface = material["pbrMetallicRoughness"]
    roughness = surface.get("roughnessFactor", "unsaid")
    print(f"material {material['name']}: colour {surface['baseColorFactor'][:3]}, roughness {roughness}")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check usd2gltf==0.3.5 usd-core==26.11 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
USD: 100 x 0 x 200, Z up, unit 0.01 m
usd2gltf says: Converted!
node Wall: up to 100 0 200, turned or scaled False
node Dark_wall: up to 100 0 200, turned or scaled False
node Guide: up to 100 0 200, turned or scaled False
node Chair_1: no mesh, turned or scaled False
node Chair_2: no mesh, turned or scaled False
node Back: up to 100 0 200, turned or scaled False
material Unsaid: colour [1, 1, 1], roughness unsaid
material Halved: colour [1, 1, 1], roughness unsaid
WANTED
