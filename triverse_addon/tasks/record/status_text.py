# SPDX-License-Identifier: GPL-3.0-or-later
"""
The status of a task as text, for the panel and the command line.

Floor: first. Thread: any. No ``bpy``.
"""

from ...api.errors import KeyElsewhereError, KeyMissingError
from ...api.responses import REFUSED_KEY
from ...api.sentence import Sentence
from .listed_task import ListedTask
from .processing import Processing
from .record import UNFINISHED, Stage, TaskRecord, now_s

#: Notes of tasks that wait until there is a key that the service accepts.
_KEY_NOTES = frozenset(
    {KeyMissingError().sentence.template, KeyElsewhereError("", "").sentence.template, REFUSED_KEY.template}
)

#: Below this progress in percent, an extrapolation of the remaining time is not reliable.
_LEAST_PROGRESS = 5


def waits_for_key(record: TaskRecord | ListedTask) -> bool:
    """Return whether a task was not ordered yet because there is no key, or none that the service accepts."""
    note = record.status_note
    return record.is_unfinished and record.is_unsent and note is not None and note.template in _KEY_NOTES


def stage_text(record: TaskRecord | ListedTask) -> Sentence:
    """Return the status of a task as a short text, without a full stop."""
    stage = record.stage
    if not record.following and stage in UNFINISHED:
        if stage is Stage.WAITING and record.service_status == "SUCCESS":
            return Sentence.of("Finished, not fetched yet")
        return Sentence.of("Not followed")
    if waits_for_key(record):
        return Sentence.of("Waiting for a key")
    if stage is Stage.WAITING:
        return _waiting_text(record)
    if stage is Stage.DOWNLOADING:
        if record.size_bytes:
            return Sentence.of(
                "Downloading, {done_mb} of {all_mb} MB",
                done_mb=round(record.received_bytes / 1e6, 1),
                all_mb=round(record.size_bytes / 1e6, 1),
            )
        return Sentence.of("Downloading")
    if stage is Stage.CONVERTING and isinstance(record, TaskRecord) and record.is_worked_on:
        return _work_text(record.placement.processing)
    return _STAGE_TEXTS[stage]


def _work_text(work: Processing) -> Sentence:
    """Return what Blender does with a model: the one thing that was asked for, or that it is more than one."""
    asked = [
        (work.decimate > 0, Sentence.of("Reducing to {count} triangles", count=f"{work.decimate:,}")),
        (work.cleanup, Sentence.of("Cleaning up materials")),
        (work.lods > 0, Sentence.of("Making levels of detail")),
        (work.hull, Sentence.of("Making a collision hull")),
        (work.merge, Sentence.of("Merging vertices")),
    ]
    said = [sentence for is_asked, sentence in asked if is_asked]
    return said[0] if len(said) == 1 else Sentence.of("Working on the model")


def _waiting_text(record: TaskRecord | ListedTask) -> Sentence:
    if record.service_status == "RUNNING":
        if record.progress is not None:
            return Sentence.of("Generating, {progress} %", progress=record.progress)
        return Sentence.of("Generating")
    if record.queue_position is not None:
        return Sentence.of("In the queue, place {position}", position=record.queue_position)
    if record.service_status == "QUEUED":
        return Sentence.of("In the queue")
    return Sentence.of("Accepted")


_STAGE_TEXTS = {
    Stage.QUEUED: Sentence.of("Waiting to be sent"),
    Stage.UPLOADING: Sentence.of("Uploading"),
    Stage.SUBMITTING: Sentence.of("Sending"),
    Stage.CONVERTING: Sentence.of("Preparing the model"),
    Stage.READY: Sentence.of("Ready to import"),
    Stage.IMPORTED: Sentence.of("Imported"),
    Stage.DONE: Sentence.of("Done"),
    Stage.FAILED: Sentence.of("Failed"),
    Stage.CANCELLED: Sentence.of("Cancelled"),
    Stage.GONE: Sentence.of("Not known to the service"),
}


def overall_progress(record: TaskRecord) -> float:
    """Return a task's overall progress from the request to the model, 0.0 to 1.0, for a progress bar."""
    if record.stage is Stage.WAITING:
        return 0.05 + 0.75 * (record.progress or 0) / 100
    if record.stage is Stage.DOWNLOADING:
        share = record.received_bytes / record.size_bytes if record.size_bytes else 0.0
        return 0.80 + 0.12 * min(share, 1.0)
    return _PROGRESS.get(record.stage, 1.0)


_PROGRESS = {Stage.QUEUED: 0.0, Stage.UPLOADING: 0.01, Stage.SUBMITTING: 0.03, Stage.CONVERTING: 0.93}


def time_left_s(record: TaskRecord) -> float | None:
    """
    Return the estimated time in seconds until the service finishes; None if unknown.

    While queued it is the queue's own estimate, while running it is extrapolated from the progress so far.
    """
    if record.stage is not Stage.WAITING or not record.following:
        return None
    if record.service_status in ("PENDING", "QUEUED"):
        if record.queue_wait_s is None:
            return None
        return max(0.0, record.queue_wait_s - (now_s() - record.updated_at_s))
    if record.started_at_s is None or not record.progress or record.progress < _LEAST_PROGRESS:
        return None
    # started_at is a time of the service's clock, so the elapsed time includes the difference of the clocks. It is
    # useless if negative (this clock is behind).
    elapsed_s = now_s() - record.started_at_s
    if elapsed_s <= 0:
        return None
    return elapsed_s * (100 - record.progress) / record.progress
