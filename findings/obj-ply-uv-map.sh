#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's OBJ, PLY and Alembic exporters take the UV map that is selected, not the one that is rendered.
#
# A mesh has two marks: the camera icon says which UV map is rendered, and so used by all textures that name none; the
# selection says which is edited and baked to. OBJ and PLY have room for one map, and get the selected one; in Alembic
# it comes first, and is the rendered one of whoever reads it. Whoever has baked a lightmap, or was editing a second map
# last, exports a model whose textures lie wrong. Nothing is reported, and the options speak of UV coordinates only.
# FBX, USD and glTF heed the right mark. Before an export set uv_layers.active to the layer whose active_render is True.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (which of two UV maps is rendered after an export and an import, and how many there are):
#     4.2.23: OBJ: selected one of 1
#     4.2.23: PLY: selected one of 1
#     4.2.23: Alembic: selected one of 2
#     4.2.23: FBX: rendered one of 2
#     4.2.23: USD: rendered one of 2
#     4.2.23: glTF: rendered one of 2
#     5.3.0: OBJ: selected one of 1
#     5.3.0: PLY: selected one of 1
#     5.3.0: Alembic: selected one of 2
#     5.3.0: FBX: rendered one of 2
#     5.3.0: USD: rendered one of 2
#     5.3.0: glTF: rendered one of 2
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
FIRST, SECOND = 0.25, 0.75
wm, load, save = bpy.ops.wm, bpy.ops.import_scene, bpy.ops.export_scene
WAYS = {
    "OBJ": (wm.obj_export, wm.obj_import, "obj"),
    "PLY": (wm.ply_export, wm.ply_import, "ply"),
    "Alembic": (wm.alembic_export, wm.alembic_import, "abc"),
    "FBX": (save.fbx, load.fbx, "fbx"),
    "USD": (wm.usd_export, wm.usd_import, "usda"),
    "glTF": (save.gltf, load.gltf, "glb"),
}


def seen(way):
    """Export a square with two UV maps, of which the first is rendered; say which one is when it is back."""
    write, read, ending = WAYS[way]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Square")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [], [(0, 1, 2, 3)])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Square", mesh))
    for name, value in (("Texture", FIRST), ("Lightmap", SECOND)):
        mesh.uv_layers.new(name=name).data.foreach_set("uv", [value] * 8)
    mesh.uv_layers.active_index = 1
    assert mesh.uv_layers[0].active_render
    write(filepath=f"{folder}/out.{ending}")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    read(filepath=f"{folder}/out.{ending}")
    (mesh,) = bpy.data.meshes
    (rendered,) = (layer for layer in mesh.uv_layers if layer.active_render)
    found = {FIRST: "rendered", SECOND: "selected"}[round(rendered.data[0].uv[0], 2)]
    return f"{found} one of {len(mesh.uv_layers)}"


print()
for way in WAYS:
    print(f"{version}: {way}: {seen(way)}", flush=True)
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
4.2.23: OBJ: selected one of 1
4.2.23: PLY: selected one of 1
4.2.23: Alembic: selected one of 2
4.2.23: FBX: rendered one of 2
4.2.23: USD: rendered one of 2
4.2.23: glTF: rendered one of 2
5.3.0: OBJ: selected one of 1
5.3.0: PLY: selected one of 1
5.3.0: Alembic: selected one of 2
5.3.0: FBX: rendered one of 2
5.3.0: USD: rendered one of 2
5.3.0: glTF: rendered one of 2
WANTED
