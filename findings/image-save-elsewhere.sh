#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Image.save() with a path saves a copy, and the .blend then loses the picture: one that was made comes back empty.
#
# Who passes filepath wants a copy elsewhere, and the path of the image stays what it was. But the image counts as saved
# from then on: is_dirty is False, so nothing offers to save or pack it. A picture that was made in Blender and not yet
# packed becomes one of source FILE with an empty path, which the next save of the .blend writes without its pixels:
# when it is read again, it has a size of 0 × 0, and even its colour and size as a generated picture are gone. A packed
# one is stored as it was before the change. From 4.5 on there is save_copy=True, which leaves the image as it was; in
# 4.2, call pack() before save().
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (what is_dirty says, and what the saved .blend has of a picture that was made green and saved elsewhere):
#     4.2.23: made unchanged, nothing; packed unchanged, red
#     5.3.0: made unchanged, nothing; packed unchanged, red
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
GREEN = [0.0, 1.0, 0.0, 1.0] * 16


def red_file():
    """Write a red picture and return its path."""
    image = bpy.data.images.new("Red", 4, 4)
    image.generated_color = (1, 0, 0, 1)
    image.filepath_raw, image.file_format = f"{folder}/red.png", "PNG"
    image.save()
    return f"{folder}/red.png"


def kept(kind, **options):
    """Make an image green, save it as another file, save the .blend; say what the .blend holds."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if kind == "made":
        image = bpy.data.images.new("Picture", 4, 4)
    else:
        image = bpy.data.images.load(red_file())
        image.name = "Picture"
        image.pack()
    image.use_fake_user = True
    image.pixels = GREEN
    image.save(filepath=f"{folder}/elsewhere.png", **options)
    dirty = "changed" if image.is_dirty else "unchanged"
    bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/file.blend")
    bpy.ops.wm.open_mainfile(filepath=f"{folder}/file.blend")
    colours = {(): "nothing", (0, 0, 0): "black", (1, 0, 0): "red", (0, 1, 0): "green"}
    return f"{kind} {dirty}, {colours[tuple(bpy.data.images['Picture'].pixels[:3])]}"


print()
print(f"{version}: {'; '.join(kept(kind) for kind in ('made', 'packed'))}", flush=True)
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
4.2.23: made unchanged, nothing; packed unchanged, red
5.3.0: made unchanged, nothing; packed unchanged, red
WANTED
