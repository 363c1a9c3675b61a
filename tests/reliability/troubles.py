# SPDX-License-Identifier: GPL-3.0-or-later
"""
The faults of the matrix, and what must become of a task that meets one. Plain data, no ``bpy``.

A trouble is a fault that one request meets, as a rule of the stand-in (``tests/service/faults.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Requests on a task's way, in their order, and those that only a user's question makes.
ON_THE_WAY = ("upload_image", "upload_model", "create", "ws", "status", "url", "download", "asset", "preview")
QUESTIONS = ("quote", "balance", "me")
FILES = ("asset", "download")

#: Rules that hold back an answer, or the rest of one.
_SILENT = frozenset({"latency_s", "delay_answer_s", "stall_at_byte", "drip_s", "length_change", "silent"})

_GOES_ON = "goes on by itself"
_RETRY = "Retry"


@dataclass(frozen=True)
class Trouble:
    """
    One fault.

    :param rules: what the stand-in is told; one after the other, one for each request of the kind.
    :param down: the service is stopped while the request is under way, and started again later.
    :param kinds: which requests can meet it.
    """

    name: str
    rules: tuple[Mapping[str, Any], ...] = ()
    down: bool = False
    kinds: tuple[str, ...] = (*ON_THE_WAY, *QUESTIONS)
    #: HTTP status, and whether the service itself said so (its envelope with its code).
    status: int = 0
    said_by_service: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def is_silent(self) -> bool:
        """Whether the client only notices by a timeout of its own."""
        return any(not _SILENT.isdisjoint(rule) for rule in self.rules)

    def outcome(self, kind: str) -> str:
        """
        Say how a task must come through: by itself, or after one press of the button named.

        Only what refuses the request itself needs a person, and only where nothing was paid yet.
        """
        refused = self.status in (400, 404, 409, 422) or self.name == "too few credits"
        if refused and kind in ("create", "upload_image", "upload_model"):
            return _RETRY
        return _RETRY if self.name in ("Content-Length too small", "3 GB announced") else _GOES_ON


def _one(name: str, *, kinds: tuple[str, ...] = (*ON_THE_WAY, *QUESTIONS), **rule: Any) -> Trouble:
    return Trouble(name, (rule,), kinds=kinds)


def _statuses() -> list[Trouble]:
    found = []
    for status in (400, 401, 403, 404, 409, 422, 429, 500, 502, 503):
        for envelope in (True, False):
            name = f"{status}{'' if envelope else ' without envelope'}"
            rule = {"status": status, "envelope": envelope}
            found.append(Trouble(name, (rule,), status=status, said_by_service=envelope))
    return found


_WITH_BODY = tuple(kind for kind in (*ON_THE_WAY, *QUESTIONS) if kind != "ws")
_JSON = tuple(kind for kind in _WITH_BODY if kind not in (*FILES, "preview"))

TROUBLES: tuple[Trouble, ...] = (
    Trouble("connection refused", ({"latency_s": 600.0},), down=True),
    _one("reset before it was sent", reset_before=True),
    _one("reset after it was done", reset_after=True, kinds=_WITH_BODY),
    _one("reset in mid-answer", reset_at_byte=10),
    _one("no answer in time", delay_answer_s=600.0, kinds=_WITH_BODY),
    _one("stall in mid-answer", stall_at_byte=20),
    _one("slow drip", drip_bytes=1, drip_s=0.5),
    *_statuses(),
    Trouble("uploaded file expired", ({"status": 404, "code": 1005},), kinds=("create",)),
    Trouble("too few credits", ({"status": 403, "code": 2010},), kinds=("create",)),
    _one("429 with Retry-After", status=429, retry_after="1"),
    _one("HTML with 502", html=True, status=502),
    _one("HTML with 200", html=True),
    _one("garbage", garbage=True),
    _one("empty answer", empty=True),
    _one("success without data", status=200, code=0, kinds=_JSON),
    _one("redirect to another host", redirect="other_host"),
    _one("redirect to plain http", redirect="http"),
    Trouble("redirect in a circle", ({"redirect": "loop", "times": 7},)),
    _one("gzip bomb", gzip_bomb_mb=48),
    # The order is made and paid; what comes back says otherwise.
    *(
        Trouble(f"made, but {name}", ({"processed": True, **rule},), kinds=("create",))
        for name, rule in {
            "HTML with 502": {"html": True, "status": 502},
            "HTML with 403": {"html": True, "status": 403},
            "HTML with 404": {"html": True, "status": 404},
            "HTML with 200": {"html": True},
            "garbage": {"garbage": True},
            "empty answer": {"empty": True},
            "success without data": {"status": 200, "code": 0},
            "503": {"status": 503},
            "500 without envelope": {"status": 500, "envelope": False},
            "401": {"status": 401},
            "429": {"status": 429},
            "400 without envelope": {"status": 400, "envelope": False},
            "422 without envelope": {"status": 422, "envelope": False},
            "409 without envelope": {"status": 409, "envelope": False},
            "a redirect": {"redirect": "other_host"},
            "a gzip bomb": {"gzip_bomb_mb": 48},
        }.items()
    ),
    # The answer to the order is lost, and the same order sent again meets a refusal.
    *(
        Trouble(f"answer lost, then {name}", ({"reset_after": True}, rule), kinds=("create",))
        for name, rule in {
            "400": {"status": 400},
            "too few credits": {"status": 403, "code": 2010},
            "404": {"status": 404},
            "409": {"status": 409},
            "422 without envelope": {"status": 422, "envelope": False},
            "503": {"status": 503},
            "refused content": {"status": 400, "code": 2008},
        }.items()
    ),
    # WebSockets only.
    *(
        Trouble(name, (rule,), kinds=("ws",))
        for name, rule in {
            "handshake without an answer": {"latency_s": 600.0},
            "never a frame": {"silent": True},
            "reset before the first frame": {"reset_at_frame": 0},
            "reset between two frames": {"reset_at_frame": 1},
            "closed between two frames": {"close_at_frame": 1},
            "closed as refused": {"close_at_frame": 0, "close_code": 4401},
        }.items()
    ),
    # Files only.
    *(
        Trouble(name, rules, kinds=FILES)
        for name, rules in {
            "reset at byte 0": ({"reset_at_byte": 0},),
            "reset at byte 5": ({"reset_at_byte": 5},),
            "reset at a third": ({"reset_at_byte": 35_000},),
            "ends early": ({"truncate_at_byte": 50_000},),
            "Content-Length too large": ({"length_change": 1000},),
            "Content-Length too small": ({"length_change": -1000},),
            "Range ignored": ({"reset_at_byte": 50_000}, {"ignore_range": True}),
            "ETag changed": ({"reset_at_byte": 50_000}, {"new_etag": True}),
            "no ETag": ({"reset_at_byte": 50_000, "no_etag": True}, {"no_etag": True}),
            "no Content-Length": ({"chunked": True},),
            "wrong Content-Type": ({"content_type": "text/html"},),
            "address expired": ({"expired": True},),
            "3 GB announced": ({"length_change": 3 * 1024**3},),
        }.items()
    ),
)


@dataclass(frozen=True)
class Seen:
    """What became of one request kind under one trouble; a line of the account."""

    trouble: str
    kind: str
    outcome: str
    sentence: str = ""
    problems: tuple[str, ...] = field(default=())
