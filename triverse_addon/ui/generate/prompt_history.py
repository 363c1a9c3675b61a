# SPDX-License-Identifier: GPL-3.0-or-later
"""
The prompts of earlier tasks, to be used again: the newest first, searched by words.

Floor: third. Thread: main. Imports ``bpy``. The prompts are those of the tasks in the list; nothing else keeps them.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty, StringProperty

from ...api.errors import TriverseError
from ...api.fields import prompt_of
from ..form import inputs
from ..rna.members import scene_props
from ..setup.operator_helpers import FillsInMixin, session_or_report
from ..text.layout_text import beginning, ui_scale
from ..text.translate import tr, translate
from ..timers import redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ..state.session import Session

#: Number of tasks that are looked through, the newest first. Reading them takes some milliseconds.
_TASKS = 300

#: Number of prompts that are shown at a time, and width of the popup in pixels at UI scale 1.
_SHOWN = 14
_WIDTH_PX = 480

#: The prompts of the open popup.
_found: list[str] = []


def prompts(session: "Session") -> list[str]:
    """
    Return the prompts of the newest tasks, the newest first, each once. Reads the store.

    :raises StoreError: it cannot be read.
    """
    from ...tasks.engine.page_reader import PageRequest  # lazy imports, as in runtime
    from ...tasks.store.errors import StoreError
    from ...tasks.store.query import Query

    page = session.engine.pages.read(PageRequest(Query(), 0, _TASKS))
    if page.error is not None:
        raise StoreError(page.error)
    found: dict[str, None] = {}
    for record in page.records:
        if text := prompt_of(record.params):
            found.setdefault(text.strip())
        if record.result_text:
            found.setdefault(record.result_text)
    return list(found)


def matching(search: str) -> list[int]:
    """Return the places, in the open popup's prompts, of those that contain all words of ``search``."""
    words = search.casefold().split()
    return [place for place, text in enumerate(_found) if all(word in text.casefold() for word in words)]


class TRIVERSE_OT_prompt_history(FillsInMixin, bpy.types.Operator):
    """Use the prompt of an earlier task again"""

    bl_idname = "triverse.prompt_history"
    bl_label = "Earlier Prompts"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        search: str
    else:
        search: StringProperty(
            name="Search",
            description="Show only prompts with these words",
            options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a popup with the prompts and a field to search them. It closes when the mouse leaves it."""
        session = session_or_report(self)
        if session is None:
            return {"CANCELLED"}
        try:
            _found[:] = prompts(session)
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        if not _found:
            self.report({"INFO"}, tr("There is no earlier prompt yet."))
            return {"CANCELLED"}
        return context.window_manager.invoke_popup(self, width=_WIDTH_PX)

    def check(self, _context: bpy.types.Context) -> bool:
        """Return True: the popup is drawn anew while words are typed."""
        return True

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the field to search, and a button for each prompt, the newest first."""
        layout = self.layout
        layout.label(text="Earlier Prompts")
        row = layout.row()
        row.activate_init = True
        row.prop(self, "search", text="", icon="VIEWZOOM")
        column = layout.column(align=True)
        places = matching(self.search)
        for place in places[:_SHOWN]:
            text = beginning(" ".join(_found[place].split()), (_WIDTH_PX - 40) * ui_scale())
            row = column.row(align=True)
            row.alignment = "LEFT"
            row.operator("triverse.use_prompt", text=text, emboss=False, translate=False).place = place
        if len(places) > _SHOWN:
            more = tr("{count} more. Type a word to find them.", count=len(places) - _SHOWN)
            layout.label(text=more, translate=False)
        elif not places:
            layout.label(text="No prompt has these words.")

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Do nothing: the buttons of the popup do."""
        return {"FINISHED"}


class TRIVERSE_OT_use_prompt(FillsInMixin, bpy.types.Operator):
    """Use this prompt"""

    bl_idname = "triverse.use_prompt"
    bl_label = "Use Prompt"
    bl_options = {"INTERNAL", "UNDO"}

    if TYPE_CHECKING:
        place: int
    else:
        place: IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the whole prompt as tooltip."""
        return _found[properties.place] if 0 <= properties.place < len(_found) else tr("Use this prompt")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the prompt into the panel."""
        if not 0 <= self.place < len(_found):
            return {"CANCELLED"}
        props = scene_props(context.scene)
        flow = inputs.chosen_flow(props)
        for field in flow.params:
            if field.name == "prompt":
                setattr(inputs.holder(props, flow, field), field.name, _found[self.place])
        redraw.redraw()
        return {"FINISHED"}


CLASSES = (TRIVERSE_OT_prompt_history, TRIVERSE_OT_use_prompt)
