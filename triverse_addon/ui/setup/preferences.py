# SPDX-License-Identifier: GPL-3.0-or-later
"""
Drawing of the add-on's preferences. The properties are in ``preference_values``, and are read in ``settings``.

Floor: third. Thread: main. Imports ``bpy``.
"""

import bpy

from ...api.display_text import shown
from ...api.errors import InputError, KeyElsewhereError, TriverseError
from ...api.urls import DEFAULT_API_URL, check_base_url
from .. import settings
from ..preference_values import ADDON, PreferenceProperties
from ..rna import choices
from ..rna.members import Icon
from ..state import runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr, translate

#: Share of the width that labels take, as in Blender's own layout of properties.
_LABEL = 0.4
#: Width of the margins and the scroll bar around the add-on's box, in pixels at UI scale 1: 45 without a scroll bar
#: (4.3.2 and 5.2.2). The list of sections beside it is a region of its own.
_MARGINS_PX = 60
#: Width of the border and the margins of a box in it.
_BOX_PX = 16


class TriversePreferences(PreferenceProperties, bpy.types.AddonPreferences):
    """What holds for every file of this user."""

    bl_idname = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        """Draw key, key test, address of the service, folders and import settings."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        # The width of the area for values: the label takes the rest.
        width_px = (context.region.width - _MARGINS_PX * ui_scale()) * (1.0 - _LABEL)
        problem = settings.key_problem()
        self._draw_key(layout.column(), None if isinstance(problem, KeyElsewhereError) else problem, width_px)
        layout.separator()
        self._draw_service(layout.column(), problem if isinstance(problem, KeyElsewhereError) else None, width_px)
        layout.separator()
        self._draw_files(layout.column())

    def _draw_key(self, column: bpy.types.UILayout, problem: TriverseError | None, width_px: float) -> None:
        """Draw the API key, why it cannot be used, and the key test with its result."""
        if settings.is_key_of_environment():
            _draw_locked(column, "TRIVERSE_API_KEY", text="API Key")
        else:
            column.prop(self, "api_key")
        if problem is not None:
            paragraph(_value_area(column), translate(problem.sentence), width_px, icon="ERROR", alert=True)
        _value_area(column).operator("triverse.test_key", icon="CHECKMARK")
        tested = runtime.key_answer()
        if tested is not None:
            ok, sentence = tested
            icons: dict[bool | None, Icon] = {True: "CHECKMARK", False: "ERROR", None: "SORTTIME"}
            # Over the whole width: it names the account, and what helps.
            paragraph(column, translate(sentence), width_px / (1.0 - _LABEL), icon=icons[ok], alert=ok is False)

    def _draw_service(self, column: bpy.types.UILayout, problem: TriverseError | None, width_px: float) -> None:
        """Draw the address of the service, what is wrong with it, and the button that allows the key for it."""
        if settings.is_url_of_environment():
            _draw_locked(column, "TRIVERSE_API_URL", text="Service")
        else:
            column.prop(self, "api_url")
            try:
                check_base_url(self.api_url or DEFAULT_API_URL)
            except InputError as error:
                paragraph(_value_area(column), translate(error.sentence), width_px, icon="ERROR", alert=True)
        if problem is not None:
            box = _value_area(column).box().column()
            paragraph(box, translate(problem.sentence), width_px - _BOX_PX * ui_scale(), icon="ERROR", alert=True)
            box.operator("triverse.allow_key", icon="KEYINGSET")
        column.prop(self, "live")

    def _draw_files(self, column: bpy.types.UILayout) -> None:
        """Draw the folders, the import settings, and the button that copies a report."""
        split = column.split(factor=_LABEL)
        _draw_label(split, text="List and Models")
        row = split.row(align=True)
        row.label(text=shown(settings.data_dir(create=False)), translate=False)
        row.operator("triverse.move_data", text="", icon="FILE_FOLDER")
        row = column.row(align=True)
        row.prop(self, "download_dir", placeholder="Next to the list of tasks")
        row.operator("triverse.open_downloads", text="", icon="FOLDER_REDIRECT")
        column.prop(self, "asset_library_dir", placeholder="No copies")
        column.prop(self, "auto_import")
        column.prop(self, "separate_data")
        choices.draw(column, self, "placement")
        column.prop(self, "ask_above_credits")
        row = column.row(heading="When Done")
        row.prop(self, "notify_when_done")
        row.prop(self, "sound_when_done")
        column.prop(self, "monthly_limit")
        _value_area(column).operator("triverse.copy_report", icon="COPYDOWN")


def _value_area(column: bpy.types.UILayout) -> bpy.types.UILayout:
    """Return a layout in the area for values, next to an empty label."""
    split = column.split(factor=_LABEL)
    split.label(text="")
    return split


def _draw_label(split: bpy.types.UILayout, *, text: str) -> None:
    """Draw a label as Blender draws those of properties: to the right."""
    label = split.row()
    label.alignment = "RIGHT"
    label.label(text=text)


def _draw_locked(column: bpy.types.UILayout, variable: str, *, text: str) -> None:
    """Draw that a value comes from an environment variable, so it cannot be changed here."""
    split = column.split(factor=_LABEL)
    _draw_label(split, text=text)
    split.label(text=tr("from {variable}", variable=variable), icon="LOCKED", translate=False)


CLASSES = (TriversePreferences,)
