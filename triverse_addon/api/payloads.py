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

from collections.abc import Mapping
from dataclasses import dataclass, field

from .fields import prompt_of
from .output_values import result_text, result_urls
from .payload_values import (
    as_credits,
    as_header_name,
    as_number,
    as_object,
    as_progress,
    as_status,
    as_time,
    as_urls,
    first_of,
    missing,
    required_uuid,
    task_uuid_of,
    text_of,
)
from .sentence import Sentence
from .urls import clean

TERMINAL = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
"""Final statuses. Unknown statuses count as "still running"."""

MAX_READ_DEADLINE_S = 600.0
"""Longest time that a service is given to find a new task, in seconds, whatever it says."""


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
    result_urls: tuple[str, ...] = ()
    """URLs of the results at any place of the output, without previews; empty before SUCCESS."""
    result_text: str = ""
    """The text that the output holds, in one line; "" before SUCCESS."""
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
    inner = as_object(body)
    if inner is None:
        raise missing("an object")
    data = as_object(inner.get("data"))
    if data is not None and ("code" in inner or not task_uuid_of(inner)):
        return data
    return inner


def parse_status(body: object) -> TaskStatus:
    """
    Parse the status of a task.

    :raises BadAnswerError: ``status`` or the UUID is missing.
    """
    data = unwrap(body)
    status = as_status(data.get("status"))
    if status is None:
        raise missing("status")
    # While a task runs, older servers put other data into its output: it counts only after SUCCESS.
    output = data.get("output") if status == "SUCCESS" else None
    urls = {str(key): found for key, value in (as_object(output) or {}).items() if (found := as_urls(value))}
    preview = urls.get("preview_url", ())
    given = as_object(data.get("input")) or {}
    return TaskStatus(
        task_uuid=required_uuid(data),
        flow_name=text_of(data, "flow_name", "flowName") or "",
        status=status,
        progress=as_progress(data.get("progress")),
        created_at_s=as_time(first_of(data, "created_at", "createdAt")),
        started_at_s=as_time(first_of(data, "started_at", "startedAt")),
        completed_at_s=as_time(first_of(data, "completed_at", "completedAt")),
        input=dict(given),
        geometry_urls=urls.get("geometry_model_url", ()),
        textured_urls=urls.get("textured_model_url", ()),
        preview_url=preview[0] if preview else None,
        output_urls=urls,
        result_urls=result_urls(output),
        result_text=result_text(output, prompt_of(given)),
        error=_fault(data.get("error")),
        queue=_queue(data.get("queue")),
    )


def parse_created(body: object) -> Created:
    """
    Parse the response to the creation of a task.

    :raises BadAnswerError: the UUID is missing.
    """
    data = unwrap(body)
    deadline_s = as_number(data.get("read_after_write_deadline_seconds"))
    return Created(
        task_uuid=required_uuid(data),
        flow_name=text_of(data, "flow_name", "flowName") or "",
        status=as_status(data.get("status")) or "PENDING",
        created_at_s=as_time(first_of(data, "created_at", "createdAt")),
        cost_credits=as_credits(first_of(data, "cost_credits", "costCredits")),
        queue=_queue(data.get("queue")),
        read_deadline_s=None if deadline_s is None else min(max(deadline_s, 0.0), MAX_READ_DEADLINE_S),
        read_header=as_header_name(data.get("read_after_write_header")),
    )


def parse_links(body: object) -> Links:
    """
    Parse the download URLs of a task's files.

    :raises BadAnswerError: there is neither a download URL nor a preview URL.
    """
    data = unwrap(body)
    download = as_urls(data.get("download_url"))
    preview = as_urls(data.get("preview_url"))
    if not download and not preview:
        raise missing("download_url")
    return Links(
        download_url=download[0] if download else None,
        preview_url=preview[0] if preview else None,
        asset_id=text_of(data, "asset_id"),
        kind=text_of(data, "kind"),
    )


def parse_quote(body: object) -> Quote:
    """
    Parse a price quote.

    :raises BadAnswerError: the price is missing.
    """
    data = unwrap(body)
    cost_credits = as_credits(first_of(data, "cost_credits", "costCredits"))
    if cost_credits is None:
        raise missing("cost_credits")
    return Quote(
        flow_name=text_of(data, "flow_name", "flowName") or "",
        params=dict(as_object(data.get("params")) or {}),
        cost_credits=cost_credits,
        available_credits=as_credits(first_of(data, "available_credits", "availableCredits")),
    )


def parse_balance(body: object) -> Balance:
    """
    Parse the balance of credits.

    :raises BadAnswerError: the balance is missing.
    """
    data = unwrap(body)
    balance = as_credits(data.get("balance"))
    if balance is None:
        raise missing("balance")
    return Balance(balance=balance, frozen=as_credits(data.get("frozen")) or 0)


def parse_account(body: object) -> Account:
    """
    Parse the account of the key.

    :raises BadAnswerError: both ID and e-mail address are missing.
    """
    data = unwrap(body)
    account = Account(
        id=text_of(data, "id") or "",
        email=text_of(data, "email") or "",
        web_credits=as_credits(data.get("web_credits_balance")),
        api_credits=as_credits(data.get("api_credits_balance")),
        plan_name=text_of(data, "plan_name") or "",
    )
    if not account.id and not account.email:
        raise missing("id")
    return account


def parse_file_key(body: object) -> str:
    """
    Return the file key from the response to an upload. It is later sent back unchanged.

    :raises BadAnswerError: the key is missing or longer than 4096 characters.
    """
    key = unwrap(body).get("file_key")
    if not isinstance(key, str) or not key or len(key) > 4096:
        raise missing("file_key")
    return key


def find_task_uuid(body: object) -> str | None:
    """Return the UUID of the task that a response names, also in an error; None if it names none."""
    outer = as_object(body) or {}
    for key in (None, "data", "detail", "error"):
        inner = outer if key is None else as_object(outer.get(key))
        if inner is not None and (found := task_uuid_of(inner)):
            return found
    return None


def _fault(value: object) -> ServiceFault | None:
    if isinstance(value, str) and value.strip():
        return ServiceFault(None, clean(value), "")
    data = as_object(value)
    if not data:
        return None
    code = as_number(data.get("code"))
    return ServiceFault(
        code=None if code is None else int(code),
        message=text_of(data, "message") or "",
        suggestion=text_of(data, "suggestion") or "",
    )


def _queue(value: object) -> Queue | None:
    data = as_object(value)
    if not data:
        return None
    position = as_number(data.get("position"))
    wait_s = as_number(data.get("estimated_wait_seconds"))
    return Queue(
        is_queued=as_number(data.get("is_queued")) != 0.0,  # what is left out, or not understood, is no "no"
        position=None if position is None else max(0, int(position)),
        estimated_wait_s=None if wait_s is None else max(0.0, wait_s),
    )
