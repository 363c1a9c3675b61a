#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A 16 bit picture that was changed and packed is much darker when the .blend is opened again.
#
# Image.pack() keeps what was painted on a picture inside the .blend. Pictures of 8 bits become a PNG. One of 16 bits a
# channel is held as scene linear floats under the name "sRGB", and is packed as OpenEXR, with these floats as they are
# and with that name beside them. In this session all looks right. When the file is opened again, the linear numbers are
# decoded as sRGB once more: 0.58 becomes 0.29, and 0.03 almost nothing. Nothing is reported, and the original picture
# is not in the file any more. Whoever packs has to set colorspace_settings.name to "Linear Rec.709" after pack(), where
# is_float is true and the name is not one of data.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (the first pixel before saving, and after opening; what is packed; its colour space; "named" as advised):
#     4.2.23: 8 bit (0.784, 0.392, 0.196) (0.784, 0.392, 0.196) PNG sRGB
#     4.2.23: 16 bit (0.578, 0.127, 0.032) (0.293, 0.015, 0.002) OPEN_EXR sRGB
#     4.2.23: named (0.578, 0.127, 0.032) (0.578, 0.127, 0.032) OPEN_EXR Linear Rec.709
#     5.3.0: 8 bit (0.784, 0.392, 0.196) (0.784, 0.392, 0.196) PNG sRGB
#     5.3.0: 16 bit (0.578, 0.127, 0.032) (0.293, 0.015, 0.002) OPEN_EXR sRGB
#     5.3.0: named (0.578, 0.127, 0.032) (0.578, 0.127, 0.032) OPEN_EXR Linear Rec.709
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, struct, sys, zlib
import bpy

version, folder = sys.argv[1:]


def png(path, width, height, depth, pixel):
    """Write a PNG of one colour, with 8 or 16 bits for each of its four channels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + struct.pack(">4B" if depth == 8 else ">4H", *pixel) * width
    header = struct.pack(">IIBBBBB", width, height, depth, 6, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + parts)

def seen(depth, pixel, space):
    png(f"{folder}/picture.png", 4, 4, depth, pixel)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    image = bpy.data.images.load(f"{folder}/picture.png")
    image.use_fake_user = True
    image.pixels[0] = image.pixels[0]
    image.pack()
    if space:
        image.colorspace_settings.name = space
    before = tuple(round(number, 3) for number in image.pixels[:3])
    bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/out.blend")
    bpy.ops.wm.open_mainfile(filepath=f"{folder}/out.blend")
    image = bpy.data.images[0]
    after = tuple(round(number, 3) for number in image.pixels[:3])
    return f"{before} {after} {image.file_format} {image.colorspace_settings.name}"


print(f"{version}: 8 bit {seen(8, (200, 100, 50, 255), None)}", flush=True)
print(f"{version}: 16 bit {seen(16, (51400, 25700, 12850, 65535), None)}", flush=True)
print(f"{version}: named {seen(16, (51400, 25700, 12850, 65535), 'Linear Rec.709')}", flush=True)
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
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: 8 bit (0.784, 0.392, 0.196) (0.784, 0.392, 0.196) PNG sRGB
4.2.23: 16 bit (0.578, 0.127, 0.032) (0.293, 0.015, 0.002) OPEN_EXR sRGB
4.2.23: named (0.578, 0.127, 0.032) (0.578, 0.127, 0.032) OPEN_EXR Linear Rec.709
5.3.0: 8 bit (0.784, 0.392, 0.196) (0.784, 0.392, 0.196) PNG sRGB
5.3.0: 16 bit (0.578, 0.127, 0.032) (0.293, 0.015, 0.002) OPEN_EXR sRGB
5.3.0: named (0.578, 0.127, 0.032) (0.578, 0.127, 0.032) OPEN_EXR Linear Rec.709
WANTED
