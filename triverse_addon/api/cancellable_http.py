# SPDX-License-Identifier: GPL-3.0-or-later
"""
HTTP connections that can be ended from another thread: at a deadline, or when the client is closed.

Ground floor; worker threads; no ``bpy``. Imports requests and urllib3.

The time-outs of ``requests`` count each read by itself, so a server that sends one byte every few seconds holds a
worker for ever, and nothing ends a read that is under way. A `Guard` knows the socket that a request uses, and shuts
it down; the blocked read then ends at once. It also knows whether a connection was made at all, which is what tells
"never sent" from "may have been sent", and it looks at the address that a name stands for before anything is sent.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_current = threading.local()

_OLD_PIECE_BYTES = 4096
"""What is read at once where a read waits until it has all: so much is held back, and lost when it breaks off."""


class Guard:
    """
    Watches over one request of one thread; a context manager around it.

    :ivar host: of the address that is asked at the moment, for sentences.
    :ivar may_connect: tells whether a connection may go to this IP address; None: to any.
    """

    def __init__(self) -> None:
        self.host = ""
        self.may_connect: Callable[[str], bool] | None = None
        self.refused_address = False
        """Whether `may_connect` said no."""
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
    def _new_conn(self) -> socket.socket:
        _check_number(self)
        return _checked_peer(self, super()._new_conn())

    def connect(self) -> None:
        super().connect()
        _attach(self, reused=False)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _attach(self, reused=True)
        super().request(*args, **kwargs)


class _NamesItsHost:
    """
    A context that knows which host a certificate has to be for, also where that is a number.

    urllib3 before 2 tells a context only names, and one that checks hosts then refuses every connection.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.__dict__.update(_context=context, _host=host)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._context, name, value)

    def wrap_socket(self, sock: socket.socket, server_hostname: str | None = None) -> ssl.SSLSocket:
        """Begin a secure connection."""
        wrapped: ssl.SSLSocket = self._context.wrap_socket(sock, server_hostname=server_hostname or self._host)
        return wrapped


class _GuardedSecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        _check_number(self)
        return _checked_peer(self, super()._new_conn())

    def connect(self) -> None:
        if urllib3.__version__.startswith("1.") and isinstance(self.ssl_context, ssl.SSLContext):
            self.ssl_context = _NamesItsHost(self.ssl_context, self.host.strip("[]"))  # type: ignore[assignment]
        super().connect()
        _attach(self, reused=False)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _attach(self, reused=True)
        super().request(*args, **kwargs)


def _attach(connection: HTTPConnection, *, reused: bool) -> None:
    guard = _guard()
    if guard is not None and connection.sock is not None:
        guard.attach(connection.sock, reused=reused)


def _check_number(connection: HTTPConnection) -> None:
    """Look a name up, and refuse it if any of its numbers is refused. What a proxy looks up is the proxy's affair."""
    guard = _guard()
    if guard is None or guard.may_connect is None or connection.proxy is not None:
        return
    for found in socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM):
        _check_address(guard, str(found[4][0]))


def _checked_peer(connection: HTTPConnection, connected: socket.socket) -> socket.socket:
    """Look once more at where the connection leads: a name may stand for another number by now."""
    guard = _guard()
    if guard is not None and guard.may_connect is not None and connection.proxy is None:
        try:
            _check_address(guard, str(connected.getpeername()[0]))
        except OSError:
            connected.close()
            raise
    return connected


def _check_address(guard: Guard, number: str) -> None:
    if guard.may_connect is not None and not guard.may_connect(number):
        guard.refused_address = True
        raise ConnectionRefusedError("an address that is not allowed")


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _GuardedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _GuardedSecureConnection


class GuardedAdapter(HTTPAdapter):
    """
    Adapter of a ``requests.Session`` whose connections report to the `Guard` of the thread. It retries nothing.

    :param context: the certificates that are believed, see `tls.secure_context`. What requests itself would believe
        (its own list, or a variable of the environment) is left out.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        _use_guarded_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        own = {"ssl_context": self._context, "proxy_ssl_context": self._context}
        manager = super().proxy_manager_for(proxy, **(kwargs if proxy.lower().startswith("socks") else own | kwargs))
        _use_guarded_pools(manager)
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _own = super().build_connection_pool_key_attributes(request, True, cert)
        return host, {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._context} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = conn.ca_cert_dir = None


def _use_guarded_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedSecurePool}


# -----------------------------------------------------------------------------
# Bodies


def pieces(raw: Any, most_bytes: int, *, decode: bool) -> Iterator[bytes]:
    """
    Yield the body of an answer as it arrives.

    :param raw: the ``raw`` of a streamed ``requests.Response``.
    :param most_bytes: largest piece before decompression.
    :param decode: undo the compression that the headers name.
    :raises Exception: one of `network_errors.NETWORK_ERRORS`, when it breaks off.
    """
    if hasattr(raw, "read1"):
        # Returns what a single read from the network gave, and decompresses at most what is asked for.
        while piece := raw.read1(most_bytes, decode_content=decode):
            yield piece
        return
    # urllib3 before 2.2. Before 2.0 it takes a body that broke off for a whole one, unless it is told not to.
    raw.enforce_content_length = True
    yield from raw.stream(min(most_bytes, _OLD_PIECE_BYTES), decode_content=decode)
