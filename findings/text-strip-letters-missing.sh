#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A text strip with a font of one's own draws boxes for the letters that the font lacks, from Blender 5.0 on but for the
# last of a row.
#
# A text strip of the sequencer takes letters that its font lacks from the fonts that Blender brings along. So it is in
# every version with the strip's default font, and up to 4.2 with any font. From 4.3 to 4.5, each such letter of a font
# that was loaded is a box. From 5.0 on, the last letter before a space or the end is drawn, and those before it are
# boxes: a test that draws one letter, or letters with spaces between, finds nothing wrong. Here with Blender's own
# interface font, Inter, whose labels in the window have all of these letters.
#
# Versions: bpy 4.2.23, 4.5.15 and 5.0.1 (Python 3.11), 5.3.0 (Python 3.13), from PyPI.
#
# Seen (ink of four Chinese letters, in pixels, with the default font and with Inter loaded; a box each has the same):
#     4.2.23: [598, 395, 571, 337] [598, 395, 571, 337]
#     4.5.15: [598, 395, 571, 337] [509, 509, 509, 509]
#     5.0.1: [598, 395, 571, 337] [589, 589, 589, 337]
#     5.3.0: [598, 395, 571, 337] [589, 589, 589, 337]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy, numpy

FONT = os.path.join(bpy.utils.system_resource("DATAFILES", path="fonts"), "Inter.woff2")


def ink(text, font):
    scene = bpy.data.scenes.new("text")
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    span = {"length": 1} if bpy.app.version >= (5, 0) else {"frame_end": 2}
    strip = strips.new_effect(name="text", type="TEXT", channel=1, frame_start=1, **span)
    strip.text, strip.font_size = text, 40
    if font:
        strip.font = bpy.data.fonts.load(FONT, check_existing=True)
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 400, 100, 100
    render.film_transparent, render.image_settings.color_mode = True, "RGBA"
    render.filepath = os.path.join(sys.argv[2], "text.png")
    bpy.ops.render.render(write_still=True, scene=scene.name)
    image = bpy.data.images.load(render.filepath, check_existing=False)
    pixels = numpy.array(image.pixels).reshape(100, 400, 4)[:, :, 3] > 0.5
    filled = numpy.flatnonzero(pixels.any(axis=0))
    # Between two letters there is an empty column.
    parts = numpy.split(filled, numpy.flatnonzero(numpy.diff(filled) > 1) + 1)
    return [int(pixels[:, part[0] : part[-1] + 1].sum()) for part in parts if len(part)]


print(f"{sys.argv[1]}: {ink('橡木椅子', False)} {ink('橡木椅子', True)}", flush=True)
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
4.5.15 3.11
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: [598, 395, 571, 337] [598, 395, 571, 337]
4.5.15: [598, 395, 571, 337] [509, 509, 509, 509]
5.0.1: [598, 395, 571, 337] [589, 589, 589, 337]
5.3.0: [598, 395, 571, 337] [589, 589, 589, 337]
WANTED
