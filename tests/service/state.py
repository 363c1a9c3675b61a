# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in the stand-in: accounts, tasks, their course, charging, idempotency. Any thread; no HTTP, no ``bpy``.

A task runs by the clock alone: whatever is asked about it is worked out from the virtual time. Words in the prompt,
or in the name of an uploaded file, decide what becomes of it: ``fail``, ``cancel``, ``nofile`` (success without a
file, 4042), ``hold`` (runs until `State.finish`), ``queue:30`` and ``run:60`` (virtual seconds), ``forbidden`` (2008),
and those that choose the model, see `models`.
"""

from __future__ import annotations

import math
import re
import secrets
import threading
import time
import uuid
from collections import Counter
from typing import Any, NamedTuple

from . import flows, models
from .clock import Clock
from .flows import Refused, invalid
from .models import Choice, has_word
from .records import Creation, Leak, Request, Settings, Task, Upload, User


class Course(NamedTuple):
    """How far a task is. Progress is 0 to 100, and at most 99 before the end; the wait is in real seconds."""

    status: str
    progress: int
    place: int | None = None
    wait_s: int | None = None


class State:
    """The service's memory.

    Tests may read `users`, `tasks`, `uploads`, `creations`, `requests`, `leaks`, and change `settings`.
    """

    def __init__(self, key: str, *, speed: float = 1.0, credits: int = 10_000) -> None:
        self.lock = threading.RLock()
        self.clock = Clock(speed)
        self.settings = Settings()
        self.users: dict[str, User] = {}
        self.tasks: dict[str, Task] = {}
        self.uploads: dict[str, Upload] = {}
        self.creations: list[Creation] = []
        self.requests: list[Request] = []
        self.leaks: list[Leak] = []
        self.signing_key = secrets.token_bytes(16)
        self.user = self.add_user(key, credits=credits)

    def add_user(self, key: str, *, credits: int = 10_000, name: str = "artist") -> User:
        """Add an account and return it."""
        user = User(key, name, credits)
        with self.lock:
            self.users[key] = user
        return user

    # -------------------------------------------------------------------------
    # What tests ask

    def charged(self, client_order_id: str | None = None) -> list[Creation]:
        """Return the creations that made a task, of one order or of all."""
        with self.lock:
            return [made for made in self.creations if made.charged and client_order_id in (None, made.client_order_id)]

    def charged_per_order(self) -> dict[str | None, int]:
        """Return how many tasks were made for each `client_order_id`. Anything above 1 is money lost."""
        return dict(Counter(made.client_order_id for made in self.charged()))

    def seen(self, kind: str = "", *, port: str = "") -> list[Request]:
        """Return the requests of one kind ("create", "status", …), or all."""
        with self.lock:
            return [one for one in self.requests if kind in ("", one.kind) and port in ("", one.port)]

    # -------------------------------------------------------------------------
    # What tests do

    def finish(self, task_uuid: str, outcome: str = "SUCCESS", *, error: dict[str, Any] | None = None) -> None:
        """End a task now."""
        with self.lock:
            task = self.tasks[task_uuid]
            if task.settled:
                raise ValueError("that task has ended")
            now = self.clock.now()
            task.outcome = outcome
            task.error = error or _error_of(outcome)
            task.runs_at, task.queued_at = min(task.runs_at, now), min(task.queued_at, now)
            task.ends_at = now
            self._settle(task)

    # -------------------------------------------------------------------------
    # Creating

    def create(self, user: User, flow_name: str, body: Any) -> Task:
        """Make a task, or return the earlier one that the request repeats.

        :raises Refused: the service says no; nothing was charged.
        """
        with self.lock:
            order = body.get("client_order_id") if isinstance(body, dict) else None
            entry = Creation(order, flow_name, body)
            self.creations.append(entry)
            try:
                task = self._create(user, flow_name, body, entry)
            except Refused as refusal:
                entry.refused_code = refusal.code
                raise
            entry.task_uuid = task.uuid
            return task

    def _create(self, user: User, flow_name: str, body: Any, entry: Creation) -> Task:
        params = flows.check(flow_name, body)
        self.settle()
        now, settings = self.clock.now(), self.settings
        mine = [task for task in self.tasks.values() if task.user is user]
        for task in mine:
            if entry.client_order_id is not None and task.client_order_id == entry.client_order_id:
                return _again(settings.on_same_order, task, f"client_order_id {entry.client_order_id} was used before")
        if not body.get("allow_duplicate", False):
            for task in mine:
                equal = task.flow_name == flow_name and task.params == params
                if equal and now - task.created_at < settings.duplicate_window_s:
                    return _again(settings.on_duplicate, task, "duplicate of a request made a moment ago")
        self._check_sources(params)
        if settings.max_active is not None and sum(not task.settled for task in mine) >= settings.max_active:
            raise Refused(2000, 429, "task queue is full", "Wait until one of your tasks has finished.")
        cost = flows.quote(flow_name, params)[1]
        if user.balance < cost:
            raise Refused(
                2010,
                403,
                "insufficient credits",
                f"This costs {cost} credits, you have {user.balance}. Add API credits.",
            )
        task = self._new_task(user, flow_name, params, entry.client_order_id, cost, now)
        user.balance -= cost
        user.frozen += cost
        entry.charged = True
        self.tasks[task.uuid] = task
        return task

    def _check_sources(self, params: flows.Params) -> None:
        for name in ("image_file", "model_file"):
            value = params.get(name)
            if value is not None and value not in self.uploads and not re.match(r"https?://[^/\s]+/\S+", value):
                raise invalid(f"{name} cannot be reached", "Upload the file again, or give a public URL.")

    def _new_task(
        self, user: User, flow_name: str, params: flows.Params, order: str | None, cost: int, now: float
    ) -> Task:
        settings = self.settings
        words = " ".join(value for value in params.values() if isinstance(value, str))
        kind = flows.FLOWS[flow_name].output
        outcome = "FAILED" if has_word(words, "fail") else "CANCELLED" if has_word(words, "cancel") else "SUCCESS"
        choice = None
        if kind != "text":
            limit = params.get("polygon_limit", 1_000_000)
            choice = models.choose(words, limit, settings.usual_sample, geometry_only=kind == "geometry")
        queued_at = now + settings.pending_s
        runs_at = queued_at + _number(words, "queue", settings.queue_s)
        return Task(
            uuid=str(uuid.uuid4()),
            user=user,
            flow_name=flow_name,
            params=params,
            client_order_id=order,
            cost=cost,
            choice=choice,
            outcome=outcome,
            created_at=now,
            created_wall_s=time.time(),
            queued_at=queued_at,
            runs_at=runs_at,
            ends_at=None if has_word(words, "hold") else runs_at + _number(words, "run", settings.run_s),
            places=settings.queue_places,
            error=_error_of(outcome),
            has_file=kind != "text" and not has_word(words, "nofile"),
            updated_at=now,
        )

    # -------------------------------------------------------------------------
    # Course of a task

    def course(self, task: Task) -> Course:
        """Return how far a task is, all at one moment. One whose sample model is still being made goes on running."""
        with self.lock:
            now = self.clock.now()
            if not task.settled and task.ends_at is not None and now >= task.ends_at and self._is_made(task):
                self._settle(task)
            if task.settled:
                return Course(task.outcome, 100 if task.outcome == "SUCCESS" else 0)
            if now < task.queued_at:
                return Course("PENDING", 0)
            if now < task.runs_at:
                left = task.runs_at - now
                place = max(1, math.ceil(task.places * left / (task.runs_at - task.queued_at)))
                return Course("QUEUED", 0, place, round(self.clock.real(left)))
            whole = (task.ends_at - task.runs_at) if task.ends_at is not None else self.settings.run_s
            return Course("RUNNING", min(99, int(100 * (now - task.runs_at) / whole)) if whole > 0 else 99)

    def phase(self, task: Task) -> str:
        """Return a task's status now."""
        return self.course(task).status

    def wall(self, task: Task, virtual_s: float) -> float:
        """Return the wall time of a moment in a task's life; none is before its creation."""
        return max(task.created_wall_s, self.clock.wall(virtual_s))

    def settle(self) -> None:
        """Charge or release what is due."""
        with self.lock:
            for task in self.tasks.values():
                if not task.settled:
                    self.phase(task)

    def _is_made(self, task: Task) -> bool:
        return (
            task.outcome != "SUCCESS" or not task.has_file or task.choice is None or models.is_ready(task.choice.sample)
        )

    def _settle(self, task: Task) -> None:
        task.settled = True
        task.updated_at = task.ends_at if task.ends_at is not None else self.clock.now()
        task.user.frozen -= task.cost
        if task.outcome == "SUCCESS":
            task.user.charged += task.cost
        else:
            task.user.balance += task.cost

    # -------------------------------------------------------------------------
    # Asking

    def find(self, user: User, task_uuid: str, *, direct: bool = True) -> Task:
        """Return a user's task.

        :param direct: count it as a query of its own, which `Settings.invisible_s` may hide.
        :raises Refused: 1006, unknown, somebody else's, or not visible yet.
        """
        with self.lock:
            task = self.tasks.get(task_uuid)
            hidden = task is not None and direct and self.clock.now() - task.created_at < self.settings.invisible_s
            if task is None or task.user is not user or hidden:
                raise Refused(1006, 404, "task not found", "Check the task's UUID.")
            task.queries += direct
            return task

    def file_of(self, task: Task) -> Choice:
        """Return the file that a finished task has.

        :raises Refused: 2005, it has not succeeded; 4042, it has nothing.
        """
        if self.phase(task) != "SUCCESS":
            raise Refused(2005, 409, "the task is not in a state that permits this", "Wait until it has succeeded.")
        if not task.has_file or task.choice is None:
            raise Refused(4042, 404, "the task has no downloadable result", "Create the task again.")
        return task.choice

    # -------------------------------------------------------------------------
    # Uploads and leaks

    def begin_upload(self, user: User) -> None:
        """Count an upload.

        :raises Refused: 2000, more than the permitted number within 60 virtual seconds.
        """
        with self.lock:
            now = self.clock.now()
            user.upload_times = [at for at in user.upload_times if now - at < 60]
            if len(user.upload_times) >= self.settings.uploads_per_minute:
                raise Refused(2000, 429, "upload frequency exceeded", "Wait a minute, then upload again.")
            user.upload_times.append(now)

    def add_upload(self, upload: Upload) -> None:
        """Keep what is known of an upload."""
        with self.lock:
            self.uploads[upload.file_key] = upload

    def watch_for_key(self, port: str, path: str, places: dict[str, str]) -> None:
        """Note a leak for each of the places (name → text) that holds a user's key."""
        with self.lock:
            for where, text in places.items():
                if any(key in text for key in self.users):
                    self.leaks.append(Leak(port, where, path))


def _again(mode: str, task: Task, message: str) -> Task:
    """Answer a repeated creation as `Settings.on_same_order` says."""
    if mode == "payload":
        return task
    if mode == "conflict":
        raise Refused(1004, 409, message, "Use a new client_order_id, or set allow_duplicate.")
    if mode == "named":
        hint = f"Query the task {task.uuid} instead."
        raise Refused(1004, 400, f"{message} by task {task.uuid}", hint, {"task_uuid": task.uuid})
    raise ValueError(f"unknown mode: {mode}")


def _error_of(outcome: str) -> dict[str, Any] | None:
    if outcome == "FAILED":
        return {"code": 5001, "message": "generation failed", "suggestion": "Try another prompt or picture."}
    return None


def _number(words: str, name: str, default: float) -> float:
    found = re.search(rf"(?<![a-z0-9]){name}[:-](\d+(?:\.\d+)?)(?![a-z0-9])", words)
    return float(found[1]) if found else default
