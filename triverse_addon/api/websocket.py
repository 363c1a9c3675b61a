# SPDX-License-Identifier: GPL-3.0-or-later
"""
The WebSocket client of the service, which receives status updates of all of the user's tasks.

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
import ssl
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from websockets import exceptions as ws
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect

from .backoff import backoff_s
from .errors import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    LibraryError,
    StalledError,
    TriverseError,
    UnforeseenError,
)
from .event_stream import MAX_MESSAGE_BYTES, FrameReader
from .keys import check_key
from .libraries import too_old
from .payloads import TaskStatus
from .proxies import proxy_for
from .responses import not_an_answer, read_answer
from .sentence import Sentence
from .tls import certificate_problem, no_secure_connection, secure_context
from .unexpected_errors import UNFORESEEN
from .urls import check_base_url, websocket_url

OPEN_TIMEOUT_S = 10.0
PING_INTERVAL_S = 20.0
"""Seconds between two pings, and the timeout for the response to one."""

STEADY_AFTER_S = 10.0
"""After a connection of this duration the back-off restarts. A connection that is dropped at once does not reset it."""

_TURN_S = 0.2
"""Interval in seconds at which waiting loops check whether to stop."""

# Policy violation, and the codes that services use for 401 and 403. The one that Triverse uses for an invalid key is
# not documented.
_REFUSING_CLOSE_CODES = frozenset({1008, 4001, 4003, 4401, 4403})

#: websockets has ProxyError, as well as proxies, since 15.0.
_PROXY_ERRORS: tuple[type[Exception], ...] = (ws.ProxyError,) if hasattr(ws, "ProxyError") else ()

_silent = logging.Logger("triverse.websocket")
_silent.disabled = True


class LiveState(StrEnum):
    """State of a `StatusStream`."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    """Not connected; reconnects after a delay."""
    REFUSED = "refused"
    """Like WAITING, but the service did not accept the key."""
    ENDED = "ended"


class StatusStream:
    """
    Watches all tasks over one connection, and reconnects whenever it breaks.

    :param base_url: the service URL.
    :param api_key: the key.
    :param since_s: called before each connection; returns a time in epoch seconds before the creation of the oldest
        unfinished task, or None.
    :param on_status: called with each status and whether the service marks it as the last one.
    :param on_state: called with True when a connection is established and with False when it has ended; see also
        `state`.
    :param stop: ends the watcher when set; `close` does the same.
    :param version: the add-on's version, for the User-Agent header.
    :raises KeyMissingError: the key is empty.
    :raises InputError: the URL or the key is invalid.

    The callbacks are called on the thread of `run`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        since_s: Callable[[], float | None],
        on_status: Callable[[TaskStatus, bool], None],
        on_state: Callable[[bool], None],
        stop: threading.Event,
        version: str = "0",
    ) -> None:
        self._base_url = check_base_url(base_url)
        self._key = check_key(api_key)
        self._since_s = since_s
        self._on_status = on_status
        self._on_state = on_state
        self._stop = stop
        self._closed = threading.Event()
        self._version = version
        self._state = LiveState.ENDED

    def __repr__(self) -> str:
        return f"StatusStream({self._base_url!r}, {self._state.value})"

    @property
    def state(self) -> LiveState:
        """The current state."""
        return self._state

    def close(self) -> None:
        """Make `run` return, from any thread. It does so within a second, whatever it is waiting for."""
        self._closed.set()

    def run(self) -> None:
        """
        Watch until `close` is called or ``stop`` is set.

        Connection errors do not end it, and neither does a rejected key: a server in between may block WebSockets but
        accept HTTP requests.

        :raises UnforeseenError: an error that is not caused by the network, so that reconnecting would fail again.
        :raises LibraryError: the loaded websockets lacks a feature that this network requires.
        """
        failures = 0
        try:
            while not self._ended():
                self._enter(LiveState.CONNECTING)
                began_s = time.monotonic()
                error = self._watch_once()
                if self._ended():
                    break
                if isinstance(error, (UnforeseenError, LibraryError)):
                    raise error
                failures = 1 if time.monotonic() - began_s >= STEADY_AFTER_S + OPEN_TIMEOUT_S else failures + 1
                self._enter(LiveState.REFUSED if isinstance(error, AuthenticationError) else LiveState.WAITING)
                self._pause(backoff_s(failures, error.retry_after_s))
        finally:
            self._enter(LiveState.ENDED)

    def _watch_once(self) -> TriverseError:
        """Connect and read until the connection ends; return the reason."""
        try:
            connection = _connection(self._base_url, self._key, self._since_s(), self._version, self._ended)
        except TriverseError as error:
            return error
        if connection is None:
            return _lost()
        reader = FrameReader(key=self._key)
        with connection:
            self._enter(LiveState.LIVE)
            while not self._ended():
                try:
                    message = connection.recv(timeout=_TURN_S)
                except TimeoutError:
                    continue
                except ws.ConnectionClosed as closed:
                    return _why_closed(closed)
                for frame in reader.feed(message):
                    self._on_status(frame.status, frame.finalized)
        return _lost()

    def _ended(self) -> bool:
        return self._closed.is_set() or self._stop.is_set()

    def _pause(self, seconds_s: float) -> None:
        until_s = time.monotonic() + seconds_s
        while not self._ended() and (left_s := until_s - time.monotonic()) > 0:
            self._closed.wait(min(left_s, _TURN_S))

    def _enter(self, state: LiveState) -> None:
        was_live = self._state is LiveState.LIVE
        self._state = state
        if was_live is not (state is LiveState.LIVE):
            self._on_state(not was_live)


def snapshot(
    base_url: str,
    api_key: str,
    since_s: float | None,
    *,
    quiet_s: float = 2.0,
    timeout_s: float = 20.0,
    stop: threading.Event | None = None,
    version: str = "0",
) -> list[TaskStatus]:
    """
    Return the status of all of the user's tasks, which the service sends when a connection is made.

    The API has no endpoint that lists tasks; this finds tasks that were created elsewhere, or whose creation got no
    response.

    :param base_url: the service URL.
    :param api_key: the key.
    :param since_s: only tasks created (older servers: updated) after this time, in epoch seconds. None for all.
    :param quiet_s: return after this many seconds without a message (twice as long before the first one).
    :param timeout_s: return after this many seconds in any case.
    :param stop: when set, return what has been received.
    :param version: the add-on's version, for the User-Agent header.
    :raises TransportError: there was no connection, or it broke before any status was received.
    :raises ServiceError: the service rejected the connection, for instance with `AuthenticationError`.
    """
    ended = stop.is_set if stop is not None else lambda: False
    until_s = time.monotonic() + timeout_s
    found: dict[str, TaskStatus] = {}
    connection = _connection(check_base_url(base_url), check_key(api_key), since_s, version, ended)
    if connection is None:
        return []
    reader = FrameReader(key=check_key(api_key))
    failure: TriverseError | None = None
    with connection:
        quiet_until_s = time.monotonic() + 2 * quiet_s
        while not ended() and (left_s := min(until_s, quiet_until_s) - time.monotonic()) > 0:
            try:
                message = connection.recv(timeout=min(left_s, _TURN_S))
            except TimeoutError:
                continue
            except ws.ConnectionClosed as closed:
                failure = _why_closed(closed)
                break
            for frame in reader.feed(message):
                known = found.get(frame.status.task_uuid)
                if known is None or not known.is_terminal or frame.status.is_terminal:
                    found[frame.status.task_uuid] = frame.status
            quiet_until_s = time.monotonic() + quiet_s
    if failure is not None and (not found or isinstance(failure, AuthenticationError)):
        raise failure
    return list(found.values())


# -----------------------------------------------------------------------------
# Connecting


def _connection(
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
    while True:
        try:
            made = outcome.get(timeout=_TURN_S)
            break
        except queue.Empty:
            pass
        if ended():
            with lock:
                abandoned = True
            # It may have been put there in the meantime.
            with contextlib.suppress(queue.Empty):
                made = outcome.get_nowait()
                if isinstance(made, ClientConnection):
                    made.close()
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
    """A connection that does not follow redirects."""

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
        return StalledError(Sentence.of("Triverse takes too long to answer. Try again later."))
    except (OSError, ImportError):  # ImportError: the library for SOCKS proxies is missing
        return ConnectError(
            Sentence.of("Triverse cannot be reached. Check the network and the service address in the preferences.")
        )
    return _refusal(response, base_url, key)


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
    if "ping_interval" in known:  # since 15.0; with older versions, only polling detects a dead connection
        options |= {"ping_interval": PING_INTERVAL_S, "ping_timeout": PING_INTERVAL_S}
    return options


def _refusal(response: Response, base_url: str, key: str) -> TriverseError:
    headers, body = dict(response.headers.raw_items()), bytes(response.body or b"")
    try:
        read_answer(response.status_code, headers, body, key=key, service_url=base_url)
    except TriverseError as error:
        return error
    return not_an_answer()


def _why_closed(closed: ws.ConnectionClosed) -> TriverseError:
    code = closed.rcvd.code if closed.rcvd is not None else None
    if code in _REFUSING_CLOSE_CODES:
        return AuthenticationError(
            Sentence.of("Triverse does not accept the API key. Check it in the preferences."), http_status=0, code=None
        )
    return _lost()


def _lost() -> ConnectionLostError:
    return ConnectionLostError(Sentence.of("The connection to Triverse broke off. Check the network."))
