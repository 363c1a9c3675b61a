# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a server that does on its sockets what no well-behaved one does. Plain Python, no ``bpy``.

What goes over the wire, to the byte: headers, redirects, kept connections, drips, uploads, proxies, ``.netrc``.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.api.conftest import Connect
from tests.api.raw_server import KEY, PATIENCE_S, RawServer, Visit, answering, body_of, headers_of, raw
from triverse_addon.api import http_session
from triverse_addon.api.client import Client
from triverse_addon.api.errors import (
    BadAnswerError,
    ConnectError,
    ConnectionLostError,
    StalledError,
    TransportError,
)

UUID = "6fa459ea-ee8a-3ca4-894e-db77e160355e"
BALANCE = {"code": 0, "message": "success", "data": {"balance": 7, "frozen": 0}}
CREATED = {"code": 0, "data": {"task_uuid": UUID, "status": "PENDING", "cost_credits": 20}}
PNG = b"\x89PNG\r\n\x1a\n"

# -----------------------------------------------------------------------------
# What is sent


def test_what_a_request_carries(connect: Connect) -> None:
    with RawServer(answering({"task_uuid": UUID, "status": "RUNNING"})) as server:
        client = connect(server)
        client.status(UUID, extra_header="X-Read-After-Write")
    headers = headers_of(server.requests[0])
    assert server.requests[0].startswith(f"GET /api/v1/tasks/{UUID} HTTP/1.1".encode())
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["user-agent"] == "Triverse-Blender/1.2.3"
    assert headers["x-read-after-write"]
    assert headers["accept"] == "application/json"


def test_a_creation_says_its_order_and_allows_a_duplicate_only_on_purpose(connect: Connect) -> None:
    with RawServer(answering(CREATED)) as server:
        client = connect(server)
        client.create("text-to-model", {"prompt": "ein Fuchs 狐"}, client_order_id="o-1")
        client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-2", allow_duplicate=True)
    assert json.loads(body_of(server.requests[0])) == {"prompt": "ein Fuchs 狐", "client_order_id": "o-1"}
    assert json.loads(body_of(server.requests[1]))["allow_duplicate"] is True


def test_ranges_and_tags_of_a_file(connect: Connect) -> None:
    with RawServer(raw("HTTP/1.1 206 Partial Content\nContent-Length: 0")) as server:
        client = connect(server)
        for offset_bytes, etag in ((0, '"a"'), (10, '"a"'), (10, 'W/"a"'), (10, None)):
            client.open_asset(server.url, offset_bytes=offset_bytes, if_range=etag).close()
    sent = [headers_of(request) for request in server.requests]
    assert [one.get("range") for one in sent] == [None, "bytes=10-", "bytes=10-", "bytes=10-"]
    assert [one.get("if-range") for one in sent] == [None, '"a"', None, None]
    assert all(one["accept-encoding"] == "identity" for one in sent)


def test_no_password_of_the_users_netrc_is_sent(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hush\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer(answering(BALANCE)) as server:
        requests.get(server.url, timeout=5)  # that it would have been sent is what makes this a test
        client = connect(server)
        client.open_asset(server.url).close()
        client.balance()
    sent = [headers_of(request).get("authorization") for request in server.requests]
    assert sent[0] is not None
    assert sent[0].startswith("Basic ")
    assert sent[1:] == [None, f"Bearer {KEY}"]


def test_files_are_fetched_without_the_key_even_from_the_service_itself(connect: Connect) -> None:
    with RawServer(raw("HTTP/1.1 200 OK\nContent-Length: 2", b"ok")) as server:
        client = connect(server)
        with client.open_asset(f"{server.url}/files/a.glb") as response:
            assert b"".join(client.read_file(response, 100)) == b"ok"
    assert "authorization" not in headers_of(server.requests[0])


def test_cookies_are_not_kept(connect: Connect) -> None:
    with RawServer(answering(BALANCE, headers={"Set-Cookie": "who=me; Path=/"})) as server:
        client = connect(server)
        client.balance()
        client.balance()
    assert "cookie" not in headers_of(server.requests[1])


def test_a_service_on_this_machine_is_not_asked_for_through_a_proxy(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(answering(BALANCE)) as server, RawServer(answering({})) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert connect(server).balance().balance == 7
        assert proxy.visits == []


def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(raw("HTTP/1.1 403 Forbidden\nContent-Length: 0")) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with Client("https://service.invalid/api", KEY) as client, pytest.raises(ConnectError) as caught:
            client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1")
    assert proxy.requests[0].startswith(b"CONNECT service.invalid:443")
    assert KEY.encode() not in proxy.requests[0]
    assert "proxy" in str(caught.value)
    assert caught.value.sent is False


def test_without_a_secure_connection_nothing_is_sent() -> None:
    with (
        RawServer(lambda visit: visit.send(b"SSH-2.0-hello\r\n")) as server,
        Client(server.url.replace("http:", "https:"), KEY) as client,
        pytest.raises(ConnectError) as caught,
    ):
        client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1")
    assert "secure" in str(caught.value)
    assert caught.value.sent is False


# -----------------------------------------------------------------------------
# Redirects


def redirecting(status: str, location: str, data: Any) -> Callable[[Visit], None]:
    """Redirect the first request, answer the others."""

    def serve(visit: Visit) -> None:
        while request := visit.read_request():
            if b" /api/v1/" in request.partition(b"\r\n")[0]:
                visit.answer({}, status=status, headers={"Location": location})
            else:
                visit.answer(data)

    return serve


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_reading_follows_redirects_within_the_service(connect: Connect, status: str) -> None:
    with RawServer(redirecting(status, "/v2/balance", BALANCE)) as server:
        assert connect(server).balance().balance == 7
    assert [headers_of(request)["authorization"] for request in server.requests] == [f"Bearer {KEY}"] * 2


@pytest.mark.parametrize("status", ["307 Temporary", "308 Permanent"])
def test_a_creation_follows_only_what_promises_that_nothing_was_done(connect: Connect, status: str) -> None:
    with RawServer(redirecting(status, "/v2/create", CREATED)) as server:
        assert connect(server).create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1").task_uuid == UUID
    assert body_of(server.requests[0]) == body_of(server.requests[1])


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other"])
def test_a_creation_is_not_turned_into_a_query(connect: Connect, status: str) -> None:
    with RawServer(redirecting(status, "/v2/create", CREATED)) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError):
            client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1")
    assert len(server.requests) == 1


def test_an_upload_is_not_redirected(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    with RawServer(redirecting("307 Temporary", "/v2/upload", {"file_key": "k"})) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError):
            client.upload_image(tmp_path / "a.png")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://example.invalid/", "//", "http://[::1", "ftp://a/b"]
)
def test_redirects_to_where_nobody_should_go(connect: Connect, location: str) -> None:
    with RawServer(redirecting("302 Found", location, BALANCE)) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError):
            client.open_asset(f"{server.url}/a.glb")
        with pytest.raises(BadAnswerError):
            client.balance()


def test_the_body_of_a_redirect_is_not_waited_for(connect: Connect) -> None:
    def serve(visit: Visit) -> None:
        visit.read_request()
        if visit.number:
            visit.answer(BALANCE)
            return
        visit.send(b"HTTP/1.1 302 Found\r\nLocation: /balance\r\nContent-Length: 1000000\r\n\r\n")
        visit.gone.wait(PATIENCE_S)

    with RawServer(serve) as server:
        assert connect(server).balance().balance == 7


def test_a_far_service_cannot_send_to_this_machine() -> None:
    with RawServer(answering(BALANCE)) as server, Client("https://service.invalid/api", KEY) as client:
        for url in (server.url, server.url.replace("http:", "https:")):
            with pytest.raises(BadAnswerError):
                client.open_asset(url)
        assert server.visits == []


def test_the_key_stays_behind_when_a_download_is_redirected(connect: Connect) -> None:
    with RawServer(raw("HTTP/1.1 200 OK\nContent-Length: 4", b"glTF")) as storage:
        location = f"http://localhost:{storage.port}/a.glb?signature=1"
        with RawServer(redirecting("302 Found", location, {})) as server:
            client = connect(server)
            with client.open_task_download(UUID, offset_bytes=4, if_range='"a"') as response:
                assert b"".join(client.read_file(response, 100)) == b"glTF"
    assert headers_of(server.requests[0])["authorization"] == f"Bearer {KEY}"
    received = headers_of(storage.requests[0])
    assert "authorization" not in received
    assert received["range"] == "bytes=4-"
    assert KEY.encode() not in storage.requests[0]


# -----------------------------------------------------------------------------
# Connections


def closing_when_kept(data: Any) -> Callable[[Visit], None]:
    """Answer the first request of the first connection; break that connection off at its second one."""

    def serve(visit: Visit) -> None:
        while visit.read_request():
            if visit.number == 0 and len(visit.requests) == 2:
                return
            visit.answer(data)

    return serve


def test_reading_is_repeated_once_when_a_kept_connection_is_stale(connect: Connect) -> None:
    with RawServer(closing_when_kept(BALANCE)) as server:
        client = connect(server)
        assert [client.balance().balance, client.balance().balance] == [7, 7]
    assert [len(visit.requests) for visit in server.visits] == [2, 1]


def test_a_creation_never_meets_a_stale_connection(connect: Connect) -> None:
    both = {**BALANCE, "data": {**BALANCE["data"], **CREATED["data"]}}  # type: ignore[dict-item]
    with RawServer(closing_when_kept(both)) as server:
        client = connect(server)
        client.balance()
        assert client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1").task_uuid == UUID
    assert [len(visit.requests) for visit in server.visits] == [1, 1]


def test_a_connection_that_breaks_off_afresh_is_not_tried_again(connect: Connect) -> None:
    with RawServer(lambda visit: visit.read_request() and None) as server:
        client = connect(server)
        with pytest.raises(ConnectionLostError) as caught:
            client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1")
        assert caught.value.sent is True
    assert len(server.requests) == 1


def drip(visit: Visit, before: bytes) -> None:
    """Send one byte every now and then, for ever: no single read ever waits long."""
    visit.read_request()
    visit.send(before)
    while not visit.gone.wait(0.05):
        visit.send(b" ")


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow:",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n",
    ],
    ids=["status line", "header", "body", "body of known length"],
)
def test_no_drip_outlasts_the_deadline(connect: Connect, monkeypatch: pytest.MonkeyPatch, before: bytes) -> None:
    monkeypatch.setattr(http_session, "ANSWER_DEADLINE_S", 0.5)
    with RawServer(lambda visit: drip(visit, before)) as server:
        client = connect(server)
        with pytest.raises(StalledError) as caught:
            client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1")
        assert caught.value.sent is True


def test_a_closed_client_sends_nothing(connect: Connect) -> None:
    with RawServer(answering(BALANCE)) as server:
        client = connect(server)
        client.close()
        with pytest.raises(ConnectionLostError) as caught:
            client.balance()
        assert caught.value.sent is False
        assert server.visits == []


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("serve", [raw("garbage"), lambda visit: None, raw("HTTP/1.1 200 OK\nContent-Length: 9", b"{")])
def test_no_error_holds_the_request(connect: Connect, serve: Callable[[Visit], None]) -> None:
    with RawServer(serve) as server:
        client = connect(server)
        with pytest.raises(TransportError) as caught:
            client.balance()
    linked = list(chain(caught.value))
    assert linked == [caught.value]
    assert not any(isinstance(value, requests.PreparedRequest) for value in gc.get_referents(caught.value.__dict__))
    assert KEY not in repr(caught.value.__dict__)
