#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# sogpy takes what splats show from each side for another colour and direction when it makes a SOG of a PLY.
#
# What a splat shows from each side is 15 numbers for red, then 15 for green and 15 for blue in a PLY (f_rest_0 to
# f_rest_44). sogpy, a package for making PlayCanvas's SOG in Python, takes them for one of red, one of green, one of
# blue and so on. Places and basic colours are right, but what changes with the side that one looks from has other hues
# and comes from other sides. "Done!" is all that sogpy says. Convert with splat-transform, which keeps them in order.
#
# Versions: sogpy 1.0.2 and numpy 2.4.6 from PyPI, Python 3.11; @playcanvas/splat-transform 2.7.1 from npm, Node.js 20.
#
# Seen (which f_rest of the PLY is found as which f_rest of the SOG, after splat-transform has made a PLY of it):
#     sogpy: places off by 0.00, basic colours by 0.00
#     sogpy: f_rest 0 1 2 3 15 16 30 44 are those of 0 3 6 9 1 4 2 44
#     splat-transform: places off by 0.00, basic colours by 0.00
#     splat-transform: f_rest 0 1 2 3 15 16 30 44 are those of 0 1 2 3 15 16 30 44
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, subprocess, sys
import numpy

COUNT, RESTS = 4096, 45
NAMES = [*"xyz", *(f"f_dc_{i}" for i in range(3)), *(f"f_rest_{i}" for i in range(RESTS))]
NAMES += ["opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
LOOKED_AT = [0, 1, 2, 3, 15, 16, 30, 44]


def write(path):
    random = numpy.random.default_rng(1)
    parts = [random.uniform(-2, 2, (COUNT, 3)), random.uniform(-0.4, 0.4, (COUNT, 3 + RESTS))]
    parts += [random.uniform(-2, -1, (COUNT, 4)), random.normal(size=(COUNT, 4))]
    numbers = numpy.hstack(parts).astype("<f4")
    numbers[:, -4:] /= numpy.linalg.norm(numbers[:, -4:], axis=1)[:, None]
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {COUNT}\n"
    header += "".join(f"property float {name}\n" for name in NAMES) + "end_header\n"
    with open(path, "wb") as file:
        file.write(header.encode() + numbers.tobytes())


def read(path):
    with open(path, "rb") as file:
        header, data = file.read().split(b"end_header\n", 1)
    names = [line.split()[2].decode() for line in header.split(b"\n") if line.startswith(b"property")]
    values = dict(zip(names, numpy.frombuffer(data, "<f4").reshape(COUNT, len(names)).T))
    return [numpy.stack([values[name] for name in part]) for part in (NAMES[:3], NAMES[3:6], NAMES[6 : 6 + RESTS])]


def run(*arguments):
    subprocess.run(arguments, check=True, capture_output=True)


os.chdir(sys.argv[1])
write("model.ply")
TRANSFORM = ("node", "node_modules/@playcanvas/splat-transform/bin/cli.mjs", "--quiet", "--overwrite", "--gpu", "cpu")
TOOLS = {"sogpy": (sys.executable.replace("python", "sogpy"),), "splat-transform": TRANSFORM}
for name, command in TOOLS.items():
    run(*command, "model.ply", "model.sog")
    run(*TRANSFORM, "model.sog", "again.ply")
    wanted, found = read("model.ply"), read("again.ply")
    # SOG sorts the splats.
    order = numpy.linalg.norm(found[0].T[None] - wanted[0].T[:, None], axis=2).argmin(1)
    found = [part[:, order] for part in found]
    likeness = numpy.corrcoef(found[2], wanted[2])[:RESTS, RESTS:]
    places, colours = (abs(found[part] - wanted[part]).max() for part in (0, 1))
    sources = " ".join(str(likeness[number].argmax()) for number in LOOKED_AT)
    print(f"{name}: places off by {places:.2f}, basic colours by {colours:.2f}")
    print(f"{name}: f_rest {' '.join(map(str, LOOKED_AT))} are those of {sources}")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error @playcanvas/splat-transform@2.7.1 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check sogpy==1.0.2 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
sogpy: places off by 0.00, basic colours by 0.00
sogpy: f_rest 0 1 2 3 15 16 30 44 are those of 0 3 6 9 1 4 2 44
splat-transform: places off by 0.00, basic colours by 0.00
splat-transform: f_rest 0 1 2 3 15 16 30 44 are those of 0 1 2 3 15 16 30 44
WANTED
