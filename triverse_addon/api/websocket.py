# SPDX-License-Identifier: GPL-3.0-or-later
"""
The WebSocket client of the service, which receives status updates of all of the user's tasks.

Ground floor; worker threads; no ``bpy``. Imports websockets, so it is imported when it is first used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from websockets import exceptions as ws
from websockets.sync.client import ClientConnection

from .backoff import backoff_s
from .errors import AuthenticationError, LibraryError, TriverseError, UnforeseenError
from .event_stream import FrameReader
from .keys import check_key
from .payloads import TaskStatus
from .tls_socket import TURN_S
from .urls import check_base_url
from .websocket_connection import (
    OPEN_TIMEOUT_S,
    Liveness,
    connection_lost,
    open_connection,
    reason_of_close,
    receive,
)

STEADY_AFTER_S = 10.0
"""After a connection of this duration the back-off restarts. A connection that is dropped at once does not reset it."""

#: What a service closes a connection with when it has said all.
_NORMAL_CLOSE_CODE = 1000


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
    :param stop: ends the stream when set; `close` does the same.
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
            connection = open_connection(self._base_url, self._key, self._since_s(), self._version, self._ended)
        except TriverseError as error:
            return error
        if connection is None:
            return connection_lost()
        with connection:
            self._enter(LiveState.LIVE)
            try:
                self._read(connection)
            except ws.ConnectionClosed as closed:
                return reason_of_close(closed)
        return connection_lost()

    def _read(self, connection: ClientConnection) -> None:
        """Report what arrives, until the stream is to end or the service no longer responds."""
        reader, liveness = FrameReader(key=self._key), Liveness(connection)
        while not self._ended():
            try:
                frames = receive(connection, reader)
            except TimeoutError:
                if liveness.is_dead():
                    return
                continue
            liveness.heard()
            for frame in frames:
                self._on_status(frame.status, frame.finalized)

    def _ended(self) -> bool:
        return self._closed.is_set() or self._stop.is_set()

    def _pause(self, seconds_s: float) -> None:
        until_s = time.monotonic() + seconds_s
        while not self._ended() and (left_s := until_s - time.monotonic()) > 0:
            self._closed.wait(min(left_s, TURN_S))

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
    on_cut_off: Callable[[TriverseError], None] | None = None,
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
    :param on_cut_off: called with the reason if the connection broke after some statuses, so that more may be missing.
        A service that closes it in good order has said all.
    :raises TransportError: there was no connection, or it broke before any status was received.
    :raises ServiceError: the service rejected the connection, for instance with `AuthenticationError`.
    """
    ended = stop.is_set if stop is not None else lambda: False
    until_s = time.monotonic() + timeout_s
    found: dict[str, TaskStatus] = {}
    connection = open_connection(check_base_url(base_url), check_key(api_key), since_s, version, ended)
    if connection is None:
        return []
    reader = FrameReader(key=check_key(api_key))
    failure: TriverseError | None = None
    is_whole = False
    with connection:
        quiet_until_s = time.monotonic() + 2 * quiet_s
        while not ended() and (left_s := min(until_s, quiet_until_s) - time.monotonic()) > 0:
            try:
                message = connection.recv(timeout=min(left_s, TURN_S))
            except TimeoutError:
                continue
            except ws.ConnectionClosed as closed:
                failure = reason_of_close(closed)
                is_whole = closed.rcvd is not None and closed.rcvd.code == _NORMAL_CLOSE_CODE
                break
            for frame in reader.feed(message):
                known = found.get(frame.status.task_uuid)
                if known is None or not known.is_terminal or frame.status.is_terminal:
                    found[frame.status.task_uuid] = frame.status
            quiet_until_s = time.monotonic() + quiet_s
    if failure is not None and (not found or isinstance(failure, AuthenticationError)):
        raise failure
    if failure is not None and not is_whole and on_cut_off is not None:
        on_cut_off(failure)
    return list(found.values())
