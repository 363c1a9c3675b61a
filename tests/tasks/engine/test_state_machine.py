# SPDX-License-Identifier: GPL-3.0-or-later
"""
Any order of answers, errors, crashes and presses of Retry: the task arrives, and is never paid for twice. That holds
for flows whose result is a picture, a text or a converted file, too.

The steps of the engine run one by one on a clock of their own, against a service of some lines that remembers what it
charged. Each request meets the next trouble of a list that Hypothesis makes up, until the list is used up; from there
on all is well. One: ``python scripts/test.py tests/tasks/engine/test_state_machine.py``.
"""

from __future__ import annotations

import heapq
import itertools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.service import results
from tests.tasks.glb.test_glb import WHOLE, packed
from triverse_addon.api import errors
from triverse_addon.api.payloads import Created, Links, TaskStatus, parse_status
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine.context import EngineContext
from triverse_addon.tasks.engine.retry import retry_changes
from triverse_addon.tasks.engine.steps import QUEUE_FOR_STAGE, Steps
from triverse_addon.tasks.record.record import FAILED_STAGES, Stage, TaskRecord, new_id, now_s
from triverse_addon.tasks.settings import Settings
from triverse_addon.tasks.store.store import Store

URL = "https://service.invalid/api/v1"
GLB = packed(WHOLE)
PICTURE = results.picture((200, 60, 50))
#: Flow and format -> the parameters, the output of the finished task, and its file.
COURSES: dict[str, tuple[dict[str, str], dict[str, object], bytes]] = {
    "text-to-model": ({"prompt": "a chair"}, {"textured_model_url": ["https://assets.invalid/1"]}, GLB),
    "image-generation": ({"prompt": "a chair"}, {"image_url": "https://assets.invalid/1"}, PICTURE),
    "prompt-optimization": ({"prompt": "a chair"}, {"text": "a fine chair"}, b""),
    "convert-model-format": ({"output_format": "stl"}, {"model_url": "https://assets.invalid/1"}, b"solid chair"),
}
#: Far more steps than any course needs: each trouble costs one, each press of Retry a handful.
MOST_STEPS = 2000


class Killed(BaseException):
    """The process ends here."""


def no(kind: type[errors.ServiceError], http_status: int, code: int | None) -> errors.ServiceError:
    return kind(Sentence.of("The service says no."), http_status=http_status, code=code)


#: What may become of a request before the service does anything.
BEFORE = {
    "refused connection": lambda: errors.ConnectError(Sentence.of("Cannot be reached.")),
    "lost before": lambda: errors.ConnectionLostError(Sentence.of("It broke off.")),
    "stalled before": lambda: errors.StalledError(Sentence.of("No answer.")),
    "429": lambda: no(errors.TooManyRequestsError, 429, 2000),
    "503": lambda: no(errors.UnavailableError, 503, 5003),
    "500": lambda: no(errors.UnavailableError, 500, 5004),
    "401": lambda: no(errors.AuthenticationError, 401, None),
    "404": lambda: no(errors.NotFoundError, 404, 1006),
    "409": lambda: no(errors.WrongStateError, 409, 2005),
    "1004": lambda: no(errors.InvalidParametersError, 400, 1004),
    "2008": lambda: no(errors.ContentViolationError, 400, 2008),
    "2010": lambda: no(errors.InsufficientCreditsError, 403, 2010),
    "killed before": Killed,
}
#: What may become of its answer once it has.
AFTER = {
    "lost after": lambda: errors.ConnectionLostError(Sentence.of("It broke off.")),
    "stalled after": lambda: errors.StalledError(Sentence.of("No answer.")),
    "garbage after": lambda: errors.BadAnswerError(Sentence.of("No answer of this API.")),
    "502 after": lambda: no(errors.UnavailableError, 502, None),
    "400 of a proxy after": lambda: no(errors.InvalidParametersError, 400, None),
    "killed after": Killed,
}
#: What the service may make of a task, when it is asked for its status.
OUTCOMES = ("FAILED", "CANCELLED", "RUNNING", "QUEUED", "OF_TOMORROW")
TROUBLES = (*BEFORE, *AFTER, *OUTCOMES)


@dataclass
class Service:
    """Remembers orders and what it charged."""

    on_same_order: str
    names_orders: bool
    troubles: list[str]
    flow: str = "text-to-model"
    tasks: dict[str, str] = field(default_factory=dict)
    """uuid -> status"""
    orders: dict[str, str] = field(default_factory=dict)
    """client_order_id -> uuid"""
    sent: list[str] = field(default_factory=list)

    def alive(self) -> list[str]:
        return [uuid for uuid, status in self.tasks.items() if status not in ("FAILED", "CANCELLED")]

    def next_trouble(self) -> str:
        return self.troubles.pop(0) if self.troubles else ""

    def statuses(self) -> list[TaskStatus]:
        trouble = self.next_trouble()
        if trouble in BEFORE or trouble in AFTER:
            raise (BEFORE | AFTER)[trouble]()
        order_of = {uuid: order for order, uuid in self.orders.items()}
        return [
            parse_status(
                {
                    "task_uuid": uuid,
                    "status": status,
                    "flow_name": self.flow,
                    "input": COURSES[self.flow][0] | ({"client_order_id": order_of[uuid]} if self.names_orders else {}),
                }
            )
            for uuid, status in self.tasks.items()
        ]


@dataclass
class Answer:
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Length": str(len(GLB)), "ETag": '"1"'})

    def close(self) -> None:
        pass


class Client:
    """The client's methods, each of which may meet a trouble."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def close(self) -> None:
        pass

    def create(self, flow: str, params: Any, *, client_order_id: str, allow_duplicate: bool = False) -> Created:
        service, trouble = self._service, self._service.next_trouble()
        service.sent.append(client_order_id)
        if trouble in BEFORE:
            raise BEFORE[trouble]()
        uuid = service.orders.get(client_order_id)
        is_known = uuid is not None
        if uuid is None:
            uuid = service.orders[client_order_id] = f"0b9c7a52-0000-4000-8000-{len(service.tasks):012}"
            service.tasks[uuid] = "RUNNING"
        if trouble in AFTER:
            raise AFTER[trouble]()
        if is_known and service.on_same_order != "payload":
            raise errors.DuplicateError(
                Sentence.of("The service has this order already."),
                http_status=409,
                message=f"client_order_id {client_order_id} was used before",
                task_uuid=uuid if service.on_same_order == "named" else None,
            )
        return Created(uuid, flow, "PENDING", now_s(), 20, None, None, None)

    def status(self, task_uuid: str, *, extra_header: str | None = None) -> TaskStatus:
        service, trouble = self._service, self._service.next_trouble()
        if trouble in BEFORE or trouble in AFTER:
            raise (BEFORE | AFTER)[trouble]()
        if trouble in ("FAILED", "CANCELLED") and service.tasks[task_uuid] == "RUNNING":
            service.tasks[task_uuid] = trouble
        elif not trouble and service.tasks[task_uuid] == "RUNNING":
            service.tasks[task_uuid] = "SUCCESS"
        status = service.tasks[task_uuid]
        if status == "RUNNING":
            status = trouble
        output = COURSES[service.flow][1] if status == "SUCCESS" else None
        return parse_status({"task_uuid": task_uuid, "status": status, "flow_name": service.flow, "output": output})

    def _file(self) -> Answer:
        trouble = self._service.next_trouble()
        if trouble in BEFORE or trouble in AFTER:
            raise (BEFORE | AFTER)[trouble]()
        if trouble:
            return Answer(403)
        return Answer(headers={"Content-Length": str(len(COURSES[self._service.flow][2])), "ETag": '"1"'})

    def open_asset(self, url: str, *, offset_bytes: int = 0, if_range: str | None = None) -> Answer:
        return self._file()

    def open_task_download(self, task_uuid: str, *, offset_bytes: int = 0, if_range: str | None = None) -> Answer:
        return self._file()

    def links(self, task_uuid: str) -> Links:
        trouble = self._service.next_trouble()
        if trouble in BEFORE or trouble in AFTER:
            raise (BEFORE | AFTER)[trouble]()
        return Links(f"https://assets.invalid/{task_uuid}?new", None, None, None)

    def read_file(self, answer: Answer, chunk_bytes: int) -> Iterator[bytes]:
        trouble = self._service.next_trouble()
        data = COURSES[self._service.flow][2]
        yield data[:100]
        if trouble in BEFORE or trouble in AFTER:
            raise (BEFORE | AFTER)[trouble]()
        yield data[100:]


class Clock:
    """A clock that only steps move on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_000_000_000.0 + self.now


class World:
    """One engine's steps on one store, its schedule, and the user."""

    def __init__(self, folder: Path, service: Service, clock: Clock) -> None:
        self.folder, self.service, self.clock = folder, service, clock
        self.store = Store(folder)
        self._count = itertools.count()
        self.orders: list[str] = []
        task_id = new_id()
        record = TaskRecord(
            task_id,
            service.flow,
            "a chair",
            params=COURSES[service.flow][0],
            client_order_id=task_id,
            created_at_s=clock.wall(),
        )
        self.task_id = self.store.add(record).id
        self.begin()

    def begin(self) -> None:
        """Start an engine, as after a crash: whoever drove the task before is dead."""
        self.due: list[tuple[float, int, str]] = []
        self.context = EngineContext(
            Settings(self.folder, self.folder / "models", api_key="key", api_url=URL, live=False),
            self.store,
            Named(f"engine-{next(self._count)}"),  # type: ignore[arg-type]
            lambda _settings: Client(self.service),  # type: ignore[arg-type,return-value]
        )
        self.steps = Steps(self.context, None, None, self.schedule)
        self.take_up()

    def take_up(self) -> None:
        for record in self.store.claim(self.context.owner.name, 60.0, is_dead=lambda _owner: True):
            self.schedule(record, 0.0)

    def schedule(self, record: TaskRecord, after_s: float) -> None:
        if record.stage in QUEUE_FOR_STAGE:
            heapq.heappush(self.due, (self.clock.now + after_s, next(self._count), QUEUE_FOR_STAGE[record.stage]))

    @property
    def record(self) -> TaskRecord:
        found = self.store.get(self.task_id)
        assert found is not None
        return found

    def step(self) -> None:
        due_s, _, queue_name = heapq.heappop(self.due)
        self.clock.now = max(self.clock.now, due_s) + 0.2
        try:
            self.steps.run(queue_name, self.task_id)
        except Killed:
            self.begin()

    def retry(self) -> None:
        """What :meth:`engine.Engine.retry` does."""
        record = self.record
        changes = retry_changes(record, has_files=True)
        if changes.get("client_order_id", record.client_order_id) != record.client_order_id:
            # The one way to pay twice: a new order while the old one's model is under way or made.
            assert self.service.alive() == [], f"{record.error} was settled, and the service has its task"
        self.store.change(self.task_id, lambda old: old.with_(**changes))
        self.take_up()
        assert self.due


@dataclass
class Named:
    name: str

    @staticmethod
    def is_dead(_name: str) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in ("request_gate", "pacing", "steps"):
        monkeypatch.setattr(f"triverse_addon.tasks.engine.{module}.time", made)
    for module in ("steps", "submit_steps"):
        monkeypatch.setattr(f"triverse_addon.tasks.engine.{module}.now_s", made.wall)
    return made


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=14),
    on_same_order=st.sampled_from(["payload", "conflict", "named"]),
    names_orders=st.booleans(),
)
@example(["lost after", "2010"], "payload", True)
@example(["lost after", "400 of a proxy after"], "conflict", False)
@example(["killed after", "1004", "killed after"], "named", True)
@example(["FAILED", "FAILED", "lost after"], "conflict", False)
@example(["401"], "payload", True)
@example(["lost after", "429", "lost before"], "conflict", True)
def test_every_course_ends_with_the_model_and_one_charge(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    troubles: Sequence[str],
    on_same_order: str,
    names_orders: bool,
) -> None:
    service = Service(on_same_order, names_orders, list(troubles))
    monkeypatch.setattr("triverse_addon.api.websocket.snapshot", lambda *_given, **_named: service.statuses())
    folder = tmp_path_factory.mktemp("world")
    record = taken_to_its_end(folder, service, clock)
    assert record.stage is Stage.READY, f"{record.stage}: {record.status_note}: {record.error}"
    assert Path(record.model_path).read_bytes() == GLB
    shutil.rmtree(folder)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    flow=st.sampled_from([flow for flow in COURSES if flow != "text-to-model"]),
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=14),
    on_same_order=st.sampled_from(["payload", "conflict", "named"]),
)
@example("prompt-optimization", ["lost after", "killed before"], "payload")
def test_every_course_without_a_model_ends_with_its_result_and_one_charge(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    flow: str,
    troubles: Sequence[str],
    on_same_order: str,
) -> None:
    service = Service(on_same_order, True, list(troubles), flow)
    monkeypatch.setattr("triverse_addon.api.websocket.snapshot", lambda *_given, **_named: service.statuses())
    folder = tmp_path_factory.mktemp("world")
    record = taken_to_its_end(folder, service, clock)
    assert record.stage is Stage.DONE, f"{record.stage}: {record.status_note}: {record.error}"
    assert record.has_result
    assert not record.has_model
    if flow == "prompt-optimization":
        assert (record.result_text, record.result_files) == ("a fine chair", ())
    else:
        assert [Path(path).read_bytes() for path in record.result_files] == [COURSES[flow][2]]
    shutil.rmtree(folder)


def taken_to_its_end(folder: Path, service: Service, clock: Clock) -> TaskRecord:
    """Return the record of a task that was retried as often as it failed; it was charged once."""
    world = World(folder, service, clock)
    presses, most_presses = 0, len(service.troubles) + 1
    for _ in range(MOST_STEPS):
        record = world.record
        if record.has_result:
            break
        if record.stage in FAILED_STAGES:
            assert record.error is not None
            assert str(record.error).endswith(".")
            presses += 1
            world.retry()
        assert world.due, f"{record.stage}: {record.status_note}: nothing is due, the task is stranded"
        world.step()
    record = world.record
    # One result, one charge: whatever else was ordered had failed and was released.
    assert service.alive() == [record.task_uuid]
    # No order number is used again once another has taken its place.
    assert [order for order, _ in itertools.groupby(service.sent)] == list(dict.fromkeys(service.sent))
    assert presses <= most_presses
    world.store.close()
    return record
