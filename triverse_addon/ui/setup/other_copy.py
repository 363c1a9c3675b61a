# SPDX-License-Identifier: GPL-3.0-or-later
"""
Detection of a second copy of the add-on, from another repository: it registers only a message in its preferences.

Floor: third. Thread: main. Imports ``bpy``.

Blender identifies classes by name alone. A second copy would replace the panel, the operators and the scene properties
of the first, and both would fail to unregister.
"""

import bpy

from ..preference_values import ADDON
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr


def name() -> str:
    """Return the module name of another enabled copy of the add-on, or "" if there is none."""
    panel = bpy.types.Panel.bl_rna_get_subclass_py("TRIVERSE_PT_make")
    module = panel.__module__.rpartition(".ui.")[0] if panel is not None else ""
    return "" if module == ADDON else module


def sentence(other: str) -> str:
    """
    Return the message about another copy, translated.

    :param other: the module name of the other copy.
    """
    return tr(
        "Another copy of Triverse is switched on ({name}), so this one does nothing. Keep one: switch the other off, "
        "then this one off and on again.",
        name=other.removeprefix("bl_ext."),
    )


class StaysOutPreferences(bpy.types.AddonPreferences):
    """All there is of a copy that stays out."""

    bl_idname = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the reason why this copy of the add-on does nothing."""
        width_px = context.region.width - 60 * ui_scale()
        other = name()
        if other:
            text = sentence(other)
        else:
            text = tr("The other copy of Triverse is switched off now. Switch this one off and on again.")
        paragraph(self.layout.column(), text, width_px, icon="ERROR")
