# SPDX-License-Identifier: GPL-3.0-or-later
"""
The Details subpanel of the selected task, collapsed by default.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only: no disk, no network, no picture is decoded.
"""

import os
from typing import TYPE_CHECKING, Any

import bpy

from ...api.fields import NEGATIVE_PROMPT, PROMPT, PROMPT_NAMES
from ...api.flows import FLOWS, Field, Kind
from ...tasks.record.charge import Charge, charge_of
from ...tasks.record.labels import file_title
from ...tasks.record.record import Stage, is_url
from ..form import inputs
from ..rna.members import Icon
from ..state.task_history import moment
from ..text.layout_text import font_px, paragraph, sidebar_width_px, ui_scale, wrapped
from ..text.translate import amount, megabytes, tr
from .operator_base import draw_task_operator

if TYPE_CHECKING:
    from ...tasks.record.record import TaskRecord
    from ..state.session import Session

#: Least width for names next to their values, in pixels at UI scale 1.
_SPLIT_PX = 200
#: Share of the width for names that are next to their values.
_NAMES = 0.36
#: Most lines of the history that are shown. The What Happened dialog shows more.
_LINES = 12
_LEVEL_ICONS: dict[str, Icon] = {"ERROR": "ERROR", "WARNING": "INFO"}
#: Largest edge of pictures in interface units (20 px at UI scale 1): of the thumbnail, and of input pictures.
_PREVIEW_UNITS = 8.0
_INPUT_UNITS = 4.0
#: Width of a button with only an icon, including the gap before it, in pixels at UI scale 1.
_BUTTON_PX = 36
#: Characters of the task's own UUID that are shown in its history.
_UUID_LETTERS = 8
#: Most characters shown of a value. Values of tasks made elsewhere may be longer.
_LONGEST = 200


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session", record: "TaskRecord") -> None:
    """Draw the subpanel, and its content if it is open."""
    header, body = layout.panel("triverse_details", default_closed=True)
    header.label(text="Details")
    if body is None:
        return
    sheet = _Sheet(body.column(), sidebar_width_px(context))
    _draw_preview(sheet, session, record)
    _draw_inputs(sheet, session, record)
    _draw_settings(sheet, record)
    sheet.gap()
    _draw_times(sheet, record)
    _draw_result(sheet, record)
    _draw_following(sheet, session, record)
    _draw_uuid(sheet, record)
    _draw_folder(sheet, record)
    sheet.gap()
    _draw_history(sheet, session, record)


class _Sheet:
    """
    A column of names and values, next to each other if there is room, else above each other.

    :param width_px: width of the column in pixels.
    """

    def __init__(self, column: bpy.types.UILayout, width_px: float) -> None:
        self.column = column
        self.width_px = width_px
        self._is_narrow = width_px < _SPLIT_PX * ui_scale()

    def line(self, name: str, value: str) -> None:
        """Draw a name and a short value, next to each other if there is room."""
        names_share = 0.5 if self._is_narrow else _NAMES
        if self._is_narrow and not (self._fits(name, 0.5) and self._fits(value, 0.5)):
            self.text(name, value)
            return
        row = self.column.split(factor=names_share)
        names = row.column()
        names.active = False
        paragraph(names, name, self.width_px * names_share)
        paragraph(row.column(), value, self.width_px * (1 - names_share))

    def _fits(self, text: str, share: float) -> bool:
        # A label has a margin at each end.
        return len(wrapped(text, self.width_px * share - 12 * ui_scale(), font_px())) == 1

    def text(self, name: str, value: str) -> None:
        """Draw a name, and below it a value that may be long and is wrapped."""
        block = self.column.column(align=True)
        names = block.column()
        names.active = False
        paragraph(names, name, self.width_px)
        paragraph(block, value, self.width_px)

    def gap(self) -> None:
        """Draw a vertical gap."""
        self.column.separator()


def _draw_preview(sheet: _Sheet, session: "Session", record: "TaskRecord") -> None:
    icon = session.thumbnails.icon(record.id, record.thumbnail_path)
    if icon:
        row = sheet.column.row()
        row.alignment = "CENTER"
        row.template_icon(icon_value=icon, scale=min(_PREVIEW_UNITS, sheet.width_px / (20 * ui_scale())))


# -----------------------------------------------------------------------------
# Inputs


def _draw_inputs(sheet: _Sheet, session: "Session", record: "TaskRecord") -> None:
    flow = FLOWS.get(record.flow)
    sheet.line(tr("Made With"), tr(flow.label) if flow is not None else record.flow or tr("Not known yet"))
    if project := record.project or file_title(record.origin.file):
        sheet.line(tr("Project"), project)
    if record.tags:
        sheet.line(tr("Tags"), ", ".join(record.tags))
    for field in flow.sources if flow is not None else ():
        source = record.sources.get(field.name)
        if source:
            sheet.text(tr(field.label), source if is_url(source) else os.path.basename(source))
            if field.kind is Kind.IMAGE and not is_url(source):
                _draw_picture(sheet, session, record, field, source)
    for name, value in record.params.items():
        if name in _PROMPTS:
            sheet.text(tr(_PROMPTS[name]), str(value))


#: The labels of prompts, which are shown whole, by the name of their setting.
_PROMPTS = {**dict.fromkeys(PROMPT_NAMES, PROMPT.label), NEGATIVE_PROMPT.name: NEGATIVE_PROMPT.label}


def _draw_picture(sheet: _Sheet, session: "Session", record: "TaskRecord", field: Field, source: str) -> None:
    small = session.details.picture(source)
    if small == "":
        paragraph(sheet.column, tr("The picture is not there any more."), sheet.width_px, icon="INFO")
        return
    icon = session.thumbnails.icon(f"{record.id} {field.name}", small) if small else 0
    row = sheet.column.row()
    row.alignment = "LEFT"
    row.template_icon(icon_value=icon, scale=_INPUT_UNITS)


def _draw_settings(sheet: _Sheet, record: "TaskRecord") -> None:
    flow = FLOWS.get(record.flow)
    fields = {field.name: field for field in flow.fields} if flow is not None else {}
    for name, value in record.params.items():
        if name in _PROMPTS or value is None:
            continue
        field = fields.get(name)
        label = tr(field.label) if field is not None else name.replace("_", " ").title()
        sheet.line(label, _in_words(field, value))


def _in_words(field: Field | None, value: Any) -> str:
    if isinstance(value, bool):
        return tr("Yes") if value else tr("No")
    if isinstance(value, int):
        return f"{value} px" if field is not None and inputs.steps(field) else amount(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    text = str(value)
    if field is not None and field.kind is Kind.CHOICE:
        return tr(text.replace("_", " ").title())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# -----------------------------------------------------------------------------
# Result


def _draw_times(sheet: _Sheet, record: "TaskRecord") -> None:
    asked_s, started_s, done_s = record.created_at_s, record.started_at_s, record.finished_at_s
    sheet.line(tr("Asked"), moment(asked_s))
    # The service's clock and the local clock may differ, so negative durations are not shown.
    if started_s is not None:
        after = tr("after {time}", time=duration(started_s - asked_s)) if started_s >= asked_s else ""
        sheet.line(tr("Started"), f"{moment(started_s)}\n{after}".strip())
    if done_s is not None:
        begun_s = asked_s if started_s is None else started_s
        took = tr("took {time}", time=duration(done_s - begun_s)) if done_s >= begun_s else ""
        sheet.line(tr("Done"), f"{moment(done_s)}\n{took}".strip())
    if record.imported_at_s is not None:
        sheet.line(tr("Imported"), moment(record.imported_at_s))


def duration(seconds: float) -> str:
    """Return a duration in seconds as translated text, such as "3 min 20 s"."""
    whole = round(seconds)
    if whole < 60:
        return tr("{seconds} s", seconds=whole)
    minutes, left = divmod(whole, 60)
    if minutes < 60:
        return tr("{minutes} min {seconds} s", minutes=minutes, seconds=left)
    hours, minutes = divmod(minutes, 60)
    return tr("{hours} h {minutes} min", hours=hours, minutes=minutes)


def _draw_result(sheet: _Sheet, record: "TaskRecord") -> None:
    if record.cost_credits is not None:
        if charge_of(record) is Charge.NONE:
            cost = tr("{cost} {cost|credit|credits}, given back", cost=record.cost_credits)
        else:
            cost = tr("{cost} {cost|credit|credits}", cost=record.cost_credits)
        sheet.line(tr("Cost"), cost)
    if record.triangles is not None:
        sheet.line(tr("Triangle Count"), amount(record.triangles))
    if record.has_result and record.size_bytes:
        sheet.line(tr("File Size"), megabytes(record.size_bytes))


def _draw_following(sheet: _Sheet, session: "Session", record: "TaskRecord") -> None:
    from ..state import task_presentation  # lazy import, as in runtime

    if task_presentation.is_unfollowed(record):
        sheet.line(tr("Followed"), tr("No"))
    elif record.stage is Stage.WAITING:
        live = session.engine.live
        sheet.line(tr("Followed"), tr("Live") if live else tr("By asking every few seconds"))


def _draw_uuid(sheet: _Sheet, record: "TaskRecord") -> None:
    if record.task_uuid is None:
        return
    row = sheet.column.row()
    inner = _Sheet(row.column(), sheet.width_px - _BUTTON_PX * ui_scale())
    inner.text(tr("UUID"), record.task_uuid)
    draw_task_operator(row, "triverse.copy_uuid", record, text="", icon="COPYDOWN")


def _draw_folder(sheet: _Sheet, record: "TaskRecord") -> None:
    if not record.folder:
        return
    row = sheet.column.row()
    inner = _Sheet(row.column(), sheet.width_px - _BUTTON_PX * ui_scale())
    inner.text(tr("Folder"), record.folder)
    draw_task_operator(row, "triverse.open_folder", record, text="", icon="FILE_FOLDER")


def _draw_history(sheet: _Sheet, session: "Session", record: "TaskRecord") -> None:
    lines = session.details.history(record)
    if record.error_message:
        # The service's suggestion is already shown above the subpanel.
        sheet.text(tr("The service says"), record.error_message)
    names = sheet.column.column()
    names.active = False
    paragraph(names, tr("What Happened"), sheet.width_px)
    if len(lines) > _LINES:
        text = tr("{count} {count|earlier line|earlier lines}", count=len(lines) - _LINES)
        draw_task_operator(sheet.column, "triverse.show_error", record, text=text, icon="INFO")
    day = moment(record.created_at_s)[:10]
    for line in lines[-_LINES:]:
        at = line.at.removeprefix(day).strip()
        icon = _LEVEL_ICONS.get(line.level, "DOT")
        # The UUID of the task stands above, whole.
        uuid = record.task_uuid
        text = line.text.replace(uuid, f"{uuid[:_UUID_LETTERS]}…") if uuid else line.text
        paragraph(sheet.column, f"{at}  {text}", sheet.width_px, icon=icon, alert=line.level == "ERROR")
    if not lines and not session.details.is_waiting:
        paragraph(sheet.column, tr("Nothing was noted."), sheet.width_px)
