# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a task is shown: its icon, status text, progress, and main action.

Floor: third. Thread: main. Imports ``bpy`` through other modules only. Reads memory, never disk or network.
"""

from dataclasses import dataclass

from ...api.service_codes import ServiceCode
from ...batch.run.dispatcher import BATCH_ORIGIN
from ...tasks.record.charge import Charge, charge_of
from ...tasks.record.events import Notice, Remedy
from ...tasks.record.record import FAILED_STAGES, UNFINISHED, Origin, Stage, TaskRecord
from ...tasks.record.status_text import overall_progress, stage_text, time_left_s
from ..rna.members import Icon
from ..text.translate import tr, translate

#: Errors that the same request would cause again.
_HOPELESS = frozenset(
    {
        ServiceCode.INVALID_PARAMETERS,
        ServiceCode.UNSUPPORTED_TASK,
        ServiceCode.UNSUPPORTED_FILE,
        ServiceCode.CONTENT_VIOLATION,
    }
)

_ICONS: dict[Stage, Icon] = {
    Stage.QUEUED: "SORTTIME",
    Stage.UPLOADING: "EXPORT",
    Stage.SUBMITTING: "EXPORT",
    Stage.WAITING: "SORTTIME",
    Stage.DOWNLOADING: "IMPORT",
    Stage.CONVERTING: "MODIFIER",
    Stage.READY: "CHECKMARK",
    Stage.IMPORTED: "OUTLINER_COLLECTION",
    Stage.DONE: "CHECKMARK",
    Stage.FAILED: "ERROR",
    Stage.CANCELLED: "CANCEL",
    Stage.GONE: "QUESTION",
}


@dataclass(frozen=True, slots=True)
class Action:
    """
    A button for a task or a notice.

    :ivar operator: ``bl_idname`` of the operator.
    :ivar text: text of the button, in English.
    :ivar icon: identifier of Blender's icon.
    :ivar needs_task: the operator has a ``task_id`` property.
    """

    operator: str
    text: str
    icon: Icon
    needs_task: bool = True


#: The button to import a model once more.
IMPORT_AGAIN = Action("triverse.import_task", "Import Again", "IMPORT")

#: Buttons that fix the problem of a notice.
_REMEDIES = {
    Remedy.SET_KEY: Action("triverse.preferences", "Open Preferences", "PREFERENCES", needs_task=False),
    Remedy.GO_ONLINE: Action("triverse.go_online", "Allow Online Access", "INTERNET", needs_task=False),
    Remedy.FIND_TASKS: Action("triverse.find_tasks", "Find My Tasks", "VIEWZOOM", needs_task=False),
    Remedy.RETRY: Action("triverse.retry", "Retry", "FILE_REFRESH"),
    Remedy.OPEN_FOLDER: Action("triverse.open_folder", "Open Folder", "FILE_FOLDER"),
}


def icon(record: TaskRecord) -> Icon:
    """Return the identifier of Blender's icon for the state of a task."""
    if is_unfollowed(record):
        return "IMPORT" if is_fetchable(record) else "PAUSE"
    return _ICONS[record.stage]


def is_bad(record: TaskRecord) -> bool:
    """Return whether a task ended without a model."""
    return record.stage in FAILED_STAGES


def is_unfollowed(record: TaskRecord) -> bool:
    """Return whether a task is unfinished here and not followed."""
    return record.stage in UNFINISHED and not record.following


def is_fetchable(record: TaskRecord) -> bool:
    """Return whether the service has finished the model of a task that is not followed, so it can be downloaded."""
    return is_unfollowed(record) and record.service_status == "SUCCESS"


def is_moving(record: TaskRecord) -> bool:
    """Return whether to show a progress bar: the task is unfinished and has no note about something it waits for."""
    return record.is_unfinished and record.status_note is None


def progress(record: TaskRecord) -> float:
    """Return the overall progress of a task, from 0.0 to 1.0."""
    return max(0.0, min(1.0, overall_progress(record)))


def is_in_this_file(record: TaskRecord) -> bool:
    """Return whether a model of the task is in a scene of the open file, as it is now."""
    from ...scene.importing import imported_models  # lazy import, as in state.runtime

    return record.stage is Stage.IMPORTED and imported_models.is_in_a_scene(record.task_uuid)


def is_news(record: TaskRecord) -> bool:
    """
    Return whether the new stage of a task is told in this Blender.

    A ready model is imported next, or its note says why it has to wait. What was never sent, the user has ended. Where
    several Blenders share the list, another one imports a model into its own file.
    """
    from ...scene.importing import imported_models  # lazy import, as in state.runtime

    if (record.stage, record.task_uuid) == (Stage.CANCELLED, None) or record.waits_for_import:
        return False
    return record.stage is not Stage.IMPORTED or bool(imported_models.find(record.task_uuid))


def _imported_elsewhere(record: TaskRecord) -> tuple[str, ...]:
    """Return the forms of the status of an imported task whose model is in no open scene; none if unknown."""
    from ...scene.importing import imported_models, origin  # lazy import, as in state.runtime

    if imported_models.find(record.task_uuid):
        return (tr("In this file, but in no scene"), tr("In no scene"))
    if record.origin == Origin():
        return ()
    if record.origin.session == BATCH_ORIGIN:
        return (tr("Imported into the asset library"), tr("In the library"))
    if origin.is_same_file(record.origin):
        return (tr("Imported before, not in this file any more"), tr("Was in this file"))
    return (tr("Imported into another file"), tr("In another file"))


def state(record: TaskRecord) -> tuple[str, ...]:
    """Return the status of a task as translated text, in several forms: the most detailed first, the shortest last."""
    if record.stage is Stage.IMPORTED and not is_in_this_file(record):
        forms = _imported_elsewhere(record)
        if forms:
            return forms
    short = translate(stage_text(record))
    left = time_left(time_left_s(record))
    if record.stage is Stage.WAITING and record.following and record.progress:
        percent = f"{record.progress} %"
        # Next to a progress bar, the time left is more useful than the name of the stage.
        return (f"{short} · {left}", f"{percent} · {left}", short, percent) if left else (short, percent)
    if is_fetchable(record):
        return (short, tr("Done"))
    return (f"{short} · {left}", short) if left else (short,)


def line(record: TaskRecord) -> tuple[str, ...]:
    """
    Return the forms of :func:`state`, preceded by one with the cost if that is known.

    Those of a variant begin with its number and that of all.
    """
    forms = state(record)
    if record.group:
        forms = tuple(f"{record.variant}/{record.variants} · {form}" for form in forms)
    if is_bad(record):
        charge = charged(record)
        return (f"{forms[0]} · {charge}", *forms) if charge else forms
    if record.cost_credits is None:
        return forms
    return (tr("{state} · {cost} {cost|credit|credits}", state=forms[0], cost=record.cost_credits), *forms)


def charged(record: TaskRecord) -> str:
    """Return what a task that ended without a model has cost, as translated text; "" if it is not known."""
    charge = charge_of(record)
    if charge is Charge.NONE:
        return tr("not charged")
    if charge is not Charge.CHARGED:
        return ""
    if record.cost_credits is None:
        return tr("charged")
    return tr("{cost} {cost|credit|credits} charged", cost=record.cost_credits)


def time_left(left_s: float | None) -> str:
    """
    Return a remaining time as translated text, rounded because it is an estimate; "" if it is not known.

    :param left_s: remaining time in seconds.
    """
    if left_s is None:
        return ""
    if left_s < 55:
        return tr("{seconds} s left", seconds=max(5, round(left_s / 5) * 5))
    minutes = round(left_s / 60)
    if minutes < 60:
        return tr("{minutes} min left", minutes=max(1, minutes))
    return tr("{hours} h {minutes} min left", hours=minutes // 60, minutes=minutes % 60)


def has_picture(record: TaskRecord) -> bool:
    """Return whether the result of a task is a picture, or several."""
    return record.stage is Stage.DONE and bool(record.preview_path)


def _action_of_result(record: TaskRecord) -> Action:
    """Return the main action for what a flow without a model has made."""
    if record.result_text:
        return Action("triverse.use_better_prompt", "Use Prompt", "CHECKMARK")
    if has_picture(record) and record.flow == "image-generation":
        return Action("triverse.model_from_picture", "Model from This Picture", "MESH_DATA")
    return _REMEDIES[Remedy.OPEN_FOLDER]


def action(record: TaskRecord) -> Action:
    """Return the main action for a task in its present state."""
    if record.stage is Stage.DONE:
        return _action_of_result(record)
    if record.stage is Stage.READY:
        return Action("triverse.import_task", "Import", "IMPORT")
    if is_in_this_file(record):
        return Action("triverse.show_imported", "Show in Viewport", "ZOOM_SELECTED")
    if record.stage is Stage.IMPORTED:
        return IMPORT_AGAIN
    if record.stage in FAILED_STAGES:
        if record.error_code in _HOPELESS:
            return Action("triverse.regenerate", "Change and Try Again", "GREASEPENCIL")
        return Action("triverse.retry", "Retry", "FILE_REFRESH")
    if is_fetchable(record):
        if not record.gives_model:
            return Action("triverse.resume_following", "Fetch", "IMPORT")
        return Action("triverse.import_task", "Import", "IMPORT")
    if record.is_worked_on:
        return Action("triverse.stop_work", "Stop Work", "X")
    if record.following and record.is_unsent:
        return Action("triverse.cancel_order", "Cancel", "X")
    if record.following:
        return Action("triverse.stop_following", "Stop Following", "X")
    return Action("triverse.resume_following", "Follow Again", "PLAY")


def remedy(notice: Notice) -> Action | None:
    """Return the button that fixes the problem of a notice, or None if there is none."""
    found = _REMEDIES.get(notice.remedy)
    return found if found is not None and (notice.task_id or not found.needs_task) else None
