# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be made to go wrong, request by request. Any thread; no HTTP, no ``bpy``.

A rule picks requests (`kind`, `method`, `path`, `after`, `times`) and says what becomes of them::

    faults.add("create", status=503, code=5003, times=2)              # two creations answer 503, then all is well
    faults.add("create", reset_after=True)                            # the task is made, the answer is lost
    faults.add("status", status=429, code=2000, retry_after="3")
    faults.add("asset", after=1, reset_at_byte=100_000)               # the second download breaks off with a reset
    faults.add("asset", truncate_at_byte=5000, times=None)            # always fewer bytes than Content-Length says
    faults.add("asset", drip_bytes=4096, drip_s=0.05)                 # slowly
    faults.add("url", html=True, status=502)
    rule = faults.add("create", delay_answer_s=600)                   # answered after rule.release()

The first rule that fits and has not been used up is applied, one to a request. ``rule.hits`` counts.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from dataclasses import dataclass, field, fields
from typing import Any

KINDS = (
    *("create", "status", "url", "download", "upload_image", "upload_model"),
    *("quote", "balance", "me", "ws", "asset", "preview", "other", "any"),
)


@dataclass
class Fault:
    """One rule.

    Which requests:

    :param kind: one of `KINDS`; "asset" is a model and "preview" a picture on the asset port, "any" is every request.
    :param method: the HTTP method; "" = any.
    :param path: a regular expression, searched in the path.
    :param after: how many fitting requests go by unharmed first.
    :param times: how many are then harmed; None = all.

    Before the request is looked at:

    :param latency_s: seconds to wait first.
    :param reset_before: reset the connection; the service does nothing.

    An answer in place of the real one (any of status, html, garbage, empty, body, redirect, gzip_bomb_mb, expired):

    :param processed: the service does its work first (a task is made and paid), only the answer is another.
    :param status: HTTP status; default 200, for a redirect 302.
    :param code: the service's code; default one that fits the status. 0 with status 200 is a success without data.
    :param envelope: False = ``{"detail": message}``, as a framework answers by itself.
    :param retry_after: the Retry-After header, as it is.
    :param html: a proxy's error page.
    :param garbage: no JSON, no file: random text.
    :param empty: no body at all.
    :param body: this text.
    :param content_type: of the answer; with nothing else, the real answer under a wrong type.
    :param redirect: "other_host" (another name for the asset port), "http" (plain http on the internet), "loop" (to
        itself), or an address.
    :param gzip_bomb_mb: a body that unpacks to so many MB.
    :param expired: 403 with XML, as object storage answers for an expired address.

    Between the work and the answer:

    :param delay_answer_s: seconds to wait.
    :param reset_after: reset the connection; the work is done.

    The body of the answer (files and JSON alike):

    :param reset_at_byte: reset the connection after so many bytes of the body.
    :param truncate_at_byte: end the connection properly after so many bytes, though Content-Length promised more.
    :param length_change: what to add to the true Content-Length. Less: the rest is not sent. More: the body ends early.
    :param chunked: no Content-Length.
    :param ignore_range: the whole file with 200, whatever Range asked for.
    :param new_etag: another ETag: the file has changed.
    :param no_etag: none.
    :param stall_at_byte: where to pause, for `stall_s` seconds.
    :param drip_bytes: how many bytes to send at a time, every `drip_s` seconds.

    WebSockets (kind "ws"; `status`, `latency_s` and resets apply to the handshake):

    :param close_at_frame: close after so many frames, with `close_code`.
    :param reset_at_frame: reset the connection after so many frames.
    :param silent: accept, and never send a frame.
    :param garbage: frames that make no sense, beside the right ones.

    `reset_at_byte`, `stall_at_byte` and `drip_bytes` there mean the bytes of a frame.
    """

    kind: str = "any"
    method: str = ""
    path: str = ""
    after: int = 0
    times: int | None = 1

    latency_s: float = 0.0
    reset_before: bool = False

    processed: bool = False
    status: int | None = None
    code: int | None = None
    message: str = "switched on by a test"
    suggestion: str = ""
    envelope: bool = True
    retry_after: str | None = None
    html: bool = False
    garbage: bool = False
    empty: bool = False
    body: str | None = None
    content_type: str | None = None
    redirect: str = ""
    gzip_bomb_mb: int = 0
    expired: bool = False

    delay_answer_s: float = 0.0
    reset_after: bool = False

    reset_at_byte: int | None = None
    truncate_at_byte: int | None = None
    length_change: int = 0
    chunked: bool = False
    ignore_range: bool = False
    new_etag: bool = False
    no_etag: bool = False
    stall_at_byte: int | None = None
    stall_s: float = 600.0
    drip_bytes: int = 0
    drip_s: float = 0.05

    close_at_frame: int | None = None
    close_code: int = 1011
    reset_at_frame: int | None = None
    silent: bool = False

    id: int = 0
    seen: int = 0
    hits: int = 0
    _released: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind: {self.kind}")
        re.compile(self.path)

    @property
    def answers(self) -> bool:
        """Whether it puts another answer in place of the real one."""
        given = self.status is not None or self.body is not None
        return given or bool(
            self.html or self.garbage or self.empty or self.redirect or self.gzip_bomb_mb or self.expired
        )

    def fits(self, kind: str, method: str, path: str) -> bool:
        """Tell whether it picks such a request, leaving numbers aside."""
        right_kind = self.kind in ("any", kind)
        return right_kind and self.method.upper() in ("", method) and re.search(self.path, path) is not None

    def release(self) -> None:
        """End its waits (`latency_s`, `delay_answer_s`, `stall_s`, `drip_s`) at once, now and from now on."""
        self._released.set()

    async def wait(self, seconds: float) -> None:
        """Wait so long in the server, or until `release`."""
        until = time.monotonic() + seconds
        while not self._released.is_set() and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(0.02, left))

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults, with the counts."""
        told = {one.name: getattr(self, one.name) for one in fields(self) if not one.name.startswith("_")}
        plain = Fault()
        return {n: v for n, v in told.items() if n in ("id", "kind", "seen", "hits") or v != getattr(plain, n)}


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._made = 0

    def add(self, kind: str = "any", **rule: Any) -> Fault:
        """Add a rule, see `Fault`, and return it."""
        made = Fault(kind, **rule)
        with self._lock:
            self._made += 1
            made.id = self._made
            self._rules.append(made)
        return made

    def clear(self) -> None:
        """Take all rules away and end their waits."""
        with self._lock:
            gone, self._rules = self._rules, []
        for rule in gone:
            rule.release()

    def remove(self, rule_id: int) -> None:
        """Take one rule away and end its waits."""
        with self._lock:
            gone = [rule for rule in self._rules if rule.id == rule_id]
            self._rules = [rule for rule in self._rules if rule.id != rule_id]
        for rule in gone:
            rule.release()

    def take(self, kind: str, method: str, path: str) -> Fault | None:
        """Return the rule for a request that has just come in, and count it."""
        with self._lock:
            for rule in self._rules:
                if rule.fits(kind, method, path) and (rule.times is None or rule.hits < rule.times):
                    rule.seen += 1
                    if rule.seen > rule.after:
                        rule.hits += 1
                        return rule
        return None

    def to_json(self) -> list[dict[str, Any]]:
        """Return all rules."""
        with self._lock:
            return [rule.to_json() for rule in self._rules]
