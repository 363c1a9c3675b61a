# SPDX-License-Identifier: GPL-3.0-or-later
"""What both ports share: the bundle of parts, and the way of every request through faults and log. No ``bpy``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from . import wire
from .faults import Faults
from .flows import Refused
from .payloads import failure
from .records import Leak, Request
from .state import State


@dataclass
class Service:
    """The parts of one stand-in.

    :param asset_base: the address of the asset port, without a slash at the end.
    """

    state: State
    faults: Faults = field(default_factory=Faults)
    asset_base: str = ""


SERVICE = web.AppKey("service", Service)


def guard(port: str, kind_of: Callable[[web.Request], str]) -> Middleware:
    """Return the middleware of a port.

    :param kind_of: names the kind of a request, see `faults.KINDS`; "" = not for the log, nor for faults.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        kind = kind_of(request)
        if not kind:
            return await handler(request)
        service = request.app[SERVICE]
        entry = request[wire.ENTRY] = _entry(service.state, port, kind, request)
        _look_for_key(service.state, port, kind, request)
        fault = service.faults.take(kind, request.method, request.path)
        if fault is None:
            response = await _handled(request, handler)
        else:
            request[wire.FAULT] = fault
            entry.fault = json.dumps(fault.to_json())
            response = await _harmed(request, handler, service)
        entry.status = 0 if response.status == 499 else response.status
        return response

    return middleware


async def _harmed(request: web.Request, handler: Handler, service: Service) -> web.StreamResponse:
    fault = wire.fault_of(request)
    await fault.wait(fault.latency_s)
    if fault.reset_before:
        return wire.reset(request)
    if fault.answers and not fault.processed:
        return await wire.fault_answer(request, fault, service.asset_base)
    response = await _handled(request, handler)
    if response.prepared:
        return response
    await fault.wait(fault.delay_answer_s)
    if fault.reset_after:
        return wire.reset(request)
    if fault.answers:
        return await wire.fault_answer(request, fault, service.asset_base)
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        return await wire.send(request, response.body, status=response.status, headers=dict(response.headers))
    return response


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return what the handler answers; a refusal as the service words it."""
    try:
        return await handler(request)
    except Refused as refused:
        answer = web.json_response(failure(refused), status=refused.http_status)
        retry_after_s = request.app[SERVICE].state.settings.retry_after_s
        if refused.http_status == 429 and retry_after_s is not None:
            answer.headers["Retry-After"] = f"{retry_after_s:g}"
        return answer


def _entry(state: State, port: str, kind: str, request: web.Request) -> Request:
    query = unquote(request.rel_url.raw_query_string)
    for key in state.users:
        query = query.replace(key, "<key>")
    entry = Request(
        port=port,
        kind=kind,
        method=request.method,
        path=request.path,
        query=query,
        at_s=round(state.clock.now(), 3),
        range=request.headers.get("Range"),
        if_range=request.headers.get("If-Range"),
    )
    with state.lock:
        state.requests.append(entry)
    return entry


def _look_for_key(state: State, port: str, kind: str, request: web.Request) -> None:
    """The key belongs into the Authorization header of the API, or the query of its WebSockets, and nowhere else."""
    places = {f"header {name}": value for name, value in request.headers.items()}
    places |= {"query": unquote(request.rel_url.raw_query_string), "path": request.path}
    if port == "api":
        places.pop("header Authorization", None)
        if kind == "ws":
            del places["query"]
    elif "Authorization" in request.headers:
        # Any key at all, even one that is not known here, must not reach the storage.
        with state.lock:
            state.leaks.append(Leak(port, "header Authorization", request.path))
        places.pop("header Authorization")
    state.watch_for_key(port, request.path, places)
