# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a task costs in its present state: nothing, reserved credits, or charged ones.

Floor: first. Thread: any. No ``bpy``.

The service reserves the credits when it accepts an order, charges them when the model is done, and releases them when
it fails or cancels the task (API page).
"""

from enum import StrEnum

from .record import FAILED_STAGES, NOT_SENT, Stage, TaskRecord


class Charge(StrEnum):
    """What the service has done with the credits of a task."""

    NONE = "not charged"
    RESERVED = "reserved"
    CHARGED = "charged"
    UNKNOWN = "unknown"
    """The service may have charged them: it has not answered, or does not know the task any more."""


def charge_of(record: TaskRecord) -> Charge:
    """Return what the service has done with the credits of a task, as far as it is known here."""
    if record.stage not in FAILED_STAGES:
        return _charge_in(record.stage, record)
    if record.stage is Stage.GONE:
        return Charge.UNKNOWN
    if record.is_final or record.stage is Stage.CANCELLED:
        return Charge.NONE  # refused, failed or cancelled by the service, or cancelled before it was sent
    if record.task_uuid is None:
        # Before the first try to send it, nothing can have been charged.
        return Charge.UNKNOWN if record.submitted_at_s is not None else Charge.NONE
    return _charge_in(record.failed_stage or Stage.WAITING, record)


def _charge_in(stage: Stage, record: TaskRecord) -> Charge:
    if stage in NOT_SENT:
        return Charge.NONE
    if stage is Stage.SUBMITTING:
        return Charge.UNKNOWN if record.submitted_at_s is not None else Charge.NONE
    if stage is Stage.WAITING:
        return Charge.CHARGED if record.service_status == "SUCCESS" else Charge.RESERVED
    return Charge.CHARGED
