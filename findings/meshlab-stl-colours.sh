#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An STL coloured by MeshLab is one grey in three, and MeshLab exchanges red and blue in one by the rules of Magics.
#
# There are two ways to put colours into the spare 16 bits of each face, known by the programs they are from. MeshLab's
# default is that of Materialise Magics: a colour for the whole object in the header (COLOR=), 5 bits each with red
# lowest, and the highest bit set where a face has the colour of the object. MeshLab sets that bit for each face that
# has its own, as the other way (VisCAM, blue lowest) asks for. So a reader that heeds it, as three does, shows the
# whole part in the grey of the header. The other way round, MeshLab takes a file of that kind for one of VisCAM where
# the bit is not set: what is orange is blue; and a part that has only the colour of the object is black. MeshLab reads
# its own files well, so it does not show there. Nothing is reported. Use PLY for what has colours.
#
# Versions: pymeshlab 2025.7.post1 and numpy 2.4.6 from PyPI (with MeshLab's readers and writers), Python 3.11; three
# 0.187.0 from npm, Node.js 20.
#
# Seen (all faces of a part are orange, ff8040; what is in the file of its first face, and how the file is read):
#     1 MeshLab: COLOR= in the header, face 1001110111111111; MeshLab f87838
#     2 Magics, faces: COLOR= in the header, face 0010001000011111; MeshLab 4080f8
#     3 Magics, object: COLOR= in the header, face 1000000000000000; MeshLab 000000
#     4 VisCAM: no COLOR=, face 1111111000001000; MeshLab f88040
#     1 MeshLab: three 7f7f7f
#     2 Magics, faces: three ff8442
#     3 Magics, object: three ff8040
#     4 VisCAM: three no colour
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import struct, sys
import numpy, pymeshlab

CORNERS = numpy.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
FACES = numpy.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
RED, GREEN, BLUE = 31, 16, 8
GREY, ORANGE = b"COLOR=\x7f\x7f\x7f\xff", b"COLOR=\xff\x80\x40\xff"
BIT = 1 << 15


def write(path, header, word):
    with open(path, "wb") as file:
        file.write(header.ljust(80) + struct.pack("<I", len(FACES)))
        for face in FACES:
            corners = CORNERS[face]
            normal = numpy.cross(corners[1] - corners[0], corners[2] - corners[0])
            file.write(numpy.array([normal, *corners], "<f4").tobytes() + struct.pack("<H", word))


def look(name):
    with open(f"{sys.argv[1]}/{name}.stl", "rb") as file:
        data = file.read()
    header = "COLOR= in the header" if b"COLOR=" in data[:80] else "no COLOR="
    (word,) = struct.unpack("<H", data[132:134])
    meshes = pymeshlab.MeshSet()
    meshes.load_new_mesh(f"{sys.argv[1]}/{name}.stl")
    found = numpy.rint(meshes.current_mesh().face_color_matrix()[0][:3] * 255).astype(int)
    print(f"{name}: {header}, face {word:016b}; MeshLab {bytes(found.tolist()).hex()}")


meshes = pymeshlab.MeshSet()
meshes.add_mesh(pymeshlab.Mesh(CORNERS, FACES, f_color_matrix=numpy.tile([1, 0.5, 0.25, 1], (4, 1))))
meshes.save_current_mesh(f"{sys.argv[1]}/1 MeshLab.stl", binary=True, save_face_color=True)
write(f"{sys.argv[1]}/2 Magics, faces.stl", GREY, RED | GREEN << 5 | BLUE << 10)
write(f"{sys.argv[1]}/3 Magics, object.stl", ORANGE, BIT)
write(f"{sys.argv[1]}/4 VisCAM.stl", b"", BIT | BLUE | GREEN << 5 | RED << 10)
for name in ("1 MeshLab", "2 Magics, faces", "3 Magics, object", "4 VisCAM"):
    look(name)
PY
cat > "$scratch/look.mjs" <<'JS'
import { readdirSync, readFileSync } from 'fs';
import { Color } from 'three';
import { STLLoader } from 'three/addons/loaders/STLLoader.js';

const folder = process.argv[2];
for (const name of readdirSync(folder).filter((one) => one.endsWith('.stl')).sort()) {
    const { attributes } = new STLLoader().parse(new Uint8Array(readFileSync(`${folder}/${name}`)).buffer);
    const colour = attributes.color ? new Color().fromBufferAttribute(attributes.color, 0).getHexString() : 'no colour';
    console.log(`${name.slice(0, -4)}: three ${colour}`);
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pymeshlab==2025.7.post1 numpy==2.4.6
{
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch"
    node "$scratch/look.mjs" "$scratch"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
1 MeshLab: COLOR= in the header, face 1001110111111111; MeshLab f87838
2 Magics, faces: COLOR= in the header, face 0010001000011111; MeshLab 4080f8
3 Magics, object: COLOR= in the header, face 1000000000000000; MeshLab 000000
4 VisCAM: no COLOR=, face 1111111000001000; MeshLab f88040
1 MeshLab: three 7f7f7f
2 Magics, faces: three ff8442
3 Magics, object: three ff8040
4 VisCAM: three no colour
WANTED
