#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# OpenCV multiplies the colours of a TIFF of 8 bits with its alpha, and only then: PNG and 16 bits stay as they are.
#
# IMREAD_UNCHANGED is said to load the picture as it is, with its alpha, and so it does for a PNG and for a TIFF of 16
# bits. A TIFF of 8 bits comes out darker wherever its alpha is not full, and black where it is 0: what was translucent
# gets a dark rim, and a mask in the alpha of a texture leaves its shape in the colours, for good once it is saved. A
# TIFF that says that its colours are multiplied already is read as it is, so an array does not tell which kind it is. A
# grey TIFF with alpha loses its alpha; as PNG it keeps it. What OpenCV saves has four channels and no word of what the
# fourth is (no ExtraSamples), though TIFF asks for it. Nothing is reported. Read TIFFs with tifffile or Pillow, or save
# them with 16 bits.
#
# Versions: opencv-python-headless 5.1.0.95, Pillow 13.0.0, tifffile 2026.3.3 and numpy 2.4.6 from PyPI, Python 3.11.
# OpenCV 4.10.0.84 and 4.13.0.90 are the same (tried too).
#
# Seen (a colour of 200, 60, 30 with four kinds of alpha, as OpenCV reads it, in 8 bits):
#     PNG, 8 bits: 200 60 30 255, 200 60 30 128, 200 60 30 4, 200 60 30 0
#     TIFF of Pillow, 8 bits: 200 60 30 255, 100 30 15 128, 3 1 0 4, 0 0 0 0
#     TIFF, 8 bits: 200 60 30 255, 100 30 15 128, 3 1 0 4, 0 0 0 0
#     TIFF, 16 bits: 200 60 30 255, 200 60 30 128, 200 60 30 4, 200 60 30 0
#     PNG, grey: 200 200 200 255, 200 200 200 128, 200 200 200 4, 200 200 200 0
#     TIFF, grey: 200, 200, 200, 200
#     saved by OpenCV: 4 channels, ExtraSamples None
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import sys
import cv2, numpy, tifffile
from PIL import Image

PATH = f"{sys.argv[1]}/picture."
PIXELS = numpy.array([[[200, 60, 30, alpha] for alpha in (255, 128, 4, 0)]], numpy.uint8)
GREY = PIXELS[..., [0, 3]]


def read(kind):
    """Return what OpenCV reads, in 8 bits, and red first."""
    found = cv2.imread(PATH + kind, cv2.IMREAD_UNCHANGED)
    found = found if found.dtype == numpy.uint8 else found // 257
    found = found[..., [2, 1, 0, 3]] if found.ndim == 3 and found.shape[2] == 4 else found
    return ", ".join(" ".join(map(str, numpy.atleast_1d(pixel))) for pixel in found[0])


def write_tiff(pixels, extra):
    photometric = "rgb" if pixels.shape[2] == 4 else "minisblack"
    tifffile.imwrite(PATH + "tif", pixels, photometric=photometric, planarconfig="contig", extrasamples=[extra])


Image.fromarray(PIXELS).save(PATH + "png")
print(f"PNG, 8 bits: {read('png')}")
Image.fromarray(PIXELS).save(PATH + "tif")
print(f"TIFF of Pillow, 8 bits: {read('tif')}")
write_tiff(PIXELS, "unassalpha")
print(f"TIFF, 8 bits: {read('tif')}")
write_tiff(PIXELS.astype(numpy.uint16) * 257, "unassalpha")
print(f"TIFF, 16 bits: {read('tif')}")
Image.fromarray(GREY).save(PATH + "png")
print(f"PNG, grey: {read('png')}")
write_tiff(GREY, "unassalpha")
print(f"TIFF, grey: {read('tif')}")
cv2.imwrite(PATH + "tif", PIXELS[..., [2, 1, 0, 3]])
with tifffile.TiffFile(PATH + "tif") as file:
    tags = file.pages[0].tags
    print(f"saved by OpenCV: {tags['SamplesPerPixel'].value} channels, ExtraSamples {tags.get('ExtraSamples')}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==5.1.0.95 pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
PNG, 8 bits: 200 60 30 255, 200 60 30 128, 200 60 30 4, 200 60 30 0
TIFF of Pillow, 8 bits: 200 60 30 255, 100 30 15 128, 3 1 0 4, 0 0 0 0
TIFF, 8 bits: 200 60 30 255, 100 30 15 128, 3 1 0 4, 0 0 0 0
TIFF, 16 bits: 200 60 30 255, 200 60 30 128, 200 60 30 4, 200 60 30 0
PNG, grey: 200 200 200 255, 200 200 200 128, 200 200 200 4, 200 200 200 0
TIFF, grey: 200, 200, 200, 200
saved by OpenCV: 4 channels, ExtraSamples None
WANTED
