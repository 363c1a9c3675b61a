# SPDX-License-Identifier: GPL-3.0-or-later
"""Live updates when more arrives than can be stored, and when nothing does. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import struct
import threading
import time
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.api.raw_server import KEY, PATIENCE_S, RawServer, Visit
from tests.api.test_live import Watching, accept_websocket, until
from triverse_addon.api import websocket_connection
from triverse_addon.api.errors import StalledError
from triverse_addon.api.event_stream import FrameReader
from triverse_addon.api.websocket_connection import Liveness, open_connection, receive


class Connection:
    """Stands for the library's: what is in ``messages`` has arrived, and nothing else comes."""

    def __init__(self, *messages: str) -> None:
        self.messages = list(messages)
        self.pongs: list[threading.Event] = []

    def recv(self, timeout: float) -> str:
        if not self.messages:
            raise TimeoutError
        return self.messages.pop(0)

    def ping(self) -> threading.Event:
        self.pongs.append(threading.Event())
        return self.pongs[-1]


def message(task: str, status: str, progress: int, event: str = "update") -> str:
    data = {"task_uuid": task, "status": status, "progress": progress}
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"


def turns_until_dead(liveness: Liveness) -> int:
    turns = 1
    while not liveness.is_dead():
        turns += 1
        assert turns < 10_000
    return turns


def test_progress_that_is_out_of_date_delays_no_end() -> None:
    running = [message(task, "RUNNING", n) for n in range(90) for task in ("a", "b")]
    connection: Any = Connection(
        message("a", "QUEUED", 0), *running, message("b", "SUCCESS", 100, "finalized"), message("a", "RUNNING", 90)
    )
    frames = receive(connection, FrameReader())
    told = [(frame.status.task_uuid, frame.status.status, frame.status.progress) for frame in frames]
    assert told == [("a", "QUEUED", 0), ("b", "RUNNING", 89), ("b", "SUCCESS", 100), ("a", "RUNNING", 90)]
    assert [frame.finalized for frame in frames] == [False, False, True, False]


def test_what_came_before_a_message_without_meaning_is_kept() -> None:
    connection: Any = Connection(message("a", "RUNNING", 1), "hello", message("b", "RUNNING", 1))
    assert len(receive(connection, FrameReader())) == 2


def test_a_connection_is_dead_after_silence_before_and_after_a_ping() -> None:
    connection: Any = Connection()
    silent = turns_until_dead(Liveness(connection))
    assert len(connection.pongs) == 1
    assert silent * websocket_connection.TURN_S >= 2 * websocket_connection.PING_INTERVAL_S


def test_whatever_arrives_begins_the_count_anew() -> None:
    connection: Any = Connection()
    silent = turns_until_dead(Liveness(connection))
    for_messages, for_pongs = Liveness(connection), Liveness(connection)
    for _ in range(3 * silent):
        for_messages.heard()
        assert not for_messages.is_dead()
    connection.pongs.clear()
    for _ in range(3 * silent):
        assert not for_pongs.is_dead()
        for pong in connection.pongs:
            pong.set()
    assert len(connection.pongs) > 2


def test_a_connection_over_which_something_comes_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The response to a ping may lie behind more messages than can be stored within the time for it."""
    monkeypatch.setattr(websocket_connection, "PING_INTERVAL_S", 1.0)
    times = 30

    def serve(visit: Visit) -> None:
        accept_websocket(visit, visit.read_request())
        for number in range(times):
            data = message("a", f"RUNNING-{number}", number).encode()
            visit.send(b"\x81" + struct.pack("!B", len(data)) + data)
            time.sleep(0.1)
        visit.gone.wait(PATIENCE_S)

    with RawServer(serve) as server, Watching(server.url, KEY) as watching:
        until(lambda: len(watching.told) == times, "all messages")
        assert watching.live == [True]
        assert len(server.visits) == 1


def test_an_attempt_to_connect_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, closed = threading.Event(), threading.Event()

    class Late(ClientConnection):
        def __init__(self) -> None:
            pass

        def close(self, *_: object) -> None:
            closed.set()

    def connect(*_: object, **_named: object) -> ClientConnection:
        goes_on.wait(PATIENCE_S)
        return Late()

    monkeypatch.setattr(websocket_connection, "connect", connect)
    monkeypatch.setattr(websocket_connection, "OPEN_LIMIT_S", 0.5)
    with pytest.raises(StalledError):
        open_connection("http://127.0.0.1:1/api/v1", KEY, None, "0", lambda: False)
    goes_on.set()
    assert closed.wait(PATIENCE_S), "nobody else would close it"
