# SPDX-License-Identifier: GPL-3.0-or-later
"""
Wrapped text in a layout. Blender's labels cut off text that is too long instead of wrapping it.

Floor: third. Thread: main. Imports ``bpy``. Called by ``draw()``: no disk, no network.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import blf
import bpy

from ...api.display_text import in_utf8
from ..rna.members import Icon

#: Width of a button without its text (icon and margins), in pixels at UI scale 1.
_BUTTON_PX = 28
#: Height of an element over which the next one is drawn, in interface units. 0 would make Blender compute the height.
_NOTHING_UNITS = 0.01


def underlay(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    """Return a column over which the next element of ``layout``, a column itself, is drawn."""
    below = layout.column()
    below.ui_units_y = _NOTHING_UNITS
    return below


def paragraph(
    layout: bpy.types.UILayout,
    text: str,
    width_px: float,
    *,
    icon: Icon = "NONE",
    alert: bool = False,
    most_lines: int | None = None,
) -> None:
    """
    Draw ``text`` as several labels, wrapped to ``width_px``.

    :param width_px: available width in pixels, including the icon.
    :param icon: identifier of the icon before the first line; the other lines are indented to match.
    :param alert: draw the text in the theme's colour for errors.
    :param most_lines: leave out what is beyond so many lines, in a dialog whose buttons would lie outside the window.
    """
    scale = ui_scale()
    if icon != "NONE":
        width_px -= 28 * scale
    # At small UI scales, glyph widths are rounded differently in drawing than in blf's measuring.
    width_px -= 2
    column = layout.column(align=True)
    column.alert = alert
    column.scale_y = 0.8
    lines = wrapped(text, max(width_px, 60 * scale), font_px())
    if most_lines is not None and len(lines) > most_lines:
        lines = (*lines[:most_lines], "…")
    for number, line in enumerate(lines):
        if icon == "NONE":
            column.label(text=line, translate=False)
        else:
            column.label(text=line, translate=False, icon=icon if number == 0 else "BLANK1")


def side_by_side(layout: bpy.types.UILayout, texts: Sequence[str], width_px: float) -> bpy.types.UILayout:
    """
    Return a layout for buttons with icons: a row if all their texts fit side by side, else a column.

    :param texts: the translated texts of the buttons.
    :param width_px: available width in pixels.
    """
    return layout.row(align=True) if has_room(texts, width_px) else layout.column(align=True)


def has_room(texts: Sequence[str], width_px: float) -> bool:
    """
    Return whether buttons with icons and these texts fit side by side, all of the same width.

    :param texts: the translated texts of the buttons.
    :param width_px: available width in pixels.
    """
    share_px = width_px / len(texts) - _BUTTON_PX * ui_scale()
    return all(text_width_px(text, font_px()) <= share_px for text in texts)


def ui_scale() -> float:
    """Return Blender's UI scale. Blender computes it for its first window and reports 0 before; this returns 1 then."""
    return float(bpy.context.preferences.system.ui_scale) or 1.0


def font_px() -> float:
    """Return the size of the interface's font for ``blf.size``."""
    return float(bpy.context.preferences.ui_styles[0].widget.points) * ui_scale()


def sidebar_width_px(context: bpy.types.Context, *, boxed: bool = False) -> float:
    """
    Return the width available to a line of text in a panel of the sidebar, in pixels.

    This is the width of the region without the tabs, the panel's margins and a label's padding. The numbers were
    measured in screenshots at UI scale 1.

    :param boxed: the text is in a box, whose border is subtracted too.
    """
    scale = ui_scale()
    width_px = context.region.width if context.region else 280 * scale
    return width_px - (66 if boxed else 52) * scale


@lru_cache(maxsize=512)
def text_width_px(text: str, size_px: float) -> float:
    """Return the width of ``text`` in pixels, in the interface's font at size ``size_px``."""
    blf.size(0, size_px)
    return float(blf.dimensions(0, text)[0])


def with_name(template: Callable[[str], str], name: str, width_px: float) -> str:
    """
    Return ``template(name)`` with the name shortened until the result fits.

    Without this, Blender would cut off the text behind the name.

    :param width_px: available width in pixels.
    """
    for length in range(len(name), 3, -1):
        text = template(name if length == len(name) else f"{name[:length].rstrip()}…")
        if text_width_px(text, font_px()) <= width_px:
            return text
    return template(name if len(name) <= 4 else f"{name[:3].rstrip()}…")


def beginning(text: str, width_px: float) -> str:
    """
    Return the first words of ``text`` that fit on one line, followed by "…" if words are left out.

    Without this, Blender would cut out the middle of the text.

    :param width_px: available width in pixels.
    """
    size_px = font_px()
    if len(wrapped(text, width_px, size_px)) == 1:
        return text
    return f"{wrapped(text, width_px - text_width_px('…', size_px), size_px)[0]}…"


def longest_that_fits(forms: tuple[str, ...], width_px: float) -> str:
    """
    Return the first of ``forms`` that fits on one line, or else the last.

    :param forms: alternative texts, the longest first.
    :param width_px: available width in pixels.
    """
    return next((form for form in forms if len(wrapped(form, width_px, font_px())) == 1), forms[-1])


@lru_cache(maxsize=512)
def wrapped(text: str, width_px: float, size_px: float) -> tuple[str, ...]:
    """Return ``text`` split into lines of at most ``width_px`` pixels, in the interface's font at size ``size_px``."""
    text = in_utf8(text)
    blf.size(0, size_px)

    def fits(line: str) -> bool:
        return blf.dimensions(0, line)[0] <= width_px

    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in _pieces(part):
            if fits((line + word).rstrip()):
                line += word
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = ""
            # A word wider than the line (a path, a UUID) is split at the end of the line.
            for character in word:
                if line and not fits(line + character):
                    lines.append(line.rstrip())
                    line = ""
                line += character
        lines.append(line.rstrip())
    return tuple(lines)


#: No line may begin with a closing or end with an opening character.
_CLOSING = "，。、；：！？）」』”’…ー～"
_OPENING = "（「『“‘"


def _pieces(text: str) -> list[str]:
    """Return the pieces of ``text`` between which a line may break: words, or characters in scripts without spaces."""
    pieces: list[str] = []
    word = ""
    for character in text:
        if character >= "\u2e80":
            pieces += [word, character] if word else [character]
            word = ""
        else:
            word += character
            if character == " ":
                pieces.append(word)
                word = ""
    together: list[str] = []
    for piece in [*pieces, word] if word else pieces:
        if together and (piece[0] in _CLOSING or together[-1][-1] in _OPENING):
            together[-1] += piece
        else:
            together.append(piece)
    return together
