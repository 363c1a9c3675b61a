# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators on the files of a batch: choose file, folder and library, and open the results.

Floor: third. Thread: main. Imports ``bpy``. None of them reads the file; the batch's thread does.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, StringProperty

from ..rna.members import OperatorMixin
from ..setup.operator_helpers import open_folder, session_or_report
from ..state import runtime
from ..text.translate import tr
from ..timers import app_timer
from . import asset_libraries

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ..state.batch_session import BatchSession


_TABLES = "*.csv;*.tsv;*.tab;*.txt;*.json;*.jsonl;*.ndjson"


def current() -> "BatchSession | None":
    """Return the batch of the session, or None without a session."""
    session = runtime.current()
    return session.batch if session is not None else None


def is_free(cls: type[bpy.types.Operator]) -> bool:
    """
    Return whether no work of the batch is in progress.

    :param cls: the operator class whose ``poll()`` calls this; its disabled button gets the reason as tooltip.
    """
    batch = current()
    if batch is not None and batch.is_busy:
        cls.poll_message_set(tr("The batch is under way. Stop it first."))
        return False
    return True


class _Browses(OperatorMixin):
    """Mixin for operators that open a file browser first, while no work of the batch is in progress."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return False while work of the batch is in progress."""
        return is_free(cls)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a file browser. It selects folders if the operator has only a ``directory`` property."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}


class TRIVERSE_OT_batch_choose(_Browses, bpy.types.Operator):
    """Choose a table of the models to make: CSV, JSON or JSON Lines, one row a model"""

    bl_idname = "triverse.batch_choose"
    bl_label = "Choose File"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
        filter_glob: StringProperty(default=_TABLES, options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Use the path as the batch, and start checking it."""
        return choose(self, self.filepath)


class TRIVERSE_OT_batch_choose_folder(_Browses, bpy.types.Operator):
    """Choose a folder of pictures: each becomes a model, and folders in it become catalogs"""

    bl_idname = "triverse.batch_choose_folder"
    bl_label = "Choose Folder"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        directory: str
    else:
        directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Use the path as the batch, and start checking it."""
        return choose(self, self.directory)


class TRIVERSE_OT_batch_library(_Browses, bpy.types.Operator):
    """Choose the folder of the asset library that the models are written into"""

    bl_idname = "triverse.batch_library"
    bl_label = "Choose Library"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        directory: str
    else:
        directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if a file is chosen and no work of the batch is in progress."""
        batch = current()
        if batch is None or batch.request is None:
            cls.poll_message_set(tr("Choose a file first."))
            return False
        return super().poll(context)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Set the library, and check again. Models that are already in it are not made again."""
        batch = current()
        if batch is None or not self.directory:
            return {"CANCELLED"}
        batch.choose_library(absolute(self.directory))
        return app_timer.finish_operator()


class TRIVERSE_OT_batch_open(bpy.types.Operator):
    """Open what came of the batch"""

    bl_idname = "triverse.batch_open"
    bl_label = "Open"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        what: str
    else:
        what: EnumProperty(
            items=(
                ("LIBRARY", "Library", "", 0),
                ("SHEET", "Contact Sheet", "", 1),
                ("REPORT", "Report", "", 2),
            ),
            options={"HIDDEN", "SKIP_SAVE"},
        )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip for the file or folder that is opened."""
        if properties.what == "SHEET":
            return tr("Look at all models in a web browser")
        if properties.what == "REPORT":
            return tr("Open the report, which programs can read too")
        return tr("Open the folder of the asset library")

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the file or folder in the system's default program for it."""
        batch = current()
        if batch is None or batch.request is None:
            return {"CANCELLED"}
        ended = batch.ended
        paths = {"LIBRARY": batch.request.library}
        if ended is not None and ended.page is not None:
            paths["SHEET"] = ended.page
        if ended is not None and ended.report is not None:
            paths["REPORT"] = ended.report
        path = paths.get(self.what)
        if path is None:
            return {"CANCELLED"}
        if self.what == "LIBRARY":
            return open_folder(self, str(path))
        try:
            bpy.ops.wm.path_open(filepath=str(path))
        except RuntimeError as error:
            self.report({"WARNING"}, tr("The file cannot be opened: {reason}", reason=str(error).strip()))
            return {"CANCELLED"}
        return {"FINISHED"}


class TRIVERSE_OT_batch_show_library(bpy.types.Operator):
    """Add this library to the asset libraries in the preferences, so that Blender's asset browser shows it"""

    bl_idname = "triverse.batch_show_library"
    bl_label = "Show in Asset Browser"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Add the library to Blender's preferences unless it is there already."""
        batch = current()
        if batch is None or batch.request is None:
            return {"CANCELLED"}
        name = asset_libraries.show(batch.request.library)
        self.report({"INFO"}, tr("The asset browser shows it as “{name}”.", name=name))
        return app_timer.finish_operator()


def choose(operator: bpy.types.Operator, path: str) -> "set[OperatorReturnItems]":
    """
    Use a file or a folder of pictures as the batch, and start checking it.

    :param operator: reports an error if the session cannot be started.
    :param path: the path as Blender's file browser returns it.
    :returns: the operator's result.
    """
    session = session_or_report(operator)
    if session is None or not path:
        return {"CANCELLED"}
    session.batch.choose(absolute(path))
    return app_timer.finish_operator()


def absolute(path: str) -> Path:
    """Return a Blender path (perhaps relative to the .blend file) as an absolute path without a trailing slash."""
    return Path(os.path.abspath(bpy.path.abspath(path)))


CLASSES = (
    TRIVERSE_OT_batch_choose,
    TRIVERSE_OT_batch_choose_folder,
    TRIVERSE_OT_batch_library,
    TRIVERSE_OT_batch_open,
    TRIVERSE_OT_batch_show_library,
)
