# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that add tasks made elsewhere: found by a search at the service, or given by their UUIDs.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network.
"""

import re
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ...api.errors import TriverseError
from .. import settings
from ..form import placement, request
from ..setup.operator_helpers import may_ask, session_or_report
from ..state import list_rows, runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr, translate
from ..timers import app_timer

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: Width of the dialog, in pixels at UI scale 1.
_WIDTH = 420

#: Most characters that are read from the clipboard: about 2,700 UUIDs.
_MOST_COPIED = 100_000

_UUID = r"(?<![\w-])[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}(?![\w-])"

#: The service does not document the format of its UUIDs. Words without a digit and short words are rejected.
_LIKE_UUID = r"(?a)(?=.*\d)[\w.-]{8,128}"


def split_uuids(text: str) -> list[str]:
    """Return the words of a pasted list without quotes, brackets and duplicates."""
    return list(dict.fromkeys(word for word in re.split(r"[\s,;\"'\[\]]+", text) if word))


def find_uuids(text: str) -> list[str]:
    """Return the UUIDs in a text, such as an e-mail or a table, without duplicates and without the API key."""
    return [found for found in dict.fromkeys(re.findall(_UUID, text)) if found != settings.api_key()]


def _copied(context: bpy.types.Context) -> str:
    return context.window_manager.clipboard[:_MOST_COPIED]


def _no_uuid(word: str) -> str:
    return tr("{word} is not the UUID of a task.", word=word[:60])


class TRIVERSE_OT_find_tasks(bpy.types.Operator):
    """Ask the service for your tasks that were made elsewhere, and add them to the list"""

    bl_idname = "triverse.find_tasks"
    bl_label = "Find My Tasks"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if requests to the service are possible and no search is running."""
        session = runtime.current()
        if session is not None and session.is_searching:
            cls.poll_message_set(tr("The service is being asked."))
            return False
        return may_ask(cls)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Start the search. A notice reports the result."""
        session = session_or_report(self)
        if session is None:
            return {"CANCELLED"}
        session.find_tasks()
        return app_timer.finish_operator()


class TRIVERSE_OT_add_tasks(bpy.types.Operator):
    """Add tasks to the list by their UUIDs, one or several"""

    bl_idname = "triverse.add_tasks"
    bl_label = "Add by UUID"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        uuids: str
        _taken: str
    else:
        _taken = ""
        uuids: StringProperty(
            name="UUIDs",
            description="UUIDs of tasks, separated by spaces or commas",
            options={"SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog, with the UUIDs found in the clipboard."""
        copied = _copied(context)
        if not self.uuids:
            self.uuids = " ".join(find_uuids(copied))
        if self.uuids:
            self._taken = copied
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr("Add Tasks by UUID"), confirm_text=tr("Add Tasks")
        )

    def check(self, context: bpy.types.Context) -> bool:
        """
        Add the other lines of a list that the user has pasted. Blender pastes only the first line into a field.

        :returns: True, so that the dialog is redrawn.
        """
        copied = _copied(context)
        if copied == self._taken or not copied.strip():
            return True
        entered, first = split_uuids(self.uuids), split_uuids(copied.strip().splitlines()[0])
        if first and set(first) <= set(entered):
            # Only once per clipboard content, so that words the user then removes are not added again.
            self._taken = copied
            self.uuids = " ".join(dict.fromkeys(entered + split_uuids(copied)))
        return True

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the field, and below it the number of UUIDs or the first invalid word."""
        wrong = self._wrong()
        column = self.layout.column()
        row = column.row()
        row.alert = bool(wrong)
        row.activate_init = True
        row.prop(self, "uuids", text="", placeholder="One or several UUIDs")
        if wrong:
            paragraph(column, _no_uuid(wrong), (_WIDTH - 40) * ui_scale(), icon="ERROR", alert=True)
        elif (count := len(split_uuids(self.uuids))) > 1:
            # The field shows only about one UUID.
            column.label(text=tr("{count} UUIDs", count=count), translate=False)

    def _wrong(self) -> str:
        """Return the first word that cannot be a UUID, or "" if there is none."""
        return next((word for word in split_uuids(self.uuids) if not re.fullmatch(_LIKE_UUID, word)), "")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Add the tasks. If any word cannot be a UUID, add none and open the dialog again."""
        session = session_or_report(self)
        if session is None:
            return {"CANCELLED"}
        if wrong := self._wrong():
            self.report({"WARNING"}, _no_uuid(wrong))
            if not bpy.app.background:
                # Open the dialog again with the text that the user has entered.
                bpy.ops.triverse.add_tasks("INVOKE_DEFAULT", uuids=self.uuids)  # type: ignore[attr-defined]
            return {"CANCELLED"}
        try:
            records = session.engine.track(
                split_uuids(self.uuids),
                origin=request.origin(context),
                placement=placement.placement(context),
                auto_import=False,
            )
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        if records:
            list_rows.choose(session, records[0].id)
        return app_timer.finish_operator()


CLASSES = (TRIVERSE_OT_find_tasks, TRIVERSE_OT_add_tasks)
