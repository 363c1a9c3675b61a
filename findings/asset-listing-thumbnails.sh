#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# "blender --command asset_listing generate" gives several assets of a .blend one thumbnail, which is that of the last.
#
# A library that is put online (from Blender 5.2 on) has a WebP of each asset's preview. Its file is named after the
# asset, in small letters and without anything but ASCII letters, digits, spaces and hyphens: "Chair.001" and
# "Chair001", "Rock (red)" and "Rock red", "Tür" and "Tur", "Wood" and "wood" are one file, and every name in Chinese,
# Japanese or Cyrillic letters is ".webp". The one that is written last stays; for the others the listing holds the hash
# of what the file was before. Who browses the library sees another asset's picture. Nothing is said, and the command
# ends with 0. Only assets of the same kind in the same .blend meet; the name of the .blend is kept apart.
#
# Versions: bpy 5.3.0 (Python 3.13), from PyPI. 5.2.3 is the same (tried too).
# Input: one .blend with eight materials as assets, each with a preview of its own grey.
#
# Seen (asset; file of its thumbnail; is it the asset's own; is the hash that of the file):
#     Chair.001: chair001.webp, own True, hash True
#     Chair001: chair001.webp, own False, hash False
#     Rock (red): rock-red.webp, own True, hash True
#     Rock red: rock-red.webp, own False, hash False
#     Tur: tur.webp, own True, hash True
#     Tür: tur.webp, own False, hash False
#     机: .webp, own True, hash True
#     椅子: .webp, own False, hash False
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, sys
from pathlib import Path
from urllib.parse import unquote
import bpy
from _bpy_internal.assets.remote_library import cli, hashing

folder = Path(sys.argv[1], "library")
NAMES = ["Chair.001", "Chair001", "Rock (red)", "Rock red", "Tur", "Tür", "机", "椅子"]
folder.mkdir()
bpy.ops.wm.read_factory_settings(use_empty=True)
greys = {name: 0.1 + number / 10 for number, name in enumerate(NAMES)}
for name, grey in greys.items():
    material = bpy.data.materials.new(name)
    material.asset_mark()
    preview = material.preview_ensure()
    preview.image_size = (8, 8)
    preview.image_pixels_float.foreach_set([grey, grey, grey, 1.0] * 64)
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "assets.blend"))
cli.main(["--quiet", "generate", str(folder)])  # as "blender --command asset_listing" does
(page,) = (folder / "_v1").glob("assets-*.json")
for asset in sorted(json.loads(page.read_text())["assets"], key=lambda asset: NAMES.index(asset["name"])):
    name, path = asset["name"], folder / unquote(asset["thumbnail"]["url"])
    image = bpy.data.images.load(str(path))
    own = abs(image.pixels[0] - greys[name]) < 0.04
    print(f"seen {name}: {path.name}, own {own}, hash {hashing.hash_file(path) == asset['thumbnail']['hash']}")
sys.stdout.flush()
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
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0 2>/dev/null
PYTHONUTF8=1 "$scratch/venv/bin/python" "$scratch/look.py" "$scratch" 2>/dev/null | sed -n 's/^seen //p' | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
Chair.001: chair001.webp, own True, hash True
Chair001: chair001.webp, own False, hash False
Rock (red): rock-red.webp, own True, hash True
Rock red: rock-red.webp, own False, hash False
Tur: tur.webp, own True, hash True
Tür: tur.webp, own False, hash False
机: .webp, own True, hash True
椅子: .webp, own False, hash False
WANTED
