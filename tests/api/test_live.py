# SPDX-License-Identifier: GPL-3.0-or-later
"""Live updates: the watcher, the snapshot, and a service that misbehaves. Plain Python, no ``bpy``."""

from __future__ import annotations

import base64
import hashlib
import logging
import socket
import ssl
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.raw_server import KEY, PATIENCE_S, RawServer, Visit
from tests.service.server import StandIn
from triverse_addon.api import backoff, websocket_connection
from triverse_addon.api.client import Client
from triverse_addon.api.errors import (
    AuthenticationError,
    BadAnswerError,
    ConnectError,
    ConnectionLostError,
    InputError,
    KeyMissingError,
    NotFoundError,
    StalledError,
    TooManyRequestsError,
    TriverseError,
)
from triverse_addon.api.payloads import TaskStatus
from triverse_addon.api.websocket import LiveState, StatusStream, snapshot


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A stand-in whose time stands still but for `advance`."""
    with StandIn(speed=0, samples=("1k",)) as service:
        yield service


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.05)
    monkeypatch.setattr(backoff, "LONGEST_S", 0.2)


def until(holds: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)


class Watching:
    """A watcher on a thread of its own, and what it told."""

    def __init__(self, url: str, key: str, since_s: Callable[[], float | None] = lambda: None) -> None:
        self.told: list[tuple[TaskStatus, bool]] = []
        self.live: list[bool] = []
        self.stop = threading.Event()
        self.stream = StatusStream(
            url,
            key,
            since_s=since_s,
            on_status=lambda status, finalized: self.told.append((status, finalized)),
            on_state=self.live.append,
            stop=self.stop,
        )
        self.thread = threading.Thread(target=self.stream.run)

    def __enter__(self) -> Watching:
        self.thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stream.close()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()

    def words(self, uuid: str) -> list[str]:
        """The statuses told of one task, each once in a row."""
        words = [status.status for status, _ in self.told if status.task_uuid == uuid]
        return [word for index, word in enumerate(words) if index == 0 or words[index - 1] != word]


def create(standin: StandIn, order: str, prompt: str = "a stone well") -> str:
    with Client(standin.url, standin.key) as client:
        return client.create("text-to-model", {"prompt": prompt}, client_order_id=order).task_uuid


# -----------------------------------------------------------------------------
# StatusStream


@pytest.mark.parametrize("dialect", ["new", "old"])
def test_every_change_is_told(standin: StandIn, dialect: str) -> None:
    standin.settings.dialect = dialect
    early = create(standin, "early")
    with Watching(standin.url, standin.key) as watching:
        until(lambda: early in [status.task_uuid for status, _ in watching.told], "the present state")
        assert watching.stream.state is LiveState.LIVE
        late = create(standin, "late", "a tower")
        for uuid in (early, late):
            until(lambda uuid=uuid: watching.words(uuid) == ["PENDING"], "PENDING")  # type: ignore[misc]
        for advance_s, word in ((1, "QUEUED"), (6, "RUNNING"), (60, "SUCCESS")):
            standin.state.clock.advance(advance_s)
            until(lambda word=word: watching.words(late)[-1] == word, word)  # type: ignore[misc]
        until(lambda: watching.told[-1][1], "finalized")
        last = next(status for status, finalized in watching.told if finalized and status.task_uuid == late)
    assert watching.words(late) == ["PENDING", "QUEUED", "RUNNING", "SUCCESS"]
    assert last.textured_urls
    assert [finalized for status, finalized in watching.told if not status.is_terminal] == [False] * (
        len(watching.told) - 2
    )
    assert watching.live == [True, False]
    assert watching.stream.state is LiveState.ENDED


@pytest.mark.parametrize(
    "fault", [{"reset_at_frame": 0}, {"close_at_frame": 0}, {"close_at_frame": 0, "close_code": 1000}]
)
def test_a_broken_connection_is_made_again(standin: StandIn, fault: dict[str, Any]) -> None:
    uuid = create(standin, "again")
    rule = standin.faults.add("ws", times=3, **fault)
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.words(uuid) == ["PENDING"], "the state after three broken connections")
    assert rule.hits == 3
    assert watching.live == [True, False] * 4
    assert len(standin.state.seen("ws")) == 4


def test_a_service_that_was_away_is_found_again(standin: StandIn) -> None:
    uuid = create(standin, "away")
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.live == [True], "live")
        with standin.down():
            until(lambda: watching.live == [True, False], "no longer live")
        until(lambda: watching.live == [True, False, True], "live again")
        until(lambda: len(watching.told) >= 2, "the present state once more")
    assert {status.task_uuid for status, _ in watching.told} == {uuid}


def test_nonsense_between_the_frames_does_no_harm(standin: StandIn) -> None:
    uuid = create(standin, "nonsense")
    standin.faults.add("ws", garbage=True)
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.words(uuid) == ["PENDING"], "the state")
    assert watching.live == [True, False]


def test_a_refused_key_is_told_apart_and_tried_again(standin: StandIn) -> None:
    uuid = create(standin, "refused")
    rules = [standin.faults.add("ws", status=status, times=1) for status in (401, 403)]
    with Watching(standin.url, "another-key-" + standin.key[::-1]) as watching:
        until(lambda: watching.stream.state is LiveState.REFUSED and rules[1].hits, "refused")
        assert watching.live == []
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.words(uuid) == ["PENDING"], "the state")


@pytest.mark.parametrize("code", [1008, 4401])
def test_a_closing_for_the_keys_sake_counts_as_refused(standin: StandIn, code: int) -> None:
    create(standin, "closed")
    standin.faults.add("ws", close_at_frame=0, close_code=code, times=None)
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.stream.state is LiveState.REFUSED, "refused")


def test_what_since_says_is_asked_before_each_connection(standin: StandIn) -> None:
    times = iter([1_700_000_000.0, None])
    standin.faults.add("ws", status=503)
    with Watching(standin.url, standin.key, since_s=lambda: next(times)) as watching:
        until(lambda: watching.live == [True], "live")
    first, second = (request.query for request in standin.state.seen("ws"))
    assert "since=2023-11-14T22:13:20.000Z" in first.replace("%3A", ":")
    assert "since" not in second


def test_retry_after_is_honoured(standin: StandIn) -> None:
    standin.faults.add("ws", status=503, retry_after="300")
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.stream.state is LiveState.WAITING, "waiting")
        # The pause without the header is at most 0.2 s: many of them pass here.
        assert not threading.Event().wait(1.0)
        assert len(standin.state.seen("ws")) == 1
    assert watching.live == []


def silent(visit: Visit) -> None:
    """Take the request and say nothing."""
    visit.read_request()
    visit.gone.wait(PATIENCE_S * 10)


@pytest.mark.parametrize("how", ["close", "stop"])
def test_nobody_waits_for_a_connection_that_is_still_being_made(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(websocket_connection, "OPEN_TIMEOUT_S", PATIENCE_S * 10)
    with RawServer(silent) as server, Watching(server.url, KEY) as watching:
        until(lambda: server.requests, "a handshake")
        watching.stop.set() if how == "stop" else watching.stream.close()
        watching.thread.join(PATIENCE_S)
        assert not watching.thread.is_alive()


def test_nobody_waits_for_a_pause(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", PATIENCE_S * 10)
    monkeypatch.setattr(backoff, "LONGEST_S", PATIENCE_S * 10)
    standin.settings.websockets = False
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.stream.state is LiveState.WAITING, "waiting")


def test_a_watcher_leaves_no_thread_behind(standin: StandIn) -> None:
    create(standin, "threads")
    before = set(threading.enumerate())
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.told, "a state")
    until(lambda: set(threading.enumerate()) <= before, "the end of all threads")


def test_a_failing_listener_ends_the_watcher_and_its_connection(standin: StandIn) -> None:
    create(standin, "failing")
    states: list[bool] = []

    def fail(status: TaskStatus, finalized: bool) -> None:
        raise LookupError(status.task_uuid)

    stream = StatusStream(
        standin.url, standin.key, since_s=lambda: None, on_status=fail, on_state=states.append, stop=threading.Event()
    )
    with pytest.raises(LookupError):
        stream.run()
    assert states == [True, False]


def test_pauses_grow_to_a_limit_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for failures, longest_s in ((1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (10_000, 60.0)):
        pauses = [backoff.backoff_s(failures) for _ in range(50)]
        assert all(longest_s / 2 <= pause <= longest_s for pause in pauses)
        assert len(set(pauses)) > 1


def test_what_cannot_be_used_is_refused() -> None:
    for url, key, error in (
        ("http://example.com", KEY, InputError),
        ("https://example.com", "a b", InputError),
        ("https://example.com", "", KeyMissingError),
    ):
        with pytest.raises(error):
            Watching(url, key)
        with pytest.raises(error):
            snapshot(url, key, None)


# -----------------------------------------------------------------------------
# Snapshot


def test_a_snapshot_has_every_task(standin: StandIn) -> None:
    uuids = {create(standin, f"order-{number}", f"tower {number}") for number in range(20)}
    standin.state.finish(min(uuids))
    found = {status.task_uuid: status for status in snapshot(standin.url, standin.key, None, quiet_s=0.5)}
    assert set(found) == uuids
    assert found[min(uuids)].status == "SUCCESS"
    assert found[max(uuids)].input["prompt"].startswith("tower ")  # type: ignore[attr-defined]


def test_a_snapshot_of_nothing(standin: StandIn) -> None:
    create(standin, "old")
    assert snapshot(standin.url, standin.key, time.time() + 3600, quiet_s=0.2) == []


def test_a_snapshot_ends_though_the_service_goes_on_talking(standin: StandIn) -> None:
    create(standin, "talking", "hold")
    ticking = threading.Event()

    def tick() -> None:
        while not ticking.wait(0.05):
            standin.state.clock.advance(0.2)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        assert len(snapshot(standin.url, standin.key, None, quiet_s=PATIENCE_S * 10, timeout_s=1.0)) == 1
    finally:
        ticking.set()
        thread.join()


def test_a_snapshot_keeps_what_came_before_the_connection_broke(standin: StandIn) -> None:
    uuids = [create(standin, f"order-{number}", f"tower {number}") for number in range(3)]
    standin.faults.add("ws", reset_at_frame=2)
    found = snapshot(standin.url, standin.key, None, quiet_s=PATIENCE_S, timeout_s=PATIENCE_S)
    assert [status.task_uuid for status in found] in (uuids[:2], uuids[:1])


@pytest.mark.parametrize(
    ("rule", "is_cut_off"),
    [({"reset_at_frame": 2}, True), ({"close_at_frame": 2, "close_code": 1001}, True)]
    + [({"close_at_frame": 2, "close_code": 1000}, False), ({}, False)],
)
def test_a_snapshot_says_whether_it_is_whole(standin: StandIn, rule: dict[str, Any], is_cut_off: bool) -> None:
    """A service that closes in good order has said all."""
    for number in range(3):
        create(standin, f"order-{number}", f"tower {number}")
    standin.faults.add("ws", **rule)
    told: list[TriverseError] = []
    assert snapshot(standin.url, standin.key, None, quiet_s=0.5, on_cut_off=told.append)
    assert bool(told) is is_cut_off


def test_a_snapshot_can_be_stopped(standin: StandIn) -> None:
    create(standin, "stopped")
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    found = snapshot(standin.url, standin.key, None, quiet_s=PATIENCE_S * 10, timeout_s=PATIENCE_S * 10, stop=stop)
    assert len(found) <= 1


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"status": 401}, AuthenticationError),
        ({"status": 403}, AuthenticationError),
        ({"status": 404, "code": 1005}, NotFoundError),
        ({"status": 429, "retry_after": "7"}, TooManyRequestsError),
        ({"status": 200, "html": True}, BadAnswerError),
        ({"reset_before": True}, TriverseError),
        ({"close_at_frame": 0}, ConnectionLostError),
        ({"close_at_frame": 0, "close_code": 4401}, AuthenticationError),
        ({"redirect": "http"}, TriverseError),
    ],
    ids=lambda value: "-".join(f"{name}={part}" for name, part in value.items()) if isinstance(value, dict) else None,
)
def test_why_there_is_no_snapshot(standin: StandIn, rule: dict[str, Any], expected: type[TriverseError]) -> None:
    create(standin, "none")
    standin.faults.add("ws", **rule)
    with pytest.raises(expected) as caught:
        snapshot(standin.url, standin.key, None)
    assert str(caught.value)[0].isupper()
    assert standin.key not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    if "retry_after" in rule:
        assert caught.value.retry_after_s == 7.0


def test_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(silent) as server:
        port = server.port
    with pytest.raises(ConnectError):
        snapshot(f"http://127.0.0.1:{port}/api", KEY, None)
    monkeypatch.setattr(websocket_connection, "OPEN_TIMEOUT_S", 0.3)
    with RawServer(silent) as server, pytest.raises(StalledError):
        snapshot(server.url, KEY, None)


def test_what_is_no_websocket() -> None:
    def serve(visit: Visit) -> None:
        visit.connection.recv(4096)
        visit.send(b"SSH-2.0-hello\r\n\r\n")

    with RawServer(serve) as server, pytest.raises(BadAnswerError):
        snapshot(server.url, KEY, None)
    with RawServer(serve) as server, pytest.raises(ConnectError) as caught:
        snapshot(server.url.replace("http:", "https:"), KEY, None)
    assert "secure" in str(caught.value)


def test_a_certificate_that_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_more: object) -> None:
        raise ssl.SSLCertVerificationError("certificate verify failed")

    monkeypatch.setattr(websocket_connection, "connect", refuse)
    with pytest.raises(ConnectError) as caught:
        snapshot("https://service.invalid/api", KEY, None)
    assert "secure" in str(caught.value)


def test_proxies(monkeypatch: pytest.MonkeyPatch, standin: StandIn) -> None:
    def refuse(visit: Visit) -> None:
        visit.read_request()
        visit.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with RawServer(refuse) as proxy:
        for name in ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert snapshot(standin.url, standin.key, None, quiet_s=0.1) == []
        assert proxy.visits == []
        with pytest.raises(ConnectError) as caught:
            snapshot("https://service.invalid/api", KEY, None)
        assert proxy.requests[0].startswith(b"CONNECT service.invalid:443")
        assert KEY.encode() not in proxy.requests[0]
    assert "proxy" in str(caught.value)
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("wss_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(ConnectError):
        snapshot("https://service.invalid/api", KEY, None)


# -----------------------------------------------------------------------------
# The key


def test_the_key_is_in_no_log_and_no_repr(standin: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    create(standin, "logged")
    standin.faults.add("ws", reset_at_frame=0)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="websockets")
    with Watching(standin.url, standin.key) as watching:
        until(lambda: watching.told, "a state")
        assert standin.key not in repr(watching.stream)
    assert standin.key not in caplog.text
    assert standin.state.leaks == []


def test_a_message_without_end_breaks_off_and_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # The library notices at its next ping that nobody closes the connection which it has given up.
    monkeypatch.setattr(websocket_connection, "PING_INTERVAL_S", 0.3)
    accepted = threading.Event()

    def serve(visit: Visit) -> None:
        request = visit.read_request()
        accept_websocket(visit, request)
        accepted.set()
        # One text frame that says it has 2**62 bytes.
        visit.send(b"\x81\x7f" + struct.pack(">Q", 2**62) + b"x" * 1000)
        visit.gone.wait(PATIENCE_S)

    with RawServer(serve) as server, Watching(server.url, KEY) as watching:
        assert accepted.wait(PATIENCE_S)
        until(lambda: len(server.visits) >= 2, "a second connection")
    assert watching.told == []


def test_a_connection_that_dies_without_a_word_is_noticed_by_a_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a router that has forgotten it: nothing is closed, and nothing comes."""
    monkeypatch.setattr(websocket_connection, "PING_INTERVAL_S", 0.3)

    def serve(visit: Visit) -> None:
        accept_websocket(visit, visit.read_request())
        visit.gone.wait(PATIENCE_S)

    with RawServer(serve) as server, Watching(server.url, KEY) as watching:
        until(lambda: watching.live[:3] == [True, False, True], "a second connection")
        assert len(server.visits) >= 2
    assert watching.told == []


def accept_websocket(visit: Visit, request: bytes) -> None:
    """Answer a handshake, see RFC 6455, 4.2.2."""
    head = request.decode("latin-1").split("\r\n")
    key = next(line.split(":", 1)[1].strip() for line in head if line.lower().startswith("sec-websocket-key:"))
    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
    )
    visit.send(("\r\n".join(lines) + "\r\n\r\n").encode())
    visit.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
