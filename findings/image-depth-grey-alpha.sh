#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.2 on, Image.depth of a grey picture with alpha is 16 in place of 32, so scripts take it for opaque.
#
# Image.channels is 4 for all of these, so scripts ask depth whether a file has an alpha: 32, or 128 for floats. Up to
# 5.0 a grey picture with alpha said so, as it was loaded with four channels. From 5.2 on depth tells of the two that
# the file has. A script that asks as before writes such a mask, logo or decal without its alpha, in 5.2 and newer
# only, and the colours come out multiplied with what is gone. Nothing is reported. Ask for 16 and 64 too. (32 has a
# second meaning in all versions, grey of 16 bits without alpha.)
#
# Versions: bpy 5.0.1 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23 and 4.5.15 are as 5.0.1, and 5.2.3 as
# 5.3.0 (tried too).
#
# Seen (Image.depth of PNG files; Image.channels is 4 for all of them):
#     5.0.1: 8 bits a channel: grey 8, grey and alpha 32, colour 24, colour and alpha 32
#     5.0.1: 16 bits a channel: grey 32, grey and alpha 128, colour 96, colour and alpha 128
#     5.3.0: 8 bits a channel: grey 8, grey and alpha 16, colour 24, colour and alpha 32
#     5.3.0: 16 bits a channel: grey 32, grey and alpha 64, colour 96, colour and alpha 128
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, struct, sys, zlib
import bpy

version, folder = sys.argv[1:]


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def load(kind, channels, bits):
    """Write a PNG of 4 x 4 pixels, and return it as Blender has loaded it."""
    row = b"\0" + bytes([100] * (4 * channels * bits // 8))
    path = f"{folder}/{kind}{channels}{bits}.png"
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, bits, kind, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b""))
    return bpy.data.images.load(path)


print()
KINDS = (("grey", 0, 1), ("grey and alpha", 4, 2), ("colour", 2, 3), ("colour and alpha", 6, 4))
for bits in (8, 16):
    said = []
    for name, kind, channels in KINDS:
        image = load(kind, channels, bits)
        assert image.channels == 4
        said.append(f"{name} {image.depth}")
    print(f"{version}: {bits} bits a channel: {', '.join(said)}", flush=True)
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
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.0.1: 8 bits a channel: grey 8, grey and alpha 32, colour 24, colour and alpha 32
5.0.1: 16 bits a channel: grey 32, grey and alpha 128, colour 96, colour and alpha 128
5.3.0: 8 bits a channel: grey 8, grey and alpha 16, colour 24, colour and alpha 32
5.3.0: 16 bits a channel: grey 32, grey and alpha 64, colour 96, colour and alpha 128
WANTED
