# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the service answers, as frozen dataclasses.

Ground floor; any thread; no ``bpy``.

Readers are tolerant where the documentation is uncertain or has changed: ``taskId`` for ``task_uuid``, ``costCredits``
for ``cost_credits``, statuses in lower case, one URL or a list of them, numbers as text, times with or without
fraction and zone, answers with or without the envelope. They raise `BadAnswerError` when the essential is missing, and
nothing else, whatever they are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .errors import BadAnswerError, InputError
from .sentence import Sentence
from .urls import check_task_uuid, clean

TERMINAL = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
"""Statuses after which nothing changes any more. Unknown ones mean "still going"."""


@dataclass(frozen=True)
class ServiceFault:
    """Why the service failed a task."""

    code: int | None
    message: str
    suggestion: str

    @property
    def sentence(self) -> Sentence:
        """The failure for people; the suggestion is apart."""
        if not self.message:
            return Sentence.of("Triverse could not finish this task. Try again.")
        return Sentence.of("Triverse could not finish this task: {message}", message=self.message)


@dataclass(frozen=True)
class Queue:
    """Where a task stands in the service's queue."""

    is_queued: bool
    position: int | None
    estimated_wait_s: float | None


@dataclass(frozen=True)
class TaskStatus:
    """State of one task: ``GET /tasks/{task_uuid}``, or a frame of the WebSocket."""

    task_uuid: str
    flow_name: str
    status: str
    """In capitals: PENDING, QUEUED, RUNNING, SUCCESS, FAILED, CANCELLED, or one that is not known yet."""
    progress: int | None = None
    """0 to 100, an estimate."""
    created_at_s: float | None = None
    started_at_s: float | None = None
    completed_at_s: float | None = None
    input: Mapping[str, object] = field(default_factory=dict)
    """The public fields of the request, for retry and regenerate."""
    geometry_urls: tuple[str, ...] = ()
    textured_urls: tuple[str, ...] = ()
    preview_url: str | None = None
    output_urls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All web addresses of the output by key, including those above; empty before SUCCESS."""
    error: ServiceFault | None = None
    queue: Queue | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether this is the task's last state."""
        return self.status in TERMINAL

    @property
    def model_urls(self) -> tuple[str, ...]:
        """The best models there are: textured ones, or else geometry."""
        return self.textured_urls or self.geometry_urls


@dataclass(frozen=True)
class Created:
    """Answer to the creation of a task."""

    task_uuid: str
    flow_name: str
    status: str
    created_at_s: float | None
    cost_credits: int | None
    queue: Queue | None
    read_deadline_s: float | None
    """For how long a status query may not know the task yet (``read_after_write_deadline_seconds``)."""
    read_header: str | None
    """Name of a header for queries within that time; its value is not documented."""


@dataclass(frozen=True)
class Links:
    """Direct, temporary addresses of a task's files: ``GET /tasks/url/{task_uuid}``."""

    download_url: str | None
    preview_url: str | None
    asset_id: str | None
    kind: str | None


@dataclass(frozen=True)
class Quote:
    """What a task would cost: ``POST /tasks/pricing/quote``."""

    flow_name: str
    params: Mapping[str, object]
    cost_credits: int
    available_credits: int | None


@dataclass(frozen=True)
class Balance:
    """API credits: ``GET /users/balance``."""

    balance: int
    """Free to spend."""
    frozen: int
    """Held for tasks under way."""


@dataclass(frozen=True)
class Account:
    """Whose key it is: ``GET /users/me``."""

    id: str
    email: str
    web_credits: int | None
    api_credits: int | None
    plan_name: str


# -----------------------------------------------------------------------------
# Readers


def unwrap(body: object) -> Mapping[str, object]:
    """
    Return the payload of an answer, with or without the envelope ``{"code": 0, "message": …, "data": {…}}``.

    :raises BadAnswerError: there is no object.
    """
    inner = _object(body)
    if inner is None:
        raise _bad("an object")
    data = _object(inner.get("data"))
    if data is not None and ("code" in inner or not _task_uuid(inner)):
        return data
    return inner


def parse_status(body: object) -> TaskStatus:
    """Read the state of a task."""
    data = unwrap(body)
    status = _status(data.get("status"))
    if status is None:
        raise _bad("status")
    output = _object(data.get("output")) if status == "SUCCESS" else None
    # While a task runs, older servers put other things into its output: addresses count only after SUCCESS.
    urls = {str(key): found for key, value in (output or {}).items() if (found := _urls(value))}
    preview = urls.get("preview_url", ())
    return TaskStatus(
        task_uuid=_required_uuid(data),
        flow_name=_text(data, "flow_name", "flowName") or "",
        status=status,
        progress=_progress(data.get("progress")),
        created_at_s=_time(_first(data, "created_at", "createdAt")),
        started_at_s=_time(_first(data, "started_at", "startedAt")),
        completed_at_s=_time(_first(data, "completed_at", "completedAt")),
        input=dict(_object(data.get("input")) or {}),
        geometry_urls=urls.get("geometry_model_url", ()),
        textured_urls=urls.get("textured_model_url", ()),
        preview_url=preview[0] if preview else None,
        output_urls=urls,
        error=_fault(data.get("error")),
        queue=_queue(data.get("queue")),
    )


def parse_created(body: object) -> Created:
    """Read the answer to a creation."""
    data = unwrap(body)
    deadline_s = _number(data.get("read_after_write_deadline_seconds"))
    return Created(
        task_uuid=_required_uuid(data),
        flow_name=_text(data, "flow_name", "flowName") or "",
        status=_status(data.get("status")) or "PENDING",
        created_at_s=_time(_first(data, "created_at", "createdAt")),
        cost_credits=_credits(_first(data, "cost_credits", "costCredits")),
        queue=_queue(data.get("queue")),
        read_deadline_s=None if deadline_s is None else min(max(deadline_s, 0.0), 600.0),
        read_header=_header_name(data.get("read_after_write_header")),
    )


def parse_links(body: object) -> Links:
    """Read the addresses of a task's files. All of them may be absent."""
    data = unwrap(body)
    download = _urls(data.get("download_url"))
    preview = _urls(data.get("preview_url"))
    if not download and not preview:
        raise _bad("download_url")
    return Links(
        download_url=download[0] if download else None,
        preview_url=preview[0] if preview else None,
        asset_id=_text(data, "asset_id"),
        kind=_text(data, "kind"),
    )


def parse_quote(body: object) -> Quote:
    """Read a price."""
    data = unwrap(body)
    cost_credits = _credits(_first(data, "cost_credits", "costCredits"))
    if cost_credits is None:
        raise _bad("cost_credits")
    return Quote(
        flow_name=_text(data, "flow_name", "flowName") or "",
        params=dict(_object(data.get("params")) or {}),
        cost_credits=cost_credits,
        available_credits=_credits(_first(data, "available_credits", "availableCredits")),
    )


def parse_balance(body: object) -> Balance:
    """Read the credits of the account."""
    data = unwrap(body)
    balance = _credits(data.get("balance"))
    if balance is None:
        raise _bad("balance")
    return Balance(balance=balance, frozen=_credits(data.get("frozen")) or 0)


def parse_account(body: object) -> Account:
    """Read whose key it is."""
    data = unwrap(body)
    account = Account(
        id=_text(data, "id") or "",
        email=_text(data, "email") or "",
        web_credits=_credits(data.get("web_credits_balance")),
        api_credits=_credits(data.get("api_credits_balance")),
        plan_name=_text(data, "plan_name") or "",
    )
    if not account.id and not account.email:
        raise _bad("id")
    return account


def parse_file_key(body: object) -> str:
    """Read the key of an uploaded file, which is passed on verbatim."""
    key = unwrap(body).get("file_key")
    if not isinstance(key, str) or not key or len(key) > 4096:
        raise _bad("file_key")
    return key


def find_task_uuid(body: object) -> str | None:
    """Return the UUID of the task that an answer names, be it the payload of an error; None if it names none."""
    outer = _object(body) or {}
    for key in (None, "data", "detail", "error"):
        inner = outer if key is None else _object(outer.get(key))
        if inner is not None and (found := _task_uuid(inner)):
            return found
    return None


# -----------------------------------------------------------------------------
# Single values


def _bad(name: str) -> BadAnswerError:
    return BadAnswerError(
        Sentence.of("The answer of the service could not be understood: {name} is missing. Try again later.", name=name)
    )


def _object(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, Mapping) else None


def _first(data: Mapping[str, object], *names: str) -> object:
    return next((data[name] for name in names if data.get(name) is not None), None)


def _text(data: Mapping[str, object], *names: str) -> str | None:
    value = _first(data, *names)
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return clean(str(value) if isinstance(value, str) else _digits(value)) or None
    return None


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python is willing to write
        return ""


def _task_uuid(data: Mapping[str, object]) -> str | None:
    for name in ("task_uuid", "taskId", "taskUuid", "task_id"):
        value = data.get(name)
        if isinstance(value, str):
            try:
                return check_task_uuid(value)
            except InputError:
                continue
    return None


def _required_uuid(data: Mapping[str, object]) -> str:
    found = _task_uuid(data)
    if found is None:
        raise _bad("task_uuid")
    return found


def _status(value: object) -> str | None:
    word = clean(value, 40).upper() if isinstance(value, str) else ""
    return {"CANCELED": "CANCELLED"}.get(word, word) or None


def _number(value: object) -> float | None:
    if isinstance(value, (bool, int, float, str)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None
    return None


def _credits(value: object) -> int | None:
    number = _number(value)
    return None if number is None else math.ceil(number)


def _progress(value: object) -> int | None:
    number = _number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return None if number is None else int(min(max(number, 0.0), 100.0))


def _time(value: object) -> float | None:
    """Return epoch seconds of an ISO 8601 text (UTC where it names no zone) or of a number (milliseconds if huge)."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    number = _number(value)
    if number is None or isinstance(value, bool) or not 0 < number < 1e14:
        return None
    return number / 1000 if number > 1e11 else number


def _urls(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(
        entry.strip()
        for entry in entries
        if isinstance(entry, str) and entry.strip().lower().startswith(("https://", "http://")) and len(entry) <= 16384
    )


def _fault(value: object) -> ServiceFault | None:
    if isinstance(value, str) and value.strip():
        return ServiceFault(None, clean(value), "")
    data = _object(value)
    if not data:
        return None
    code = _number(data.get("code"))
    return ServiceFault(
        code=None if code is None else int(code),
        message=_text(data, "message") or "",
        suggestion=_text(data, "suggestion") or "",
    )


def _queue(value: object) -> Queue | None:
    data = _object(value)
    if not data:
        return None
    position = _number(data.get("position"))
    wait_s = _number(data.get("estimated_wait_seconds"))
    is_queued = data.get("is_queued")
    return Queue(
        is_queued=is_queued if isinstance(is_queued, bool) else _number(is_queued) not in (None, 0.0),
        position=None if position is None else max(0, int(position)),
        estimated_wait_s=None if wait_s is None else max(0.0, wait_s),
    )


def _header_name(value: object) -> str | None:
    """Return the name of a header if it can be one that does no harm: own headers must not be replaced by it."""
    name = value.strip() if isinstance(value, str) else ""
    return name if name.isascii() and name[:2].lower() == "x-" and name.replace("-", "").isalnum() else None
