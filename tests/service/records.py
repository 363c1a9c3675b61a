# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in remembers: users, tasks, uploads, creations, requests. Plain data; `state` says what happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .models import Choice

TERMINAL = ("SUCCESS", "FAILED", "CANCELLED")


@dataclass
class User:
    """An account. `balance` is what is available, `frozen` what running tasks may cost, `charged` what was spent."""

    key: str = field(repr=False)
    name: str = "artist"
    balance: int = 10_000
    frozen: int = 0
    charged: int = 0
    web_credits: int = 120
    plan_name: str = "Pro"
    upload_times: list[float] = field(default_factory=list)


@dataclass
class Task:
    """A task. Its course is fixed when it is created; times are virtual seconds, but for `created_wall_s`.

    :param outcome: the terminal status it will reach.
    :param ends_at: None = held: it goes on running until `State.finish`.
    """

    uuid: str
    user: User = field(repr=False)
    flow_name: str
    params: dict[str, Any]
    client_order_id: str | None
    cost: int
    choice: Choice | None
    outcome: str
    created_at: float
    created_wall_s: float
    queued_at: float
    runs_at: float
    ends_at: float | None
    places: int
    error: dict[str, Any] | None = None
    has_file: bool = True
    settled: bool = False
    queries: int = 0
    updated_at: float = 0.0


@dataclass
class Upload:
    """An uploaded file; the bytes themselves are not kept."""

    file_key: str
    file_name: str
    content_type: str
    size_bytes: int
    sha256: str
    variant: str | None


@dataclass
class Creation:
    """One request to create a task that reached the service, whatever became of it.

    :param charged: True if it made a new task and froze its cost; False for refused ones and repeated answers.
    """

    client_order_id: str | None
    flow_name: str
    body: Any
    charged: bool = False
    task_uuid: str | None = None
    refused_code: int | None = None


@dataclass
class Request:
    """One request that was received, on either port.

    :param port: "api" or "assets".
    :param status: the HTTP status, 0 when the connection was reset without an answer.
    :param sent_bytes: of the body of a file, as far as they were sent.
    """

    port: str
    kind: str
    method: str
    path: str
    query: str
    at_s: float
    range: str | None = None
    if_range: str | None = None
    client_order_id: str | None = None
    status: int = 0
    sent_bytes: int = 0
    fault: str = ""


@dataclass
class Leak:
    """A place where a key was seen that it must never reach."""

    port: str
    where: str
    path: str


@dataclass
class Settings:
    """How the service behaves. All can be changed at any time; durations are virtual seconds.

    :param on_same_order: what a known `client_order_id` answers: "payload" (the earlier task), "conflict" (409 that
        names client_order_id, without the UUID) or "named" (400 that names the earlier task's UUID).
    :param duplicate_window_s: how long an equal request without `allow_duplicate` counts as a duplicate; 0 = never.
    :param on_duplicate: what a duplicate answers; as `on_same_order`.
    :param dialect: "new", "old" (``taskId``, ``costCredits``, no progress, a string for one URL, other keys in
        `output` while running, WebSocket data in the envelope) or "bare" (all that may be absent is absent).
    :param invisible_s: how long a new task answers 404/1006 (read after write).
    :param max_active: unfinished tasks a user may have before a creation answers 429/2000; None = any number.
    :param retry_after_s: the Retry-After of 429 answers; None = no such header.
    :param bad_key_status: 401 or 403, both are documented.
    :param websockets: False = the watch addresses answer 404.
    :param answer_shape: how flows without a model answer, which is not documented: "plain" (one text; a preview and
        the links), "list" (lists under other keys), "nested" (objects in lists), "bare" (`output` is the text or the
        address itself), "file" (`output` is empty, and only the download has it) or "previews" (a list of previews).
    :param usual_sample: the model of a task whose words ask for none. The smallest costs tests least.
    """

    pending_s: float = 1.0
    queue_s: float = 5.0
    run_s: float = 14.0
    queue_places: int = 3
    on_same_order: str = "payload"
    duplicate_window_s: float = 0.0
    on_duplicate: str = "conflict"
    dialect: str = "new"
    invisible_s: float = 0.0
    max_active: int | None = None
    uploads_per_minute: int = 10
    retry_after_s: float | None = None
    url_life_s: float = 3600.0
    bad_key_status: int = 401
    websockets: bool = True
    answer_shape: str = "plain"
    max_image_bytes: int = 50 * 1024 * 1024
    max_model_bytes: int = 200 * 1024 * 1024
    usual_sample: str = "1k"
