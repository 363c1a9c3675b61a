# SPDX-License-Identifier: GPL-3.0-or-later
"""
Sends one request and reads its response: key, redirects, timeouts, size limits.

Ground floor; worker threads; no ``bpy``. Imports requests.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

import requests

from .cancellable_http import Guard, pieces
from .deadlines import Deadlines
from .errors import BadAnswerError, TriverseError
from .fields import JSON
from .host_policy import HostPolicy
from .multipart import MultipartFile
from .network_errors import NETWORK_ERRORS, StaleConnectionError, to_transport_error
from .proxies import proxies_for
from .requests_session import Authorization, new_session
from .responses import elsewhere, is_compressed, read_answer
from .sentence import Sentence
from .urls import check_asset_url, same_host

MAX_JSON_BYTES = 8 * 1024 * 1024
"""Maximum size of a JSON response, after decompression. Real ones have some kilobytes."""

ANSWER_DEADLINE_S = 60.0
"""Deadline for a complete JSON response, and for the headers of a file response."""

UPLOAD_ANSWER_S = 180.0
"""Deadline for the response to an upload: the service examines images before it responds."""

MAX_HOPS = 5
"""Maximum number of redirects in a row."""

_Answer = TypeVar("_Answer")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Request:
    """An HTTP request before it is sent, without the key."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, JSON] | None = None
    body: MultipartFile | None = None
    query: Mapping[str, str] | None = None
    with_key: bool = True
    """Whether the key is sent to the service's own origin. It is never sent to another one."""
    any_host: bool = False
    """Whether redirects to another host are followed."""
    about_task: bool = False
    """Whether the request is about one task, so that a 404 may mean an unknown task."""
    idempotent: bool = False
    """Whether the request is idempotent and may be retried."""


class Opened(Protocol):
    """The part of a response of `HttpSession.open` that callers need."""

    def close(self) -> None:
        """Close the response and its connection."""


class HttpSession:
    """
    Sends requests to one service with one key. Thread-safe.

    :param base_url: the checked service URL.
    :param key: the checked API key.
    :param user_agent: value of the User-Agent header.
    :param connect_timeout_s: timeout for making a connection, in seconds.
    :param read_timeout_s: timeout for each read, in seconds.
    """

    def __init__(
        self, base_url: str, key: str, *, user_agent: str, connect_timeout_s: float, read_timeout_s: float
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._user_agent = user_agent
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._lock = threading.Lock()
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._guards: set[Guard] = set()
        self._deadlines = Deadlines()
        self._streams: weakref.WeakKeyDictionary[requests.Response, Guard] = weakref.WeakKeyDictionary()
        self._closed = False
        self.hosts = HostPolicy(base_url)

    def __repr__(self) -> str:
        return f"HttpSession({self._base_url!r})"

    def close(self) -> None:
        """Cancel all requests in progress, see `client.Client.close`."""
        with self._lock:
            self._closed = True
            guards = [*self._guards, *self._streams.values()]
            sessions = list(self._sessions)
        for guard in guards:
            guard.cancel("close")
        for session in sessions:
            session.close()
        self._deadlines.close()

    def new_guard(self) -> Guard:
        """Return a monitor for one request."""
        return Guard(self._deadlines)

    # -------------------------------------------------------------------------
    # JSON

    def json(self, request: Request) -> Mapping[str, object]:
        """Send a request and return the JSON object of the response, including the envelope."""
        return self._retry_once(request, self._json_once)

    def _json_once(self, request: Request) -> Mapping[str, object]:
        guard = self.new_guard()
        with self._guarded(guard):
            guard.set_deadline(ANSWER_DEADLINE_S)
            return self._read_json(self._send(request, guard), guard, about_task=request.about_task)

    def upload(self, request: Request, guard: Guard) -> Mapping[str, object]:
        """
        Send a request with a file and return the JSON object of the response.

        :param guard: monitors the request. The caller sets its deadline when the whole file is sent, because the
            duration of sending depends on the network.
        """
        with self._guarded(guard):
            return self._read_json(self._send(request, guard, read_timeout_s=UPLOAD_ANSWER_S), guard)

    def _read_json(
        self, response: requests.Response, guard: Guard, *, about_task: bool = False
    ) -> Mapping[str, object]:
        """
        Return the JSON object of a response.

        :raises BadAnswerError: the body exceeds `MAX_JSON_BYTES` after decompression, or is no JSON object.
        """
        body = bytearray()
        failure: TriverseError | None = None
        with contextlib.closing(response):
            try:
                for piece in pieces(response.raw, 65536, decode=True):
                    body += piece
                    if len(body) > MAX_JSON_BYTES:
                        break
            except NETWORK_ERRORS as error:
                failure = to_transport_error(error, guard)
        if failure is None and guard.cancelled_by:
            failure = to_transport_error(None, guard)
        if failure is not None:
            raise failure
        if len(body) > MAX_JSON_BYTES:
            raise BadAnswerError(Sentence.of("The answer of the service is far too large."))
        return read_answer(
            response.status_code,
            response.headers,
            bytes(body),
            key=self._key,
            service_url="" if about_task else self._base_url,
        )

    def read_json(self, response: requests.Response) -> Mapping[str, object]:
        """Return the JSON object of an open response to a file request."""
        guard = self._streams[response]
        with self._guarded(guard):
            guard.set_deadline(ANSWER_DEADLINE_S)
            return self._read_json(response, guard, about_task=True)

    # -------------------------------------------------------------------------
    # Files

    def open(self, request: Request) -> requests.Response:
        """
        Send a request and return the open response as soon as its headers have arrived.

        :raises BadAnswerError: the body is compressed although ``Accept-Encoding: identity`` was sent.
        """
        return self._retry_once(request, self._open_once)

    def _open_once(self, request: Request) -> requests.Response:
        guard = self.new_guard()
        with self._guarded(guard):
            guard.set_deadline(ANSWER_DEADLINE_S)
            response = self._send(request, guard)
            if response.status_code in (200, 206) and is_compressed(response.headers):
                response.close()
                raise BadAnswerError(Sentence.of("The file came compressed, although that was not asked for."))
            with self._lock:
                self._streams[response] = guard
        return response

    def read_file(self, response: Opened, chunk_bytes: int) -> Iterator[bytes]:
        """Yield the body of an open response in chunks of at most ``chunk_bytes``, as it arrives."""
        if not isinstance(response, requests.Response):
            raise TypeError("not an answer of this client")
        guard = self._streams[response]
        body = pieces(response.raw, chunk_bytes, decode=False)
        while True:
            try:
                piece = next(body, b"")
            except NETWORK_ERRORS as error:
                failure = to_transport_error(error, guard)
                break
            if guard.cancelled_by:  # without Content-Length, that looks like the end of the body
                failure = to_transport_error(None, guard)
                break
            if not piece:
                return
            yield piece
        raise failure

    # -------------------------------------------------------------------------
    # One request, redirects included

    def _send(
        self,
        request: Request,
        guard: Guard,
        read_timeout_s: float | None = None,
    ) -> requests.Response:
        """
        Send a request and return the open response, after following redirects.

        Redirects are followed within the service's own origin, and with `Request.any_host` to any https URL, there
        without the key. A POST follows only 307 and 308, which state that the request was not processed, and an upload
        follows none.
        """
        url, query = request.url, request.query
        for _hop in range(MAX_HOPS + 1):
            own = same_host(url, self._base_url)
            response = self._send_once(request, url, query, guard, request.with_key and own, read_timeout_s)
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            response.close()
            url, query = _redirected(url, location), None
            allowed = (request.any_host or same_host(url, self._base_url)) and request.body is None
            self.hosts.check(url)
            if not allowed or (request.method == "POST" and response.status_code not in (307, 308)):
                raise elsewhere()
        raise BadAnswerError(Sentence.of("The service sends from one address to the next without end."))

    def _send_once(
        self,
        request: Request,
        url: str,
        query: Mapping[str, str] | None,
        guard: Guard,
        with_key: bool,
        read_timeout_s: float | None,
    ) -> requests.Response:
        failure: TriverseError
        if guard.cancelled_by:
            raise to_transport_error(None, guard)
        guard.host = urlsplit(url).hostname or ""
        is_own = guard.host == urlsplit(self._base_url).hostname
        guard.may_connect = None if is_own else self.hosts.allows_number
        # Raises an error with an explanation, where requests would only fail.
        proxies = proxies_for(url)
        try:
            return self._session().request(
                request.method,
                url,
                params=query,
                headers=dict(request.headers),
                json=request.json,
                data=request.body,
                auth=Authorization(self._key if with_key else ""),
                # The first value also limits each write, and uploads can stall for a moment.
                timeout=(
                    self._read_timeout_s if request.body else self._connect_timeout_s,
                    read_timeout_s or self._read_timeout_s,
                ),
                proxies=proxies,
                allow_redirects=False,
                stream=True,
            )
        except NETWORK_ERRORS as error:
            failure = to_transport_error(error, guard)
        # Raised outside of the handler: the exception of requests holds the request with its headers, and would
        # otherwise be reachable as __context__.
        raise failure

    def _retry_once(self, request: Request, send: Callable[[Request], _Answer]) -> _Answer:
        """Call ``send``, and once more over a new connection if a kept-alive one was stale and a retry is allowed."""
        try:
            return send(request)
        except StaleConnectionError:
            if not request.idempotent:
                raise
        self.drop_idle_connections()
        return send(request)

    # -------------------------------------------------------------------------
    # Sessions

    @contextlib.contextmanager
    def _guarded(self, guard: Guard) -> Iterator[None]:
        with self._lock:
            closed = self._closed
            self._guards.add(guard)
        if closed:
            guard.cancel("close")
        try:
            with guard:
                yield
        finally:
            guard.lift_deadline()
            with self._lock:
                self._guards.discard(guard)

    def _session(self) -> requests.Session:
        """Return the session of this thread. A session of requests must not be shared between threads."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = new_session(self._user_agent)
            with self._lock:
                self._sessions.add(session)
        return session

    def drop_idle_connections(self) -> None:
        """
        Close this thread's kept-alive connections, so that the next request cannot meet a stale one.

        Called before a task is created: with a new connection it is certain whether the request could be sent.
        """
        self._session().close()


# -----------------------------------------------------------------------------
# Details


def _redirected(url: str, location: str) -> str:
    """
    Return the target URL of a redirect.

    :raises RefusedAddressError: the target is no allowed URL, or leads from https to http.
    """
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    check_asset_url(target)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise elsewhere()
    return target
