#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# On a full disk, Blender's exporters of OBJ, STL, PLY and USD say FINISHED, and its PNG is "saved", without their ends.
#
# The operator returns FINISHED, and a script is told nothing, while the file ends where the disk did. Of a PNG,
# image.save() returns as if it were whole; of a JPEG, it raises the error, and so do the exporters of glTF and FBX, which
# are in Python (4.2.23, tried too). Check the room on the disk after each export, or the end of the file.
#
# A limit on the size of files (RLIMIT_FSIZE, 100,000 bytes) stands for the full disk, which would need rights to mount
# one. With a real one, of 200 kB, 4.2.23 and 5.3.0 did the same, and the PNG had no byte at all (tried too).
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15 and 5.0.1 are the same (tried too).
#
# Seen:
#     4.2.23: obj: FINISHED, 100000 bytes
#     4.2.23: stl: FINISHED, 100000 bytes
#     4.2.23: ply: FINISHED, 100000 bytes
#     4.2.23: usdc: FINISHED, 100000 bytes
#     4.2.23: PNG: saved, 100000 bytes
#     4.2.23: JPEG: an error: File too large, no bytes
#     5.3.0: obj: FINISHED, 100000 bytes
#     5.3.0: stl: FINISHED, 100000 bytes
#     5.3.0: ply: FINISHED, 100000 bytes
#     5.3.0: usdc: FINISHED, 100000 bytes
#     5.3.0: PNG: saved, 100000 bytes
#     5.3.0: JPEG: an error: File too large, no bytes
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, resource, sys
from array import array
import bpy

version, folder = sys.argv[1:]
print()
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=7)
picture = bpy.data.images.new("Noise", 256, 256)
state = 1
pixels = array("f", [1.0]) * (256 * 256 * 4)
for place in range(len(pixels)):
    state = state * 1103515245 + 12345 & 0x7FFFFFFF
    pixels[place] = state / 0x7FFFFFFF
picture.pixels.foreach_set(pixels)
exports = {
    "obj": lambda path: bpy.ops.wm.obj_export(filepath=path),
    "stl": lambda path: bpy.ops.wm.stl_export(filepath=path),
    "ply": lambda path: bpy.ops.wm.ply_export(filepath=path),
    "usdc": lambda path: bpy.ops.wm.usd_export(filepath=path),
}
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
for kind, export in exports.items():
    path = f"{folder}/ball.{kind}"
    try:
        said = " ".join(export(path))
    except RuntimeError as error:
        said = "an error: " + ("File too large" if "File too large" in str(error) else "another")
    print(f"{version}: {kind}: {said}, {os.path.getsize(path)} bytes", flush=True)
for kind in ("PNG", "JPEG"):
    path = f"{folder}/noise.{kind.lower()}"
    picture.file_format = kind
    try:
        picture.save(filepath=path, quality=100)
        said = "saved"
    except RuntimeError as error:
        said = "an error: " + ("File too large" if "File too large" in str(error) else "another")
    size = os.path.getsize(path) if os.path.exists(path) else "no"
    print(f"{version}: {kind}: {said}, {size} bytes", flush=True)
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
    mkdir "$scratch/out-$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch/out-$version" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: obj: FINISHED, 100000 bytes
4.2.23: stl: FINISHED, 100000 bytes
4.2.23: ply: FINISHED, 100000 bytes
4.2.23: usdc: FINISHED, 100000 bytes
4.2.23: PNG: saved, 100000 bytes
4.2.23: JPEG: an error: File too large, no bytes
5.3.0: obj: FINISHED, 100000 bytes
5.3.0: stl: FINISHED, 100000 bytes
5.3.0: ply: FINISHED, 100000 bytes
5.3.0: usdc: FINISHED, 100000 bytes
5.3.0: PNG: saved, 100000 bytes
5.3.0: JPEG: an error: File too large, no bytes
WANTED
