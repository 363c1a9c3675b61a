# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is known of a task in a few words: for tooltips, and below its picture.

Floor: third. Thread: main. Imports ``bpy`` through other modules only. Reads memory, never disk or network.
"""

from ...api.fields import prompt_of
from ...tasks.record.record import TaskRecord
from ..text.translate import megabytes, tr
from . import task_presentation

#: Most characters of a prompt in a tooltip.
_LONGEST = 500


def prompt(record: TaskRecord) -> str:
    """Return the prompt of a task, "" if it has none."""
    return prompt_of(record.params)


def facts(record: TaskRecord) -> list[str]:
    """Return what is known of the model, translated: triangles, textures, size and cost."""
    found = []
    if record.triangles is not None:
        found.append(tr("{count} {count|triangle|triangles}", count=record.triangles))
    texture_px = record.params.get("texture_size")
    if isinstance(texture_px, int):
        found.append(tr("textures of {edge} px", edge=texture_px))
    if record.has_model and record.size_bytes:
        found.append(megabytes(record.size_bytes))
    if record.cost_credits is not None:
        found.append(tr("{cost} {cost|credit|credits}", cost=record.cost_credits))
    return found


def tooltip(record: TaskRecord) -> str:
    """Return name or prompt, state and facts of a task, one a line."""
    words = prompt(record) or record.name
    words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    return "\n".join((words, task_presentation.state(record)[0], *facts(record)))
