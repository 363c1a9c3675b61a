# SPDX-License-Identifier: GPL-3.0-or-later
"""The API port: every documented address below ``/api/v1``, and ``/_standin`` for tests. Server thread; no ``bpy``."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

from aiohttp import web

from . import assets, control, flows, models, payloads, results, uploads, watch, wire
from .flows import Refused, invalid
from .records import Task, User
from .service import SERVICE, Service, guard

log = logging.getLogger(__name__)

BASE = "/api/v1"
_ACCOUNT = {"/users/me": "me", "/users/balance": "balance", "/tasks/pricing/quote": "quote"}
_UPLOADS = {"/upload/image": "upload_image", "/upload/model": "upload_model"}


def make_app(service: Service) -> web.Application:
    """Return the application of the API port."""
    app = web.Application(middlewares=[guard("api", kind_of)], client_max_size=8 * 1024 * 1024)
    app[SERVICE] = service
    app.add_routes(
        [
            web.get(f"{BASE}/tasks/watch/{{which}}", watch.watch),
            web.get(f"{BASE}/tasks/url/{{task_uuid}}", _links),
            web.get(f"{BASE}/tasks/download/{{task_uuid}}", _download),
            web.post(f"{BASE}/tasks/pricing/quote", _quote),
            web.get(f"{BASE}/tasks/{{task_uuid}}", _status),
            web.post(f"{BASE}/tasks/{{flow_name}}", _create),
            web.post(f"{BASE}/upload/{{kind:image|model}}", uploads.upload),
            web.get(f"{BASE}/users/me", _me),
            web.get(f"{BASE}/users/balance", _balance),
            *control.routes(),
        ]
    )
    app.router.add_route("*", "/{rest:.*}", _unknown)
    return app


def kind_of(request: web.Request) -> str:
    """Name the kind of a request, see `faults.KINDS`; "" for a test's own."""
    path = request.path.removeprefix(BASE)
    if path.startswith(control.BASE):
        return ""
    for begin, kind in (("/tasks/watch/", "ws"), ("/tasks/url/", "url"), ("/tasks/download/", "download")):
        if path.startswith(begin):
            return kind
    if kind := _ACCOUNT.get(path) or _UPLOADS.get(path, ""):
        return kind
    if path.startswith("/tasks/"):
        return "create" if request.method == "POST" else "status"
    return "other"


def user_of(request: web.Request) -> User:
    """Return whose key a request carries.

    :raises Refused: none, or one that is not known.
    """
    service = request.app[SERVICE]
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    user = service.state.users.get(key.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        raise Refused(1001, service.state.settings.bad_key_status, "invalid API key", "Check the API key.")
    return user


def _answer(data: Any) -> web.Response:
    return web.json_response(payloads.envelope(data))


async def _body(request: web.Request) -> Any:
    text = await request.text()
    service = request.app[SERVICE]
    service.state.watch_for_key("api", request.path, {"body": text})
    try:
        return json.loads(text)
    except ValueError:
        raise invalid("the body is not valid JSON", "Send the parameters as JSON.") from None


# -----------------------------------------------------------------------------
# Tasks


async def _create(request: web.Request) -> web.StreamResponse:
    service, user = request.app[SERVICE], user_of(request)
    body = await _body(request)
    if isinstance(body, dict) and isinstance(body.get("client_order_id"), str):
        request[wire.ENTRY].client_order_id = body["client_order_id"]
    task = service.state.create(user, request.match_info["flow_name"], body)
    if task.choice is not None and task.has_file and not models.is_ready(task.choice.sample):
        _BACKGROUND.add(made := asyncio.create_task(_make_sample(service, task)))
        made.add_done_callback(_BACKGROUND.discard)
    return _answer(payloads.created(service.state, task))


_BACKGROUND: set[asyncio.Task[None]] = set()


async def _make_sample(service: Service, task: Task) -> None:
    """Have a task's model made; meanwhile the task goes on running, and it fails if that fails."""
    assert task.choice is not None
    try:
        await asyncio.to_thread(models.ensure, [task.choice.sample])
    except models.NoSampleError as error:
        log.error("%s", error)
        service.state.finish(task.uuid, "FAILED", error={"code": 5003, "message": f"The stand-in: {error}"})


async def _status(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    task = service.state.find(user_of(request), request.match_info["task_uuid"])
    return _answer(status_of(service, task))


def status_of(service: Service, task: Task) -> payloads.Payload:
    """Return a task's status with addresses of its files."""
    return payloads.status(
        service.state,
        task,
        lambda one, what: assets.task_url(service, one, what),
        lambda value: assets.upload_url(service, value),
    )


def _name_of_result(task: Task) -> str:
    if results.is_other_format(task):
        return "converted"
    kind = flows.FLOWS[task.flow_name].output
    return {"textured": "model", "geometry": "geometry"}.get(kind, "preview")


async def _links(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    task = service.state.find(user_of(request), request.match_info["task_uuid"])
    service.state.file_of(task)
    what = _name_of_result(task)
    data = {"download_url": assets.task_url(service, task, what)}
    if service.state.settings.dialect != "bare":
        data |= {
            "preview_url": assets.task_url(service, task, "preview"),
            "asset_id": f"asset-{task.uuid}",
            "kind": what,
        }
    return _answer(data)


async def _download(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    task = service.state.find(user_of(request), request.match_info["task_uuid"])
    content: bytes | Path
    if flows.FLOWS[task.flow_name].output == "text" and service.state.settings.answer_shape == "file":
        content = results.content(task, "text")
        return await wire.send(request, content, headers={"Content-Type": "application/octet-stream"}, etag=task.uuid)
    choice = service.state.file_of(task)
    if _name_of_result(task) == "converted":
        name, etag, content = f"{task.uuid}.bin", f"{task.uuid}-c", results.content(task, "converted")
    elif _name_of_result(task) == "preview":
        name, etag, content = f"{task.uuid}.png", f"preview-{choice.sample}", models.preview_path(choice.sample)
    else:
        name, etag = f"{task.uuid}.glb", assets.etag_of(choice)
        content = await asyncio.to_thread(assets.content_of, choice)
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": f'attachment; filename="{name}"'}
    return await wire.send(request, content, headers=headers, etag=etag)


# -----------------------------------------------------------------------------
# Account


async def _quote(request: web.Request) -> web.StreamResponse:
    user, body = user_of(request), await _body(request)
    if not isinstance(body, dict) or not isinstance(body.get("params", {}), dict):
        raise invalid("params must be an object", "Send flow_name and params.")
    flow_name = body.get("flow_name")
    if not isinstance(flow_name, str):
        raise invalid("flow_name is required", "Send flow_name and params.")
    params, cost = flows.quote(flow_name, body.get("params", {}))
    request.app[SERVICE].state.settle()
    data = {"flow_name": flow_name, "params": params, "cost_credits": cost, "available_credits": user.balance}
    return _answer(data)


async def _balance(request: web.Request) -> web.StreamResponse:
    user = user_of(request)
    request.app[SERVICE].state.settle()
    return _answer({"balance": user.balance, "frozen": user.frozen})


async def _me(request: web.Request) -> web.StreamResponse:
    user = user_of(request)
    request.app[SERVICE].state.settle()
    return _answer(
        {
            "id": f"user-{user.name}",
            "email": f"{user.name}@example.com",
            "web_credits_balance": user.web_credits,
            "api_credits_balance": user.balance,
            "plan_name": user.plan_name,
        }
    )


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise Refused(1005, 404, f"resource not found: {request.path}", "Check the address.")
