# SPDX-License-Identifier: GPL-3.0-or-later
"""
Drawing of the add-on's preferences. The properties and their values are in ``settings``.

Floor: third. Thread: main. Imports ``bpy``.
"""

import bpy

from ..api.errors import InputError, KeyElsewhereError
from ..api.urls import DEFAULT_API_URL, check_base_url
from ..tasks.settings import key_from_environment, url_from_environment
from . import choices
from .layout_text import paragraph, ui_scale
from .settings import ADDON, PreferenceProperties, data_dir, key_problem
from .state import runtime
from .translate import tr, translate


class TriversePreferences(PreferenceProperties, bpy.types.AddonPreferences):
    """What holds for every file of this user."""

    bl_idname = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        """Draw key, key test, address of the service, folders and import settings."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        width_px = context.region.width - 260 * ui_scale()

        column = layout.column()
        if key_from_environment():
            split = column.split(factor=0.4)
            label = split.row()
            label.alignment = "RIGHT"
            label.label(text="API Key")
            split.label(text=tr("from {variable}", variable="TRIVERSE_API_KEY"), icon="LOCKED", translate=False)
        else:
            column.prop(self, "api_key")
        problem = key_problem()
        if problem is not None and not isinstance(problem, KeyElsewhereError):
            split = column.split(factor=0.4)
            split.label(text="")
            paragraph(split, translate(problem.sentence), width_px * 0.6, icon="ERROR", alert=True)
        split = column.split(factor=0.4)
        split.label(text="")
        split.operator("triverse.test_key", icon="CHECKMARK")
        tested = runtime.key_answer()
        if tested is not None:
            ok, sentence = tested
            split = column.split(factor=0.4)
            split.label(text="")
            icon = {True: "CHECKMARK", False: "ERROR", None: "SORTTIME"}[ok]
            paragraph(split, translate(sentence), width_px * 0.6, icon=icon, alert=ok is False)
        layout.separator()

        column = layout.column()
        if url_from_environment():
            split = column.split(factor=0.4)
            label = split.row()
            label.alignment = "RIGHT"
            label.label(text="Service")
            split.label(text=tr("from {variable}", variable="TRIVERSE_API_URL"), icon="LOCKED", translate=False)
        else:
            column.prop(self, "api_url")
            try:
                check_base_url(self.api_url or DEFAULT_API_URL)
            except InputError as error:
                split = column.split(factor=0.4)
                split.label(text="")
                paragraph(split, translate(error.sentence), width_px * 0.6, icon="ERROR", alert=True)
        if isinstance(problem, KeyElsewhereError):
            split = column.split(factor=0.4)
            split.label(text="")
            box = split.box().column()
            paragraph(box, translate(problem.sentence), width_px * 0.6, icon="ERROR", alert=True)
            box.operator("triverse.allow_key", icon="KEYINGSET")
        column.prop(self, "live")
        layout.separator()

        column = layout.column()
        split = column.split(factor=0.4)
        label = split.row()
        label.alignment = "RIGHT"
        label.label(text="List and Models")
        row = split.row(align=True)
        row.label(text=data_dir(create=False), translate=False)
        row.operator("triverse.move_data", text="", icon="FILE_FOLDER")
        row = column.row(align=True)
        row.prop(self, "download_dir", placeholder="Beside the list of tasks")
        row.operator("triverse.open_downloads", text="", icon="FOLDER_REDIRECT")
        column.prop(self, "asset_library_dir", placeholder="No copies")
        column.prop(self, "auto_import")
        choices.draw(column, self, "placement")
        column.prop(self, "ask_above_credits")
        split = column.split(factor=0.4)
        split.label(text="")
        split.operator("triverse.copy_report", icon="COPYDOWN")


CLASSES = (TriversePreferences,)
