#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender, OpenCV and three take a .hdr without its exposure, and Blender takes a turned one as if it lay upright.
#
# Radiance, whose format it is, writes into the header by what it multiplied the pixels (EXPOSURE, once for each time),
# and the light of a place is the pixel divided by that. Its pfilt does so, for one. Blender, OpenCV and three do not
# divide, so a sky that was made brighter for the eye lights a scene that much too strongly, beside one from another
# file that does not. The last line of the header says in which order the pixels come. Blender reads each order as the
# usual one: a panorama whose rows come from below has the sky at the bottom, and one that comes column by column lies
# on its side. OpenCV and three refuse those two. OpenImageIO gives the exposure and the orientation to those who ask,
# and the pixels as they are. Nothing is reported. Divide by the exposure first, and write the pixels in the usual
# order.
#
# Versions: bpy 5.3.0 (Python 3.13), OpenImageIO 3.2.2.0, opencv-python-headless 5.1.0.95 and numpy 2.4.6 (Python 3.11)
# from PyPI; three 0.187.0 from npm, Node.js 20. Blender 4.2.23 and 5.2.3 are the same (tried too).
#
# Seen (six pixels of 1, 2 and 3 in the upper row and 4, 5 and 6 in the lower row, 3 wide, and how they are read):
#     1 plain: Blender 1 2 3, 4 5 6
#     1 plain: OpenCV 1 2 3, 4 5 6
#     1 plain: OpenImageIO 1 2 3, 4 5 6 (exposure 1, orientation 1)
#     1 plain: three 1.0 2.0 3.0, 4.0 5.0 6.0
#     2 exposure 2: Blender 2 4 6, 8 10 12
#     2 exposure 2: OpenCV 2 4 6, 8 10 12
#     2 exposure 2: OpenImageIO 2 4 6, 8 10 12 (exposure 2, orientation 1)
#     2 exposure 2: three 2.0 4.0 6.0, 8.0 10.0 12.0
#     3 from below: Blender 4 5 6, 1 2 3
#     3 from below: OpenCV refuses it
#     3 from below: OpenImageIO 4 5 6, 1 2 3 (exposure 1, orientation 4)
#     3 from below: three refuses it
#     4 by columns: Blender 1 4, 2 5, 3 6
#     4 by columns: OpenCV refuses it
#     4 by columns: OpenImageIO 1 4, 2 5, 3 6 (exposure 1, orientation 5)
#     4 by columns: three refuses it
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
export LC_ALL=C # For the order of the files.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import sys

ROWS = [[1, 2, 3], [4, 5, 6]]


def write(name, size, rows, line="", factor=1):
    """Write a file in which a pixel's light is a number of ROWS; "factor" is what the line says of the pixels."""
    pixels = b"".join(bytes([int(16 * light * factor)] * 3 + [132]) for row in rows for light in row)
    with open(f"{sys.argv[1]}/{name}.hdr", "wb") as file:
        file.write(f"#?RADIANCE\n{line}FORMAT=32-bit_rle_rgbe\n\n{size}\n".encode() + pixels)


write("1 plain", "-Y 2 +X 3", ROWS)
write("2 exposure 2", "-Y 2 +X 3", ROWS, "EXPOSURE=2\n", 2)
write("3 from below", "+Y 2 +X 3", ROWS[::-1])
write("4 by columns", "+X 3 -Y 2", list(zip(*ROWS)))
PY
cat > "$scratch/blender.py" <<'PY'
import glob, os, sys
import bpy

print()
for path in sorted(glob.glob(f"{sys.argv[1]}/*.hdr")):
    picture = bpy.data.images.load(path)
    width, height = picture.size
    reds = [f"{number:g}" for number in picture.pixels[::4]]
    rows = [" ".join(reds[row * width : (row + 1) * width]) for row in reversed(range(height))]
    print(f"Seen: {os.path.basename(path)[:-4]}: Blender {', '.join(rows)}", flush=True)
os._exit(0)
PY
cat > "$scratch/look.py" <<'PY'
import glob, os, sys
import cv2, OpenImageIO


def said(picture):
    if picture is None:
        return "refuses it"
    return ", ".join(" ".join(f"{number:g}" for number in row) for row in picture[..., 0])


for path in sorted(glob.glob(f"{sys.argv[1]}/*.hdr")):
    name = os.path.basename(path)[:-4]
    source = OpenImageIO.ImageInput.open(path)
    spec = source.spec()
    notes = f"exposure {spec.get_float_attribute('hdr:exposure', 1):g}, orientation {spec['Orientation']}"
    print(f"{name}: OpenImageIO {said(source.read_image('float'))} ({notes})")
    print(f"{name}: OpenCV {said(cv2.imread(path, cv2.IMREAD_UNCHANGED))}")
PY
cat > "$scratch/look.mjs" <<'JS'
import { readdirSync, readFileSync } from 'fs';
import { FloatType } from 'three';
import { HDRLoader } from 'three/addons/loaders/HDRLoader.js';

const folder = process.argv[2];
for (const name of readdirSync(folder).filter((one) => one.endsWith('.hdr')).sort()) {
    let said = 'refuses it';
    try {
        const loader = new HDRLoader().setDataType(FloatType);
        const { data, width } = loader.parse(new Uint8Array(readFileSync(`${folder}/${name}`)).buffer);
        const reds = [...data].filter((_, index) => index % 4 === 0).map((number) => number.toFixed(1));
        said = [reds.slice(0, width), reds.slice(width)].map((row) => row.join(' ')).join(', ');
    } catch {}
    console.log(`${name.slice(0, -4)}: three ${said}`);
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
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    OpenImageIO==3.2.2.0 opencv-python-headless==5.1.0.95 numpy==2.4.6
"$(python_of 3.13)" -m venv "$scratch/blender"
"$scratch/blender/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
"$scratch/venv/bin/python" "$scratch/write.py" "$scratch"
{
    "$scratch/blender/bin/python" "$scratch/blender.py" "$scratch" 2>/dev/null | sed -n 's/^Seen: //p'
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch" 2>/dev/null
    node "$scratch/look.mjs" "$scratch"
} | sort | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
1 plain: Blender 1 2 3, 4 5 6
1 plain: OpenCV 1 2 3, 4 5 6
1 plain: OpenImageIO 1 2 3, 4 5 6 (exposure 1, orientation 1)
1 plain: three 1.0 2.0 3.0, 4.0 5.0 6.0
2 exposure 2: Blender 2 4 6, 8 10 12
2 exposure 2: OpenCV 2 4 6, 8 10 12
2 exposure 2: OpenImageIO 2 4 6, 8 10 12 (exposure 2, orientation 1)
2 exposure 2: three 2.0 4.0 6.0, 8.0 10.0 12.0
3 from below: Blender 4 5 6, 1 2 3
3 from below: OpenCV refuses it
3 from below: OpenImageIO 4 5 6, 1 2 3 (exposure 1, orientation 4)
3 from below: three refuses it
4 by columns: Blender 1 4, 2 5, 3 6
4 by columns: OpenCV refuses it
4 by columns: OpenImageIO 1 4, 2 5, 3 6 (exposure 1, orientation 5)
4 by columns: three refuses it
WANTED
