# SPDX-License-Identifier: GPL-3.0-or-later
"""The asset port: object storage with signed addresses that expire. Server thread; no ``bpy``.

It takes no key. Whoever sends one, in whatever header or query, is noted in ``state.leaks``; an Authorization header is
refused besides, as object storage refuses a second way to sign in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from . import models, results, wire
from .models import Choice
from .records import Task
from .service import SERVICE, Service, guard

_FILES = {"model": "model.glb", "geometry": "geometry.glb", "preview": "preview.png"}


def task_url(service: Service, task: Task, what: str) -> str:
    """Return a signed address of a task's "model", "geometry" or "preview", good for `Settings.url_life_s`.

    Other names are those of `results.content`.
    """
    return _signed(service, f"/results/{task.uuid}/{_FILES.get(what, what)}")


def upload_url(service: Service, value: str) -> str:
    """Return the address of an uploaded file; an address is returned as it is."""
    return _signed(service, f"/{value}") if value in service.state.uploads else value


def etag_of(choice: Choice) -> str:
    """Return the ETag of a model, without quotes."""
    path = models.glb_path(choice.sample)
    text = f"{path.stat().st_size} {path.stat().st_mtime_ns} {choice}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_of(choice: Choice) -> bytes | Path:
    """Return the bytes of a model, or where they lie."""
    return models.changed_bytes(choice) if choice.spoiled else models.glb_path(choice.sample)


def make_app(service: Service) -> web.Application:
    """Return the application of the asset port."""
    app = web.Application(middlewares=[guard("assets", _kind_of)])
    app[SERVICE] = service
    app.router.add_get("/results/{task_uuid}/{name}", _result)
    app.router.add_route("*", "/{rest:.*}", _nothing)
    return app


def _kind_of(request: web.Request) -> str:
    return "preview" if request.path.endswith(".png") else "asset"


def _signature(service: Service, path: str, expires: str) -> str:
    return hmac.new(service.state.signing_key, f"{path} {expires}".encode(), hashlib.sha256).hexdigest()


def _signed(service: Service, path: str) -> str:
    expires = f"{service.state.clock.now() + service.state.settings.url_life_s:.3f}"
    query = urlencode({"X-Expires": expires, "X-Signature": _signature(service, path, expires)})
    return f"{service.asset_base}{path}?{query}"


async def _result(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    if "Authorization" in request.headers:
        return wire.storage_error(400, "InvalidArgument", "Only one auth mechanism allowed")
    expires = request.query.get("X-Expires", "0")
    right = _signature(service, request.path, expires)
    if not hmac.compare_digest(right, request.query.get("X-Signature", "")):
        return wire.storage_error(403, "SignatureDoesNotMatch", "The signature does not match")
    if service.state.clock.now() > float(expires):
        return wire.storage_error(403, "AccessDenied", "Request has expired")
    task = service.state.tasks.get(request.match_info["task_uuid"])
    if task is None or task.choice is None or not models.is_ready(task.choice.sample):
        return await _nothing(request)
    name = request.match_info["name"]
    if name == _FILES["preview"]:
        preview = models.preview_path(task.choice.sample)
        return await wire.send(
            request, preview, headers={"Content-Type": "image/png"}, etag=f"preview-{task.choice.sample}"
        )
    if name.startswith("picture-") or name == "converted":
        return await wire.send(request, results.content(task, name), headers={}, etag=f"{task.uuid}-{name}")
    choice = task.choice
    if name == _FILES["geometry"] and not choice.spoiled and choice.sample != "geometry":
        choice = Choice(choice.sample, "bare")
    content = await asyncio.to_thread(content_of, choice)
    headers = {"Content-Type": "model/gltf-binary", "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    return await wire.send(request, content, headers=headers, etag=etag_of(choice))


async def _nothing(_request: web.Request) -> web.Response:
    return wire.storage_error(404, "NoSuchKey", "The specified key does not exist")
