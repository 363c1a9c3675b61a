# SPDX-License-Identifier: GPL-3.0-or-later
"""
A second copy of the add-on, from another repository: it stays out, with a sentence in its preferences.

Floor: third. Thread: main. Imports ``bpy``.

Blender keeps classes by name alone: the second would take the panel, the operators and the scenes' properties away from
the first, and each one's end would then meet what is gone.
"""

import bpy

from .layout_text import paragraph, ui_scale
from .settings import ADDON
from .translate import words


def name() -> str:
    """Return the module under which Blender runs another copy, "" without one."""
    panel = bpy.types.Panel.bl_rna_get_subclass_py("TRIVERSE_PT_make")
    module = panel.__module__.rpartition(".ui.")[0] if panel is not None else ""
    return "" if module == ADDON else module


def sentence(other: str) -> str:
    """Return what is said of another copy, of its repository where it is an extension."""
    return words(
        "Another copy of Triverse is switched on ({name}), so this one does nothing. Keep one: switch the other off, "
        "then this one off and on again.",
        name=other.removeprefix("bl_ext."),
    )


class StaysOutPreferences(bpy.types.AddonPreferences):
    """All there is of a copy that stays out."""

    bl_idname = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        """Say why it does nothing."""
        width_px = context.region.width - 60 * ui_scale()
        other = name()
        if other:
            text = sentence(other)
        else:
            text = words("The other copy of Triverse is switched off now. Switch this one off and on again.")
        paragraph(self.layout.column(), text, width_px, icon="ERROR")
