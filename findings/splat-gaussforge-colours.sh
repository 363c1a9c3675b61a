#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# GaussForge mixes up what splats show from each side in a compressed PLY, and viewers find its .ksplat empty.
#
# What a splat shows from each side is stored as 3, 8 or 15 numbers for each of its three colours. A PLY and a
# compressed PLY have all of red, then of green, then of blue; a .ksplat has the three of degree 1 for each colour, and
# then those of degree 2. GaussForge writes a compressed PLY with the colours in turn, red, green, blue, and reads it as
# it should be, so that not even its own file comes back. It writes a .ksplat as if it were a PLY, and reads it so: its
# own come back, those of others are mixed up, and the other way round. The splats stay where they are and keep their
# basic colours; what they show from one side or another is wrong. Of its .ksplat the library that the format is from
# shows nothing at all, as it finds the number of splats in another place of the header. Nothing is reported. Convert
# with splat-transform.
#
# Versions: gaussforge 0.6.0 and numpy 2.4.6 from PyPI, Python 3.11; @playcanvas/splat-transform 2.7.1 and
# @mkkellogg/gaussian-splats-3d 0.4.7, whose format .ksplat is, from npm, Node.js 20.
#
# Seen (by how much a number for one direction and colour is off at most, where all are between -0.4 and 0.4; "others"
# is splat-transform for the compressed PLY and GaussianSplats3D for the .ksplat):
#     gaussforge.compressed.ply: gaussforge off by 0.78, splat-transform by 0.78
#     others.compressed.ply: gaussforge off by 0.02, splat-transform by 0.02
#     gaussforge.ksplat: gaussforge off by 0.00, splat-transform by 0.78
#     others.ksplat: gaussforge off by 0.78, splat-transform by 0.00
#     gaussforge.ksplat: GaussianSplats3D finds 0 splats
#     others.ksplat: GaussianSplats3D finds 64 splats
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, subprocess, sys
import gaussforge, numpy

COUNT, RESTS = 64, 24  # 8 numbers for each of red, green and blue: spherical harmonics up to degree 2
NAMES = [*"xyz", *(f"f_dc_{i}" for i in range(3)), *(f"f_rest_{i}" for i in range(RESTS))]
NAMES += ["opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]


def write(path):
    random = numpy.random.default_rng(1)
    places = random.uniform(-2, 2, (COUNT, 3))
    colours = random.uniform(-0.4, 0.4, (COUNT, 3 + RESTS))
    rest = random.uniform(-2, -1, (COUNT, 4)), random.normal(size=(COUNT, 4))
    numbers = numpy.hstack([places, colours, *rest]).astype("<f4")
    numbers[:, -4:] /= numpy.linalg.norm(numbers[:, -4:], axis=1)[:, None]
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {COUNT}\n"
    header += "".join(f"property float {name}\n" for name in NAMES) + "end_header\n"
    with open(path, "wb") as file:
        file.write(header.encode() + numbers.tobytes())


def read(path):
    with open(path, "rb") as file:
        header, data = file.read().split(b"end_header\n", 1)
    names = [line.split()[2].decode() for line in header.split(b"\n") if line.startswith(b"property")]
    return dict(zip(names, numpy.frombuffer(data, "<f4").reshape(COUNT, len(names)).T))


def difference(path):
    wanted, found = read("model.ply"), read(path)
    places = [numpy.stack([one[axis] for axis in "xyz"], 1) for one in (wanted, found)]
    # Some formats sort the splats.
    order = numpy.linalg.norm(places[1][None] - places[0][:, None], axis=2).argmin(1)
    return max(abs(found[f"f_rest_{i}"][order] - wanted[f"f_rest_{i}"]).max() for i in range(RESTS))


def convert(source, target):
    tool = gaussforge.GaussForge()
    with open(source, "rb") as file:
        made = tool.convert(file.read(), *(name.split(".", 1)[1] for name in (source, target)))
    with open(target, "wb") as file:
        file.write(made["data"])


def node(*arguments):
    return subprocess.run(["node", *arguments], check=True, capture_output=True, text=True).stdout.strip()


os.chdir(sys.argv[1])
write("model.ply")
TRANSFORM = ("node_modules/@playcanvas/splat-transform/bin/cli.mjs", "--quiet", "--overwrite", "--gpu", "cpu")
node(*TRANSFORM, "model.ply", "others.compressed.ply")
node("ksplat.mjs", "model.ply", "others.ksplat")
for kind in ("compressed.ply", "ksplat"):
    convert("model.ply", f"gaussforge.{kind}")
    for writer in ("gaussforge", "others"):
        source = f"{writer}.{kind}"
        convert(source, "by_gaussforge.ply")
        node(*TRANSFORM, source, "by_transform.ply")
        found = [f"{difference(f'by_{reader}.ply'):.2f}" for reader in ("gaussforge", "transform")]
        print(f"{source}: gaussforge off by {found[0]}, splat-transform by {found[1]}")
for writer in ("gaussforge", "others"):
    print(f"{writer}.ksplat: GaussianSplats3D finds {node('ksplat.mjs', f'{writer}.ksplat')} splats")
PY
cat > "$scratch/ksplat.mjs" <<'JS'
import { readFileSync, writeFileSync } from 'fs';
import { PlyParser, SplatBuffer } from '@mkkellogg/gaussian-splats-3d';
import { Vector3 } from 'three';

const [source, target] = process.argv.slice(2);
const data = new Uint8Array(readFileSync(source)).buffer;
if (target) {
    const splats = PlyParser.parseToUncompressedSplatArray(data, 2);
    const made = SplatBuffer.generateFromUncompressedSplatArrays([splats], 1, 0, new Vector3());
    writeFileSync(target, Buffer.from(made.bufferData));
} else {
    console.log(new SplatBuffer(data).getSplatCount());
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
    @playcanvas/splat-transform@2.7.1 @mkkellogg/gaussian-splats-3d@0.4.7 three@0.187.0 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check gaussforge==0.6.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
gaussforge.compressed.ply: gaussforge off by 0.78, splat-transform by 0.78
others.compressed.ply: gaussforge off by 0.02, splat-transform by 0.02
gaussforge.ksplat: gaussforge off by 0.00, splat-transform by 0.78
others.ksplat: gaussforge off by 0.78, splat-transform by 0.00
gaussforge.ksplat: GaussianSplats3D finds 0 splats
others.ksplat: GaussianSplats3D finds 64 splats
WANTED
