# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP connections that can be ended from another thread: at a deadline, or when the client is closed.

Ground floor; worker threads; no ``bpy``. Imports requests and urllib3.

The time-outs of ``requests`` count each read by itself, so a server that sends one byte every few seconds holds a
worker for ever, and nothing ends a read that is under way. A `Guard` knows the socket that a request uses, and shuts
it down; the blocked read then ends at once. It also knows whether a connection was made at all, which is what tells
"never sent" from "may have been sent".
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_current = threading.local()


class Guard:
    """Watches over one request of one thread; a context manager around it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.ended_by = ""
        """"" while nobody ended it, else "deadline" or "close"."""
        self.connected = False
        """Whether there was a connection, so that the request may have left."""
        self.reused = False
        """Whether that connection had been kept from an earlier request: it may have gone stale."""

    def __enter__(self) -> Guard:
        _current.guard = self
        return self

    def __exit__(self, *_exception: object) -> None:
        _current.guard = None

    def attach(self, connected: socket.socket, *, reused: bool) -> None:
        """Take note of the socket in use. Called by the connection."""
        with self._lock:
            if self._socket is None:
                self.reused = reused
            self._socket = connected
            ended = bool(self.ended_by)
            self.connected = self.connected or not ended
        if ended:
            raise ConnectionAbortedError("ended before it began")

    def set_deadline(self, seconds_s: float) -> None:
        """End the request when this time has passed, unless `lift_deadline` is called before."""
        self.lift_deadline()
        timer = threading.Timer(seconds_s, self.end, ("deadline",))
        timer.daemon = True
        timer.name = "triverse-deadline"
        with self._lock:
            self._timer = timer
        timer.start()

    def lift_deadline(self) -> None:
        """Let the request take its time."""
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def end(self, by: str) -> None:
        """Shut the socket down, from any thread. Reads and writes under way fail at once, later ones too."""
        with self._lock:
            self.ended_by = self.ended_by or by
            connected = self._socket
        if connected is not None:
            with contextlib.suppress(OSError):  # closed already
                connected.shutdown(socket.SHUT_RDWR)


def _guard() -> Guard | None:
    found = getattr(_current, "guard", None)
    return found if isinstance(found, Guard) else None


class _GuardedConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _attach(self, reused=False)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _attach(self, reused=True)
        super().request(*args, **kwargs)


class _GuardedSecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _attach(self, reused=False)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _attach(self, reused=True)
        super().request(*args, **kwargs)


def _attach(connection: HTTPConnection, *, reused: bool) -> None:
    guard = _guard()
    if guard is not None and connection.sock is not None:
        guard.attach(connection.sock, reused=reused)


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _GuardedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _GuardedSecureConnection


class GuardedAdapter(HTTPAdapter):
    """Adapter of a ``requests.Session`` whose connections report to the `Guard` of the thread. It retries nothing."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _use_guarded_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        _use_guarded_pools(manager)
        return manager


def _use_guarded_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedSecurePool}
