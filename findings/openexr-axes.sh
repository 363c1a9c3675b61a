#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# OpenEXR's Python module writes an array whose axes were put into another order as if they had not been.
#
# Programs that compute with tensors keep a picture as channels, rows, columns, and numpy.moveaxis(tensor, 0, -1) makes
# rows, columns, channels of it; transpose() turns a picture. numpy moves nothing in memory for these, it only notes
# which way to walk through it. OpenEXR.File takes such an array, looks at its shape, and writes the memory as it lies:
# neighbours in a row become the channels of one pixel. Nothing is reported, and size and channels of the file are
# right. tifffile writes what it is shown. Give numpy.ascontiguousarray(pixels) to OpenEXR.File, always.
#
# Versions: OpenEXR 3.5.3, tifffile 2026.3.3 and numpy 2.4.6 from PyPI, Python 3.11. OpenEXR 3.3.1 and 3.4.4 are the
# same (tried too).
#
# Seen (three rows of four pixels; the second pixel of the second row in the array, and as read from each file):
#     in order: array [5, 105, 205], OpenEXR [5, 105, 205], tifffile [5, 105, 205]
#     moveaxis: array [5, 105, 205], OpenEXR [103, 104, 105], tifffile [5, 105, 205]
#     transpose: array [5, 105, 205], OpenEXR [4, 104, 204], tifffile [5, 105, 205]
#     moveaxis, ascontiguousarray: array [5, 105, 205], OpenEXR [5, 105, 205], tifffile [5, 105, 205]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import sys
import numpy, OpenEXR, tifffile

folder = sys.argv[1]
red = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)
tensor = numpy.stack([red, red + 100, red + 200])
moved = numpy.moveaxis(tensor, 0, -1)
in_order = numpy.ascontiguousarray(moved)
for name, pixels in (
    ("in order", in_order),
    ("moveaxis", moved),
    ("transpose", in_order.transpose(1, 0, 2)),
    ("moveaxis, ascontiguousarray", numpy.ascontiguousarray(moved)),
):
    OpenEXR.File({}, {"RGB": pixels}).write(f"{folder}/out.exr")
    tifffile.imwrite(f"{folder}/out.tif", pixels, photometric="rgb")
    exr = OpenEXR.File(f"{folder}/out.exr").channels()["RGB"].pixels
    tif = tifffile.imread(f"{folder}/out.tif")
    assert exr.shape == tif.shape == pixels.shape
    said = {"array": pixels, "OpenEXR": exr, "tifffile": tif}
    print(f"{name}: {', '.join(f'{of} {found[1, 1].astype(int).tolist()}' for of, found in said.items())}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check openexr==3.5.3 tifffile==2026.3.3 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
in order: array [5, 105, 205], OpenEXR [5, 105, 205], tifffile [5, 105, 205]
moveaxis: array [5, 105, 205], OpenEXR [103, 104, 105], tifffile [5, 105, 205]
transpose: array [5, 105, 205], OpenEXR [4, 104, 204], tifffile [5, 105, 205]
moveaxis, ascontiguousarray: array [5, 105, 205], OpenEXR [5, 105, 205], tifffile [5, 105, 205]
WANTED
