# SPDX-License-Identifier: GPL-3.0-or-later
"""The WebSockets ``/tasks/watch/{task_uuid}`` and ``/tasks/watch/all``. Server thread; no ``bpy``.

Text frames in the shape of server-sent events. "all" sends the present state of every task at once, then each change;
one task's socket is closed after its `finalized`. Changes are looked for 20 times in a real second.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from datetime import datetime

from aiohttp import WSMsgType, web

from . import app, wire
from .flows import Refused, invalid
from .payloads import Payload, envelope
from .records import TERMINAL, Task
from .service import SERVICE, Service

_LOOK_EVERY_S = 0.05


async def watch(request: web.Request) -> web.StreamResponse:
    """Serve one socket until either side closes it."""
    service = request.app[SERVICE]
    state = service.state
    user = state.users.get(request.query.get("token", ""))
    if not state.settings.websockets:
        raise Refused(1005, 404, "resource not found", "Poll the task instead.")
    if user is None:
        raise Refused(1001, state.settings.bad_key_status, "invalid API key", "Check the API key.")
    which = request.match_info["which"]
    only = None if which == "all" else state.find(user, which, direct=False)
    since_s = _epoch(request.query.get("since"))
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    listening = asyncio.create_task(_listen(socket))
    shown: dict[str, object] = {}
    sent, told_end = 0, False
    try:
        while not socket.closed:
            if not wire.fault_of(request).silent:
                for task in [only] if only else _of_user(service, user.key, since_s):
                    if task.settled and shown.get(task.uuid) == task.outcome:
                        continue  # by far the most, in a long run: nothing changes any more
                    sight = _sight(service, task)
                    if shown.get(task.uuid) == sight:
                        continue
                    if await _harmed(request, socket, sent):
                        return socket
                    data = app.status_of(service, task)
                    # Time went on meanwhile: an end that is told now must not be told once more.
                    told_end = data["status"] in TERMINAL
                    shown[task.uuid] = data["status"] if told_end else sight
                    if not await _send(request, socket, _frame(service, data)):
                        return socket
                    sent += 1
                if only and told_end:
                    break
            await asyncio.sleep(_LOOK_EVERY_S)
    except ConnectionError:
        pass  # the client has gone
    finally:
        listening.cancel()
        if not socket.closed:
            await socket.close()
    return socket


async def _listen(socket: web.WebSocketResponse) -> None:
    """Read, so that pings are answered and a close is noticed; what a client says is of no interest."""
    async for message in socket:
        if message.type in (WSMsgType.CLOSE, WSMsgType.ERROR):
            return


async def _harmed(request: web.Request, socket: web.WebSocketResponse, sent: int) -> bool:
    """Do what the request's rule wants before the next frame; True = this was the last."""
    fault = wire.fault_of(request)
    if fault.reset_at_frame == sent:
        wire.reset(request)
        return True
    if fault.close_at_frame == sent:
        await socket.close(code=fault.close_code)
        return True
    if fault.garbage:
        for nonsense in (
            "",
            "hello",
            "event: update\n\n",
            'event: update\ndata: {"task\n\n',
            ": keep-alive\n\n",
            "data: [1]\n\n",
        ):
            await socket.send_str(nonsense)
        await socket.send_bytes(b"\x00\xff")
    return False


async def _send(request: web.Request, socket: web.WebSocketResponse, text: str) -> bool:
    """Send a frame, in the way that the request's rule wants it; False = the connection is gone."""
    fault, transport = wire.fault_of(request), request.transport
    if fault.stall_at_byte is None and fault.reset_at_byte is None and not fault.drip_bytes:
        await socket.send_str(text)
        return True
    frame = _bytes_of(text)
    for piece in wire.pieces(frame[: fault.reset_at_byte], 0, len(frame[: fault.reset_at_byte]), fault):
        if transport is None or transport.is_closing():
            return False
        transport.write(piece)
        if fault.stall_at_byte is not None:
            await fault.wait(fault.stall_s)
        await fault.wait(fault.drip_s)
    if fault.reset_at_byte is not None:
        # What lies unsent in the socket's buffer is thrown away by a reset: let the client have it first.
        await asyncio.sleep(0.1)
        wire.reset(request)
        return False
    return True


def _bytes_of(text: str) -> bytes:
    """Return a text frame as it goes over the line, for those that go in pieces."""
    data = text.encode()
    length = bytes([len(data)]) if len(data) < 126 else struct.pack("!BH", 126, len(data))
    return b"\x81" + length + data


def _sight(service: Service, task: Task) -> object:
    """Return what has to change for another frame to be sent."""
    course = service.state.course(task)
    return course.status if course.status in TERMINAL else course


def _frame(service: Service, data: Payload) -> str:
    event = "finalized" if data["status"] in TERMINAL else "update"
    told = envelope(data) if service.state.settings.dialect == "old" else data
    return f"event: {event}\ndata: {json.dumps(told)}\n\n"


def _of_user(service: Service, key: str, since_s: float | None) -> list[Task]:
    """Return a user's tasks created (in the old dialect: updated) since that time, in the order of their creation."""
    state = service.state
    state.settle()
    with state.lock:
        mine = [task for task in state.tasks.values() if task.user.key == key]
    if since_s is None:
        return mine
    old = state.settings.dialect == "old"
    return [task for task in mine if (_updated_wall_s(service, task) if old else task.created_wall_s) >= since_s]


def _updated_wall_s(service: Service, task: Task) -> float:
    return service.state.wall(task, task.updated_at) if task.settled else time.time()


def _epoch(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid("since is invalid", "Write since as UTC, ISO 8601, with Z.")
    return moment.timestamp()
