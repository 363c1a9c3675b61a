#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gsply, GaussForge and spz-js write an .spz of splats that is upside down for others, and read others' upside down.
#
# The axes of splats in a PLY are right, down and front, and those in an .spz right, up and back, as the format's own
# library says, which turns them if it is told what it is given. These three copy the numbers as they are. On the way
# from PLY to .spz and back with one of them nothing shows; what it wrote stands on its head and looks the other way in
# splat-transform and whatever keeps to the format, and so do files of these in it. What a splat shows from each side is
# turned with it. Neither the file nor the texts of these libraries say which it is, and nothing is reported. Convert to
# and from .spz with splat-transform.
#
# Versions: gsply 0.4.6, gaussforge 0.6.0 and numpy 2.4.6 from PyPI, Python 3.11; spz-js 1.2.5,
# @playcanvas/splat-transform 2.7.1 and @adobe/spz 0.2.2, which is the format's library with more axes, from npm,
# Node.js 20.
#
# Seen (where a splat is in the file of each tool, and in the PLYs that the tool and splat-transform make of it):
#     PLY 0.5 -1 2; the format's own library: .spz 0.5 1 -2
#     gsply: .spz 0.5 -1 2; PLY 0.5 -1 2, by splat-transform 0.5 1 -2
#     gaussforge: .spz 0.5 -1 2; PLY 0.5 -1 2, by splat-transform 0.5 1 -2
#     spz-js: .spz 0.5 -1 2; PLY 0.5 -1 2, by splat-transform 0.5 1 -2
#     splat-transform: .spz 0.5 1 -2; PLY 0.5 -1 2, by splat-transform 0.5 -1 2
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import gzip, os, subprocess, sys
import gaussforge, gsply, numpy

NAMES = [*"xyz", *(f"f_dc_{i}" for i in range(3)), "opacity"]
NAMES += [*(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
# A little to the right, one metre up, two metres ahead, in the axes of a PLY: right, down, front.
SPLAT = [0.5, -1, 2, 0.1, 0.1, 0.1, 2, -2, -2, -2, 1, 0, 0, 0]


def place_in(path):
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".ply"):
        header, numbers = data.split(b"end_header\n", 1)
        names = [line.split()[2].decode() for line in header.split(b"\n") if line.startswith(b"property")]
        values = dict(zip(names, numpy.frombuffer(numbers, "<f4")))
        place = [values[axis] for axis in "xyz"]
    else:
        # 16 bytes of header, and then 24 bits a number.
        data = gzip.decompress(data)
        place = [int.from_bytes(data[at : at + 3], "little", signed=True) / 2 ** data[13] for at in (16, 19, 22)]
    return " ".join(f"{number:g}" for number in place)


def node(*arguments):
    subprocess.run(["node", *arguments], check=True, capture_output=True)


def by_gsply(source, target):
    if source.endswith(".spz"):
        gsply.plywrite(target, gsply.read_spz(source))
    else:
        gsply.write_spz(target, gsply.plyread(source))


def by_gaussforge(source, target):
    with open(source, "rb") as file:
        made = gaussforge.GaussForge().convert(file.read(), source.split(".")[-1], target.split(".")[-1])
    with open(target, "wb") as file:
        file.write(made["data"])


def by_spz_js(source, target):
    node("spz.mjs", source, target)


def by_transform(source, target):
    program = "node_modules/@playcanvas/splat-transform/bin/cli.mjs"
    version = () if target.endswith(".ply") else ("--spz-version", "3")
    node(program, "--quiet", "--overwrite", "--gpu", "cpu", *version, source, target)


os.chdir(sys.argv[1])
with open("model.ply", "wb") as file:
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 1\n"
    header += "".join(f"property float {name}\n" for name in NAMES) + "end_header\n"
    file.write(header.encode() + numpy.array(SPLAT, "<f4").tobytes())
node("spz.mjs", "model.ply", "Adobe.spz", "Adobe")
print(f"PLY {place_in('model.ply')}; the format's own library: .spz {place_in('Adobe.spz')}")
TOOLS = {"gsply": by_gsply, "gaussforge": by_gaussforge, "spz-js": by_spz_js, "splat-transform": by_transform}
for name, convert in TOOLS.items():
    convert("model.ply", f"{name}.spz")
    convert(f"{name}.spz", "again.ply")
    by_transform(f"{name}.spz", "others.ply")
    places = [place_in(path) for path in (f"{name}.spz", "again.ply", "others.ply")]
    print(f"{name}: .spz {places[0]}; PLY {places[1]}, by splat-transform {places[2]}")
PY
cat > "$scratch/spz.mjs" <<'JS'
import { createReadStream, readFileSync, writeFileSync } from 'fs';
import { Readable } from 'stream';
import { loadPly, loadSpz, serializePly, serializeSpz } from 'spz-js';
import createSpz from '@adobe/spz';

const [source, target, whose] = process.argv.slice(2);
const splats = source.endsWith('.spz') ? await loadSpz(readFileSync(source))
    : await loadPly(Readable.toWeb(createReadStream(source)));
if (whose === 'Adobe') {
    const spz = await createSpz();
    const cloud = { ...splats, antialiased: false, extensions: [] };
    const options = { version: 3, from: spz.CoordinateSystem.RDF, sh1Bits: 5, shRestBits: 4 };
    writeFileSync(target, spz.saveSpzToBuffer(cloud, options));
} else {
    writeFileSync(target, Buffer.from(target.endsWith('.spz') ? await serializeSpz(splats) : serializePly(splats)));
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
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @playcanvas/splat-transform@2.7.1 spz-js@1.2.5 @adobe/spz@0.2.2 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check gaussforge==0.6.0 gsply==0.4.6 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | grep -v '^\[SPZ\]' | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
PLY 0.5 -1 2; the format's own library: .spz 0.5 1 -2
gsply: .spz 0.5 -1 2; PLY 0.5 -1 2, by splat-transform 0.5 1 -2
gaussforge: .spz 0.5 -1 2; PLY 0.5 -1 2, by splat-transform 0.5 1 -2
spz-js: .spz 0.5 -1 2; PLY 0.5 -1 2, by splat-transform 0.5 1 -2
splat-transform: .spz 0.5 1 -2; PLY 0.5 -1 2, by splat-transform 0.5 -1 2
WANTED
