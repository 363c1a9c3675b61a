# SPDX-License-Identifier: GPL-3.0-or-later
"""
Parses the responses of the service into frozen dataclasses.

Ground floor; any thread; no ``bpy``.

The parsers are tolerant where the documentation is unclear or has changed. They accept ``taskId`` for ``task_uuid``,
``costCredits`` for ``cost_credits``, statuses in lower case, one URL or a list of them, numbers as text, times with or
without fraction and zone, and responses with or without the envelope. They raise `BadAnswerError` when an essential
value is missing, and nothing else, whatever the input.
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
"""Final statuses. Unknown statuses count as "still running"."""


@dataclass(frozen=True)
class ServiceFault:
    """The error of a failed task, as sent by the service."""

    code: int | None
    message: str
    suggestion: str

    @property
    def sentence(self) -> Sentence:
        """Message for the user, without the suggestion."""
        if not self.message:
            return Sentence.of("Triverse could not finish this task. Try again.")
        return Sentence.of("Triverse could not finish this task: {message}", message=self.message)


@dataclass(frozen=True)
class Queue:
    """Position of a task in the service's queue."""

    is_queued: bool
    position: int | None
    estimated_wait_s: float | None


@dataclass(frozen=True)
class TaskStatus:
    """Status of one task: ``GET /tasks/{task_uuid}``, or a frame of the WebSocket."""

    task_uuid: str
    flow_name: str
    status: str
    """In capitals: PENDING, QUEUED, RUNNING, SUCCESS, FAILED, CANCELLED, or a status added later."""
    progress: int | None = None
    """Estimated progress in percent, 0 to 100."""
    created_at_s: float | None = None
    started_at_s: float | None = None
    completed_at_s: float | None = None
    input: Mapping[str, object] = field(default_factory=dict)
    """Public fields of the request, used for Retry and Regenerate."""
    geometry_urls: tuple[str, ...] = ()
    textured_urls: tuple[str, ...] = ()
    preview_url: str | None = None
    output_urls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All URLs of the output by key, including those above; empty before SUCCESS."""
    error: ServiceFault | None = None
    queue: Queue | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the status is final."""
        return self.status in TERMINAL

    @property
    def model_urls(self) -> tuple[str, ...]:
        """URLs of the best models available: the textured ones, otherwise the geometry."""
        return self.textured_urls or self.geometry_urls


@dataclass(frozen=True)
class Created:
    """Response to the creation of a task: ``POST /tasks/<flow>``."""

    task_uuid: str
    flow_name: str
    status: str
    created_at_s: float | None
    cost_credits: int | None
    queue: Queue | None
    read_deadline_s: float | None
    """Seconds during which a status query may not find the task yet (``read_after_write_deadline_seconds``)."""
    read_header: str | None
    """Name of a header to send with queries within that time; its value is not documented."""


@dataclass(frozen=True)
class Links:
    """Direct, temporary download URLs of a task's files: ``GET /tasks/url/{task_uuid}``."""

    download_url: str | None
    preview_url: str | None
    asset_id: str | None
    kind: str | None


@dataclass(frozen=True)
class Quote:
    """Price of a task: ``POST /tasks/pricing/quote``."""

    flow_name: str
    params: Mapping[str, object]
    cost_credits: int
    available_credits: int | None


@dataclass(frozen=True)
class Balance:
    """Balance of API credits: ``GET /users/balance``."""

    balance: int
    """Available credits."""
    frozen: int
    """Credits reserved for running tasks."""


@dataclass(frozen=True)
class Account:
    """Account of the API key: ``GET /users/me``."""

    id: str
    email: str
    web_credits: int | None
    api_credits: int | None
    plan_name: str


# -----------------------------------------------------------------------------
# Readers


def unwrap(body: object) -> Mapping[str, object]:
    """
    Return the payload of a response, with or without the envelope ``{"code": 0, "message": …, "data": {…}}``.

    :raises BadAnswerError: the body is no JSON object.
    """
    inner = _object(body)
    if inner is None:
        raise _bad("an object")
    data = _object(inner.get("data"))
    if data is not None and ("code" in inner or not _task_uuid(inner)):
        return data
    return inner


def parse_status(body: object) -> TaskStatus:
    """
    Parse the status of a task.

    :raises BadAnswerError: ``status`` or the UUID is missing.
    """
    data = unwrap(body)
    status = _status(data.get("status"))
    if status is None:
        raise _bad("status")
    output = _object(data.get("output")) if status == "SUCCESS" else None
    # While a task runs, older servers put other data into its output: URLs count only after SUCCESS.
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
    """
    Parse the response to the creation of a task.

    :raises BadAnswerError: the UUID is missing.
    """
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
    """
    Parse the download URLs of a task's files.

    :raises BadAnswerError: there is neither a download URL nor a preview URL.
    """
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
    """
    Parse a price quote.

    :raises BadAnswerError: the price is missing.
    """
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
    """
    Parse the balance of credits.

    :raises BadAnswerError: the balance is missing.
    """
    data = unwrap(body)
    balance = _credits(data.get("balance"))
    if balance is None:
        raise _bad("balance")
    return Balance(balance=balance, frozen=_credits(data.get("frozen")) or 0)


def parse_account(body: object) -> Account:
    """
    Parse the account of the key.

    :raises BadAnswerError: both ID and e-mail address are missing.
    """
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
    """
    Return the file key from the response to an upload. It is later sent back unchanged.

    :raises BadAnswerError: the key is missing or longer than 4096 characters.
    """
    key = unwrap(body).get("file_key")
    if not isinstance(key, str) or not key or len(key) > 4096:
        raise _bad("file_key")
    return key


def find_task_uuid(body: object) -> str | None:
    """Return the UUID of the task that a response names, also in an error; None if it names none."""
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
    except ValueError:  # more digits than Python converts to text
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
    """Return epoch seconds of an ISO 8601 text (UTC if it has no zone) or of a number (milliseconds above 1e11)."""
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
    """Return a header name that is safe to send: it must begin with ``x-``, so that it cannot replace one of ours."""
    name = value.strip() if isinstance(value, str) else ""
    return name if name.isascii() and name[:2].lower() == "x-" and name.replace("-", "").isalnum() else None
