# SPDX-License-Identifier: GPL-3.0-or-later
"""A WebSocket that answers with a redirect: the key stays with the service. Plain Python, no ``bpy``."""

from __future__ import annotations

import pytest

from tests.api.raw_server import KEY, RawServer, Visit
from tests.api.test_live import Watching, silent, until
from triverse_addon.api import backoff
from triverse_addon.api.errors import BadAnswerError
from triverse_addon.api.websocket import snapshot

pytestmark = pytest.mark.kind("websocket-redirects")


@pytest.mark.parametrize("status", ["300 Choices", "301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Moved"])
@pytest.mark.parametrize("origin", ["another port", "another name", "its own"])
def test_redirects_are_not_followed(status: str, origin: str) -> None:
    def redirect(visit: Visit) -> None:
        asked = visit.read_request().split(b" ")[1].decode()
        to = {
            "another port": f"ws://127.0.0.1:{other.port}",
            "another name": f"ws://localhost:{other.port}",
            "its own": "",
        }
        visit.send(f"HTTP/1.1 {status}\r\nLocation: {to[origin]}{asked}\r\nContent-Length: 0\r\n\r\n".encode())

    with RawServer(silent) as other, RawServer(redirect) as server:
        with pytest.raises(BadAnswerError) as caught:
            snapshot(server.url, KEY, None)
        assert other.visits == []
        assert len(server.requests) == 1
    assert "leads elsewhere" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_watcher_that_is_sent_elsewhere_tries_again_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.05)

    def redirect(visit: Visit) -> None:
        visit.read_request()
        visit.send(f"HTTP/1.1 307 T\r\nLocation: ws://127.0.0.1:{other.port}/all?token={KEY}\r\n\r\n".encode())

    with RawServer(silent) as other, RawServer(redirect) as server, Watching(server.url, KEY) as watching:
        until(lambda: len(server.visits) >= 3, "a third attempt")
        assert other.visits == []
        assert watching.live == []
