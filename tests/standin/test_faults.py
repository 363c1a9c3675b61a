# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in: WebSockets, and every fault that can be switched on. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from urllib.parse import quote

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.service import models
from tests.service.clock import stamp
from tests.service.server import StandIn
from tests.standin.caller import PATIENCE_S, Caller, link_of, plain_get, until

# -----------------------------------------------------------------------------
# WebSockets


def watch_url(standin: StandIn, which: str, **query: str) -> str:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return f"{standin.url.replace('http', 'ws', 1)}/tasks/watch/{which}?token={quote(standin.key, safe='')}{more}"


def frame(socket: Any) -> tuple[str, dict[str, Any]]:
    event, data = socket.recv(timeout=PATIENCE_S).strip().split("\n")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_watch_one(standin: StandIn, caller: Caller) -> None:
    task = caller.create()
    with connect(watch_url(standin, task), proxy=None) as socket:
        assert frame(socket)[1]["status"] == "PENDING"
        for seconds, status in ((1, "QUEUED"), (5, "RUNNING")):
            standin.state.clock.advance(seconds)
            assert frame(socket)[1]["status"] == status
        standin.state.clock.advance(100)
        event, data = frame(socket)
        assert (event, data["status"]) == ("finalized", "SUCCESS")
        assert data["output"]["textured_model_url"]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=PATIENCE_S)


def test_watch_all_and_since(standin: StandIn, caller: Caller) -> None:
    old = caller.finished()
    standin.state.add_user("second-key", name="second")
    Caller(standin, key="second-key").create()
    with connect(watch_url(standin, "all"), proxy=None) as socket:
        event, data = frame(socket)
        assert (event, data["task_uuid"]) == ("finalized", old)
        second = caller.create()
        assert frame(socket)[1]["task_uuid"] == second
    time.sleep(0.01)
    since = stamp(time.time())
    third = caller.create()
    with connect(watch_url(standin, "all", since=since), proxy=None) as socket:
        assert frame(socket)[1]["task_uuid"] == third


def test_watch_refuses_a_bad_key(standin: StandIn) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(watch_url(standin, "all").replace(quote(standin.key, safe=""), "wrong"), proxy=None)
    assert refused.value.response.status_code == 401


def test_watch_faults(standin: StandIn, caller: Caller) -> None:
    caller.create()
    caller.create(prompt="another")
    standin.faults.add("ws", close_at_frame=1, close_code=1013)
    with connect(watch_url(standin, "all"), proxy=None) as socket:
        frame(socket)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
    standin.faults.add("ws", reset_at_frame=1)
    with connect(watch_url(standin, "all"), proxy=None) as socket:
        frame(socket)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE_S)
        assert closed.value.rcvd is None
    standin.faults.add("ws", status=503)
    with pytest.raises(InvalidStatus):
        connect(watch_url(standin, "all"), proxy=None)
    standin.faults.add("ws", silent=True)
    with connect(watch_url(standin, "all"), proxy=None) as socket, pytest.raises(TimeoutError):
        socket.recv(timeout=0.5)


# -----------------------------------------------------------------------------
# Faults


def test_status_faults_by_kind_number_and_path(standin: StandIn, caller: Caller) -> None:
    task = caller.create()
    rule = standin.faults.add("status", after=1, times=2, status=429, retry_after="3", suggestion="Slow down.")
    got = [caller.get(f"/tasks/{task}") for _ in range(4)]
    assert [one.status_code for one in got] == [200, 429, 429, 200]
    assert got[1].json() == {"code": 2000, "message": "switched on by a test", "suggestion": "Slow down."}
    assert got[1].headers["Retry-After"] == "3"
    assert rule.hits == 2
    standin.faults.add(path="/users/.*", status=422, envelope=False)
    assert caller.get("/users/balance").json() == {"detail": "switched on by a test"}
    assert caller.get("/users/balance").status_code == 200


def test_pages_and_rubbish(standin: StandIn, caller: Caller) -> None:
    standin.faults.add("me", status=502, html=True)
    page = caller.get("/users/me")
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html")
    standin.faults.add("me", garbage=True)
    with pytest.raises(requests.JSONDecodeError):
        caller.get("/users/me").json()
    standin.faults.add("me", empty=True)
    assert caller.get("/users/me").content == b""
    standin.faults.add("me", body="[]")
    assert caller.get("/users/me").json() == []
    standin.faults.add("me", content_type="text/plain")
    right = caller.get("/users/me")
    assert (right.headers["Content-Type"], right.json()["code"]) == ("text/plain", 0)
    standin.faults.add("me", gzip_bomb_mb=20)
    assert len(caller.get("/users/me").content) == 20 * 1024 * 1024


def test_redirects(standin: StandIn, caller: Caller) -> None:
    for redirect, begin in (
        ("other_host", "http://localhost:"),
        ("http", "http://files."),
        ("loop", "/api/v1/users/me"),
    ):
        standin.faults.add("me", redirect=redirect)
        moved = caller.get("/users/me", allow_redirects=False)
        assert moved.status_code == 302
        assert moved.headers["Location"].startswith(begin)
    url = link_of(caller, caller.finished())
    standin.faults.add("asset", redirect="other_host")
    assert plain_get(url).content[:4] == b"glTF"


def test_lost_connections_around_a_creation(standin: StandIn, caller: Caller) -> None:
    standin.faults.add("create", reset_before=True)
    with pytest.raises(requests.ConnectionError):
        caller.post("/tasks/text-to-model", {"prompt": "a vase", "client_order_id": "order-1"})
    assert standin.state.creations == []
    standin.faults.add("create", reset_after=True)
    with pytest.raises(requests.ConnectionError):
        caller.post("/tasks/text-to-model", {"prompt": "a vase", "client_order_id": "order-1"})
    assert standin.state.charged_per_order() == {"order-1": 1}
    standin.faults.add("create", status=500, processed=True)
    assert caller.post("/tasks/text-to-model", {"prompt": "a vase", "client_order_id": "order-2"}).status_code == 500
    assert standin.state.charged_per_order() == {"order-1": 1, "order-2": 1}
    assert [one.status for one in standin.state.seen("create")] == [0, 0, 500]


def test_an_answer_is_held_back_until_released(standin: StandIn, caller: Caller) -> None:
    rule = standin.faults.add("create", delay_answer_s=600)
    answers: list[requests.Response] = []
    thread = threading.Thread(target=lambda: answers.append(caller.post("/tasks/text-to-model", {"prompt": "vase"})))
    thread.start()
    until(lambda: standin.state.charged(), "the creation")
    assert not answers
    rule.release()
    thread.join(PATIENCE_S)
    assert answers[0].status_code == 200


def read(url: str, limit: int = 1 << 30) -> tuple[int, BaseException | None]:
    """Read a file as far as it comes; return the bytes and how it ended."""
    got = 0
    try:
        with requests.get(url, stream=True, timeout=PATIENCE_S) as answer:
            for piece in answer.iter_content(4096):
                got += len(piece)
                if got >= limit:
                    break
    except requests.RequestException as error:
        return got, error
    return got, None


def test_broken_bodies(standin: StandIn, caller: Caller) -> None:
    size = models.glb_path("20k").stat().st_size
    url = link_of(caller, caller.finished())
    standin.faults.add("asset", reset_at_byte=100_000)
    got, error = read(url)
    assert got <= 100_000
    assert "reset" in str(error).lower()
    assert standin.state.seen("asset")[-1].sent_bytes == 100_000
    standin.faults.add("asset", truncate_at_byte=5_000)
    got, error = read(url)
    assert got <= 5_000
    assert "IncompleteRead" in str(error)
    standin.faults.add("asset", length_change=1)
    assert isinstance(read(url)[1], requests.RequestException)
    standin.faults.add("asset", length_change=-10)
    assert read(url) == (size - 10, None)
    standin.faults.add("asset", chunked=True)
    assert read(url) == (size, None)
    standin.faults.add("balance", truncate_at_byte=10)
    with pytest.raises(requests.RequestException):
        caller.get("/users/balance")


def test_stall_and_drip(standin: StandIn, caller: Caller) -> None:
    url = link_of(caller, caller.finished())
    rule = standin.faults.add("asset", stall_at_byte=8192)
    with requests.get(url, stream=True, timeout=0.5) as answer:
        pieces = answer.iter_content(4096)
        assert len(next(pieces)) + len(next(pieces)) == 8192
        with pytest.raises(requests.ConnectionError):
            next(pieces)
    rule.release()
    standin.faults.add("asset", drip_bytes=512, drip_s=0.001)
    assert read(url, limit=4096) == (4096, None)


def test_changed_files(standin: StandIn, caller: Caller) -> None:
    url = link_of(caller, caller.finished())
    tag = plain_get(url).headers["ETag"]
    resume = {"Range": "bytes=100-", "If-Range": tag}
    for fault, status in (({"ignore_range": True}, 200), ({"new_etag": True}, 200), ({"expired": True}, 403)):
        standin.faults.add("asset", **fault)
        assert plain_get(url, headers=resume).status_code == status, fault
    standin.faults.add("asset", new_etag=True)
    other = plain_get(url, headers={"Range": "bytes=100-"})
    assert (other.status_code, other.headers["ETag"] != tag) == (206, True)
    standin.faults.add("asset", no_etag=True)
    assert "ETag" not in plain_get(url).headers
    standin.faults.add("asset", content_type="text/html")
    assert plain_get(url).headers["Content-Type"] == "text/html"


def test_down_and_up(standin: StandIn, caller: Caller) -> None:
    task = caller.create()
    with standin.down(), pytest.raises(requests.ConnectionError):
        caller.get("/users/me")
    assert caller.status(task)["status"] == "PENDING"
