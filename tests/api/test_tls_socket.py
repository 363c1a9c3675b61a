# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS connection that two threads use: what each gets, and that a wait can be ended. Plain Python, no ``bpy``."""

from __future__ import annotations

import functools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import cast

import pytest

from tests.api.certificates import Authority, SecureServer
from tests.api.raw_server import KEY, PATIENCE_S, Serve, Visit
from triverse_addon.api import websocket_connection
from triverse_addon.api.errors import StalledError
from triverse_addon.api.tls_socket import SharedTlsSocket, shared
from triverse_addon.api.websocket import snapshot

pytestmark = pytest.mark.kind("networks")

#: More than the buffers of a loopback connection hold, so that sending has to wait.
MUCH = bytes(range(256)) * 64 * 1024


Connected = Callable[[Serve], AbstractContextManager[SharedTlsSocket]]


@pytest.fixture
def connected(authority: Authority, good: Path) -> Connected:
    """Connect to a server that serves so; both are closed at the end of the block."""

    @contextmanager
    def connecting(serve: Serve) -> Iterator[SharedTlsSocket]:
        context = ssl.create_default_context(cafile=str(authority.certificate))
        with SecureServer(good, serve) as server:
            plain = socket.create_connection(("127.0.0.1", server.port))
            made = shared(context.wrap_socket(plain, server_hostname="127.0.0.1"))
            assert isinstance(made, SharedTlsSocket)
            try:
                yield made
            finally:
                made.close()

    return connecting


def silent(visit: Visit) -> None:
    """Say nothing but what TLS says by itself after a handshake."""
    visit.gone.wait(PATIENCE_S * 10)


def echo(visit: Visit) -> None:
    while data := visit.connection.recv(65536):
        visit.send(data)


def received(connection: SharedTlsSocket, until_bytes: int) -> bytes:
    parts = bytearray()
    while len(parts) < until_bytes and (part := connection.recv(65536)):
        parts += part
    return bytes(parts)


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Start a thread, and return it and the list that gets what it returns or raises."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome


def test_a_plain_socket_stays_as_it_is() -> None:
    with socket.socket() as plain:
        assert shared(plain) is plain


def test_one_thread_receives_while_another_sends(connected: Connected) -> None:
    with connected(echo) as connection:
        thread, outcome = in_thread(functools.partial(received, connection, len(MUCH)))
        connection.sendall(MUCH)
        thread.join(PATIENCE_S)
    assert outcome == [MUCH]


def test_no_two_threads_are_inside_tls_at_once() -> None:
    """Python up to 3.12 does not see to it, and OpenSSL then loses what one of them sends."""
    is_inside, is_sent, overlapped = threading.Event(), threading.Event(), []

    class Slow:
        def gettimeout(self) -> None:
            return None

        def setblocking(self, _: bool) -> None:
            pass

        def recv(self, _: int) -> bytes:
            is_inside.set()
            overlapped.append(is_sent.wait(0.3))
            return b"data"

        def send(self, data: memoryview) -> int:
            is_sent.set()
            return len(data)

    connection = SharedTlsSocket(cast(ssl.SSLSocket, Slow()))
    receiving, outcome = in_thread(lambda: connection.recv(4))
    assert is_inside.wait(PATIENCE_S)
    sending, _ = in_thread(lambda: connection.sendall(b"request"))
    for thread in (receiving, sending):
        thread.join(PATIENCE_S)
    assert (overlapped, outcome, is_sent.is_set()) == ([False], [b"data"], True)


def test_closing_ends_a_wait_for_data(connected: Connected) -> None:
    with connected(silent) as connection:
        thread, outcome = in_thread(lambda: connection.recv(65536))
        thread.join(0.3)
        assert thread.is_alive()
        connection.close()
        thread.join(PATIENCE_S)
        assert isinstance(outcome[0], OSError)
        assert connection.fileno() == -1
        with pytest.raises(OSError, match="closed"):
            connection.sendall(b"more")


def test_a_time_limit_holds_for_receiving_and_sending(connected: Connected) -> None:
    with connected(silent) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(65536)
        with pytest.raises(TimeoutError):
            connection.sendall(MUCH)


def test_what_comes_after_the_last_that_is_sent_is_still_decrypted(
    connected: Connected,
) -> None:
    def serve(visit: Visit) -> None:
        visit.connection.recv(65536)
        visit.send(b"all of it")

    with connected(serve) as connection:
        connection.sendall(b"the last")
        connection.shutdown(socket.SHUT_WR)
        assert received(connection, 9) == b"all of it"
        assert connection.recv(65536) == b""


def test_an_attempt_at_a_service_that_says_nothing_leaves_no_thread(
    authority: Authority, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """websockets waits for ever for its thread, which waits for data that never comes."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.certificate))
    monkeypatch.setattr(websocket_connection, "OPEN_TIMEOUT_S", 0.5)
    monkeypatch.setattr(websocket_connection, "OPEN_LIMIT_S", PATIENCE_S)
    before = set(threading.enumerate())
    with SecureServer(good, silent) as server:
        with pytest.raises(StalledError):
            snapshot(server.url, KEY, None)
        left = [
            one for one in set(threading.enumerate()) - before if "_accept" not in one.name and "_run" not in one.name
        ]
        for thread in left:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in left)
