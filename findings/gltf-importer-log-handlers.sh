#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF importer leaves a log handler behind with every import that fails.
#
# A good engineer would guess that an operator that ends with an error leaves the process as it was. The importer adds a
# stream handler to the loggers "glTFImporter" and "glTFImporter_errors" when it begins, and takes it away only at the
# end of an import that succeeds. So after N refused files each later line of the importer is printed N + 1 times, for as
# long as Blender runs: in a process that imports many files, the log grows with the square of the failures.
#
# Versions: bpy 4.5.15 and 5.0.1 from PyPI (Python 3.11). Bundled io_scene_gltf2. bpy 4.2 has another logger and is not
# concerned.
# Input: a valid glTF 2.0 file that requires an extension which this importer does not know, and a valid one that does not.
#
# Seen with each version:
#     handlers after 0, 1, 2, 3 refused files: 0 1 2 3
#     lines "glTF import finished" of one good import afterwards: 4
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import io, json, logging, os, struct, sys
import bpy

def glb(path, **more):
    positions = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}], "buffers": [{"byteLength": 36}], **more,
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", 36, 0x004E4942) + positions
    with open(path, "wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)

folder = sys.argv[1]
good, refused = os.path.join(folder, "good.glb"), os.path.join(folder, "refused.glb")
glb(good)
glb(refused, extensionsUsed=["EXT_example"], extensionsRequired=["EXT_example"])
logger = logging.getLogger("glTFImporter")
counts = [len(logger.handlers)]
for _ in range(3):
    try:
        bpy.ops.import_scene.gltf(filepath=refused)
    except RuntimeError:
        pass
    counts.append(len(logger.handlers))
printed = io.StringIO()
for handler in logger.handlers:
    handler.setStream(printed)
sys.stdout, before = printed, sys.stdout
bpy.ops.import_scene.gltf(filepath=good)
sys.stdout = before
print("handlers after 0, 1, 2, 3 refused files:", *counts, file=sys.stderr)
print('lines "glTF import finished" of one good import afterwards:', printed.getvalue().count("glTF import finished"), file=sys.stderr)
sys.stderr.flush()
os._exit(0 if counts == [0, 1, 2, 3] and printed.getvalue().count("glTF import finished") == 4 else 1)
PY
for version in 4.5.15 5.0.1; do
    python3.11 -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    echo "bpy $version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$scratch" > /dev/null
done
