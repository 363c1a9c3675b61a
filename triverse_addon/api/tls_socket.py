# SPDX-License-Identifier: GPL-3.0-or-later
"""
Lets two threads use a TLS connection, one to receive and one to send.

Ground floor; worker threads; no ``bpy``.

OpenSSL allows only one thread at a time to use a connection, and Python up to 3.12 does not see to it. ``websockets``
receives on a thread of its own while another one sends, so now and then an attempt to connect over TLS hung (seen with
Python 3.11 and websockets 17.4). Besides, ``websockets`` cannot end a thread that is inside a read of TLS, and waits
for it for ever.
"""

from __future__ import annotations

import functools
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

TURN_S = 0.2
"""Interval in seconds at which waiting loops of a live connection check whether to stop."""


class SharedTlsSocket:
    """
    A TLS socket that one thread may receive from while another one sends.

    It offers what ``websockets`` 11 to 17 use of a socket. No call is inside OpenSSL while it waits for the network,
    and `close` ends a wait.

    :param connection: the socket, after its handshake; it belongs to this object from now on.
    """

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._is_closed = False
        self._timeout_s: float | None = connection.gettimeout()
        connection.setblocking(False)

    def recv(self, size_bytes: int) -> bytes:
        """
        Wait for data, and return at most ``size_bytes`` of it; b"" after its end.

        :raises TimeoutError: nothing came in the time of `settimeout`.
        :raises OSError: the connection broke, or `close` was called.
        """
        return self._wait_for(functools.partial(self._connection.recv, size_bytes), self._deadline_s())

    def sendall(self, data: bytes) -> None:
        """
        Send all of the data.

        :raises TimeoutError: it was not sent in the time of `settimeout`; a part of it may have been.
        :raises OSError: the connection broke, or `close` was called.
        """
        deadline_s = self._deadline_s()
        rest = memoryview(data)
        while rest:
            sent_bytes = self._wait_for(functools.partial(self._connection.send, rest), deadline_s)
            rest = rest[sent_bytes:]

    def settimeout(self, timeout_s: float | None) -> None:
        """Set how many seconds later calls wait at most; None: without a limit."""
        self._timeout_s = timeout_s

    def fileno(self) -> int:
        """Return the file descriptor, to wait for data; -1 after `close`."""
        return self._connection.fileno()

    def getsockname(self) -> object:
        """Return the own address."""
        return self._connection.getsockname()

    def getpeername(self) -> object:
        """Return the other end's address."""
        return self._connection.getpeername()

    def shutdown(self, how: int) -> None:
        """
        End sending, receiving or both; see `socket.socket.shutdown`.

        :raises OSError: the connection is closed.
        """
        with self._lock:
            # `SSLSocket.shutdown` would go on without TLS, and what still arrives would no longer be decrypted.
            socket.socket.shutdown(self._connection, how)

    def close(self) -> None:
        """Close the socket; calls that wait end with OSError."""
        self._is_closed = True
        with self._lock:
            self._connection.close()

    def _deadline_s(self) -> float | None:
        return None if self._timeout_s is None else time.monotonic() + self._timeout_s

    def _wait_for(self, call: Callable[[], _T], deadline_s: float | None) -> _T:
        """Return what ``call`` returns as soon as it need not wait; it is made while no other one is."""
        while True:
            if self._is_closed:
                raise OSError("The connection was closed.")
            with self._lock:
                try:
                    return call()
                except ssl.SSLWantReadError:
                    event = selectors.EVENT_READ
                except ssl.SSLWantWriteError:
                    event = selectors.EVENT_WRITE
            if deadline_s is not None and time.monotonic() >= deadline_s:
                raise TimeoutError("The connection is too slow.")
            self._wait_once(event, deadline_s)

    def _wait_once(self, event: int, deadline_s: float | None) -> None:
        left_s = TURN_S if deadline_s is None else min(TURN_S, max(0.0, deadline_s - time.monotonic()))
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self._connection, event)
            except (ValueError, OSError):  # it was just closed
                return
            selector.select(left_s)


def shared(connection: socket.socket) -> socket.socket | SharedTlsSocket:
    """Return a socket that two threads may use: plain ones allow it, and TLS through a TLS proxy stays as it is."""
    return SharedTlsSocket(connection) if isinstance(connection, ssl.SSLSocket) else connection
