#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender turns an AVIF upright when it loads it, and leaves JPEG, PNG, WebP and TIFF lying as they are in the file.
#
# A picture of 16 x 8 px, taken with the camera held on its side (EXIF orientation 6), is saved in five formats. Browsers
# and viewers show all five alike. Blender ignores the EXIF note of four of them: 8 x 16 px. In the AVIF, which 5.2 and
# newer read, the writer has put the same note into the container's irot box, and that is obeyed: 16 x 8 px. So a photo
# that is converted from JPEG to AVIF changes its shape inside Blender, and whoever corrects by EXIF after loading (the
# note is still in the file, Pillow writes both) turns an AVIF twice.
#
# Versions: bpy 5.2.3 and 5.3.0 (Python 3.13), pillow 12.0.0, from PyPI.
#
# Seen (width and height in Blender):
#     5.2.3: avif 16x8, jpg 8x16, png 8x16, tif 8x16, webp 8x16
#     5.3.0: avif 16x8, jpg 8x16, png 8x16, tif 8x16, webp 8x16
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/make.py" <<'PY'
import sys
from PIL import Image

note = Image.Exif()
note[274] = 6
for suffix in ("avif", "jpg", "png", "tif", "webp"):
    Image.new("RGB", (8, 16), "red").save(f"{sys.argv[1]}/a.{suffix}", exif=note)
PY
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

found = []
for suffix in ("avif", "jpg", "png", "tif", "webp"):
    image = bpy.data.images.load(f"{sys.argv[2]}/a.{suffix}")
    found.append(f"{suffix} {image.size[0]}x{image.size[1]}")
print(f"{sys.argv[1]}: {', '.join(found)}", flush=True)
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
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version" "pillow==12.0.0"
    "$scratch/$version/bin/python" "$scratch/make.py" "$scratch"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.2.3: avif 16x8, jpg 8x16, png 8x16, tif 8x16, webp 8x16
5.3.0: avif 16x8, jpg 8x16, png 8x16, tif 8x16, webp 8x16
WANTED
