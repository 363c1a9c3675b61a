#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# libraries.write() with path_remap="RELATIVE_ALL" leaves relative paths as they are: what it writes finds no pictures.
#
# The documentation says of this option "Remap all paths to be relative to the new location", and of "RELATIVE" that it
# does so with those that are relative already. Up to 5.0, "RELATIVE_ALL" does not do these: in a scene that was saved,
# paths with "//" stay as they are, though they are now relative to another folder, and only absolute ones are changed.
# Assets that are written into the folder of a library have no textures and nothing of what was linked, unless the scene
# was never saved. Nothing is reported, and the scene itself is well. Take "RELATIVE", where absolute paths may stay, or
# "ABSOLUTE".
#
# Versions: bpy 4.5.15 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23 and 5.0.1 are as 4.5.15, and 5.2.3 is as
# 5.3.0 (tried too).
#
# Seen (the paths in a file in another folder, of pictures whose paths were relative and absolute, and of a library):
#     4.5.15: RELATIVE: //../scene/library.blend, //../scene/relative.png, /4.5.15/scene/absolute.png
#     4.5.15: RELATIVE_ALL: //../scene/absolute.png, //library.blend (not found), //relative.png (not found)
#     4.5.15: ABSOLUTE: /4.5.15/scene/absolute.png, /4.5.15/scene/library.blend, /4.5.15/scene/relative.png
#     5.3.0: RELATIVE: //../scene/library.blend, //../scene/relative.png, /5.3.0/scene/absolute.png
#     5.3.0: RELATIVE_ALL: //../scene/absolute.png, //../scene/library.blend, //../scene/relative.png
#     5.3.0: ABSOLUTE: /5.3.0/scene/absolute.png, /5.3.0/scene/library.blend, /5.3.0/scene/relative.png
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
SCENE, ASSETS = f"{folder}/{version}/scene", f"{folder}/{version}/assets"
os.makedirs(SCENE)
os.makedirs(ASSETS)


def write(mode):
    """Make a scene with two pictures and what is linked, save it, and write all of it as an asset."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Linked")
    mesh.use_fake_user = True
    bpy.data.libraries.write(f"{SCENE}/library.blend", {mesh})
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=f"{SCENE}/scene.blend")
    images = []
    for name in ("relative", "absolute"):
        image = bpy.data.images.new(name, 4, 4)
        image.filepath_raw, image.file_format = f"{SCENE}/{name}.png", "PNG"
        image.save()
        bpy.data.images.remove(image)
        images.append(bpy.data.images.load(f"{SCENE}/{name}.png"))
    images[0].filepath = "//relative.png"
    with bpy.data.libraries.load(f"{SCENE}/library.blend", link=True, relative=True) as (_, wanted):
        wanted.meshes = ["Linked"]
    thing = bpy.data.objects.new("Thing", wanted.meshes[0])
    bpy.data.libraries.write(f"{ASSETS}/{mode}.blend", {thing, *images}, path_remap=mode, fake_user=True)


def seen(mode):
    """Return the paths in what was written, and whether they lead to something."""
    bpy.ops.wm.open_mainfile(filepath=f"{ASSETS}/{mode}.blend")
    paths = sorted(one.filepath for one in (*bpy.data.images, *bpy.data.libraries))
    found = ("" if os.path.exists(bpy.path.abspath(path)) else " (not found)" for path in paths)
    return ", ".join(path.replace(folder, "") + there for path, there in zip(paths, found))


print()
for mode in ("RELATIVE", "RELATIVE_ALL", "ABSOLUTE"):
    write(mode)
    print(f"{version}: {mode}: {seen(mode)}", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch/work" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.5.15 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: RELATIVE: //../scene/library.blend, //../scene/relative.png, /4.5.15/scene/absolute.png
4.5.15: RELATIVE_ALL: //../scene/absolute.png, //library.blend (not found), //relative.png (not found)
4.5.15: ABSOLUTE: /4.5.15/scene/absolute.png, /4.5.15/scene/library.blend, /4.5.15/scene/relative.png
5.3.0: RELATIVE: //../scene/library.blend, //../scene/relative.png, /5.3.0/scene/absolute.png
5.3.0: RELATIVE_ALL: //../scene/absolute.png, //../scene/library.blend, //../scene/relative.png
5.3.0: ABSOLUTE: /5.3.0/scene/absolute.png, /5.3.0/scene/library.blend, /5.3.0/scene/relative.png
WANTED
