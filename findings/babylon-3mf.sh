#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Babylon.js numbers the first object of each 3MF 0, which lib3mf refuses, and forgets where a fresh mesh is.
#
# An object of a 3MF has a number, and that is at least 1. ThreeMfSerializer begins with 0 and reports nothing; the
# format's own library says that there is no number, and reads the file as soon as the object has another one. What was
# placed, turned or scaled since the last frame, as in a script of Node.js without any frame, is written at the origin:
# Babylon's exporters of glTF, STL and OBJ bring places up to date. And the corners of faces stay in the order of a
# left-handed scene, so that a box of Babylon is inside out for trimesh, with a volume of -6; one that came from a glTF
# is not. Call computeWorldMatrix(true) for each mesh, and count the numbers up in 3D/3dmodel.model.
#
# Versions: @babylonjs/core, loaders and serializers 9.28.0 and fflate 0.8.2 from npm, Node.js 20; lib3mf 2.5.0, trimesh
# 5.2.0 and numpy 2.4.6 from PyPI, Python 3.11. With core 9.35.0 it is the same (tried too).
#
# Seen (a box of 1 x 2 x 3 at 10, 20, 30, which with Z up is 10, 30, 20):
#     box, at once: told nothing, <object id="0", transform="1 0 0 0 0 1 0 1 0 0 0 0"
#     box: told nothing, <object id="0", transform="1 0 0 0 0 1 0 1 0 10 30 20"
#     box of a glTF: told nothing, <object id="0", transform="-1 0 0 0 0 1 0 1 0 0 0 0"
#     box, at once: lib3mf: Lib3MFException 5: No Model Object ID has been given; with another number it reads it
#     box, at once: trimesh: middle 0 0 0, volume -6.0
#     box: lib3mf: Lib3MFException 5: No Model Object ID has been given; with another number it reads it
#     box: trimesh: middle 10 30 20, volume -6.0
#     box of a glTF: lib3mf: Lib3MFException 5: No Model Object ID has been given; with another number it reads it
#     box of a glTF: trimesh: middle -10 30 20, volume 6.0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.mjs" <<'JS'
import { readFileSync, writeFileSync } from 'fs';
import { ImportMeshAsync, MeshBuilder, NullEngine, Scene, Vector3 } from '@babylonjs/core';
import '@babylonjs/loaders/glTF/index.js';
import { ThreeMfSerializer } from '@babylonjs/serializers';
import * as fflate from 'fflate';

globalThis.fflate = fflate;
const folder = process.argv[2];
const scene = new Scene(new NullEngine({}));

async function write(name, meshes) {
    const parts = [];
    let problem = 'nothing';
    await new ThreeMfSerializer().serializeAsync((error, part) => {
        problem = error ?? problem;
        parts.push(part);
    }, ...meshes);
    const data = Buffer.concat(parts);
    writeFileSync(`${folder}/${name}.3mf`, data);
    const model = Buffer.from(fflate.unzipSync(data)['3D/3dmodel.model']).toString();
    const [object, transform] = [/<object id="\d+"/, /transform=".*?"/].map((part) => model.match(part)[0]);
    console.log(`${name}: told ${problem}, ${object}, ${transform}`);
}

const box = MeshBuilder.CreateBox('box', { width: 1, height: 2, depth: 3 }, scene);
box.position = new Vector3(10, 20, 30);
await write('box, at once', [box]);
scene.meshes.forEach((mesh) => mesh.computeWorldMatrix(true));
await write('box', [box]);
const file = readFileSync(`${folder}/box.glb`);
const { meshes } = await ImportMeshAsync(new Uint8Array(file), scene, { pluginExtension: '.glb' });
meshes.forEach((mesh) => mesh.computeWorldMatrix(true));
await write('box of a glTF', meshes.filter((mesh) => mesh.getTotalVertices()));
process.exit(0);
JS
cat > "$scratch/make.py" <<'PY'
import sys
import trimesh

box = trimesh.creation.box((1, 2, 3))
box.apply_translation((10, 20, 30))
box.export(f"{sys.argv[1]}/box.glb")
PY
cat > "$scratch/read.py" <<'PY'
import re, sys, zipfile
import lib3mf, trimesh


def read(path):
    reader = lib3mf.get_wrapper().CreateModel().QueryReader("3mf")
    try:
        reader.ReadFromFile(path)
    except lib3mf.ELib3MFException as problem:
        return str(problem)
    return "reads it"


def renumbered(path):
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(f"{path}.new", "w") as new:
        for part in old.namelist():
            new.writestr(part, re.sub(rb'(object (?:object)?id=|item objectid=)"0"', rb'\1"9"', old.read(part)))
    return f"{path}.new"


for name in ("box, at once", "box", "box of a glTF"):
    path = f"{sys.argv[1]}/{name}.3mf"
    mesh = trimesh.load(path).to_geometry()
    middle = " ".join(f"{number:g}" for number in mesh.bounds.mean(0).round(3))
    print(f"{name}: lib3mf: {read(path)}; with another number it {read(renumbered(path))}")
    print(f"{name}: trimesh: middle {middle}, volume {mesh.volume:.1f}")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error @babylonjs/core@9.28.0 \
    @babylonjs/loaders@9.28.0 @babylonjs/serializers@9.28.0 fflate@0.8.2 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    lib3mf==2.5.0 trimesh==5.2.0 numpy==2.4.6 networkx lxml
"$scratch/venv/bin/python" "$scratch/make.py" "$scratch"
{
    node "$scratch/write.mjs" "$scratch" | grep -v '^BJS'
    "$scratch/venv/bin/python" "$scratch/read.py" "$scratch"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
box, at once: told nothing, <object id="0", transform="1 0 0 0 0 1 0 1 0 0 0 0"
box: told nothing, <object id="0", transform="1 0 0 0 0 1 0 1 0 10 30 20"
box of a glTF: told nothing, <object id="0", transform="-1 0 0 0 0 1 0 1 0 0 0 0"
box, at once: lib3mf: Lib3MFException 5: No Model Object ID has been given; with another number it reads it
box, at once: trimesh: middle 0 0 0, volume -6.0
box: lib3mf: Lib3MFException 5: No Model Object ID has been given; with another number it reads it
box: trimesh: middle 10 30 20, volume -6.0
box of a glTF: lib3mf: Lib3MFException 5: No Model Object ID has been given; with another number it reads it
box of a glTF: trimesh: middle -10 30 20, volume 6.0
WANTED
