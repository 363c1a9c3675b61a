#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Two packed pictures whose files had the same name share one file once a .blend is unpacked: one of them is lost.
#
# Models put together from several folders often have a "color.png" from each. "Unpack Resources" next to the .blend,
# which is what file.unpack_all() does by default, gives each picture the path //textures/ and the last part of its own,
# without a look at what another picture of the same .blend has been given. With USE_LOCAL ("use files in current
# directory, create when necessary") the second finds the file of the first there and takes it for its own; with
# WRITE_LOCAL it writes over it. Both then show one picture. What was packed is dropped, so after the next save the
# other picture is nowhere. Nothing is reported. USE_ORIGINAL keeps them apart; another filepath for the images does not
# help. Or write packed_file.data to files of one's own choice.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (files in //textures, and the colour of two pictures, once red and blue, after packing, saving, unpacking, saving
# and opening):
#     4.2.23: USE_LOCAL 1 file, Red is blue, Blue is blue; WRITE_LOCAL 1 file, Red is red, Blue is red
#     5.3.0: USE_LOCAL 1 file, Red is blue, Blue is blue; WRITE_LOCAL 1 file, Red is red, Blue is red
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1], f"{sys.argv[2]}/of-{sys.argv[1]}"
os.mkdir(folder)
COLOURS = {"Red": (1, 0, 0, 1), "Blue": (0, 0, 1, 1)}


def unpacked(method):
    """Pack two pictures from two folders, save and unpack; say which colour each has when the .blend is read again."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name in COLOURS:
        image = bpy.data.images.load(f"{folder}/{name}/color.png")
        image.name = name
        image.use_fake_user = True
        image.pack()
    blend = f"{folder}/{method}/model.blend"
    os.mkdir(f"{folder}/{method}")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    bpy.ops.file.unpack_all(method=method)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=blend)
    files = len(os.listdir(f"{folder}/{method}/textures"))
    seen = []
    for name in COLOURS:
        pixel = tuple(bpy.data.images[name].pixels[:4])
        seen.append(f"{name} is {next(key.lower() for key, colour in COLOURS.items() if colour == pixel)}")
    return f"{method} {files} file, {', '.join(seen)}"


for name, colour in COLOURS.items():
    os.mkdir(f"{folder}/{name}")
    image = bpy.data.images.new(name, 4, 4)
    image.generated_color = colour
    image.filepath_raw, image.file_format = f"{folder}/{name}/color.png", "PNG"
    image.save()
said = [unpacked("USE_LOCAL"), unpacked("WRITE_LOCAL")]
print()
print(f"{version}: {'; '.join(said)}", flush=True)
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
4.2.23: USE_LOCAL 1 file, Red is blue, Blue is blue; WRITE_LOCAL 1 file, Red is red, Blue is red
5.3.0: USE_LOCAL 1 file, Red is blue, Blue is blue; WRITE_LOCAL 1 file, Red is red, Blue is red
WANTED
