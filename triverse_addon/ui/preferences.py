# SPDX-License-Identifier: GPL-3.0-or-later
"""
The add-on's preferences: the only place where a key is kept.

Floor: third. Thread: main. Imports ``bpy``.
"""

import os
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ..api.errors import InputError, KeyElsewhereError, TriverseError
from ..api.keys import check_key, check_key_is_for, clean_key
from ..api.urls import check_base_url, origin_of
from ..tasks.settings import DEFAULT_API_URL, key_entered_for, key_from_environment, url_from_environment
from . import choices, data_folder
from .say import say, words
from .text import paragraph, ui_scale

#: Name under which Blender knows the add-on: ``bl_ext.user_default.triverse`` once installed.
ADDON = __package__.rpartition(".")[0]


def _changed(_preferences: "TriversePreferences", _context: bpy.types.Context) -> None:
    from . import session  # late: session imports this module

    session.preferences_changed()


def _key_typed(preferences: "TriversePreferences", context: bpy.types.Context) -> None:
    # Whoever types a key sees the service beside it, in the panel unless it is Triverse itself.
    preferences.key_entered_for = origin_of(api_url())
    _changed(preferences, context)


class TriversePreferences(bpy.types.AddonPreferences):
    """What holds for every file of this user."""

    bl_idname = ADDON

    if TYPE_CHECKING:
        api_key: str
        key_entered_for: str
        api_url: str
        download_dir: str
        asset_library_dir: str
        auto_import: bool
        placement: str
        live: bool
        ask_above_credits: int
        task_layout: str
        task_order: str
    else:
        api_key: StringProperty(
            name="API Key",
            description="Your key for the Triverse API. It is kept in Blender's preferences only, never in a file",
            subtype="PASSWORD",
            update=_key_typed,
        )
        key_entered_for: StringProperty(options={"HIDDEN"})
        api_url: StringProperty(
            name="Service",
            description="Address of the Triverse API",
            default=DEFAULT_API_URL,
            update=_changed,
        )
        download_dir: StringProperty(
            name="Download Folder",
            description="Where new models are kept. Left empty, they are kept beside the list of tasks",
            subtype="DIR_PATH",
            update=_changed,
        )
        asset_library_dir: StringProperty(
            name="Asset Library",
            description="A folder of an asset library. A copy of every new model is put there. Left empty, none is",
            subtype="DIR_PATH",
            update=_changed,
        )
        auto_import: BoolProperty(
            name="Import When Ready",
            description="Import a model by itself as soon as it is ready",
            default=True,
        )
        placement: EnumProperty(
            name="Place at",
            description="Where a new model will stand",
            items=(
                ("CURSOR", "3D Cursor", "Where the 3D cursor is when you press Generate", 0),
                ("ORIGIN", "World Origin", "In the middle of the world", 1),
            ),
        )
        live: BoolProperty(
            name="Live Updates",
            description="Let the service tell at once what has changed. Without it, it is asked every few seconds",
            default=True,
            update=_changed,
        )
        ask_above_credits: IntProperty(
            name="Ask Above Credits",
            description="Ask before a task that costs more than this number of credits. 0 never asks",
            default=0,
            min=0,
            max=1_000_000,
            soft_max=1000,
        )
        task_layout: EnumProperty(
            name="Display as",
            description="How the tasks are shown in the sidebar",
            items=(
                ("LIST", "List", "Show tasks with their state", "LONGDISPLAY", 0),
                ("GRID", "Thumbnails", "Show tasks as large thumbnails", "IMGDISPLAY", 1),
            ),
        )
        task_order: EnumProperty(
            name="Sort by",
            description="Which tasks come first in the sidebar",
            items=(
                ("NEWEST", "Newest First", "By the time they were made, the newest first", 0),
                ("OLDEST", "Oldest First", "By the time they were made, the oldest first", 1),
                ("NAME", "Name", "By name, from A to Z", 2),
                ("COST", "Cost", "By their cost in credits, the highest first", 3),
            ),
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences."""
        from . import session  # late: session imports this module

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
            split.label(text=words("from {variable}", variable="TRIVERSE_API_KEY"), icon="LOCKED", translate=False)
        else:
            column.prop(self, "api_key")
        problem = key_problem()
        if problem is not None and not isinstance(problem, KeyElsewhereError):
            split = column.split(factor=0.4)
            split.label(text="")
            paragraph(split, say(problem.sentence), width_px * 0.6, icon="ERROR", alert=True)
        split = column.split(factor=0.4)
        split.label(text="")
        split.operator("triverse.test_key", icon="CHECKMARK")
        tested = session.key_answer()
        if tested is not None:
            ok, sentence = tested
            split = column.split(factor=0.4)
            split.label(text="")
            icon = {True: "CHECKMARK", False: "ERROR", None: "SORTTIME"}[ok]
            paragraph(split, say(sentence), width_px * 0.6, icon=icon, alert=ok is False)
        layout.separator()

        column = layout.column()
        if url_from_environment():
            split = column.split(factor=0.4)
            label = split.row()
            label.alignment = "RIGHT"
            label.label(text="Service")
            split.label(text=words("from {variable}", variable="TRIVERSE_API_URL"), icon="LOCKED", translate=False)
        else:
            column.prop(self, "api_url")
            try:
                check_base_url(self.api_url or DEFAULT_API_URL)
            except InputError as error:
                split = column.split(factor=0.4)
                split.label(text="")
                paragraph(split, say(error.sentence), width_px * 0.6, icon="ERROR", alert=True)
        if isinstance(problem, KeyElsewhereError):
            split = column.split(factor=0.4)
            split.label(text="")
            box = split.box().column()
            paragraph(box, say(problem.sentence), width_px * 0.6, icon="ERROR", alert=True)
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


def preferences() -> TriversePreferences:
    """Return the add-on's preferences."""
    found = bpy.context.preferences.addons[ADDON].preferences
    assert isinstance(found, TriversePreferences)
    return found


def api_key() -> str:
    """Return the key to use: the environment's, else the preferences', else ""."""
    return key_from_environment() or clean_key(preferences().api_key)


def key_problem() -> TriverseError | None:
    """Return why the key that is there cannot be sent: it is none, or was entered for another service."""
    key = api_key()
    if not key:
        return None
    try:
        check_key(key)
        check_key_is_for(api_url(), entered_for())
    except TriverseError as error:
        return error
    return None


def entered_for() -> str:
    """Return the origin that the key in use was entered for; "" when it is not known to be another one."""
    return key_entered_for(preferences().key_entered_for, api_url())


def api_url() -> str:
    """Return the address to use: the environment's, else the preferences', else the service's own."""
    return url_from_environment() or preferences().api_url.strip() or DEFAULT_API_URL


def data_dir(*, create: bool) -> str:
    """Return the folder for this user's store and files, made the first time if ``create``."""
    return data_folder.folder(create=create)


def download_dir(*, create: bool) -> str:
    """Return the folder for models, absolute."""
    chosen = preferences().download_dir.strip()
    if chosen:
        return os.path.abspath(bpy.path.abspath(chosen))
    return os.path.join(data_dir(create=create), "models")


def asset_library_dir() -> str:
    """Return the folder for copies of models, absolute; "" for none."""
    chosen = preferences().asset_library_dir.strip()
    return os.path.abspath(bpy.path.abspath(chosen)) if chosen else ""


CLASSES = (TriversePreferences,)
