#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three's USDLoader loads none of the instances that Blender writes, and shows what is hidden, switched off or a guide.
#
# The loader, a new one, reads USD, USDA, USDC and USDZ. It follows references to other files, and none inside of a
# file: what Blender exported with "Instancing" is an empty group for each instance. Of a PointInstancer it loads the
# prototype, once. "visibility", "active" and "purpose" are ignored, also for what is below. Turns in another order than
# XYZ are left out, and so is a reset of the transforms above. Of a mesh in left-handed order the backs become fronts.
# Nothing is reported. Export without instancing; or open the file with usd-core, call SetInstanceable(False) for each
# instance, delete what is not visible, and export a flattened stage.
#
# Versions: three 0.187.0 from npm, Node.js 20; usd-core 26.11 from PyPI, Python 3.11.
#
# Seen (the meshes that are drawn, where they are along X and Y, and where the first of them looks):
#     OpenUSD: guide: 0
#     OpenUSD: invisible: 0
#     OpenUSD: left-handed: 1 0 0 to 1 2, looks down
#     OpenUSD: not active: 0
#     OpenUSD: plain: 1 0 0 to 1 2, looks up
#     OpenUSD: reset: 1 0 0 to 1 2, looks up
#     OpenUSD: three instances: 3 0 0 to 11 2, looks up
#     OpenUSD: three points: 3 0 0 to 11 2, looks up
#     OpenUSD: turned ZYX: 1 -2 0 to 0 1, looks up
#     three: guide: 1 0 0 to 1 2, looks up
#     three: invisible: 1 0 0 to 1 2, looks up
#     three: left-handed: 1 0 0 to 1 2, looks up
#     three: not active: 1 0 0 to 1 2, looks up
#     three: plain: 1 0 0 to 1 2, looks up
#     three: reset: 1 5 0 to 6 2, looks up
#     three: three instances: 0
#     three: three points: 1 0 0 to 1 2, looks up
#     three: turned ZYX: 1 0 0 to 1 2, looks up
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
export LC_ALL=C # For the order of the files.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import sys

MESH = """def Mesh "Mesh" %s
    {
        int[] faceVertexCounts = [3]
        int[] faceVertexIndices = [0, 1, 2]
        point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 2, 0)]
        uniform token subdivisionScheme = "none"
        %s
    }"""


def mesh(more="", metadata=""):
    return MESH % (metadata, more)


def place(name, content, *lines, kind="def Xform", metadata=""):
    return "\n".join([f'{kind} "{name}" {metadata}', "{", *lines, content, "}"])


INSTANCES = "\n".join(
    place(
        f"Instance{number}",
        "",
        f"double3 xformOp:translate = ({5 * number}, 0, 0)",
        'uniform token[] xformOpOrder = ["xformOp:translate"]',
        metadata="(\n    instanceable = true\n    prepend references = </Root/Parts/Part>\n)",
    )
    for number in range(3)
)
POINTS = "\n".join(
    [
        'def PointInstancer "Points"',
        "{",
        "rel prototypes = </Root/Points/Part>",
        "int[] protoIndices = [0, 0, 0]",
        "point3f[] positions = [(0, 0, 0), (5, 0, 0), (10, 0, 0)]",
        place("Part", mesh()),
        "}",
    ]
)
MOVED = ["double3 xformOp:translate = (5, 0, 0)", 'uniform token[] xformOpOrder = ["xformOp:translate"]']
TURNED = ["float3 xformOp:rotateZYX = (0, 0, 90)", 'uniform token[] xformOpOrder = ["xformOp:rotateZYX"]']
STAGES = {
    "plain": place("Part", mesh()),
    "three instances": INSTANCES + "\n" + place("Parts", place("Part", mesh()), kind="class"),
    "three points": POINTS,
    "invisible": place("Part", mesh(), 'token visibility = "invisible"'),
    "not active": place("Part", mesh(), metadata="(\n    active = false\n)"),
    "guide": place("Part", mesh('uniform token purpose = "guide"')),
    "turned ZYX": place("Part", mesh(), *TURNED),
    "reset": place("Part", mesh('uniform token[] xformOpOrder = ["!resetXformStack!"]'), *MOVED),
    "left-handed": place("Part", mesh('uniform token orientation = "leftHanded"')),
}
for name, content in STAGES.items():
    with open(f"{sys.argv[1]}/{name}.usda", "w") as file:
        file.write('#usda 1.0\n(\n    defaultPrim = "Root"\n    upAxis = "Y"\n    metersPerUnit = 1\n)\n')
        file.write(place("Root", content) + "\n")
PY
cat > "$scratch/look.py" <<'PY'
import sys
from pathlib import Path
from pxr import Gf, Usd, UsdGeom

PURPOSES = ["default", "render", "proxy"]


def looks(prim):
    mesh, matrix = UsdGeom.Mesh(prim), UsdGeom.XformCache().GetLocalToWorldTransform(prim)
    a, b, c = (matrix.Transform(Gf.Vec3d(one)) for one in mesh.GetPointsAttr().Get())
    up = (Gf.Cross(b - a, c - a)[2] > 0) != (mesh.GetOrientationAttr().Get() == "leftHanded")
    return ", looks up" if up else ", looks down"


for path in sorted(Path(sys.argv[1]).glob("*.usda")):
    stage = Usd.Stage.Open(str(path))
    everything = Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies())
    prims = [one for one in everything if one.IsA(UsdGeom.Mesh)]
    count = 0
    for prim in prims:
        image = UsdGeom.Imageable(prim)
        if image.ComputeVisibility() == "invisible" or image.ComputePurpose() not in PURPOSES:
            continue
        points = [one for one in stage.Traverse() if one.IsA(UsdGeom.PointInstancer)]
        count += len(UsdGeom.PointInstancer(points[0]).GetProtoIndicesAttr().Get()) if points else 1
    box = UsdGeom.BBoxCache(Usd.TimeCode.Default(), PURPOSES).ComputeWorldBound(stage.GetPseudoRoot())
    low, high = box.ComputeAlignedRange().GetMin(), box.ComputeAlignedRange().GetMax()
    where = f" {low[0]:.0f} {low[1]:.0f} to {high[0]:.0f} {high[1]:.0f}" if count else ""
    print(f"OpenUSD: {path.stem}: {count}{where}{looks(prims[0]) if count else ''}")
PY
cat > "$scratch/look.mjs" <<'JS'
import { readdirSync, readFileSync } from 'fs';
import * as THREE from 'three';
import { USDLoader } from 'three/addons/loaders/USDLoader.js';

const folder = process.argv[2];
for (const name of readdirSync(folder).filter((one) => one.endsWith('.usda')).sort()) {
    const group = new USDLoader().parse(readFileSync(`${folder}/${name}`, 'utf8'));
    group.updateMatrixWorld(true);
    const meshes = [];
    group.traverseVisible((one) => one.isMesh && meshes.push(one));
    const count = meshes.reduce((sum, one) => sum + (one.isInstancedMesh ? one.count : 1), 0);
    let where = '';
    if (count) {
        const { min, max } = new THREE.Box3().setFromObject(group, true);
        const corners = [0, 1, 2].map((index) => meshes[0].getVertexPosition(index, new THREE.Vector3()));
        corners.forEach((corner) => corner.applyMatrix4(meshes[0].matrixWorld));
        const up = new THREE.Triangle(...corners).getNormal(new THREE.Vector3()).z > 0;
        const numbers = [min.x, min.y, max.x, max.y].map((one) => Math.round(one) + 0);
        where = ` ${numbers[0]} ${numbers[1]} to ${numbers[2]} ${numbers[3]}, looks ${up ? 'up' : 'down'}`;
    }
    console.log(`three: ${name.slice(0, -5)}: ${count}${where}`);
}
JS
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check usd-core==26.11
"$scratch/venv/bin/python" "$scratch/write.py" "$scratch"
{
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch"
    node "$scratch/look.mjs" "$scratch"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
OpenUSD: guide: 0
OpenUSD: invisible: 0
OpenUSD: left-handed: 1 0 0 to 1 2, looks down
OpenUSD: not active: 0
OpenUSD: plain: 1 0 0 to 1 2, looks up
OpenUSD: reset: 1 0 0 to 1 2, looks up
OpenUSD: three instances: 3 0 0 to 11 2, looks up
OpenUSD: three points: 3 0 0 to 11 2, looks up
OpenUSD: turned ZYX: 1 -2 0 to 0 1, looks up
three: guide: 1 0 0 to 1 2, looks up
three: invisible: 1 0 0 to 1 2, looks up
three: left-handed: 1 0 0 to 1 2, looks up
three: not active: 1 0 0 to 1 2, looks up
three: plain: 1 0 0 to 1 2, looks up
three: reset: 1 5 0 to 6 2, looks up
three: three instances: 0
three: three points: 1 0 0 to 1 2, looks up
three: turned ZYX: 1 0 0 to 1 2, looks up
WANTED
