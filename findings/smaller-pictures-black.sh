#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Pillow and gltf-transform blacken the colours of a picture wherever its alpha is 0, when they make it smaller.
#
# The alpha of a texture need not be opacity: a game keeps a mask or a height there (Blender calls it channel packed),
# and in glTF a material whose alphaMode is OPAQUE ignores it. Both multiply the colours with alpha before they
# make a picture smaller, and divide them afterwards. What has an alpha of 0 is black after that, and where it is small,
# few shades are left. That is right for what is laid over a background, and makes black patches in an opaque texture.
# Nothing is reported. Make colours and alpha smaller as two pictures, and put them together again.
#
# Versions: Pillow 13.0.0 from PyPI, Python 3.11; @gltf-transform/core and /functions 4.5.1, sharp 0.34.5, from npm,
# Node.js 20. The "resize" of @gltf-transform/cli 4.5.1 is the same (tried too).
#
# Seen (a picture of 16 x 16 pixels of one colour, and the same pixel in the picture of 8 x 8):
#     200 60 30 255: Pillow 200 60 30 255, gltf-transform 200 60 30 255, as two pictures 200 60 30 255
#     200 60 30 128: Pillow 199 59 29 128, gltf-transform 199 59 29 128, as two pictures 200 60 30 128
#     200 60 30 4: Pillow 191 63 0 4, gltf-transform 191 0 0 4, as two pictures 200 60 30 4
#     200 60 30 0: Pillow 0 0 0 0, gltf-transform 0 0 0 0, as two pictures 200 60 30 0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/smaller.mjs" <<'JS'
import fs from 'node:fs';
import { Document } from '@gltf-transform/core';
import { textureCompress } from '@gltf-transform/functions';
import sharp from 'sharp';

const [before, after] = process.argv.slice(2);
const document = new Document();
const texture = document.createTexture().setImage(new Uint8Array(fs.readFileSync(before))).setMimeType('image/png');
document.createMaterial().setBaseColorTexture(texture).setAlphaMode('OPAQUE');
await document.transform(textureCompress({ encoder: sharp, resize: [8, 8] }));
fs.writeFileSync(after, texture.getImage());
JS
cat > "$scratch/look.py" <<'PY'
import subprocess, sys
from PIL import Image

folder = sys.argv[1]
for alpha in (255, 128, 4, 0):
    picture = Image.new("RGBA", (16, 16), (200, 60, 30, alpha))
    picture.save(f"{folder}/in.png")
    apart = picture.convert("RGB").resize((8, 8))
    apart.putalpha(picture.getchannel("A").resize((8, 8)))
    subprocess.run(["node", f"{folder}/smaller.mjs", f"{folder}/in.png", f"{folder}/out.png"], check=True)
    with Image.open(f"{folder}/out.png") as made:
        assert made.size == (8, 8)
        found = {
            "Pillow": picture.resize((8, 8)),
            "gltf-transform": made.convert("RGBA"),
            "as two pictures": apart,
        }
        said = (f"{way} {' '.join(map(str, one.getpixel((4, 4))))}" for way, one in found.items())
        print(f"200 60 30 {alpha}: {', '.join(said)}", flush=True)
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error \
    @gltf-transform/core@4.5.1 @gltf-transform/functions@4.5.1 sharp@0.34.5 > "$scratch/log"
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
200 60 30 255: Pillow 200 60 30 255, gltf-transform 200 60 30 255, as two pictures 200 60 30 255
200 60 30 128: Pillow 199 59 29 128, gltf-transform 199 59 29 128, as two pictures 200 60 30 128
200 60 30 4: Pillow 191 63 0 4, gltf-transform 191 0 0 4, as two pictures 200 60 30 4
200 60 30 0: Pillow 0 0 0 0, gltf-transform 0 0 0 0, as two pictures 200 60 30 0
WANTED
