# SPDX-License-Identifier: GPL-3.0-or-later
"""
Makes WebSocket connections to the service, and explains why one failed or ended.

Ground floor; worker threads; no ``bpy``. Imports websockets, so it is imported when it is first used.

The service requires the key in the URL. So ``websockets`` gets a disabled logger, and its exceptions, which may quote
the URL, never leave this module.

Connections are made on a helper thread, because DNS look-ups and connection attempts cannot be interrupted and must not
delay quitting Blender.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from websockets import exceptions as ws
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect

from .errors import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    StalledError,
    TriverseError,
    UnforeseenError,
)
from .event_stream import MAX_MESSAGE_BYTES, Frame, FrameReader
from .libraries import too_old
from .proxies import proxy_for
from .responses import not_an_answer, read_answer
from .sentence import Sentence
from .tls import certificate_problem, no_secure_connection, secure_context
from .tls_socket import TURN_S, shared
from .unexpected_errors import UNFORESEEN
from .urls import websocket_url

OPEN_TIMEOUT_S = 10.0
OPEN_LIMIT_S = 3 * OPEN_TIMEOUT_S
"""Maximum duration of an attempt to connect, in seconds: looking up a name, and closing a connection that was refused
or too slow, do not obey the library's timeout."""
PING_INTERVAL_S = 20.0
"""Seconds of silence before a ping, and the timeout for the response to one."""

# Policy violation, and the codes that services use for 401 and 403. The one that Triverse uses for an invalid key is
# not documented.
_REFUSING_CLOSE_CODES = frozenset({1008, 4001, 4003, 4401, 4403})

#: websockets has ProxyError, as well as proxies, since 15.0.
_PROXY_ERRORS: tuple[type[Exception], ...] = (ws.ProxyError,) if hasattr(ws, "ProxyError") else ()

_silent = logging.Logger("triverse.websocket")
_silent.disabled = True


def open_connection(
    base_url: str, key: str, since_s: float | None, version: str, ended: Callable[[], bool]
) -> ClientConnection | None:
    """
    Return a connection that watches all tasks; None if ``ended`` returned True first.

    :raises TriverseError: the connection failed.
    """
    url = websocket_url(base_url, key, since_s=since_s)
    outcome: queue.SimpleQueue[ClientConnection | TriverseError] = queue.SimpleQueue()
    lock = threading.Lock()
    abandoned = False

    def make() -> None:
        made: ClientConnection | TriverseError
        try:
            made = _connect(url, base_url, version, key=key)
        except UNFORESEEN as error:  # the waiting thread must get a result
            made = UnforeseenError(error)
        with lock:
            if not abandoned:
                outcome.put(made)
                return
        if isinstance(made, ClientConnection):
            made.close()

    threading.Thread(target=make, name="triverse-live-connect", daemon=True).start()
    until_s = time.monotonic() + OPEN_LIMIT_S
    while True:
        try:
            made = outcome.get(timeout=TURN_S)
            break
        except queue.Empty:
            pass
        is_too_late = time.monotonic() >= until_s
        if is_too_late or ended():
            with lock:
                abandoned = True
            # It may have been put there in the meantime.
            with contextlib.suppress(queue.Empty):
                made = outcome.get_nowait()
                if isinstance(made, ClientConnection):
                    made.close()
            if is_too_late:
                raise _too_slow()
            return None
    if isinstance(made, TriverseError):
        raise made
    return made


class _Refused(Exception):
    """
    The service responded with something other than a WebSocket, including a redirect.

    ``websockets`` follows redirects to any host, and the new URL contains the key if the redirect repeats it. It does
    not handle exceptions other than its own, so raising this one prevents that.
    """

    def __init__(self, response: Response) -> None:
        super().__init__("refused")
        self.response = response


class _Connection(ClientConnection):
    """A connection that does not follow redirects, and whose threads take turns at TLS."""

    def __init__(self, connected: socket.socket, *given: Any, **named: Any) -> None:
        super().__init__(cast(socket.socket, shared(connected)), *given, **named)

    def handshake(self, *given: Any, **named: Any) -> None:
        response: Response | None = None
        try:
            super().handshake(*given, **named)
        except ws.InvalidStatus as refused:
            response = refused.response
        if response is not None:
            raise _Refused(response)


def _connect(url: str, base_url: str, version: str, *, key: str) -> ClientConnection | TriverseError:
    """Return a connection or the reason for its failure, without a reference to the library's exception."""
    response: Response
    host = urlsplit(base_url).hostname or ""
    try:
        made: ClientConnection = connect(
            url,
            create_connection=_Connection,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=0.3,
            max_size=MAX_MESSAGE_BYTES,
            user_agent_header=f"Triverse-Blender/{version}",
            logger=_silent,
            **_options(secure=url.startswith("wss:"), proxy=proxy_for(base_url)),
        )
        return made
    except _Refused as refused:
        response = refused.response
    except TriverseError as error:
        return error
    except _PROXY_ERRORS:
        return ConnectError(
            Sentence.of("The proxy of this network does not let Blender through to Triverse. Check its settings.")
        )
    except ssl.SSLError as error:  # an untrusted certificate is also a ValueError
        return ConnectError(certificate_problem(error, host) or no_secure_connection(host))
    except (ws.WebSocketException, ValueError, EOFError):
        return not_an_answer()
    except TimeoutError:
        return _too_slow()
    except (OSError, ImportError):  # ImportError: the library for SOCKS proxies is missing
        return ConnectError(
            Sentence.of("Triverse cannot be reached. Check the network and the service address in the preferences.")
        )
    return _refusal(response, base_url, key)


def _too_slow() -> StalledError:
    return StalledError(Sentence.of("Triverse takes too long to answer. Try again later."))


def _options(*, secure: bool, proxy: str | None) -> dict[str, Any]:
    """
    Return the arguments that differ between the supported versions of websockets, see `libraries`.

    :raises LibraryError: a proxy is required, and this version does not support proxies.
    """
    known = inspect.signature(connect).parameters
    options: dict[str, Any] = {"ssl" if "ssl" in known else "ssl_context": secure_context() if secure else None}
    if "proxy" in known:
        options["proxy"] = proxy
        options["proxy_ssl"] = secure_context() if proxy is not None and proxy.startswith("https:") else None
    elif proxy is not None:
        raise too_old("websockets", (15, 0))
    if "ping_interval" in known:  # since 15.0; see `Liveness`, which does it with all versions
        options |= {"ping_interval": None, "ping_timeout": None}
    return options


class Liveness:
    """
    Detects that a connection has died without being closed, as behind a router that has forgotten it.

    The library's own check counts only the responses to its pings. Those wait behind all messages that were sent
    before them, and the library stops reading while many are unread: a connection over which more arrives than this
    machine can store, of hundreds of running tasks, was closed as dead
    (``findings/websockets-backlog-ends-connection.sh``). So only silence is counted here, and in turns of listening: on
    a machine too busy to listen, no time passes.

    :param connection: the connection.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._silent_turns = 0
        self._pong: threading.Event | None = None

    def heard(self) -> None:
        """Note that something has arrived."""
        self._silent_turns, self._pong = 0, None

    def is_dead(self) -> bool:
        """
        Note a turn without a message, see `receive`; return whether the service has stopped responding to pings.

        :raises websockets.ConnectionClosed: the connection was closed.
        """
        if self._pong is not None and self._pong.is_set():
            self.heard()
        self._silent_turns += 1
        if self._silent_turns * TURN_S < PING_INTERVAL_S:
            return False
        if self._pong is not None:
            return True
        self._silent_turns, self._pong = 0, self._connection.ping()
        return False


def receive(connection: ClientConnection, reader: FrameReader) -> list[Frame]:
    """
    Return the frames that have arrived; wait a turn for the first one.

    Of the frames of one task with the same status, only the newest is returned: when more arrives than can be stored,
    progress that is out of date must not delay the end of a task.

    :raises TimeoutError: nothing has arrived.
    :raises websockets.ConnectionClosed: the connection was closed, and everything before that was returned.
    """
    newest: dict[tuple[str, str], Frame] = {}
    message = connection.recv(timeout=TURN_S)
    until_s = time.monotonic() + TURN_S
    while True:
        for frame in reader.feed(message):
            key = (frame.status.task_uuid, frame.status.status)
            newest.pop(key, None)  # so that the order is that of the newest ones
            newest[key] = frame
        if time.monotonic() >= until_s:
            break
        try:
            message = connection.recv(timeout=0)
        except (TimeoutError, ws.ConnectionClosed):
            break
    return list(newest.values())


def _refusal(response: Response, base_url: str, key: str) -> TriverseError:
    headers, body = dict(response.headers.raw_items()), bytes(response.body or b"")
    try:
        read_answer(response.status_code, headers, body, key=key, service_url=base_url)
    except TriverseError as error:
        return error
    return not_an_answer()


def reason_of_close(closed: ws.ConnectionClosed) -> TriverseError:
    """Return the error that explains why the service closed a connection."""
    code = closed.rcvd.code if closed.rcvd is not None else None
    if code in _REFUSING_CLOSE_CODES:
        return AuthenticationError(
            Sentence.of("Triverse does not accept the API key. Check it in the preferences."), http_status=0, code=None
        )
    return connection_lost()


def connection_lost() -> ConnectionLostError:
    """Return the error of a connection that ended without a reason."""
    return ConnectionLostError(Sentence.of("The connection to Triverse broke off. Check the network."))
