# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a task is shown: its icon, its line of words, its progress, and the one thing to do about it now.

Floor: third. Thread: main. Imports ``bpy`` through ``translate`` only. Reads memory, never disk or network.
"""

from dataclasses import dataclass

from ..api.service_codes import ServiceCode
from ..tasks.events import Notice, Remedy
from ..tasks.record import ENDED_BADLY, UNFINISHED, Stage, TaskRecord
from ..tasks.status_text import overall_progress, stage_words, time_left_s
from .translate import say, words

#: What another try with the same request cannot change.
_HOPELESS = frozenset(
    {
        ServiceCode.INVALID_PARAMETERS,
        ServiceCode.UNSUPPORTED_TASK,
        ServiceCode.UNSUPPORTED_FILE,
        ServiceCode.CONTENT_VIOLATION,
    }
)

_ICONS = {
    Stage.QUEUED: "SORTTIME",
    Stage.UPLOADING: "EXPORT",
    Stage.SUBMITTING: "EXPORT",
    Stage.WAITING: "SORTTIME",
    Stage.DOWNLOADING: "IMPORT",
    Stage.CONVERTING: "MODIFIER",
    Stage.READY: "CHECKMARK",
    Stage.IMPORTED: "OUTLINER_COLLECTION",
    Stage.FAILED: "ERROR",
    Stage.CANCELLED: "CANCEL",
    Stage.GONE: "QUESTION",
}


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a task: the operator, its text and its icon."""

    operator: str
    text: str
    icon: str
    needs_task: bool = True


#: The button that mends what a notice speaks of.
_REMEDIES = {
    Remedy.SET_KEY: Action("triverse.preferences", "Open Preferences", "PREFERENCES", needs_task=False),
    Remedy.GO_ONLINE: Action("triverse.go_online", "Allow Online Access", "INTERNET", needs_task=False),
    Remedy.FIND_TASKS: Action("triverse.find_tasks", "Find My Tasks", "VIEWZOOM", needs_task=False),
    Remedy.RETRY: Action("triverse.retry", "Retry", "FILE_REFRESH"),
    Remedy.OPEN_FOLDER: Action("triverse.open_folder", "Open Folder", "FILE_FOLDER"),
}


def icon(record: TaskRecord) -> str:
    """Return the icon for the state of a task."""
    if is_let_be(record):
        return "IMPORT" if is_fetchable(record) else "PAUSE"
    return _ICONS[record.stage]


def is_bad(record: TaskRecord) -> bool:
    """Tell whether a task ended without a model."""
    return record.stage in ENDED_BADLY


def is_let_be(record: TaskRecord) -> bool:
    """Tell whether a task is not followed although it has not ended here."""
    return record.stage in UNFINISHED and not record.following


def is_fetchable(record: TaskRecord) -> bool:
    """Tell whether the service has the model ready, and nobody has asked for it yet."""
    return is_let_be(record) and record.service_status == "SUCCESS"


def is_moving(record: TaskRecord) -> bool:
    """Tell whether a progress bar says something: the task is under way and nothing holds it up."""
    return record.is_unfinished and record.note is None


def progress(record: TaskRecord) -> float:
    """Return how far a task is, from 0.0 to 1.0."""
    return max(0.0, min(1.0, overall_progress(record)))


def state(record: TaskRecord) -> tuple[str, ...]:
    """Return the state of a task in words, the most telling form first and the shortest last."""
    short = say(stage_words(record))
    left = time_left(time_left_s(record))
    if record.stage is Stage.WAITING and record.following and record.progress:
        percent = f"{record.progress} %"
        # Beside a progress bar, the time left says more than that something is generated.
        return (f"{short} · {left}", f"{percent} · {left}", short, percent) if left else (short, percent)
    if is_fetchable(record):
        return (short, words("Done"))
    return (f"{short} · {left}", short) if left else (short,)


def line(record: TaskRecord) -> tuple[str, ...]:
    """Return the state of a task with its cost, where there is room for both; see :func:`state`."""
    forms = state(record)
    if record.cost_credits is None:
        return forms
    return (words("{state} · {cost} credits", state=forms[0], cost=record.cost_credits), *forms)


def time_left(left_s: float | None) -> str:
    """Return a time left in words, as exact as such guesses are; "" if it is not known."""
    if left_s is None:
        return ""
    if left_s < 55:
        return words("{seconds} s left", seconds=max(5, round(left_s / 5) * 5))
    minutes = round(left_s / 60)
    if minutes < 60:
        return words("{minutes} min left", minutes=max(1, minutes))
    return words("{hours} h {minutes} min left", hours=minutes // 60, minutes=minutes % 60)


def action(record: TaskRecord) -> Action:
    """Return the one thing that makes sense for a task now."""
    if record.stage is Stage.READY:
        return Action("triverse.import_task", "Import", "IMPORT")
    if record.stage is Stage.IMPORTED:
        return Action("triverse.import_task", "Import Again", "IMPORT")
    if record.stage in ENDED_BADLY:
        if record.error_code in _HOPELESS:
            return Action("triverse.regenerate", "Change and Try Again", "GREASEPENCIL")
        return Action("triverse.retry", "Retry", "FILE_REFRESH")
    if is_fetchable(record):
        return Action("triverse.import_task", "Import", "IMPORT")
    if record.following:
        return Action("triverse.stop_following", "Stop Following", "X")
    return Action("triverse.resume_following", "Follow Again", "PLAY")


def remedy(notice: Notice) -> Action | None:
    """Return the button that mends what a notice speaks of, if there is one."""
    found = _REMEDIES.get(notice.remedy)
    return found if found is not None and (notice.task_id or not found.needs_task) else None
