# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in answers, in the dialect that is set. No HTTP, no ``bpy``; any thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import flows, results
from .clock import stamp
from .records import TERMINAL, Task
from .state import Course, State

Payload = dict[str, Any]


def envelope(data: Any) -> Payload:
    """Return a success."""
    return {"code": 0, "message": "success", "data": data}


def failure(refused: flows.Refused) -> Payload:
    """Return an error body."""
    return {"code": refused.code, "message": refused.message, "suggestion": refused.suggestion, **refused.data}


def created(state: State, task: Task) -> Payload:
    """Return the answer to a creation."""
    new = state.settings.dialect == "new"
    course = state.course(task)
    data: Payload = {
        "task_uuid" if new or state.settings.dialect == "bare" else "taskId": task.uuid,
        "flow_name": task.flow_name,
        "status": course.status,
        "created_at": stamp(task.created_wall_s, fraction=new),
        "cost_credits" if new else "costCredits": task.cost,
        "queue": _queue(course),
    }
    if new and state.settings.invisible_s:
        data["read_after_write_deadline_seconds"] = round(state.clock.real(state.settings.invisible_s), 1)
        data["read_after_write_header"] = "X-Read-After-Write"
    if state.settings.dialect == "bare":
        return {key: data[key] for key in ("task_uuid", "status")}
    return data


def status(state: State, task: Task, url: Callable[[Task, str], str], file_url: Callable[[str], str]) -> Payload:
    """Return a task's status.

    :param url: gives a file of a task ("model", "geometry", "preview") an address.
    :param file_url: gives an uploaded file an address.
    """
    with state.lock:
        dialect = state.settings.dialect
        course = state.course(task)
        phase = course.status
        new, ended = dialect == "new", phase in TERMINAL
        started = phase == "RUNNING" or (ended and task.runs_at <= (task.ends_at or task.runs_at))
        data: Payload = {
            "taskId" if dialect == "old" else "task_uuid": task.uuid,
            "flow_name": task.flow_name,
            "status": phase,
            "progress": course.progress,
            "created_at": stamp(task.created_wall_s, fraction=new),
            "started_at": stamp(state.wall(task, task.runs_at), fraction=new) if started else None,
            "completed_at": stamp(state.wall(task, task.updated_at), fraction=new) if ended else None,
            "input": flows.echo(task.flow_name, task.params, file_url),
            "output": _output(state, task, phase, url),
            "error": task.error if ended else None,
            "queue": _queue(course),
        }
        if dialect == "old":
            del data["progress"]
        if dialect == "bare":
            kept = ("task_uuid", "status", "output", "error")
            data = {key: data[key] for key in kept if data[key] is not None}
        return data


def _text_output(shape: str, task: Task) -> Any:
    text = results.better_prompt(task)
    return {
        "list": {"prompts": [text], "language": "en", "original_prompt": task.params["prompt"]},
        "nested": {"result": {"original_prompt": task.params["prompt"] + " " * 900, "optimized_prompt": text}},
        "bare": text,
        "file": {},
    }.get(shape, {"text": text})


def _picture_output(shape: str, urls: list[str], preview: Payload) -> Any:
    return {
        "list": {"image_urls": urls} | preview,
        "nested": {"images": [{"url": one, "width": 64} for one in urls], "thumbnail": preview["preview_url"]},
        "bare": urls[0],
        "file": {},
        "previews": {"preview_url": urls},
    }.get(shape, preview)


def _queue(course: Course) -> Payload | None:
    if course.place is None:
        return None
    return {"is_queued": True, "position": course.place, "estimated_wait_seconds": course.wait_s}


def _output(state: State, task: Task, phase: str, url: Callable[[Task, str], str]) -> Any:
    kind = flows.FLOWS[task.flow_name].output
    if phase == "RUNNING" and state.settings.dialect == "old":
        return {"geometry_job_status": "RUNNING", "preprocessed_image_url": url(task, "preview")}
    if phase != "SUCCESS":
        return None
    shape = state.settings.answer_shape
    if kind == "text":
        return _text_output(shape, task)
    if not task.has_file:
        return {}
    preview = {"preview_url": url(task, "preview")}
    if kind == "picture":
        return _picture_output(shape, [url(task, f"picture-{n}") for n in range(1, results.count(task) + 1)], preview)
    if results.is_other_format(task):
        return {} if shape == "file" else {"converted_file": url(task, "converted")}
    listed: Callable[[str], Any] = (lambda one: [one]) if state.settings.dialect == "new" else (lambda one: one)
    geometry = {"geometry_model_url": listed(url(task, "geometry"))}
    if kind == "geometry":
        return geometry | preview
    textured = {"textured_model_url": listed(url(task, "model"))}
    return textured if state.settings.dialect == "bare" else geometry | textured | preview
