# SPDX-License-Identifier: GPL-3.0-or-later
"""``/_standin``: what a test in another process needs, over HTTP. Server thread; no ``bpy``.

No key is asked for, faults do not apply, and nothing of it is logged. All bodies and answers are JSON.

- ``GET /_standin/state``: clock, settings, account, tasks.
- ``GET /_standin/log[?kind=create]``: requests, creations, leaks, uploads; keys are left out.
- ``GET /_standin/faults``, ``POST`` one rule or a list (see `faults.Fault`; answers their ids), ``DELETE [?id=3]``.
- ``POST /_standin/time``: ``{"speed": 20}`` and/or ``{"advance_s": 60}``.
- ``POST /_standin/settings``: fields of `records.Settings`.
- ``POST /_standin/account``: ``{"balance": 0}``, or ``{"key": …, "credits": …}`` for one more account.
- ``POST /_standin/finish``: ``{"task_uuid": …, "outcome": "SUCCESS"}``.
- ``POST /_standin/samples``: ``{"names": ["20k"]}`` makes those models now; answers their facts.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, fields

from aiohttp import web

from . import models
from .records import Settings
from .service import SERVICE

BASE = "/_standin"


def routes() -> list[web.RouteDef]:
    """Return the routes below ``/_standin``."""
    return [
        web.get(f"{BASE}/state", _state),
        web.get(f"{BASE}/log", _log),
        web.get(f"{BASE}/faults", _list_faults),
        web.post(f"{BASE}/faults", _add_faults),
        web.delete(f"{BASE}/faults", _remove_faults),
        web.post(f"{BASE}/time", _time),
        web.post(f"{BASE}/settings", _settings),
        web.post(f"{BASE}/account", _account),
        web.post(f"{BASE}/finish", _finish),
        web.post(f"{BASE}/samples", _samples),
    ]


async def _state(request: web.Request) -> web.Response:
    state = request.app[SERVICE].state
    state.settle()
    with state.lock:
        user = state.user
        told = {
            "now_s": state.clock.now(),
            "speed": state.clock.speed,
            "settings": asdict(state.settings),
            "account": {"balance": user.balance, "frozen": user.frozen, "charged": user.charged},
            "tasks": [
                {
                    "task_uuid": task.uuid,
                    "flow_name": task.flow_name,
                    "client_order_id": task.client_order_id,
                    "status": (course := state.course(task)).status,
                    "progress": course.progress,
                    "cost_credits": task.cost,
                    "queries": task.queries,
                    "sample": task.choice.sample if task.choice else None,
                }
                for task in state.tasks.values()
            ],
        }
    return web.json_response(told)


async def _log(request: web.Request) -> web.Response:
    state = request.app[SERVICE].state
    kind = request.query.get("kind", "")
    with state.lock:
        told = {
            "requests": [asdict(one) for one in state.requests if kind in ("", one.kind)],
            "creations": [asdict(made) for made in state.creations],
            "uploads": [asdict(one) for one in state.uploads.values()],
            "leaks": [asdict(one) for one in state.leaks],
        }
    return web.json_response(told)


async def _list_faults(request: web.Request) -> web.Response:
    return web.json_response(request.app[SERVICE].faults.to_json())


async def _add_faults(request: web.Request) -> web.Response:
    given = await request.json()
    faults = request.app[SERVICE].faults
    try:
        made = [faults.add(**rule) for rule in (given if isinstance(given, list) else [given])]
    except (TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return web.json_response({"ids": [rule.id for rule in made]})


async def _remove_faults(request: web.Request) -> web.Response:
    faults = request.app[SERVICE].faults
    if "id" in request.query:
        faults.remove(int(request.query["id"]))
    else:
        faults.clear()
    return web.json_response({})


async def _time(request: web.Request) -> web.Response:
    given, clock = await request.json(), request.app[SERVICE].state.clock
    if "speed" in given:
        clock.speed = float(given["speed"])
    if "advance_s" in given:
        clock.advance(float(given["advance_s"]))
    return web.json_response({"now_s": clock.now(), "speed": clock.speed})


async def _settings(request: web.Request) -> web.Response:
    given, settings = await request.json(), request.app[SERVICE].state.settings
    unknown = set(given) - {one.name for one in fields(Settings)}
    if unknown:
        raise web.HTTPBadRequest(text=f"unknown settings: {sorted(unknown)}")
    for name, value in given.items():
        setattr(settings, name, value)
    return web.json_response(asdict(settings))


async def _account(request: web.Request) -> web.Response:
    given, state = await request.json(), request.app[SERVICE].state
    with state.lock:
        user = state.user
        if "key" in given:
            user = state.add_user(given["key"], credits=given.get("credits", 10_000), name=given.get("name", "other"))
        user.balance = int(given.get("balance", user.balance))
        return web.json_response({"balance": user.balance, "frozen": user.frozen, "charged": user.charged})


async def _finish(request: web.Request) -> web.Response:
    given, state = await request.json(), request.app[SERVICE].state
    try:
        state.finish(given["task_uuid"], given.get("outcome", "SUCCESS"))
    except (KeyError, ValueError) as error:
        raise web.HTTPBadRequest(text=repr(error)) from None
    return web.json_response({})


async def _samples(request: web.Request) -> web.Response:
    names = (await request.json())["names"]
    await asyncio.to_thread(models.ensure, names)
    return web.json_response({name: models.facts(name) for name in names})
