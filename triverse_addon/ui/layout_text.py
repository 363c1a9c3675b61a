# SPDX-License-Identifier: GPL-3.0-or-later
"""
Text of several lines in a layout: Blender's labels do not wrap, they cut.

Floor: third. Thread: main. Imports ``bpy``. Called by ``draw()``: no disk, no network.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import blf
import bpy

#: What a button takes beside its text: icon and margins, in pixels at UI scale 1.
_BUTTON_PX = 28


def paragraph(
    layout: bpy.types.UILayout, text: str, width_px: float, *, icon: str = "NONE", alert: bool = False
) -> None:
    """
    Draw ``text`` wrapped to ``width_px`` pixels, with ``icon`` before its first line.

    :param alert: draw it in the theme's colour for errors.
    """
    scale = ui_scale()
    if icon != "NONE":
        width_px -= 28 * scale
    # At small scales, Blender rounds letters to pixels differently when it draws than when it is asked.
    width_px -= 2
    column = layout.column(align=True)
    column.alert = alert
    column.scale_y = 0.8
    for number, line in enumerate(wrapped(text, max(width_px, 60 * scale), font_px())):
        if icon == "NONE":
            column.label(text=line, translate=False)
        else:
            column.label(text=line, translate=False, icon=icon if number == 0 else "BLANK1")


def side_by_side(layout: bpy.types.UILayout, texts: Sequence[str], width_px: float) -> bpy.types.UILayout:
    """Return a row for buttons with icons and these texts, as shown, if each has room for its own; else a column."""
    return layout.row(align=True) if has_room(texts, width_px) else layout.column(align=True)


def has_room(texts: Sequence[str], width_px: float) -> bool:
    """Tell whether buttons with icons and these texts, as shown, have room beside each other, each for its own."""
    share_px = width_px / len(texts) - _BUTTON_PX * ui_scale()
    return all(text_width_px(text, font_px()) <= share_px for text in texts)


def ui_scale() -> float:
    """Return the scale of Blender's interface. Blender works it out with its first window and says 0 until then."""
    return float(bpy.context.preferences.system.ui_scale) or 1.0


def font_px() -> float:
    """Return the size of the interface's font, as ``blf`` takes it."""
    return float(bpy.context.preferences.ui_styles[0].widget.points) * ui_scale()


def sidebar_width_px(context: bpy.types.Context, *, boxed: bool = False) -> float:
    """
    Return how wide a line may be in a panel of the sidebar, in pixels.

    Of a sidebar, the tabs, the panel's margins and a label's own padding go off; of a box, its border too. The numbers
    were read off screenshots at UI scale 1.
    """
    scale = ui_scale()
    width_px = context.region.width if context.region else 280 * scale
    return width_px - (66 if boxed else 52) * scale


@lru_cache(maxsize=512)
def text_width_px(text: str, size_px: float) -> float:
    """Return how wide ``text`` is in the interface's font of that size."""
    blf.size(0, size_px)
    return float(blf.dimensions(0, text)[0])


def with_name(template: Callable[[str], str], name: str, width_px: float) -> str:
    """Return ``template(name)``, of the name no more than fits: Blender would cut what stands behind it."""
    for length in range(len(name), 3, -1):
        text = template(name if length == len(name) else f"{name[:length].rstrip()}…")
        if text_width_px(text, font_px()) <= width_px:
            return text
    return template(name if len(name) <= 4 else f"{name[:3].rstrip()}…")


def beginning(text: str, width_px: float) -> str:
    """Return as many words of ``text`` as fit, with "…" if there are more: Blender would cut out its middle."""
    size_px = font_px()
    if len(wrapped(text, width_px, size_px)) == 1:
        return text
    return f"{wrapped(text, width_px - text_width_px('…', size_px), size_px)[0]}…"


@lru_cache(maxsize=512)
def wrapped(text: str, width_px: float, size_px: float) -> tuple[str, ...]:
    """Return ``text`` cut into lines of at most ``width_px`` pixels in the interface's font of that size."""
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
            # A word wider than the line (a path, a UUID) is cut where the line ends.
            for character in word:
                if line and not fits(line + character):
                    lines.append(line.rstrip())
                    line = ""
                line += character
        lines.append(line.rstrip())
    return tuple(lines)


#: No line begins with one of these, and none ends with one of those.
_CLOSING = "，。、；：！？）」』”’…ー～"
_OPENING = "（「『“‘"


def _pieces(text: str) -> list[str]:
    """Return the pieces between which a line may break: words, and single characters of scripts without spaces."""
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
