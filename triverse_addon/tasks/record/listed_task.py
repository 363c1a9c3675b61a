# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a printed list shows of a task: a record of few fields.

Floor: first. Thread: any. No ``bpy``.
"""

from typing import Any

from ...api.sentence import Sentence
from .record import NOT_SENT, UNFINISHED, Stage


class ListedTask:
    """The fields of a :class:`record.TaskRecord` that are listed, with the same names. Not to be changed."""

    id: str
    flow: str
    name: str
    stage: Stage
    following: bool
    created_at_s: float
    task_uuid: str | None = None
    service_status: str = ""
    progress: int | None = None
    queue_position: int | None = None
    cost_credits: int | None = None
    triangles: int | None = None
    model_path: str = ""
    preview_path: str = ""
    result_files: tuple[str, ...] = ()
    result_text: str = ""
    received_bytes: int = 0
    size_bytes: int | None = None
    status_note: Sentence | None = None
    error: Sentence | None = None
    error_code: int | None = None
    submitted_at_s: float | None = None

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values

    @property
    def is_unfinished(self) -> bool:
        """See :attr:`record.TaskRecord.is_unfinished`."""
        return self.stage in UNFINISHED and self.following

    @property
    def is_unsent(self) -> bool:
        """Whether the creation request was never sent, so that the service cannot have the order."""
        return self.stage in NOT_SENT or (self.stage is Stage.SUBMITTING and self.submitted_at_s is None)
