# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs inside a Blender with a window (``blender --python window_driver.py``) and does what the harness asks.

No floor (development only). Imports ``bpy``. A thread reads requests from the harness's loopback socket; an app timer
that survives File > Open carries them out on the main thread, between Blender's own events, and answers in JSON.
"""

import contextlib
import faulthandler
import json
import os
import queue
import socket
import threading
import time
import traceback

import bpy

_REQUESTS: "queue.SimpleQueue[dict]" = queue.SimpleQueue()
_INTERVAL_S = 0.01
_LONGEST_UNDRAWN_S = 10.0
"""A workspace without a 3D viewport draws none; the requests go on all the same."""
_undrawn_until_s = 0.0
STATE: dict = {}
"""Kept between requests, and across File > Open."""


def _listen(connection: socket.socket) -> None:
    with connection.makefile("r", encoding="utf-8") as lines:
        for line in lines:
            _REQUESTS.put(json.loads(line))


def areas(kind: str = "VIEW_3D") -> list:
    """``(window, area)`` of every area of one type."""
    return [
        (window, area)
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == kind
    ]


def region_of(area, kind: str):
    """The region of one type in an area."""
    return next(region for region in area.regions if region.type == kind)


def override(kind: str = "VIEW_3D", region: str = "WINDOW"):
    """A context as if the mouse were in the first area of one type."""
    window, area = areas(kind)[0]
    return bpy.context.temp_override(window=window, screen=window.screen, area=area, region=region_of(area, region))


def choose_tab(tab: str, viewport: int = 0) -> bool:
    """Show a tab of a 3D viewport's sidebar. False: the sidebar has not been drawn with it yet."""
    region = region_of(areas("VIEW_3D")[viewport][1], "UI")
    region.tag_redraw()
    with contextlib.suppress(AttributeError, TypeError):
        region.active_panel_category = tab
    return region.active_panel_category == tab


def _plain(value):
    """What JSON cannot hold, as a list if it can be one, else as text."""
    with contextlib.suppress(TypeError):
        return list(value)
    return repr(value)


def may_write() -> bool:
    """Whether a timer may change data: see ``scripting/write_access.py`` of the add-on, which is to live without."""
    try:
        del bpy.data.scenes[0]["nothing of this name"]
    except AttributeError:
        return False
    except KeyError:
        pass
    return True


def _carry_out(request: dict) -> dict:
    """Carry out a request; where timers may not change data, in the update function of a property, which may."""
    if may_write():
        return _answer(request)
    _under_way.append(request)
    manager = bpy.context.window_manager
    manager.triverse_test_driver = not manager.triverse_test_driver
    return _under_way.pop()


def _updated(_manager, _context) -> None:
    _under_way.append(_answer(_under_way.pop()))


def _answer(request: dict) -> dict:
    names = {
        "bpy": bpy,
        "state": STATE,
        "areas": areas,
        "region_of": region_of,
        "override": override,
        "choose_tab": choose_tab,
        "may_write": may_write,
    }
    names |= request["args"]
    try:
        exec(compile(request["code"], "<test>", "exec"), names)
        return {"result": names.get("result")}
    except Exception:  # noqa: BLE001 - whatever a test's code raises is the test's to see
        return {"error": traceback.format_exc()}


@bpy.app.handlers.persistent
def _loaded(*_arguments) -> None:
    global _undrawn_until_s
    _undrawn_until_s = time.monotonic() + _LONGEST_UNDRAWN_S


def _drawn() -> None:
    global _undrawn_until_s
    _undrawn_until_s = 0.0


def _tick() -> float:
    """Carry out one request. Between two, Blender goes through its events and draws what was tagged."""
    # Between File > Open and the first draw an area's regions are not set up: to show a sidebar then crashed 5.2.2.
    if time.monotonic() >= _undrawn_until_s:
        with contextlib.suppress(queue.Empty):
            request = _REQUESTS.get_nowait()
            answer = _carry_out(request) | {"id": request["id"]}
            _CONNECTION.sendall(json.dumps(answer, default=_plain).encode() + b"\n")
    return _INTERVAL_S


# What Blender writes of a crash names no line of Python, and of one by too little stack or memory it writes nothing.
faulthandler.enable()
_under_way: list[dict] = []
bpy.types.WindowManager.triverse_test_driver = bpy.props.BoolProperty(update=_updated)
_CONNECTION = socket.create_connection(("127.0.0.1", int(os.environ["TRIVERSE_GUI_PORT"])))
_CONNECTION.sendall(json.dumps({"hello": os.environ["TRIVERSE_GUI_TOKEN"]}).encode() + b"\n")
threading.Thread(target=_listen, args=(_CONNECTION,), name="window-driver", daemon=True).start()
bpy.app.handlers.load_post.append(_loaded)
bpy.types.SpaceView3D.draw_handler_add(_drawn, (), "WINDOW", "POST_PIXEL")
bpy.app.timers.register(_tick, first_interval=_INTERVAL_S, persistent=True)
