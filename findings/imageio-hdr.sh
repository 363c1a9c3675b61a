#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# imageio writes a TIFF when it is told to write an OpenEXR or .hdr, and reads both as 8 bits, cut off at white.
#
# Which library does the work depends on what is installed, and none is asked for. Where there is tifffile (by itself,
# or since scikit-image brings it), "sky.exr" becomes a TIFF, and imageio reads it again, so a test finds nothing; the
# next program may refuse it, as OpenEXR's own library does, or take it, as Blender 5.2.3 does, which then reads 2.5 as
# 8.4, since it takes a TIFF for sRGB (tried too). The same happens to .hdr, and to any other name that no library
# knows. Where there is OpenCV, a .hdr is written well and read as bytes: the sun of a sky, 2.5 or 20,000 times as
# bright as white, is white. Where there is PyAV, which is there for films, an EXR is read as bytes too, as a film of
# one frame. Nothing is reported. Give the plugin and its options (plugin="opencv", flags=cv2.IMREAD_UNCHANGED for
# .hdr), or use the modules OpenEXR or OpenImageIO.
#
# Versions: imageio 2.38.2, tifffile 2026.3.3, OpenEXR 3.5.3, opencv-python-headless 5.1.0.95, av 18.1.0 and numpy 2.4.6
# from PyPI, Python 3.11. With OpenCV 4.10.0.84 or 4.13.0.90 and OPENCV_IO_ENABLE_OPENEXR=1, imageio 2.34.2 and 2.37.0
# write real EXRs, and read all of it as bytes (tried too).
#
# Seen (a picture of 2.5 everywhere, where 1 is white):
#     tifffile: .exr: writes a TIFF, reads a real one as OSError
#     tifffile: .hdr: writes a TIFF, reads a real one as OSError
#     tifffile: .exr: reads its own as float32 2.5, shape 8 8 3
#     tifffile: .exr: OpenEXR does not read it
#     OpenCV: .exr: writes a TIFF, reads a real one as OSError
#     OpenCV: .hdr: writes a .hdr, reads a real one as uint8 255, shape 8 8 3
#     OpenCV: .hdr: reads it as float32 2.5 with IMREAD_UNCHANGED
#     PyAV: .exr: writes TypeError, reads a real one as uint8 255, shape 1 8 8 3
#     PyAV: .hdr: writes a .hdr, reads a real one as uint8 255, shape 8 8 3
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import sys
import imageio.v3, numpy, OpenEXR

what, folder = sys.argv[1:]
KINDS = {b"II*\0": "a TIFF", b"\x76\x2f\x31\x01": "an EXR", b"#?RA": "a .hdr"}
PICTURE = numpy.full((8, 8, 3), 2.5, numpy.float32)


def attempt(call, *arguments):
    try:
        return call(*arguments)
    except (OSError, TypeError) as error:
        return type(error).__name__


def written(path):
    imageio.v3.imwrite(path, PICTURE)
    with open(path, "rb") as file:
        return KINDS[file.read(4)]


def read(path):
    found = imageio.v3.imread(path)
    return f"{found.dtype} {found.max():g}, shape {' '.join(map(str, found.shape))}"


OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION}, {"RGB": PICTURE}).write(f"{folder}/real.exr")
with open(f"{folder}/real.hdr", "wb") as file:
    file.write(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 8\n" + bytes([160, 160, 160, 130]) * 64)
for kind in ("exr", "hdr"):
    wrote = attempt(written, f"{folder}/out.{kind}")
    print(f"{what}: .{kind}: writes {wrote}, reads a real one as {attempt(read, f'{folder}/real.{kind}')}")
if what == "tifffile":
    print(f"{what}: .exr: reads its own as {attempt(read, f'{folder}/out.exr')}")
    try:
        OpenEXR.File(f"{folder}/out.exr")
    except RuntimeError:
        print(f"{what}: .exr: OpenEXR does not read it")
if what == "OpenCV":
    import cv2

    picture = imageio.v3.imread(f"{folder}/real.hdr", plugin="opencv", flags=cv2.IMREAD_UNCHANGED)
    print(f"{what}: .hdr: reads it as {picture.dtype} {picture.max():g} with IMREAD_UNCHANGED")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
# Installs more packages than before, and looks again.
with_more() {
    what=$1
    shift
    "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
    "$scratch/venv/bin/python" "$scratch/look.py" "$what" "$scratch"
}
"$(python_of 3.11)" -m venv "$scratch/venv"
{
    with_more tifffile imageio==2.38.2 tifffile==2026.3.3 OpenEXR==3.5.3 numpy==2.4.6 pillow==13.0.0
    with_more OpenCV opencv-python-headless==5.1.0.95
    with_more PyAV av==18.1.0
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
tifffile: .exr: writes a TIFF, reads a real one as OSError
tifffile: .hdr: writes a TIFF, reads a real one as OSError
tifffile: .exr: reads its own as float32 2.5, shape 8 8 3
tifffile: .exr: OpenEXR does not read it
OpenCV: .exr: writes a TIFF, reads a real one as OSError
OpenCV: .hdr: writes a .hdr, reads a real one as uint8 255, shape 8 8 3
OpenCV: .hdr: reads it as float32 2.5 with IMREAD_UNCHANGED
PyAV: .exr: writes TypeError, reads a real one as uint8 255, shape 1 8 8 3
PyAV: .hdr: writes a .hdr, reads a real one as uint8 255, shape 8 8 3
WANTED
