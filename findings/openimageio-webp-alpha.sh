#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# OpenImageIO darkens what is translucent, when it writes a WebP and when it reads a JPEG 2000.
#
# Files of PNG, TIFF, Targa, WebP and JPEG 2000 have colours that are not multiplied with alpha. OpenImageIO multiplies
# them when it reads a file and divides them when it writes one, so that a conversion changes nothing. With an alpha of
# one half, its writer of WebP divides by 0.72 in place of 0.5, and its reader of JPEG 2000 multiplies with 0.22: they
# take the alpha for gamma encoded. The other readers and writers are right, that of WebP too. So leaves and glass in a
# texture become darker, with oiiotool just as with Python, also from WebP to WebP, and opaque pixels stay as they are.
# Nothing is reported. Read the picture with the hint "oiio:UnassociatedAlpha" before a WebP is written.
#
# Versions: OpenImageIO 3.2.2.0, Pillow 13.0.0 and numpy 2.4.6 from PyPI, Python 3.11. 3.1.7.0 and 3.1.19.0 are the same,
# and 3.0.4.0 writes WebP so (tried too).
#
# Seen (a picture of 200, 100, 50 with an alpha of 128, as Pillow reads it before, and after it was converted):
#     png (200, 100, 50, 128): to png (199, 100, 50, 128), to tif (199, 99, 49, 128), to webp (139, 68, 40, 128)
#     tif (200, 100, 50, 128): to png (199, 100, 50, 128), to tif (199, 99, 49, 128), to webp (139, 68, 40, 128)
#     webp (200, 100, 50, 128): to png (199, 100, 50, 128), to tif (199, 99, 49, 128), to webp (139, 68, 40, 128)
#     jp2 (200, 100, 50, 128): to png (86, 42, 20, 128), to tif (85, 41, 19, 128), to webp (59, 27, 0, 128)
#     png with the hint: to webp (201, 100, 50, 128)
#     png without alpha (200, 100, 50, 255): to webp (200, 101, 50, 255)
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import sys
import OpenImageIO
from PIL import Image

folder = sys.argv[1]


def pixel(path):
    with Image.open(path) as picture:
        return picture.convert("RGBA").getpixel((5, 5))


def converted(before, kind, hint=None):
    picture = OpenImageIO.ImageBuf(before, 0, 0, hint) if hint else OpenImageIO.ImageBuf(before)
    assert picture.write(f"{folder}/out.{kind}")
    return pixel(f"{folder}/out.{kind}")


made = Image.new("RGBA", (16, 16), (200, 100, 50, 128))
for kind in ("png", "tif", "webp", "jp2"):
    before = f"{folder}/in.{kind}"
    made.save(before, **{"lossless": True} if kind == "webp" else {})
    said = (f"to {other} {converted(before, other)}" for other in ("png", "tif", "webp"))
    print(f"{kind} {pixel(before)}: {', '.join(said)}")
hint = OpenImageIO.ImageSpec()
hint.attribute("oiio:UnassociatedAlpha", 1)
print(f"png with the hint: to webp {converted(f'{folder}/in.png', 'webp', hint)}")
made.putalpha(255)
made.save(f"{folder}/opaque.png")
print(f"png without alpha {pixel(f'{folder}/opaque.png')}: to webp {converted(f'{folder}/opaque.png', 'webp')}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check openimageio==3.2.2.0 pillow==13.0.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
png (200, 100, 50, 128): to png (199, 100, 50, 128), to tif (199, 99, 49, 128), to webp (139, 68, 40, 128)
tif (200, 100, 50, 128): to png (199, 100, 50, 128), to tif (199, 99, 49, 128), to webp (139, 68, 40, 128)
webp (200, 100, 50, 128): to png (199, 100, 50, 128), to tif (199, 99, 49, 128), to webp (139, 68, 40, 128)
jp2 (200, 100, 50, 128): to png (86, 42, 20, 128), to tif (85, 41, 19, 128), to webp (59, 27, 0, 128)
png with the hint: to webp (201, 100, 50, 128)
png without alpha (200, 100, 50, 255): to webp (200, 101, 50, 255)
WANTED
