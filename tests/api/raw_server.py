# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that does on its sockets exactly what a test says, for what no HTTP library would do. No ``bpy``."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

KEY = "tv-key-that-must-not-be-seen"
PATIENCE_S = 60.0

Serve = Callable[["Visit"], None]


class Visit:
    """One connection."""

    def __init__(self, connection: socket.socket, number: int, gone: threading.Event) -> None:
        self.connection = connection
        self.number = number
        self.gone = gone
        """Set when the server is stopped: what a handler waits for, instead of sleeping."""
        self.requests: list[bytes] = []
        self._buffer = b""

    def read_request(self) -> bytes:
        """Return the next request, its head and body; nothing when the client has gone."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return b""
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        self._buffer = rest
        while len(self._buffer) < length:
            if not self._more():
                break
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        whole = head + b"\r\n\r\n" + body
        self.requests.append(whole)
        return whole

    def _more(self) -> bool:
        piece = self.connection.recv(65536)
        self._buffer += piece
        return bool(piece)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(data)

    def answer(self, data: Any, *, status: str = "200 OK", headers: dict[str, str] | None = None) -> None:
        """Send a JSON answer and keep the connection."""
        body = json.dumps(data).encode()
        lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.send(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


class RawServer:
    """Listens on a free loopback port; each connection is served by ``serve`` on a thread of its own.

    :param serve: called with the visit; the connection is closed when it returns.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.gone = threading.Event()
        self.visits: list[Visit] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        """A base address as for the service."""
        return f"http://127.0.0.1:{self.port}/api/v1"

    @property
    def requests(self) -> list[bytes]:
        """All requests of all connections."""
        return [request for visit in self.visits for request in visit.requests]

    def __enter__(self) -> RawServer:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gone.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for visit in self.visits:
            with contextlib.suppress(OSError):
                visit.connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self.gone.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            visit = Visit(connection, len(self.visits), self.gone)
            self.visits.append(visit)
            thread = threading.Thread(target=self._run, args=(visit,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, visit: Visit) -> None:
        with visit.connection, contextlib.suppress(OSError):
            self._serve(visit)


# -----------------------------------------------------------------------------
# Handlers, and what was received


def answering(data: Any, **more: Any) -> Callable[[Visit], None]:
    """Answer every request of a connection alike."""

    def serve(visit: Visit) -> None:
        while visit.read_request():
            visit.answer(data, **more)

    return serve


def raw(head: str, body: bytes = b"") -> Callable[[Visit], None]:
    """Answer one request with these bytes and close."""

    def serve(visit: Visit) -> None:
        visit.read_request()
        visit.send(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)

    return serve


def headers_of(request: bytes) -> dict[str, str]:
    """Return the headers of a request, names in lower case."""
    head = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}


def body_of(request: bytes) -> bytes:
    """Return the body of a request."""
    return request.partition(b"\r\n\r\n")[2]
