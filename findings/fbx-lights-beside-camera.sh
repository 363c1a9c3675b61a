#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Blender's FBX exporter makes white lights grey and drops their shadows, if there are cameras, but fewer than lights.
#
# FBX has a list of defaults for each kind of object, and what is equal to them need not be written. Cameras and lights
# are one kind. Where both are there, Blender writes the list of cameras, but if more are lights, it leaves out what is
# equal to the list of lights. So a scene of three lamps and one camera, as most are, has lamps without CastShadows and
# DecayType, and white ones get the 0.8 of cameras. Read again, they are darker by a fifth, in 5.3 the new importer also
# switches their shadows off, and other programs take what they take for missing. Export lights and cameras to files of
# their own, or add cameras until they are as many.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 write the same; their wm.fbx_import reads no shadows at all (tried too).
#
# Seen (of a white light with shadows, which decays by the square of the distance: DecayType 2):
#     4.2.23: 2 lights, 0 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
#     4.2.23: 2 lights, 0 cameras: import_scene.fbx: colour 1.0, shadow True
#     4.2.23: 2 lights, 1 cameras: Color [0.8, 0.8, 0.8], CastShadows is missing, DecayType is missing
#     4.2.23: 2 lights, 1 cameras: import_scene.fbx: colour 0.8, shadow True
#     4.2.23: 2 lights, 2 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
#     4.2.23: 2 lights, 2 cameras: import_scene.fbx: colour 1.0, shadow True
#     5.3.0: 2 lights, 0 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
#     5.3.0: 2 lights, 0 cameras: import_scene.fbx: colour 1.0, shadow True
#     5.3.0: 2 lights, 0 cameras: wm.fbx_import: colour 1.0, shadow True
#     5.3.0: 2 lights, 1 cameras: Color [0.8, 0.8, 0.8], CastShadows is missing, DecayType is missing
#     5.3.0: 2 lights, 1 cameras: import_scene.fbx: colour 0.8, shadow True
#     5.3.0: 2 lights, 1 cameras: wm.fbx_import: colour 0.8, shadow False
#     5.3.0: 2 lights, 2 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
#     5.3.0: 2 lights, 2 cameras: import_scene.fbx: colour 1.0, shadow True
#     5.3.0: 2 lights, 2 cameras: wm.fbx_import: colour 1.0, shadow True
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
from io_scene_fbx import parse_fbx

version, folder = sys.argv[1:]
PATH = f"{folder}/{version}.fbx"
KEYS = ("Color", "CastShadows", "DecayType")


def export(lights, cameras):
    """Write a scene of white lights that cast shadows, and of cameras."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    data = [bpy.data.lights.new("Light", "POINT") for _ in range(lights)]
    data += [bpy.data.cameras.new("Camera") for _ in range(cameras)]
    for one in data:
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(one.name, one))
    bpy.ops.export_scene.fbx(filepath=PATH)


def values():
    """Return what the file says of its first light, in the light itself or in the defaults of its kind."""
    found = {}

    def walk(element, kind):
        for child in filter(None, element.elems):
            if child.id == b"P" and kind:
                found.setdefault((kind, child.props[0].decode()), child.props[4:])
            is_light = child.id == b"NodeAttribute" and child.props[2] == b"Light"
            is_default = child.id == b"PropertyTemplate" and child.props[0] == b"FbxLight"
            walk(child, "light" if is_light else "defaults" if is_default else kind)

    walk(parse_fbx.parse(PATH)[0], "")
    both = [found.get(("light", key), found.get(("defaults", key), "is missing")) for key in KEYS]
    return ", ".join(f"{key} {value}" for key, value in zip(KEYS, both))


def read(importer):
    """Return what an importer of Blender makes of the first light."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    importer(filepath=PATH)
    light = bpy.data.lights[0]
    return f"colour {light.color[0]:.1f}, shadow {light.use_shadow}"


print()
for lights, cameras in ((2, 0), (2, 1), (2, 2)):
    export(lights, cameras)
    what = f"{version}: {lights} lights, {cameras} cameras"
    print(f"{what}: {values()}")
    print(f"{what}: import_scene.fbx: {read(bpy.ops.import_scene.fbx)}", flush=True)
    if bpy.app.version >= (4, 5):
        print(f"{what}: wm.fbx_import: {read(bpy.ops.wm.fbx_import)}", flush=True)
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
4.2.23: 2 lights, 0 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
4.2.23: 2 lights, 0 cameras: import_scene.fbx: colour 1.0, shadow True
4.2.23: 2 lights, 1 cameras: Color [0.8, 0.8, 0.8], CastShadows is missing, DecayType is missing
4.2.23: 2 lights, 1 cameras: import_scene.fbx: colour 0.8, shadow True
4.2.23: 2 lights, 2 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
4.2.23: 2 lights, 2 cameras: import_scene.fbx: colour 1.0, shadow True
5.3.0: 2 lights, 0 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
5.3.0: 2 lights, 0 cameras: import_scene.fbx: colour 1.0, shadow True
5.3.0: 2 lights, 0 cameras: wm.fbx_import: colour 1.0, shadow True
5.3.0: 2 lights, 1 cameras: Color [0.8, 0.8, 0.8], CastShadows is missing, DecayType is missing
5.3.0: 2 lights, 1 cameras: import_scene.fbx: colour 0.8, shadow True
5.3.0: 2 lights, 1 cameras: wm.fbx_import: colour 0.8, shadow False
5.3.0: 2 lights, 2 cameras: Color [1.0, 1.0, 1.0], CastShadows [1], DecayType [2]
5.3.0: 2 lights, 2 cameras: import_scene.fbx: colour 1.0, shadow True
5.3.0: 2 lights, 2 cameras: wm.fbx_import: colour 1.0, shadow True
WANTED
