#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Pillow's DDS of a grey picture is black for others, with alpha invisible, and its DXT3 has holes and opaque gaps.
#
# For what is not compressed, a DDS says which bits hold what. Pillow puts those of grey, and those of the alpha beside
# grey, where no bits are, and reads its own files without looking: a roughness map is black in Blender, and a grey
# picture with alpha has an alpha of 0. Colours are right. DXT3 (BC2) has an alpha of 4 bits for each pixel, and
# Pillow's writer mixes neighbours: an even alpha of 128 gets a hole in each fourth column, and columns of 255 and 0
# become 255 everywhere, as if the cut-outs of leaves had never been. That is in the file: every reader sees it, Pillow
# too. DXT5 is right. What it calls BC2, BC3 and BC5 has a "typeless" format in its header, which Blender and
# OpenImageIO refuse. But for that, nothing is reported. Use DXT5 for alpha, and make grey pictures RGB first.
#
# Versions: Pillow 13.0.0, OpenImageIO 3.2.2.0 and numpy 2.4.6 from PyPI, Python 3.11. Pillow 11.3.0 is the same, and
# Blender 4.2.23 and 5.2.3 see what OpenImageIO sees (tried too).
#
# Seen (the pixels of the first row):
#     grey: made 200
#     grey: Pillow 200
#     grey: OpenImageIO 0
#     grey with alpha: made 200 128
#     grey with alpha: Pillow 200 128
#     grey with alpha: OpenImageIO 200 0
#     colours with alpha: made 200 200 200 128
#     colours with alpha: Pillow 200 200 200 128
#     colours with alpha: OpenImageIO 200 200 200 128
#     alpha of DXT3: made 128, 128, 128, 128, 128, 128, 128, 128
#     alpha of DXT3: Pillow 0, 136, 136, 136, 0, 136, 136, 136
#     alpha of DXT3: OpenImageIO 0, 136, 136, 136, 0, 136, 136, 136
#     alpha of DXT3: made 255, 0, 255, 0, 255, 0, 255, 0
#     alpha of DXT3: Pillow 255, 255, 255, 255, 255, 255, 255, 255
#     alpha of DXT3: OpenImageIO 255, 255, 255, 255, 255, 255, 255, 255
#     alpha of DXT5: made 128, 128, 128, 128, 128, 128, 128, 128
#     alpha of DXT5: Pillow 128, 128, 128, 128, 128, 128, 128, 128
#     alpha of DXT5: OpenImageIO 128, 128, 128, 128, 128, 128, 128, 128
#     alpha of DXT5: made 255, 0, 255, 0, 255, 0, 255, 0
#     alpha of DXT5: Pillow 255, 0, 255, 0, 255, 0, 255, 0
#     alpha of DXT5: OpenImageIO 255, 0, 255, 0, 255, 0, 255, 0
#     DXT5: OpenImageIO opens it
#     BC3: OpenImageIO Unsupported DXGI format: 76
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import sys
import numpy, OpenImageIO
from PIL import Image

path = f"{sys.argv[1]}/picture.dds"
hint = OpenImageIO.ImageSpec()
hint.attribute("oiio:UnassociatedAlpha", 1)


def look(what, mode, alpha, **options):
    picture = numpy.full((4, 8, 4), 200, numpy.uint8)
    picture[..., 3] = alpha
    made = Image.fromarray(picture).convert(mode)
    made.save(path, **options)
    source = OpenImageIO.ImageInput.open(path, hint)
    seen = {"made": made, "Pillow": Image.open(path), "OpenImageIO": source.read_image("uint8")}
    source.close()
    for name, found in seen.items():
        row = numpy.atleast_3d(numpy.asarray(found))[0]
        # Of colours in blocks, only the alpha is exact.
        row = row[:, -1:] if options else row[:1]
        print(f"{what}: {name} {', '.join(' '.join(map(str, pixel)) for pixel in row)}")


look("grey", "L", 255)
look("grey with alpha", "LA", 128)
look("colours with alpha", "RGBA", 128)
for kind in ("DXT3", "DXT5"):
    look(f"alpha of {kind}", "RGBA", 128, pixel_format=kind)
    look(f"alpha of {kind}", "RGBA", [255, 0, 255, 0, 255, 0, 255, 0], pixel_format=kind)
for kind in ("DXT5", "BC3"):
    Image.new("RGBA", (4, 4)).save(path, pixel_format=kind)
    source = OpenImageIO.ImageInput.open(path)
    print(f"{kind}: OpenImageIO {'opens it' if source else OpenImageIO.geterror()}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 OpenImageIO==3.2.2.0 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
grey: made 200
grey: Pillow 200
grey: OpenImageIO 0
grey with alpha: made 200 128
grey with alpha: Pillow 200 128
grey with alpha: OpenImageIO 200 0
colours with alpha: made 200 200 200 128
colours with alpha: Pillow 200 200 200 128
colours with alpha: OpenImageIO 200 200 200 128
alpha of DXT3: made 128, 128, 128, 128, 128, 128, 128, 128
alpha of DXT3: Pillow 0, 136, 136, 136, 0, 136, 136, 136
alpha of DXT3: OpenImageIO 0, 136, 136, 136, 0, 136, 136, 136
alpha of DXT3: made 255, 0, 255, 0, 255, 0, 255, 0
alpha of DXT3: Pillow 255, 255, 255, 255, 255, 255, 255, 255
alpha of DXT3: OpenImageIO 255, 255, 255, 255, 255, 255, 255, 255
alpha of DXT5: made 128, 128, 128, 128, 128, 128, 128, 128
alpha of DXT5: Pillow 128, 128, 128, 128, 128, 128, 128, 128
alpha of DXT5: OpenImageIO 128, 128, 128, 128, 128, 128, 128, 128
alpha of DXT5: made 255, 0, 255, 0, 255, 0, 255, 0
alpha of DXT5: Pillow 255, 0, 255, 0, 255, 0, 255, 0
alpha of DXT5: OpenImageIO 255, 0, 255, 0, 255, 0, 255, 0
DXT5: OpenImageIO opens it
BC3: OpenImageIO Unsupported DXGI format: 76
WANTED
