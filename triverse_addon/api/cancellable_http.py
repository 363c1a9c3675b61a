# SPDX-License-Identifier: GPL-3.0-or-later
"""
HTTP connections that another thread can cancel: at a deadline, or when the client is closed.

Ground floor; worker threads; no ``bpy``. Imports requests and urllib3.

The timeouts of ``requests`` apply to each read separately, so a server that sends one byte every few seconds blocks a
worker thread for ever, and nothing interrupts a read in progress. A `Guard` knows the socket that a request uses and
shuts it down, which ends the blocked read at once. It also records whether a connection was made, to distinguish "never
sent" from "may have been sent", and checks the IP address that a host name resolves to before anything is sent.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from .deadlines import Deadlines

_current = threading.local()

_OLD_PIECE_BYTES = 4096
"""Chunk size for old urllib3, whose reads block until the chunk is full: up to this much is delayed, or lost."""


class Guard:
    """
    Monitors one request of one thread, and can cancel it. Use it as a context manager around the request.

    :param deadlines: calls `cancel` at the deadline.
    :ivar host: host name of the URL that is being requested, for error messages.
    :ivar may_connect: returns whether a connection to an IP address is allowed; None allows all.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.host = ""
        self.may_connect: Callable[[str], bool] | None = None
        self.refused_address = False
        """Whether `may_connect` refused an address."""
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._deadline: int | None = None
        self.cancelled_by = ""
        """"deadline" or "close" if the request was cancelled, else an empty string."""
        self.connected = False
        """Whether a connection was made, so that the request may have been sent."""
        self.reused = False
        """Whether the connection was kept alive from an earlier request, and so may be stale."""

    def __enter__(self) -> Guard:
        _current.guard = self
        return self

    def __exit__(self, *_exception: object) -> None:
        _current.guard = None

    def attach(self, connected: socket.socket, *, reused: bool) -> None:
        """
        Register the socket in use. Called by the connection.

        :raises ConnectionAbortedError: the request has been cancelled already.
        """
        with self._lock:
            if self._socket is None:
                self.reused = reused
            self._socket = connected
            ended = bool(self.cancelled_by)
            self.connected = self.connected or not ended
        if ended:
            raise ConnectionAbortedError("ended before it began")

    def set_deadline(self, seconds_s: float) -> None:
        """Cancel the request after this time, unless `lift_deadline` is called before. Replaces an earlier deadline."""
        self.lift_deadline()
        self._deadline = self._deadlines.set(seconds_s, functools.partial(self.cancel, "deadline"))

    def lift_deadline(self) -> None:
        """Remove the deadline that `set_deadline` set."""
        deadline, self._deadline = self._deadline, None
        if deadline is not None:
            self._deadlines.lift(deadline)

    def cancel(self, by: str) -> None:
        """
        Cancel the request by shutting its socket down. May be called from any thread.

        Reads and writes fail at once, those in progress as well as later ones.

        :param by: "deadline" or "close", see `cancelled_by`. The first call decides.
        """
        with self._lock:
            self.cancelled_by = self.cancelled_by or by
            connected = self._socket
        if connected is not None:
            _shut_down(connected)


def _shut_down(connected: Any) -> None:
    """
    End all reads and writes of a socket.

    TLS stays in place, which `ssl.SSLSocket.shutdown` takes away first: another thread would then read what has
    arrived still encrypted, and take it for a part of the file.
    """
    while not isinstance(connected, socket.socket):  # TLS through a TLS proxy holds the socket that it uses
        connected = getattr(connected, "socket", None)
        if connected is None:
            return
    with contextlib.suppress(OSError):  # already closed
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


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
    Wraps an SSL context and passes it the host name to check, also if that is an IP address.

    urllib3 before 2 passes host names only, and a context that checks host names then refuses every such connection.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.__dict__.update(_context=context, _host=host)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._context, name, value)

    def wrap_socket(self, sock: socket.socket, server_hostname: str | None = None) -> ssl.SSLSocket:
        """Wrap a socket as ``ssl.SSLContext.wrap_socket`` does, with the known host name as the default."""
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
    """Resolve the host name, and refuse it if any of its IP addresses is refused. Not checked behind a proxy."""
    guard = _guard()
    if guard is None or guard.may_connect is None or _has_proxy(connection):
        return
    for found in socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM):
        _check_address(guard, str(found[4][0]))


def _checked_peer(connection: HTTPConnection, connected: socket.socket) -> socket.socket:
    """Check the IP address of the open connection, since the name may have resolved to another one this time."""
    guard = _guard()
    if guard is not None and guard.may_connect is not None and not _has_proxy(connection):
        try:
            _check_address(guard, str(connected.getpeername()[0]))
        except OSError:
            connected.close()
            raise
    return connected


def _has_proxy(connection: HTTPConnection) -> bool:
    return connection.proxy is not None or hasattr(connection, "_socks_options")


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
    A ``requests`` transport adapter whose connections report to the current thread's `Guard`. It never retries.

    :param context: the SSL context of all connections, see `tls.secure_context`. The certificates that requests would
        trust by itself (its own bundle, or an environment variable) are not used.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pool manager with our SSL context and guarded connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        _use_guarded_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Return the pool manager of a proxy, with our SSL context (HTTP proxies only) and guarded connections."""
        if proxy.lower().startswith("socks"):
            manager = super().proxy_manager_for(proxy, **kwargs)
            manager.pool_classes_by_scheme = _socks_pools()
            return manager
        own = {"ssl_context": self._context, "proxy_ssl_context": self._context}
        manager = super().proxy_manager_for(proxy, **(own | kwargs))
        _use_guarded_pools(manager)
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return the attributes of a pool key, with our SSL context in place of what requests would trust."""
        host, _own = super().build_connection_pool_key_attributes(request, True, cert)
        return host, {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._context} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Require a valid certificate in every case, and load no others than those of the SSL context."""
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = conn.ca_cert_dir = None


def _use_guarded_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedSecurePool}


@functools.cache
def _socks_pools() -> dict[str, Any]:
    """Return the classes of guarded pools whose connections go through a SOCKS proxy."""
    from urllib3.contrib import socks  # needs a library that is rarely there

    class Connection(_GuardedConnection, socks.SOCKSConnection):
        """Guarded, and through the proxy."""

    class SecureConnection(_GuardedSecureConnection, socks.SOCKSHTTPSConnection):
        """Guarded, and through the proxy."""

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


# -----------------------------------------------------------------------------
# Response bodies


def pieces(raw: Any, most_bytes: int, *, decode: bool) -> Iterator[bytes]:
    """
    Yield the body of a response in chunks, as it arrives.

    :param raw: the ``raw`` attribute of a streamed ``requests.Response``.
    :param most_bytes: maximum size of a chunk in bytes, before decompression.
    :param decode: whether to decompress according to the ``Content-Encoding`` header.
    :raises Exception: one of `network_errors.NETWORK_ERRORS`, when the connection breaks.
    """
    if hasattr(raw, "read1"):
        # Returns the data of a single read from the network, and decompresses no more than is asked for.
        while piece := raw.read1(most_bytes, decode_content=decode):
            yield piece
        return
    # urllib3 before 2.2. Before 2.0 it accepts a truncated body as complete unless this is set.
    raw.enforce_content_length = True
    yield from raw.stream(min(most_bytes, _OLD_PIECE_BYTES), decode_content=decode)
