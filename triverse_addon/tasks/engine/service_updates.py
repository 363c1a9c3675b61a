# SPDX-License-Identifier: GPL-3.0-or-later
"""
Turn the service's answers into changes of a record; pure functions.

Floor: first. Thread: any. No ``bpy``.
"""

from typing import Any

from ...api.fields import prompt_of
from ...api.payloads import TERMINAL, Created, Queue, TaskStatus
from ...api.sentence import Sentence
from ...api.urls import clean
from ..record.record import Stage, TaskRecord, now_s
from .result_download import url_entries

#: A task that is older than this when its order is answered was not made by it, in seconds; clocks differ.
_EARLIER_S = 60.0
#: For this long after an order was accepted, "not found" means "not yet", in seconds (API page: retry briefly), and for
#: longer if the service says so.
NOT_YET_S = 60.0


def apply_created(record: TaskRecord, created: Created) -> dict[str, Any]:
    """Return the changes that follow from the answer to a create request."""
    return {
        "stage": Stage.WAITING,
        "task_uuid": created.task_uuid,
        "service_status": created.status,
        "cost_credits": created.cost_credits if created.cost_credits is not None else record.cost_credits,
        **_queue_changes(created.queue),
        "read_header": created.read_header or "",
        "visible_by_s": now_s() + max(NOT_YET_S, created.read_deadline_s or 0.0),
        "attempts": 0,
        "status_note": None,
    }


def is_earlier_task(created: Created) -> bool:
    """
    Return whether the service has answered an order with a task that it had already.

    What became of such a task may have been pushed before this list knew it, and is not pushed again.
    """
    made_at_s = created.created_at_s
    return created.status in TERMINAL or (made_at_s is not None and now_s() - made_at_s > _EARLIER_S)


def apply_status(record: TaskRecord, status: TaskStatus) -> dict[str, Any]:
    """
    Return the changes that follow from a task's status; {} if the record is not WAITING.

    Final states are never changed back. Progress never decreases while a task runs, and after SUCCESS the record is in
    another stage, to which no status applies.
    """
    if record.stage is not Stage.WAITING:
        return {}
    # Ids and URLs are the service's own texts; everything that is displayed was cleaned by the parser.
    changes: dict[str, Any] = {
        "service_status": status.status,
        **_queue_changes(status.queue),
        "started_at_s": status.started_at_s or record.started_at_s,
    }
    if status.progress is not None:
        changes["progress"] = max(status.progress, record.progress or 0)
    if not record.flow and status.flow_name:
        changes |= _identity(record, status)
    if status.status == "SUCCESS":
        changes |= {
            "stage": Stage.DOWNLOADING,
            "progress": 100,
            "finished_at_s": status.completed_at_s or now_s(),
            "asset_urls": _asset_urls(status),
        }
        if not record.with_(**changes).gives_model:
            # There is nothing to import or convert, also of a task of which only the UUID was known.
            changes |= {"result_text": status.result_text, "auto_import": False, "convert": False}
            changes["asset_urls"] |= url_entries(status.result_urls)
    elif status.status == "FAILED":
        changes |= _failure(status)
    elif status.status == "CANCELLED":
        changes |= {
            "stage": Stage.CANCELLED,
            "is_final": True,
            "finished_at_s": status.completed_at_s or now_s(),
            "error": Sentence.of(
                "Triverse cancelled this task. Its credits were released. Press Retry to order it again."
            ),
        }
    return changes


def _queue_changes(queue: Queue | None) -> dict[str, Any]:
    """Return the place of a task in the service's queue. One that is not queued has none, whatever else is told."""
    if queue is None or not queue.is_queued:
        return {"queue_position": None, "queue_wait_s": None}
    return {"queue_position": queue.position, "queue_wait_s": queue.estimated_wait_s}


def _asset_urls(status: TaskStatus) -> dict[str, str]:
    asset_urls = {}
    if status.textured_urls:
        asset_urls["textured"] = status.textured_urls[0]
    if status.geometry_urls:
        asset_urls["geometry"] = status.geometry_urls[0]
    if status.preview_url:
        asset_urls["preview"] = status.preview_url
    return asset_urls


def _failure(status: TaskStatus) -> dict[str, Any]:
    fault = status.error
    return {
        "stage": Stage.FAILED,
        "failed_stage": Stage.WAITING,
        "is_final": True,
        "finished_at_s": status.completed_at_s or now_s(),
        "error": Sentence.of("Triverse could not make this model. Its credits were released."),
        "error_code": fault.code if fault else None,
        "error_message": fault.message if fault else "",
        "error_suggestion": fault.suggestion if fault else "",
    }


def _identity(record: TaskRecord, status: TaskStatus) -> dict[str, Any]:
    """Return the flow, settings and name of a task that was created elsewhere."""
    prompt = prompt_of(status.input)
    changes: dict[str, Any] = {
        "flow": status.flow_name,
        "params": {
            clean(str(name), 60): value
            for name, value in status.input.items()
            if isinstance(value, str | int | float | bool)
        },
    }
    if prompt and record.name == record.task_uuid:
        changes["name"] = clean(prompt, 60)
    return changes


def record_of_uuid(uuid: str, *, record_id: str) -> TaskRecord:
    """Return a new record for a task of which only the service's UUID is known."""
    now = now_s()
    return TaskRecord(
        id=record_id,
        flow="",
        name=uuid,
        stage=Stage.WAITING,
        client_order_id=record_id,
        task_uuid=uuid,
        created_at_s=now,
        found_at_s=now,
        visible_by_s=now + NOT_YET_S,
    )


def record_of(status: TaskStatus, *, record_id: str) -> TaskRecord:
    """Return a new record for a task that was created elsewhere. It is not followed until the user requests it."""
    made_at_s = status.created_at_s or now_s()
    record = record_of_uuid(status.task_uuid, record_id=record_id).with_(
        created_at_s=made_at_s, submitted_at_s=made_at_s, following=False, auto_import=False
    )
    changes = apply_status(record, status)
    if changes.get("stage") is Stage.DOWNLOADING:
        # A finished task is downloaded only on request: a thousand old tasks must not cause a thousand downloads.
        del changes["stage"]
    return record.with_(**changes)
