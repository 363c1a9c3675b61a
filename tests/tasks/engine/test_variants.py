# SPDX-License-Identifier: GPL-3.0-or-later
"""
Variants of one wish: all are in the store before the first is sent, none is paid twice, one is kept.

One: ``python scripts/test.py tests/tasks/engine/test_variants.py``.
"""

from __future__ import annotations

import heapq
import itertools
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.service.server import StandIn
from tests.tasks.engine.test_state_machine import MOST_STEPS, TROUBLES, Clock, Killed, Service, World, clock
from tests.tasks.engines import running
from triverse_addon.tasks.engine.new_record import record_of_request
from triverse_addon.tasks.engine.retry import retry_changes
from triverse_addon.tasks.engine.steps import QUEUE_FOR_STAGE
from triverse_addon.tasks.record.record import FAILED_STAGES, Stage, TaskRecord, TaskRequest
from triverse_addon.tasks.record.variants import variants_of
from triverse_addon.tasks.store.query import Query
from triverse_addon.tasks.store.store import FILE_NAME, Store

__all__ = ["clock"]

WISH = TaskRequest("text-to-model", {"prompt": "a chair"})


def test_variants_differ_in_their_numbers_only() -> None:
    made = variants_of(WISH, 4)
    assert len({one.group for one in made}) == 1
    assert made[0].group
    assert [one.name for one in made] == ["a chair 1", "a chair 2", "a chair 3", "a chair 4"]
    assert [(one.variant, one.variants) for one in made] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(one.allow_duplicate and one.values == WISH.values for one in made)
    assert variants_of(WISH, 1) == [WISH]


@given(st.text(min_size=1), st.integers(2, 8), st.text("abc-_", max_size=64))
def test_names_keep_their_numbers_and_order_ids_their_length(name: str, count: int, order_id: str) -> None:
    request = TaskRequest("text-to-model", {"prompt": "a chair"}, name=name, client_order_id=order_id)
    made = variants_of(request, count)
    assert all(one.name.endswith(f" {one.variant}") and len(one.name.encode()) <= 58 for one in made)
    ids = [one.client_order_id for one in made]
    assert all(len(one) <= 64 for one in ids)
    assert len(set(ids)) == (count if order_id else 1)


# -----------------------------------------------------------------------------
# Any course of the orders


class Several(World):
    """The steps of one engine on a group of tasks."""

    def __init__(self, folder: Path, service: Service, clock: Clock, count: int) -> None:
        self.folder, self.service, self.clock = folder, service, clock
        self.store = Store(folder)
        self._count = itertools.count()
        made = [record_of_request(one, None, "https://service.invalid/api/v1") for one in variants_of(WISH, count)]
        self.ids = [one.id for one in self.store.add_all([one.with_(created_at_s=clock.wall()) for one in made])]
        self.begin()

    def schedule(self, record: TaskRecord, after_s: float) -> None:
        if record.stage in QUEUE_FOR_STAGE:
            self.task_of[number := next(self._count)] = record.id
            heapq.heappush(self.due, (self.clock.now + after_s, number, QUEUE_FOR_STAGE[record.stage]))

    def begin(self) -> None:
        self.task_of: dict[int, str] = {}
        super().begin()

    def step(self) -> None:
        due_s, number, queue_name = heapq.heappop(self.due)
        self.clock.now = max(self.clock.now, due_s) + 0.2
        try:
            self.steps.run(queue_name, self.task_of.pop(number))
        except Killed:
            self.begin()

    def members(self) -> list[TaskRecord]:
        found = self.store.get(self.ids[0])
        assert found is not None
        return self.store.find_group(found.group)


@settings(
    max_examples=100,
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    count=st.integers(2, 4),
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=14),
    presses=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["keep", "away", "back"]), st.integers(0, 3))),
    on_same_order=st.sampled_from(["payload", "conflict", "named"]),
    names_orders=st.booleans(),
)
@example(4, ["", "killed after", "killed before", "killed after"], [(2, "keep", 1)], "payload", False)
@example(2, ["lost after", "refused connection", "refused connection", "404"], [], "payload", False)
@example(2, ["lost after", "refused connection", "refused connection", "404"], [], "conflict", True)
@example(3, ["", "lost after", "killed before"], [(0, "away", 0), (3, "keep", 0)], "conflict", True)
def test_every_course_makes_each_variant_and_charges_it_once(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    count: int,
    troubles: Sequence[str],
    presses: Sequence[tuple[int, str, int]],
    on_same_order: str,
    names_orders: bool,
) -> None:
    service = Service(on_same_order, names_orders, list(troubles))
    monkeypatch.setattr("triverse_addon.api.websocket.snapshot", lambda *_given, **_named: service.statuses())
    folder = tmp_path_factory.mktemp("several")
    world = Several(folder, service, clock, count)
    away: set[str] = set()
    for turn in range(MOST_STEPS):
        for _, press, place in (one for one in presses if one[0] == turn):
            task_id = world.ids[place % count]
            changed = world.ids if press == "keep" else [task_id]
            for one in changed:
                (away.discard if press == "back" or (press == "keep" and one == task_id) else away.add)(one)
            world.store.change_all(changed, lambda old: old.with_(put_away=old.id in away))
        members = world.members()
        # Whatever happens, the group is whole, and put away is what was put away.
        assert [one.id for one in members] == world.ids
        assert [one.variant for one in members] == list(range(1, count + 1))
        assert {one.id for one in members if one.put_away} == away
        for record in (one for one in members if one.stage in FAILED_STAGES):
            changes = retry_changes(record, has_files=True)
            world.store.change(record.id, lambda old, changes=changes: old.with_(**changes))
            world.take_up()
        if turn > 60 and all(one.stage is Stage.READY for one in members):
            break
        if world.due:
            world.step()
    members = world.members()
    assert [one.stage for one in members] == [Stage.READY] * count, [str(one.error) for one in members]
    # One model and one charge for each: what else was ordered had failed and was released.
    assert sorted(service.alive()) == sorted(one.task_uuid or "" for one in members)
    assert len({one.client_order_id for one in members}) == count
    assert {one.id for one in world.store.find(Query(put_away=True), 0, 10)} == away
    assert {one.id for one in world.store.find(Query(put_away=False), 0, 10)} == set(world.ids) - away
    world.store.close()
    shutil.rmtree(folder)


# -----------------------------------------------------------------------------
# With the engine


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k",)) as made:
        yield made


def test_a_group_is_stored_as_a_whole_or_not_at_all(service: StandIn, tmp_path: Path) -> None:
    """The disk fails at the third of four: nothing is in the list, and nothing is ever sent."""
    with running(service, tmp_path) as driver:
        with sqlite3.connect(tmp_path / FILE_NAME) as connection:
            connection.execute(
                "CREATE TRIGGER third BEFORE INSERT ON tasks WHEN (SELECT COUNT(*) FROM tasks) = 2 "
                "BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
            )
        connection.close()
        with pytest.raises(Exception, match="disk I/O error"):
            driver.engine.submit_all(variants_of(WISH, 4))
        assert driver.engine.tasks() == []
        assert driver.engine.store.count() == 0
    assert service.state.creations == []


def test_one_is_kept_and_the_rest_put_away_over_a_restart(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        made = driver.engine.submit_all(variants_of(WISH, 4))
        for record in made:
            driver.reaches(record.id, Stage.IMPORTED)
        assert [one.id for one in driver.engine.tasks()] == [one.id for one in made], "the first is above the others"
        kept = made[2].id
        driver.engine.keep_variant(kept)
        assert [one.put_away for one in driver.engine.group_of(kept)] == [True, True, False, True]
        assert [one.id for one in driver.engine.tasks() if not one.put_away] == [kept]
    assert sorted(service.state.charged_per_order().values()) == [1, 1, 1, 1]
    with running(service, tmp_path) as driver:
        assert [one.id for one in driver.engine.store.find(Query(put_away=False), 0, 10)] == [kept]
        driver.engine.put_away(made[0].id, is_away=False)
        assert [one.put_away for one in driver.engine.group_of(kept)] == [False, True, False, True]
        driver.engine.keep_variant(made[0].id)
        assert [one.put_away for one in driver.engine.group_of(kept)] == [False, True, True, True]
        driver.engine.forget(made[1].id)
        assert [one.variant for one in driver.engine.group_of(kept)] == [1, 3, 4]


def test_their_order_in_the_list_is_that_of_their_numbers_on_a_slow_machine(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count(1000)
    monkeypatch.setattr("triverse_addon.tasks.engine.new_record.now_s", lambda: float(next(seconds)))
    with running(service, tmp_path) as driver:
        made = driver.engine.submit_all(variants_of(WISH, 4))
        assert [one.variant for one in made] == [1, 2, 3, 4]
        assert [one.variant for one in driver.engine.tasks()] == [1, 2, 3, 4]


def test_keeping_a_single_task_puts_nothing_away(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        first, second = driver.submit("a chair"), driver.submit("a table")
        assert driver.engine.group_of(first) == []
        driver.engine.keep_variant(first)
        assert not any(driver.record(one).put_away for one in (first, second))
