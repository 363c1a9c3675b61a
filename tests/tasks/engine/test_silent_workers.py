# SPDX-License-Identifier: GPL-3.0-or-later
"""A slip that nobody foresaw, put into every thread of the engine: whoever waits is told, and nothing is lost.

Plain Python, no ``bpy``. The window's own ticks are in tests/blender/test_ui_slips.py.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import Driver, convert, running
from triverse_addon.api import websocket, websocket_connection
from triverse_addon.api.client import Client
from triverse_addon.api.errors import UnforeseenError
from triverse_addon.tasks.engine import supervisor, work_queue
from triverse_addon.tasks.engine.deliver_steps import DeliverSteps
from triverse_addon.tasks.engine.page_reader import PageRequest
from triverse_addon.tasks.engine.request_gate import BlockReason
from triverse_addon.tasks.engine.steps import Steps
from triverse_addon.tasks.engine.submit_steps import SubmitSteps
from triverse_addon.tasks.engine.transitions import Transitions
from triverse_addon.tasks.record.events import BalanceKnown, KeyTested, LiveChanged, Notice, Quoted, TasksFound
from triverse_addon.tasks.record.record import Stage, TaskRequest
from triverse_addon.tasks.store.query import Query
from triverse_addon.tasks.store.store import Store

pytestmark = pytest.mark.kind("silent-workers")

SMALL = {"polygon_limit": 1000}
#: Stage -> what does its step.
STEPS: dict[Stage, tuple[type, str]] = {
    Stage.QUEUED: (SubmitSteps, "begin"),
    Stage.UPLOADING: (SubmitSteps, "upload"),
    Stage.SUBMITTING: (SubmitSteps, "submit"),
    Stage.WAITING: (Steps, "_poll_status"),
    Stage.DOWNLOADING: (DeliverSteps, "download"),
    Stage.CONVERTING: (DeliverSteps, "convert"),
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once what a user sees tried again after seconds."""
    monkeypatch.setattr(work_queue, "RETRY_AFTER_S", 0.01)
    monkeypatch.setattr(supervisor, "_ROUND_S", 0.05)
    monkeypatch.setattr(supervisor, "LIVE_RETRY_S", 0.1)


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


class Slip:
    """Stands for a method that slips: as often as told, then it is itself again."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: BaseException, times: int
    ) -> None:
        self.left, self.met = times, 0
        itself = getattr(owner, name)

        @functools.wraps(itself)
        def slip(*given: Any, **named: Any) -> Any:
            if self.left:
                self.left -= 1
                self.met += 1
                raise error
            return itself(*given, **named)

        monkeypatch.setattr(owner, name, slip)


@pytest.fixture
def slip(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Slip]:
    """``slip(owner, name, times=…)``: let a method raise what nobody foresees."""

    def make(owner: Any, name: str, *, times: int = 10**6, error: BaseException | None = None) -> Slip:
        return Slip(monkeypatch, owner, name, error or AttributeError("secret words"), times)

    return make


def from_picture(driver: Driver) -> str:
    request = TaskRequest("image-to-model", SMALL, {"image_file": str(models.preview_path("1k"))})
    return driver.engine.submit(request).id


def heard(driver: Driver, kind: type) -> Any:
    """Pump until an event of a kind has come; return it."""
    driver.until(lambda: any(isinstance(event, kind) for event in driver.events))
    return next(event for event in driver.events if isinstance(event, kind))


# -----------------------------------------------------------------------------
# The lanes


@pytest.mark.parametrize("stage", STEPS)
@pytest.mark.parametrize("error", [AttributeError("secret words"), SystemExit(3)], ids=["a slip", "sys.exit"])
def test_the_second_slip_is_shown_in_the_row_and_a_retry_goes_on(
    service: StandIn, tmp_path: Path, slip: Callable[..., Slip], stage: Stage, error: BaseException
) -> None:
    injected = slip(*STEPS[stage], error=error)
    with running(service, tmp_path) as driver:
        task_id = from_picture(driver)
        record = driver.reaches(task_id, Stage.FAILED)
        assert injected.met == 2
        assert record.failed_stage is stage
        assert type(error).__name__ in str(record.error)
        assert "Copy Report" in str(record.error)
        assert "secret" not in str(record.error)
        assert "Something unexpected" in str(driver.engine.history(task_id)[-1].sentence)
        injected.left = 0
        driver.engine.retry(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert list(service.state.charged_per_order().values()) == [1]


@pytest.mark.parametrize("stage", STEPS)
def test_one_slip_alone_is_tried_again_without_a_word(
    service: StandIn, tmp_path: Path, slip: Callable[..., Slip], stage: Stage
) -> None:
    injected = slip(*STEPS[stage], times=1)
    with running(service, tmp_path) as driver:
        record = driver.reaches(from_picture(driver), Stage.IMPORTED, Stage.FAILED)
        assert injected.met == 1
        assert record.stage is Stage.IMPORTED
        assert not any(isinstance(event, Notice) for event in driver.events)


def test_one_task_that_slips_holds_up_no_other(service: StandIn, tmp_path: Path) -> None:
    def picky(job: Any, stop: threading.Event) -> Any:
        if job.name == "bad":
            raise ZeroDivisionError
        return convert(job, stop)

    with running(service, tmp_path, picky) as driver:
        bad, good = driver.submit("a bad one", name="bad"), driver.submit("a good one", name="good")
        assert "ZeroDivisionError, test_silent" not in str(driver.reaches(bad, Stage.FAILED).error)
        driver.reaches(good, Stage.IMPORTED)
        assert Path(driver.record(bad).model_path).is_file()


def test_where_not_even_the_end_can_be_noted_nothing_more_is_sent(
    service: StandIn, tmp_path: Path, slip: Callable[..., Slip]
) -> None:
    slip(Steps, "_poll_status")
    slip(Transitions, "fail")
    with running(service, tmp_path) as driver:
        driver.submit()
        assert "Something unexpected" in str(heard(driver, Notice).sentence)
        block, sentence = driver.engine.blocked()
        assert block is BlockReason.PROGRAM
        assert "Something unexpected" in str(sentence)
        later = driver.submit("another one")
        assert driver.notes(later, "Something unexpected").stage in (Stage.QUEUED, Stage.SUBMITTING)
    assert len(service.state.tasks) == 1


def test_a_machine_that_gives_out_no_threads_is_named(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(service, tmp_path) as driver:
        start = threading.Thread.start

        def refuse(thread: threading.Thread) -> None:
            if thread.name.startswith("triverse"):
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refuse)
        driver.submit()
        driver.engine.find_tasks()
        driver.engine.pages.request_page(PageRequest(Query("x"), 0, 10))
        assert "RuntimeError" in str(heard(driver, Notice).sentence)
        assert "RuntimeError" in str(heard(driver, TasksFound).error)
        assert "RuntimeError" in str(driver.engine.pages.latest_page and driver.engine.pages.latest_page.error)
        assert driver.engine.blocked()[0] is BlockReason.PROGRAM


# -----------------------------------------------------------------------------
# Questions and pages


QUESTIONS: dict[str, tuple[Any, str, Callable[[Driver], object], type]] = {
    "find my tasks": (websocket, "snapshot", lambda driver: driver.engine.find_tasks(), TasksFound),
    "the connection of find my tasks": (
        websocket_connection,
        "connect",
        lambda driver: driver.engine.find_tasks(),
        TasksFound,
    ),
    "the price": (Client, "quote", lambda driver: driver.engine.ask_quote("text-to-model", SMALL), Quoted),
    "the balance": (Client, "balance", lambda driver: driver.engine.ask_balance(), BalanceKnown),
    "the key": (Client, "me", lambda driver: driver.engine.test_key(), KeyTested),
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("error", [TypeError("secret words"), SystemExit(3)], ids=["a slip", "sys.exit"])
def test_who_asks_is_answered_and_the_next_question_too(
    service: StandIn, tmp_path: Path, slip: Callable[..., Slip], name: str, error: BaseException
) -> None:
    owner, method, ask, kind = QUESTIONS[name]
    injected = slip(owner, method, times=1, error=error)
    with running(service, tmp_path) as driver:
        ask(driver)
        answer = heard(driver, kind)
        told = str(answer.sentence if isinstance(answer, KeyTested) else answer.error)
        assert injected.met == 1
        assert type(error).__name__ in told
        assert "secret" not in told
        driver.events.clear()
        ask(driver)
        again = heard(driver, kind)
        assert "unexpected" not in str(getattr(again, "error", None) or getattr(again, "sentence", ""))


@pytest.mark.parametrize("error", [TypeError("secret words"), SystemExit(3)], ids=["a slip", "sys.exit"])
def test_who_searches_is_answered_and_the_next_search_too(
    service: StandIn, tmp_path: Path, slip: Callable[..., Slip], error: BaseException
) -> None:
    with running(service, tmp_path) as driver:
        pages = driver.engine.pages
        injected = slip(Store, "find", times=1, error=error)
        pages.request_page(PageRequest(Query("well"), 0, 10))
        first = driver.until(lambda: pages.latest_page)
        assert injected.met == 1
        assert type(error).__name__ in str(first.error)
        pages.request_page(PageRequest(Query("stone"), 0, 10))
        driver.until(lambda: pages.latest_page is not first)
        assert pages.latest_page is not None
        assert pages.latest_page.error is None


# -----------------------------------------------------------------------------
# The keeper and live updates


@pytest.mark.parametrize("method", ["renew", "repair_rows", "since"])
@pytest.mark.parametrize("error", [TypeError("secret words"), SystemExit(3)], ids=["a slip", "sys.exit"])
def test_a_keeper_that_slips_sends_nothing_and_goes_on_when_it_can(
    service: StandIn,
    tmp_path: Path,
    slip: Callable[..., Slip],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    error: BaseException,
) -> None:
    monkeypatch.setattr(supervisor, "RENEW_S", 0.01)
    with running(service, tmp_path) as driver:
        injected = slip(Store, method, error=error)
        notice = heard(driver, Notice)
        assert type(error).__name__ in str(notice.sentence)
        assert driver.engine.blocked()[0] is BlockReason.PROGRAM
        task_id = driver.submit()
        driver.notes(task_id, "Something unexpected")
        assert not service.state.tasks
        injected.left = 0
        driver.until(lambda: driver.engine.blocked()[0] is BlockReason.NONE)
        driver.engine.configure(driver.engine.settings)
        for queue in driver.engine._queues._queues.values():
            queue.run_within()
        driver.reaches(task_id, Stage.IMPORTED)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (websocket.StatusStream, "run"),
        (supervisor.Supervisor, "_apply_pushed_status"),
        (websocket_connection, "connect"),
    ],
    ids=["run", "hear", "connect"],
)
def test_live_updates_that_slip_are_told_once_and_tasks_are_polled(
    service: StandIn, tmp_path: Path, slip: Callable[..., Slip], owner: Any, name: str
) -> None:
    injected = slip(owner, name)
    with running(service, tmp_path, live=True) as driver:
        driver.reaches(driver.submit(), Stage.IMPORTED)
        driver.submit("another one, so that somebody listens: hold")
        driver.until(lambda: injected.met >= 4)
        notices = [event for event in driver.events if isinstance(event, Notice)]
        assert len(notices) == 1
        assert "Live updates do not work here (AttributeError" in str(notices[0].sentence)
        assert "secret" not in str(notices[0].sentence)
        # What slips after the connection was made is being told of right now.
        driver.until(lambda: not driver.engine.live)
        assert driver.engine.blocked()[0] is BlockReason.NONE
        driver.events.clear()
        injected.left = 0
        driver.until(lambda: any(isinstance(event, LiveChanged) and event.live for event in driver.events))


# -----------------------------------------------------------------------------
# What is told


def test_what_is_told_names_our_own_line_and_nothing_that_was_said() -> None:
    try:
        Client("https://example.invalid/api/v1", "key").create("no such flow", {}, client_order_id="1")
    except Exception as error:  # noqa: BLE001 -- any
        told = UnforeseenError(error)
    assert told.what.startswith("InputError, ") or told.what.startswith("KeyError, ")
    assert ".py " in told.what
    assert "no such flow" not in str(told)
    assert UnforeseenError(ValueError("secret")).what == "ValueError"
