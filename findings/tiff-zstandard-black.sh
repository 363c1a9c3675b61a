#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender up to 5.2 loads TIFFs compressed with Zstandard as black; others are negatives, and in 4.2 those of 1 bit are
# wrong.
#
# GDAL, QGIS and tifffile can write height maps and scans with Zstandard. Image.size is right, has_data is True and
# load() raises nothing, yet every pixel is black: a displacement is flat, a mask hides all. 5.3 has an image without
# data.
#
# Where a TIFF says that white is 0 (PhotometricInterpretation 0, WhiteIsZero, as scanners do), Blender heeds it for 8
# bits, and loads one of 16 bits as a negative, in all versions. 4.2, which had long-term support, shows one of 1 bit as
# black or as noise. Convert to Deflate and BlackIsZero first.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), tifffile 2025.5.10 and Pillow 13.0.0, from PyPI. 4.5.15,
# 5.0.1 and 5.2.3 are as 4.2.23, but for 1 bit, where they are as 5.3.0 (tried too).
#
# Seen (what is read of pixels of 0, 0.25, 0.5 and 1; of 1 bit, the upper three are white):
#     4.2.23: 8 bits, Deflate: [0.0, 0.25, 0.5, 1.0]
#     4.2.23: 8 bits, Zstandard: [0.0, 0.0, 0.0, 0.0]
#     4.2.23: 8 bits, white is 0: [0.0, 0.25, 0.5, 1.0]
#     4.2.23: 16 bits, white is 0: [1.0, 0.75, 0.5, 0.0]
#     4.2.23: 1 bit: [0.0, 0.0, 0.0, 0.0]
#     5.3.0: 8 bits, Deflate: [0.0, 0.25, 0.5, 1.0]
#     5.3.0: 8 bits, Zstandard: not loaded
#     5.3.0: 8 bits, white is 0: [0.0, 0.25, 0.5, 1.0]
#     5.3.0: 16 bits, white is 0: [1.0, 0.75, 0.5, 0.0]
#     5.3.0: 1 bit: [0.0, 1.0, 1.0, 1.0]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import numpy, tifffile
from PIL import Image
import bpy

version, folder = sys.argv[1:]
grey = numpy.array([[0.0, 0.25, 0.5, 1.0]] * 4)
bytes_of = (grey * 255).astype("uint8")
FILES = {
    "8 bits, Deflate": (bytes_of, "tiff_adobe_deflate"),
    "8 bits, Zstandard": (bytes_of, "zstd"),
    "8 bits, white is 0": (255 - bytes_of, {"photometric": "miniswhite"}),
    "16 bits, white is 0": (65535 - (grey * 65535).astype("uint16"), {"photometric": "miniswhite"}),
    "1 bit": (bytes_of > 0, "raw"),
}
print()
for name, (pixels, options) in FILES.items():
    path = f"{folder}/{name}.tif"
    if isinstance(options, str):
        Image.fromarray(pixels).save(path, compression=options)
    else:
        tifffile.imwrite(path, pixels, **options)
    image = bpy.data.images.load(path)
    image.colorspace_settings.name = "Non-Color"
    values = [round(value, 2) for value in image.pixels[:][:16:4]]
    print(f"{version}: {name}: {values if image.has_data else 'not loaded'}", flush=True)
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
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version" \
        tifffile==2025.5.10 pillow==13.0.0
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: 8 bits, Deflate: [0.0, 0.25, 0.5, 1.0]
4.2.23: 8 bits, Zstandard: [0.0, 0.0, 0.0, 0.0]
4.2.23: 8 bits, white is 0: [0.0, 0.25, 0.5, 1.0]
4.2.23: 16 bits, white is 0: [1.0, 0.75, 0.5, 0.0]
4.2.23: 1 bit: [0.0, 0.0, 0.0, 0.0]
5.3.0: 8 bits, Deflate: [0.0, 0.25, 0.5, 1.0]
5.3.0: 8 bits, Zstandard: not loaded
5.3.0: 8 bits, white is 0: [0.0, 0.25, 0.5, 1.0]
5.3.0: 16 bits, white is 0: [1.0, 0.75, 0.5, 0.0]
5.3.0: 1 bit: [0.0, 1.0, 1.0, 1.0]
WANTED
