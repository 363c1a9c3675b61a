# SPDX-License-Identifier: GPL-3.0-or-later
"""
Retry failed tasks, and turn any task into a new request; pure functions.

Floor: first. Thread: any. No ``bpy``.
"""

import dataclasses
from typing import Any

from ...api.flows import FLOWS
from ...api.service_codes import ServiceCode
from ..record.order_endings import next_order_id
from ..record.processing import PLAIN
from ..record.record import FAILED_STAGES, TRANSITIONS, Stage, TaskRecord, TaskRequest, now_s

#: Codes that may mean that an uploaded file no longer exists (API page: "URL unreachable", "not found").
_SOURCES_AT_FAULT = frozenset(
    {ServiceCode.INVALID_PARAMETERS, ServiceCode.RESOURCE_NOT_FOUND, ServiceCode.TASK_NOT_FOUND}
)


def retry_changes(record: TaskRecord, *, has_files: bool) -> dict[str, Any]:
    """
    Return the changes that restart a failed, cancelled or unknown task.

    A paid order is never paid again: a new order is placed only if the state of the old one is final.

    :param has_files: whether the model's files are still on disk; otherwise they are downloaded again.
    """
    changes: dict[str, Any] = {
        "error": None,
        "error_code": None,
        "error_message": "",
        "error_suggestion": "",
        "status_note": None,
        "attempts": 0,
        "following": True,
        "failed_stage": None,
        # Whoever tries an order again has been told that it may have been sent with another key.
        "sent_with": "",
    }
    if record.is_final:
        if record.error_code in _SOURCES_AT_FAULT:
            changes["file_keys"] = {}
        return changes | {
            "stage": Stage.QUEUED,
            "client_order_id": next_order_id(record.client_order_id),
            "is_final": False,
            # It is ordered now, and spent in the month that is now.
            "created_at_s": now_s(),
            "task_uuid": None,
            "service_status": "",
            "progress": None,
            "queue_position": None,
            "queue_wait_s": None,
            "submitted_at_s": None,
            "started_at_s": None,
            "finished_at_s": None,
            "cost_credits": None,
            "found_at_s": None,
            "asset_urls": {},
        }
    stage = record.failed_stage or Stage.WAITING
    if stage not in TRANSITIONS[record.stage]:
        stage = Stage.WAITING
    if not record.is_paid:
        stage = Stage.QUEUED
    elif stage is Stage.READY and not has_files:
        return changes | {"stage": Stage.DOWNLOADING, "asset_urls": {}}
    return changes | {"stage": stage}


def orders_again(record: TaskRecord) -> bool:
    """Return whether the retry of a failed task is an order that costs credits; see :func:`retry_changes`."""
    return record.stage in FAILED_STAGES and (record.is_final or not record.is_paid)


def retried(record: TaskRecord, *, has_files: bool) -> TaskRecord | None:
    """Return a failed task as it restarts; None if it has not failed. See :func:`retry_changes`."""
    if record.stage not in FAILED_STAGES:
        return None
    return record.with_(**retry_changes(record, has_files=has_files))


def ready_to_import(record: TaskRecord, *, has_files: bool) -> TaskRecord:
    """
    Return a task in the stage from which its model is imported, for the first time or again.

    :param has_files: see :func:`retry_changes`.
    """
    if record.has_model:
        return record.with_(stage=Stage.READY) if has_files else record.with_(stage=Stage.DOWNLOADING, asset_urls={})
    if record.stage is Stage.FAILED and record.failed_stage is Stage.READY:
        return record.with_(**retry_changes(record, has_files=has_files))
    return record


def without_work(record: TaskRecord) -> dict[str, Any]:
    """Return what makes a task as it was before Blender worked on its model; see :attr:`record.Placement.work`."""
    placement = dataclasses.replace(record.placement, work=PLAIN, instead_of="", instead_of_uuid="")
    if record.blend_path:
        # The options of the mesh were those of the work, too. The .blend still has those of before.
        placement = dataclasses.replace(placement, merge=record.blend_merge, smooth_deg=record.blend_smooth_deg)
    return {
        "stage": Stage.IMPORTED if record.imported_at_s is not None else Stage.READY,
        "placement": placement,
        "auto_import": False,
        "attempts": 0,
        "status_note": None,
    }


def request_from(record: TaskRecord) -> TaskRequest:
    """Return a task's request, to be edited and submitted again. It is marked as a deliberate duplicate."""
    flow = FLOWS.get(record.flow)
    names = {field.name for field in flow.fields if not field.is_source} if flow else set()
    sources = dict(record.sources)
    if flow and not sources:
        # A task created elsewhere has its picture in image_url (API page: sample input).
        url = record.params.get("image_url")
        for field in flow.sources:
            if isinstance(url, str) and url.startswith("https://") and field.name == "image_file":
                sources[field.name] = url
    return TaskRequest(
        flow=record.flow,
        values={name: value for name, value in record.params.items() if name in names},
        sources=sources,
        name=record.name,
        origin=record.origin,
        placement=record.placement,
        auto_import=record.auto_import,
        allow_duplicate=True,
    )
