# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tasks that were made elsewhere: found by asking the service, or added by their UUIDs.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network.
"""

import re
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ...api.errors import TriverseError
from .. import settings
from ..form import placement, request
from ..layout_text import paragraph, ui_scale
from ..setup_operators import may_ask, session_or_report
from ..state import list_rows, runtime
from ..timers import app_timer
from ..translate import say, words

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: Width of the dialog, in pixels at UI scale 1.
_WIDTH = 420

#: Of a text that was copied, in characters: some 2,700 UUIDs.
_MOST_COPIED = 100_000

_UUID = re.compile(r"(?<![\w-])[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}(?![\w-])")

#: The service does not document the form of its UUIDs; but no word without a digit, and no short one, is one.
_LIKE_UUID = re.compile(r"(?=.*\d)[\w.-]{8,128}", re.ASCII)


def split_uuids(text: str) -> list[str]:
    """Return the words of a pasted list, without quotes, each once."""
    return list(dict.fromkeys(word for word in re.split(r"[\s,;\"'\[\]]+", text) if word))


def find_uuids(text: str) -> list[str]:
    """Return the UUIDs in any text, such as a mail or a table, each once. The user's own key is none."""
    return [found for found in dict.fromkeys(_UUID.findall(text)) if found != settings.api_key()]


def _copied(context: bpy.types.Context) -> str:
    return context.window_manager.clipboard[:_MOST_COPIED]


def _no_uuid(word: str) -> str:
    return words("{word} is not the UUID of a task.", word=word[:60])


class TRIVERSE_OT_find_tasks(bpy.types.Operator):
    """Ask the service for your tasks that were made elsewhere, and add them to the list"""

    bl_idname = "triverse.find_tasks"
    bl_label = "Find My Tasks"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs a key and a way to the service, and no search that is on."""
        here = runtime.current()
        if here is not None and here.is_searching:
            cls.poll_message_set(words("The service is being asked."))
            return False
        return may_ask(cls)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Ask; a notice tells what was found."""
        here = session_or_report(self)
        if here is None:
            return {"CANCELLED"}
        here.find_tasks()
        return app_timer.done()


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
        """Take the UUIDs that the clipboard holds, and let the user have a look."""
        copied = _copied(context)
        if not self.uuids:
            self.uuids = " ".join(find_uuids(copied))
        if self.uuids:
            self._taken = copied
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=words("Add Tasks by UUID"), confirm_text=words("Add Tasks")
        )

    def check(self, context: bpy.types.Context) -> bool:
        """Add the other lines of a list that was pasted: Blender pastes no more than the first into a field."""
        copied = _copied(context)
        if copied == self._taken or not copied.strip():
            return True
        given, first = split_uuids(self.uuids), split_uuids(copied.strip().splitlines()[0])
        if first and set(first) <= set(given):
            # Once: what is then taken out of the field stays out.
            self._taken = copied
            self.uuids = " ".join(dict.fromkeys(given + split_uuids(copied)))
        return True

    def draw(self, _context: bpy.types.Context) -> None:
        """One field, and below it how many it holds, or what is wrong with it."""
        wrong = self._wrong()
        column = self.layout.column()
        row = column.row()
        row.alert = bool(wrong)
        row.activate_init = True
        row.prop(self, "uuids", text="", placeholder="One or several UUIDs")
        if wrong:
            paragraph(column, _no_uuid(wrong), (_WIDTH - 40) * ui_scale(), icon="ERROR", alert=True)
        elif (count := len(split_uuids(self.uuids))) > 1:
            # The field has room for one.
            column.label(text=words("{count} UUIDs", count=count), translate=False)

    def _wrong(self) -> str:
        """Return the first word that is no UUID, if there is one."""
        return next((word for word in split_uuids(self.uuids) if not _LIKE_UUID.fullmatch(word)), "")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Add them; nothing is added while one of them is wrong."""
        here = session_or_report(self)
        if here is None:
            return {"CANCELLED"}
        if wrong := self._wrong():
            self.report({"WARNING"}, _no_uuid(wrong))
            if not bpy.app.background:
                # What was typed is not lost: the dialog comes back with it.
                bpy.ops.triverse.add_tasks("INVOKE_DEFAULT", uuids=self.uuids)
            return {"CANCELLED"}
        try:
            records = here.engine.track(
                split_uuids(self.uuids),
                origin=request.origin(context),
                placement=placement.placement(context),
                auto_import=False,
            )
        except TriverseError as error:
            self.report({"WARNING"}, say(error.sentence))
            return {"CANCELLED"}
        if records:
            list_rows.choose(here, records[0].id)
        return app_timer.done()


CLASSES = (TRIVERSE_OT_find_tasks, TRIVERSE_OT_add_tasks)
