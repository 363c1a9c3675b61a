#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Pillow reads what is white in a colourful JPEG 2000 of 12 or 16 bits as black, and what is opaque as not there at all.
#
# Blender writes JPEG 2000 of 12 and 16 bits too. Pillow has 8 bits for a picture of colours, as it has for PNG, and
# rounds to the nearest of them: the highest half step, 65408 to 65535, becomes 256, of which 0 is left. So each channel
# by itself that is at its end falls to the other end: white is black, yellow is black, an opaque alpha is transparent,
# and a pixel beside it, a shade less, is right. A picture of one grey channel keeps its 16 bits and is right. imageio
# reads with Pillow. Nothing is reported. Read such files with OpenCV or OpenImageIO, or save them with 8 bits.
#
# Versions: Pillow 13.0.0, imageio 2.38.2, imagecodecs 2026.3.6, OpenImageIO 3.2.2.0 and numpy 2.4.6 from PyPI,
# Python 3.11. Pillow 10.4.0 and 11.3.0 are the same, and so is a white RGB picture of 16 bits that Blender 5.2.3 has
# saved (tried too).
#
# Seen (a middle value, one below the highest half step, and two of it, the last being the end; rounded down to 8 bits):
#     RGB of 8 bits: OpenImageIO 128 254 255 255, Pillow 128 254 255 255, imageio 128 254 255 255
#     RGB of 12 bits: OpenImageIO 128 255 255 255, Pillow 128 255 0 0, imageio 128 255 0 0
#     RGB of 16 bits: OpenImageIO 128 255 255 255, Pillow 128 255 0 0, imageio 128 255 0 0
#     alpha of 16 bits: OpenImageIO 128 255 255 255, Pillow 128 255 0 0, imageio 128 255 0 0
#     grey of 16 bits: OpenImageIO 128 255 255 255, Pillow 128 255 255 255, imageio 128 255 255 255
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import sys
import imagecodecs, imageio.v3, numpy, OpenImageIO
from PIL import Image

path = f"{sys.argv[1]}/picture.jp2"


def said(picture):
    """Return the last channel of the first four pixels, in 8 bits."""
    picture = numpy.atleast_3d(picture)
    shift = 8 if picture.dtype == numpy.uint16 else 0
    return " ".join(str(number >> shift) for number in picture[0, :4, -1])


def look(what, channels, bits, values):
    picture = numpy.zeros((16, 16, channels), numpy.uint8 if bits == 8 else numpy.uint16)
    picture[0, :4] = numpy.array(values)[:, None]
    picture = picture[..., 0] if channels == 1 else picture
    with open(path, "wb") as file:
        file.write(
            imagecodecs.jpeg2k_encode(picture, level=0, reversible=True, codecformat="jp2", bitspersample=bits)
        )
    hint = OpenImageIO.ImageSpec()
    hint.attribute("oiio:UnassociatedAlpha", 1)
    source = OpenImageIO.ImageInput.open(path, hint)
    seen = {"OpenImageIO": source.read_image(str(source.spec().format))}
    source.close()
    seen["Pillow"] = numpy.asarray(Image.open(path))
    seen["imageio"] = imageio.v3.imread(path)
    print(f"{what} of {bits} bits: {', '.join(f'{name} {said(found)}' for name, found in seen.items())}")


look("RGB", 3, 8, [128, 254, 255, 255])
look("RGB", 3, 12, [2048, 4080, 4088, 4095])
look("RGB", 3, 16, [32768, 65280, 65408, 65535])
look("alpha", 4, 16, [32768, 65280, 65408, 65535])
look("grey", 1, 16, [32768, 65280, 65408, 65535])
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
    pillow==13.0.0 imageio==2.38.2 imagecodecs==2026.3.6 OpenImageIO==3.2.2.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
RGB of 8 bits: OpenImageIO 128 254 255 255, Pillow 128 254 255 255, imageio 128 254 255 255
RGB of 12 bits: OpenImageIO 128 255 255 255, Pillow 128 255 0 0, imageio 128 255 0 0
RGB of 16 bits: OpenImageIO 128 255 255 255, Pillow 128 255 0 0, imageio 128 255 0 0
alpha of 16 bits: OpenImageIO 128 255 255 255, Pillow 128 255 0 0, imageio 128 255 0 0
grey of 16 bits: OpenImageIO 128 255 255 255, Pillow 128 255 255 255, imageio 128 255 255 255
WANTED
