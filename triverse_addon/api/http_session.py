# SPDX-License-Identifier: GPL-3.0-or-later
"""
How one request goes out and its answer comes in: key, redirects, time-outs, sizes.

Ground floor; worker threads; no ``bpy``. Imports requests.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Literal, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

import requests

from .addresses import Reach, reach_of_host, reach_of_number, reach_of_url
from .cancellable_http import Guard, GuardedAdapter, pieces
from .errors import BadAnswerError, TriverseError
from .fields import JSON
from .multipart import MultipartFile
from .network_errors import NETWORK_ERRORS, StaleConnectionError, failure_of
from .proxies import proxy_for
from .responses import elsewhere, read_answer, too_near
from .sentence import Sentence
from .tls import secure_context
from .urls import check_asset_url, is_loopback, same_host

MAX_JSON_BYTES = 8 * 1024 * 1024
"""Largest JSON answer that is read, after decompression. Real ones have some kilobytes."""

ANSWER_DEADLINE_S = 60.0
"""Within this time a JSON answer must be there in full, and a file must begin to arrive."""

UPLOAD_ANSWER_S = 180.0
"""The same after an upload: the service looks at pictures before it answers."""

MAX_HOPS = 5
"""Most redirects in a row that are followed."""

_Answer = TypeVar("_Answer")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Request:
    """A request before it is sent; without the key."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, JSON] | None = None
    body: MultipartFile | None = None
    query: Mapping[str, str] | None = None
    with_key: bool = True
    """Whether the service's own origin gets the key. No other one ever does."""
    any_host: bool = False
    """Whether a redirect may lead to another host."""
    about_task: bool = False
    """Whether the question is about one task, which the service may not know."""
    repeatable: bool = False
    """Whether sending it twice does nothing that sending it once does not."""


class Opened(Protocol):
    """An answer that `Sender.open` returned."""

    def close(self) -> None:
        """Give the connection up."""


class _Authorization(requests.auth.AuthBase):
    """
    Puts the key into a request, or deliberately nothing.

    A session without any auth object would look for a password in the user's ``.netrc``.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _Session(requests.Session):
    """
    A session that leaves redirects alone.

    Told not to follow them, requests still prepares the next request, and reads the whole body of the answer for it.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Sender:
    """
    Sends requests to one service with one key, from any number of threads.

    :param base_url: checked.
    :param key: checked.
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
        self._streams: weakref.WeakKeyDictionary[requests.Response, Guard] = weakref.WeakKeyDictionary()
        self._closed = False
        self._reach: Reach | None = None

    def __repr__(self) -> str:
        return f"Sender({self._base_url!r})"

    def close(self) -> None:
        """End everything under way, see `client.Client.close`."""
        with self._lock:
            self._closed = True
            guards = [*self._guards, *self._streams.values()]
            sessions = list(self._sessions)
        for guard in guards:
            guard.end("close")
        for session in sessions:
            session.close()

    # -------------------------------------------------------------------------
    # JSON

    def json(self, request: Request) -> Mapping[str, object]:
        """Send a request and return the JSON object of its answer, envelope included."""
        return self._repeated(request, self._json_once)

    def _json_once(self, request: Request) -> Mapping[str, object]:
        guard = Guard()
        with self._watched(guard):
            guard.set_deadline(ANSWER_DEADLINE_S)
            return self._read_json(self._send(request, guard), guard, about_task=request.about_task)

    def upload(self, request: Request, guard: Guard) -> Mapping[str, object]:
        """
        Send a request with a file and return the JSON object of its answer.

        :param guard: the caller sets its deadline when everything was sent: how long that takes is up to the network.
        """
        with self._watched(guard):
            return self._read_json(self._send(request, guard, read_timeout_s=UPLOAD_ANSWER_S), guard)

    def _read_json(
        self, response: requests.Response, guard: Guard, *, about_task: bool = False
    ) -> Mapping[str, object]:
        """Return the object of an answer whose size is bounded, also after decompression."""
        body = bytearray()
        failure: TriverseError | None = None
        with contextlib.closing(response):
            try:
                for piece in pieces(response.raw, 65536, decode=True):
                    body += piece
                    if len(body) > MAX_JSON_BYTES:
                        break
            except NETWORK_ERRORS as error:
                failure = failure_of(error, guard)
        if failure is None and guard.ended_by:
            failure = failure_of(None, guard)
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
        """Read an opened answer, about a task's file, that turned out to be JSON."""
        guard = self._streams[response]
        with self._watched(guard):
            guard.set_deadline(ANSWER_DEADLINE_S)
            return self._read_json(response, guard, about_task=True)

    # -------------------------------------------------------------------------
    # Files

    def open(self, request: Request) -> requests.Response:
        """Send a request and return its answer as soon as its headers are there. The body is not compressed."""
        return self._repeated(request, self._open_once)

    def _open_once(self, request: Request) -> requests.Response:
        guard = Guard()
        with self._watched(guard):
            guard.set_deadline(ANSWER_DEADLINE_S)
            response = self._send(request, guard)
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            if response.status_code in (200, 206) and encoding != "identity":
                response.close()
                raise BadAnswerError(Sentence.of("The file came compressed, although that was not asked for."))
            with self._lock:
                self._streams[response] = guard
        return response

    def read_file(self, response: Opened, chunk_bytes: int) -> Iterator[bytes]:
        """Yield the body of an opened answer as it arrives."""
        if not isinstance(response, requests.Response):
            raise TypeError("not an answer of this client")
        guard = self._streams[response]
        body = pieces(response.raw, chunk_bytes, decode=False)
        failure: TriverseError | None = None
        while failure is None:
            piece = b""
            try:
                piece = next(body, b"")
            except NETWORK_ERRORS as error:
                failure = failure_of(error, guard)
            if piece:
                yield piece
            elif failure is None:
                if guard.ended_by:  # without a length, the end looks like one
                    failure = failure_of(None, guard)
                break
        if failure is not None:
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
        Send a request and return the open answer to it or to what it redirects to.

        A redirect is followed within the service's own origin, and with `Request.any_host` to any https address, there
        without the key. A POST follows only 307 and 308, which promise that it was not acted upon, and never an upload.
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
            self.check_asset_host(url)
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
        if guard.ended_by:
            raise failure_of(None, guard)
        guard.host = urlsplit(url).hostname or ""
        is_own = guard.host == urlsplit(self._base_url).hostname
        guard.may_connect = None if is_own else lambda number: self._may_be(reach_of_number(number))
        proxy_for(url)  # says now what requests would only fail with
        try:
            return self._session().request(
                request.method,
                url,
                params=query,
                headers=dict(request.headers),
                json=request.json,
                data=request.body,
                auth=_Authorization(self._key if with_key else ""),
                # The first of the two also holds for each write, and uploads meet hiccups.
                timeout=(
                    self._read_timeout_s if request.body else self._connect_timeout_s,
                    read_timeout_s or self._read_timeout_s,
                ),
                # What is on this machine is not asked from a proxy.
                proxies={"http": "", "https": ""} if is_loopback(url) else None,
                allow_redirects=False,
                stream=True,
            )
        except NETWORK_ERRORS as error:
            failure = failure_of(error, guard)
        # Raised out here and not in the handler: the error of requests holds the request with its headers, and would
        # otherwise stay reachable as __context__.
        raise failure

    def _repeated(self, request: Request, send: Callable[[Request], _Answer]) -> _Answer:
        """Send; once more over a new connection if a kept one was stale and the request may be repeated."""
        try:
            return send(request)
        except StaleConnectionError:
            if not request.repeatable:
                raise
        self.start_afresh()
        return send(request)

    def check_asset_host(self, url: str) -> None:
        """
        Refuse addresses that say they are nearer than the service: a far server has no business with them.

        :raises RefusedAddressError: it is one.
        """
        if not self._may_be(reach_of_url(url)):
            raise too_near(urlsplit(url).hostname or "")

    def _may_be(self, reach: Reach) -> bool:
        return reach is Reach.PUBLIC or reach <= self._own_reach()

    def _own_reach(self) -> Reach:
        """Return how far the service is, by a look-up if its name does not say; worker threads may wait for that."""
        if self._reach is None:
            host = urlsplit(self._base_url).hostname or ""
            said = reach_of_host(host)
            if said is Reach.PUBLIC and proxy_for(self._base_url) is None:
                try:
                    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                except OSError:
                    return said
                said = max(reach_of_number(str(one[4][0])) for one in found)
            self._reach = said
        return self._reach

    # -------------------------------------------------------------------------
    # Sessions

    @contextlib.contextmanager
    def _watched(self, guard: Guard) -> Iterator[None]:
        with self._lock:
            closed = self._closed
            self._guards.add(guard)
        if closed:
            guard.end("close")
        try:
            with guard:
                yield
        finally:
            guard.lift_deadline()
            with self._lock:
                self._guards.discard(guard)

    def _session(self) -> requests.Session:
        """Return the session of this thread. Sessions are not meant to be shared between threads."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = _Session()
            session.headers.clear()
            session.headers.update(
                {"User-Agent": self._user_agent, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
            )
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            context = secure_context()
            for scheme in ("https://", "http://"):
                session.mount(scheme, GuardedAdapter(context))
            self._local.session = session
            with self._lock:
                self._sessions.add(session)
        return session

    def start_afresh(self) -> None:
        """
        Drop this thread's kept connections, so that the next request cannot meet a stale one.

        Before a creation that spares the question whether it was received: a new connection either stands or not.
        """
        self._session().close()


# -----------------------------------------------------------------------------
# Details


def _redirected(url: str, location: str) -> str:
    """Return where a redirect leads, if that address may be opened at all."""
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    check_asset_url(target)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise elsewhere()
    return target
