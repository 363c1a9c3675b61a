#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's glTF importer cuts off weights of morph targets outside of 0 to 1, unless the first key is the largest.
#
# A weight in glTF has no limits; faces are often animated beyond 1 or below 0. In Blender a shape key has a slider with
# a range, 0 to 1 at first, and what an animation says beyond it is cut off. The importer knows that, and widens the
# range, but looks at the value of the first key of the animation only, which is usually 0. So the curve has the right
# values, the graph editor shows them, and the mesh moves less far. Weights without an animation widen the range as they
# should. Nothing is reported. After an import, set slider_min and slider_max of each shape key from the keys of its
# curve.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (weights at 0, 1 and 2 s in the file; how far the mesh moves then, which should be the same numbers):
#     4.2.23: 0, 2, -1 [0.0, 1.0, 0.0]; 3, 2, -1 [3.0, 2.0, 0.0]; -2, 2, -1 [-2.0, 1.0, -1.0]
#     5.3.0: 0, 2, -1 [0.0, 1.0, 0.0]; 3, 2, -1 [3.0, 2.0, 0.0]; -2, 2, -1 [-2.0, 1.0, -1.0]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, struct, sys
import bpy

version, folder = sys.argv[1:]


def imported(first):
    """Import a triangle whose target has the weights `first`, 2 and -1 at 0, 1 and 2 s; return the values then."""
    floats = [0, 0, 0, 1, 0, 0, 0, 1, 0] + [0, 0, 0, 0, 1, 0, 0, 0, 0] + [0, 1, 2] + [first, 2, -1]
    blob = struct.pack("<24f", *floats)
    views = [(0, 36), (36, 36), (72, 12), (84, 12)]
    rows = [("VEC3", [0, 0, 0], [1, 1, 0]), ("VEC3", [0, 0, 0], [0, 1, 0]), ("SCALAR", [0], [2]), ("SCALAR", [-1], [2])]
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "targets": [{"POSITION": 1}]}], "weights": [0]}],
        "animations": [
            {
                "samplers": [{"input": 2, "output": 3}],
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "weights"}}],
            }
        ],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": [{"buffer": 0, "byteOffset": start, "byteLength": size} for start, size in views],
        "accessors": [
            {"bufferView": i, "componentType": 5126, "count": 3, "type": kind, "min": least, "max": most}
            for i, (kind, least, most) in enumerate(rows)
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(blob))
    parts = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    with open(f"{folder}/in.glb", "wb") as file:
        file.write(head + parts)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=f"{folder}/in.glb")
    scene = bpy.context.scene
    triangle = next(one for one in bpy.data.objects if one.type == "MESH")
    heights = []
    for second in (0, 1, 2):
        scene.frame_set(second * scene.render.fps)
        points = triangle.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices
        heights.append(round(points[1].co.z, 2))
    return heights


seen = [imported(0), imported(3), imported(-2)]
print()
print(f"{version}: 0, 2, -1 {seen[0]}; 3, 2, -1 {seen[1]}; -2, 2, -1 {seen[2]}", flush=True)
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
4.2.23: 0, 2, -1 [0.0, 1.0, 0.0]; 3, 2, -1 [3.0, 2.0, 0.0]; -2, 2, -1 [-2.0, 1.0, -1.0]
5.3.0: 0, 2, -1 [0.0, 1.0, 0.0]; 3, 2, -1 [3.0, 2.0, 0.0]; -2, 2, -1 [-2.0, 1.0, -1.0]
WANTED
