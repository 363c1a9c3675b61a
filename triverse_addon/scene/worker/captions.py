# SPDX-License-Identifier: GPL-3.0-or-later
"""
Draw many short lines of text at once, with Blender's font, which has the characters of nearly all scripts.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.

The lines are text strips of the sequencer, which Blender draws without a graphics card and without a renderer, in all
versions alike. A strip costs as much as a whole image, so as many lines as fit are in one. (``blf.bind_imbuf``, which
there is from 5.0 on, would save 20 ms of a page, and be a second way beside this one.)
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import blf
import bpy
import numpy

if TYPE_CHECKING:
    from . import gltf_import
else:
    import gltf_import

#: Longest text of a strip in bytes: up to 4.5, Blender cuts it off at 511.
_STRIP_BYTES = 500
#: Longest line in characters, of which none takes more than 4 bytes: one of marks without a width must end as well.
_LETTERS = 100
#: Lines whose height and distance are taken from how they are drawn.
_GAUGE = ("H", "H")
_MORE = "…"
#: The font of Blender's user interface. Text strips would have its monospaced one.
_FONT = "Inter.woff2"
#: Number of the monospaced font, which Blender loads second.
_MONOSPACED = 1
#: Texts whose every letter that font has: Latin, Greek, Cyrillic, and what stands between words.
_IN_FONT = re.compile(r"[ -~\u00a0-\u017e\u0391-\u03a1\u03a3-\u03c9\u0401-\u045f\u1ea0-\u1ef9–—‘’“”„…]*")


class Pen:
    """
    Draws lines of text of one size.

    :param size_px: size of the font; a whole number, which versions of Blender round differently otherwise.
    :param width_px: width that lines are shortened to.
    :param scratch: path of a PNG that may be written and removed.
    :param texts: all that it will draw.
    :raises gltf_import.RefusedError: Blender cannot draw text.
    """

    def __init__(self, size_px: int, width_px: int, scratch: Path, texts: Iterable[str]) -> None:
        self._size_px = size_px
        self._width_px = width_px
        self._scratch = scratch
        path = Path(bpy.utils.system_resource("DATAFILES", path="fonts"), _FONT)
        # From 4.3 on, a strip with a loaded font has no others to take the letters from that this one lacks. From 5.0
        # on, only the last letter of a line is taken from others.
        is_used = path.is_file() and (
            bpy.app.version < (4, 3) or all(_IN_FONT.fullmatch(_printable(text)) for text in texts)
        )
        self._font = bpy.data.fonts.load(str(path), check_existing=True) if is_used else None
        self._measure = blf.load(str(path)) if is_used else _MONOSPACED
        # The distance of lines depends on the font, and no function tells it.
        column = self._render(["\n".join(_GAUGE)], 4 * size_px * len(_GAUGE)).any(axis=1)
        edges = numpy.flatnonzero(column[1:] & ~column[:-1]) + 1
        if len(edges) != len(_GAUGE):
            raise gltf_import.RefusedError("sheet", "this Blender cannot draw text")
        self._pitch_px = int(edges[1] - edges[0])
        first_px = int(edges[0])
        #: Height of the drawn lines in pixels, and the distance of their baseline from the top.
        self.height_px = 2 * self._pitch_px
        self.baseline_px = first_px + int(numpy.argmin(column[first_px:])) + self._pitch_px // 2

    def draw(self, lines: Sequence[str]) -> numpy.ndarray:
        """
        Return how much ink there is in each pixel, from 0 to 1: an array (lines, height, width) with the top first.

        A line that is too long is shortened, with an ellipsis at its end.
        """
        fitting = [self._fitting(line) for line in lines]
        # An empty line before and after each leaves room for what scripts have above and below theirs.
        ink = self._render(self._strips(fitting), (2 * len(lines) + 2) * self._pitch_px)
        # Half of it belongs to the line before it, and half to the one after it.
        start = self._pitch_px - self._pitch_px // 2
        ink = ink[start : start + len(lines) * self.height_px]
        return ink.reshape(len(lines), self.height_px, self._width_px)

    def _fitting(self, line: str) -> str:
        """Return ``line`` without control characters and line breaks, shortened to the width."""
        shown = _printable(line)
        blf.size(self._measure, self._size_px)
        if len(shown) <= _LETTERS and blf.dimensions(self._measure, shown)[0] <= self._width_px:
            return shown
        room_px = self._width_px - blf.dimensions(self._measure, _MORE)[0]
        fits, too_long = 0, min(len(shown), _LETTERS)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if blf.dimensions(self._measure, shown[:middle])[0] <= room_px:
                fits = middle
            else:
                too_long = middle
        # Marks that belong to a letter go with it.
        while fits and unicodedata.combining(shown[fits]):
            fits -= 1
        return shown[:fits].rstrip() + _MORE

    @staticmethod
    def _strips(lines: Sequence[str]) -> list[str]:
        """
        Return texts of at most :data:`_STRIP_BYTES`, which put one above the other have each line in every other row.

        Each begins with as many empty lines as are above it: so rows have whole pixels.
        """
        strips: list[str] = []
        for number, line in enumerate(lines):
            if strips and len(f"{strips[-1]}\n\n{line}".encode()) <= _STRIP_BYTES:
                strips[-1] += f"\n\n{line}"
            else:
                strips.append("\n" * (2 * number + 1) + line)
        return strips

    def _render(self, texts: Sequence[str], height_px: int) -> numpy.ndarray:
        """Return the ink of strips with these texts in an array (height, width) with the top first."""
        scene = bpy.data.scenes.new("Captions")
        try:
            for channel, text in enumerate(texts, 1):
                self._add_strip(scene, text, channel)
            render = scene.render
            render.resolution_x, render.resolution_y, render.resolution_percentage = self._width_px, height_px, 100
            render.film_transparent = True
            render.dither_intensity = 0.0
            render.image_settings.file_format = "PNG"
            render.image_settings.color_mode = "RGBA"
            render.filepath = str(self._scratch)
            bpy.ops.render.render(write_still=True, scene=scene.name)
            return self._read(height_px)
        except RuntimeError as error:
            raise gltf_import.RefusedError("sheet", " ".join(str(error).split())) from error
        finally:
            bpy.data.scenes.remove(scene)
            self._scratch.unlink(missing_ok=True)

    def _add_strip(self, scene: bpy.types.Scene, text: str, channel: int) -> None:
        editor = scene.sequence_editor_create()
        # Renamed in 4.4, as were the two properties of the alignment.
        strips = editor.strips if hasattr(editor, "strips") else editor.sequences
        span = {"length": 1} if bpy.app.version >= (5, 0) else {"frame_end": 2}
        strip = strips.new_effect(name="Caption", type="TEXT", channel=channel, frame_start=1, **span)
        strip.text = text
        if self._font is not None:
            strip.font = self._font
        strip.font_size = self._size_px
        strip.color = (1.0, 1.0, 1.0, 1.0)
        strip.use_shadow = False
        strip.wrap_width = 0.0
        strip.location = (0.0, 1.0)
        for name, value in _ALIGNMENT.items():
            if hasattr(strip, name):
                setattr(strip, name, value)
        strip.blend_type = "ALPHA_OVER"

    def _read(self, height_px: int) -> numpy.ndarray:
        image = bpy.data.images.load(str(self._scratch), check_existing=False)
        try:
            pixels = numpy.empty(self._width_px * height_px * 4, dtype=numpy.float32)
            image.pixels.foreach_get(pixels)
        except TypeError as error:
            raise RuntimeError(str(error)) from error
        finally:
            bpy.data.images.remove(image)
        # The transparency, because colours depend on the colour management.
        return pixels.reshape(height_px, self._width_px, 4)[::-1, :, 3]


def _printable(line: str) -> str:
    """Return ``line`` without control characters and line breaks."""
    # File names of macOS have letters and their marks apart, which Blender would draw apart.
    line = unicodedata.normalize("NFC", line)
    return "".join(letter if letter.isprintable() else " " for letter in line).strip()


_ALIGNMENT = {"align_x": "LEFT", "align_y": "TOP", "alignment_x": "LEFT", "anchor_x": "LEFT", "anchor_y": "TOP"}
