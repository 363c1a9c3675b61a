# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a batch in the panel, which wait for each other: every answer is taken, and for what was asked."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, poll_message
from tests.blender.test_ui_batch import ROWS, charges, checked, panel, phase, run, settled
from tests.service.server import StandIn
from triverse_addon.api.errors import TriverseError
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.run.request import BatchRequest
from triverse_addon.batch.run.resume import SavedBatch

pytestmark = pytest.mark.usefixtures("kept_writers")


def test_no_answer_of_a_waiting_job_is_lost_or_taken_for_another_file(
    here: Any, tick_until: Tick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.state.batch_costs import Offer

    file, others = tmp_path / "rows.csv", tmp_path / "others.csv"
    file.write_text(ROWS, encoding="utf-8")
    others.write_text(ROWS, encoding="utf-8")
    batch = checked(tick_until, file)
    is_asked, may_answer = threading.Event(), threading.Event()
    late, query_offer = Offer(problem=Sentence.of("This was asked about another file.")), batch._worker.query_offer
    answers = [late]

    def answer_late(*args: Any) -> Offer:
        if not answers:
            return query_offer(*args)
        is_asked.set()
        assert may_answer.wait(60.0)
        return answers.pop()

    def fail(request: BatchRequest) -> None:
        raise TriverseError(Sentence.of("The batch {name} stays.", name=request.file.name))

    monkeypatch.setattr(batch._worker, "query_offer", answer_late)
    monkeypatch.setattr(batch._worker, "delete_batch", fail)
    batch.offer, batch.saved = None, SavedBatch(batch.request, 2, frozenset(), 0)
    batch.ask_price(may_ask=True)
    assert is_asked.wait(60.0)
    batch.close()
    batch.choose(others)
    may_answer.set()
    offers = []

    def is_checked() -> bool:
        offers.append(batch.offer)
        return phase() == "checked"

    tick_until(is_checked)
    assert str(batch.problem) == "The batch rows.csv stays."
    assert (batch.request.file.name, len(batch.rows)) == ("others.csv", 3)
    settled(tick_until)
    assert late not in [*offers, batch.offer]
    assert not batch.is_asking


def test_credits_that_were_bought_meanwhile_let_it_run(
    here: Any, service: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    service.state.user.balance = 50
    file = tmp_path / "rows.csv"
    file.write_text(ROWS, encoding="utf-8")
    checked(tick_until, file)
    tick_until(lambda: here.price.balance is not None and not here.price.is_waiting)
    assert not bpy.ops.triverse.batch_run.poll()
    service.state.user.balance = 70
    here.price._balance_at_s = float("-inf")  # it was read long ago
    tick_until(bpy.ops.triverse.batch_run.poll)
    assert "3 rows cost 60 credits. You have 70." in panel().prose()
    # The newer one counts.
    service.state.user.balance = 50
    bpy.ops.triverse.batch_check()
    settled(tick_until)
    assert "10 credits are missing." in poll_message(bpy.ops.triverse.batch_run)


def test_the_end_of_a_run_is_told_to_who_is_away_and_a_stop_is_not(
    here: Any, tick_until: Tick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(here.ends, "add_sentence", lambda sentence: told.append(str(sentence)))
    file = tmp_path / "rows.csv"
    file.write_text(ROWS, encoding="utf-8")
    batch = checked(tick_until, file)
    bpy.ops.triverse.batch_run()
    tick_until(lambda: phase() == "running")
    bpy.ops.triverse.batch_stop()
    tick_until(lambda: not batch.is_running and phase() == "checked")
    settled(tick_until)
    assert told == []
    run(tick_until)
    here.tick(0.01)
    assert told == ["The batch is done: 3 models are in the library."]


def test_a_row_that_was_let_be_says_that_another_run_follows_it(
    here: Any, service: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    service.state.clock.speed = 0.01
    file = tmp_path / "rows.csv"
    file.write_text("prompt,polygon_limit\nchair,1000\n", encoding="utf-8")
    batch = checked(tick_until, file)
    bpy.ops.triverse.batch_run()
    tick_until(lambda: here.engine.tasks() and here.engine.tasks()[0].task_uuid)
    here.engine.stop_following(here.engine.tasks()[0].id)
    tick_until(lambda: not batch.is_running)
    settled(tick_until)
    assert "Nobody follows this task any more. Run the batch again to follow it." in " ".join(panel().texts())
    service.state.clock.speed = 40.0
    run(tick_until)
    assert "1 done" in " ".join(panel().texts())
    assert charges(service) == [1]


def test_each_row_is_counted_by_the_button_that_makes_it(
    here: Any, service: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    bpy.context.window_manager.triverse.batch_jobs = 1
    file = tmp_path / "rows.csv"
    file.write_text("prompt,polygon_limit\na thing that must fail,1000\na table,1000\n", encoding="utf-8")
    checked(tick_until, file)
    service.faults.add("create", status=400, code=2010, after=1, times=None)
    run(tick_until)
    service.faults.clear()
    # One has failed, the other was refused for want of credits, which another run orders by itself.
    assert "Continue · 20" in panel().texts()
    assert "Retry Failed · 20" in panel().texts()
    batch = run(tick_until, bpy.ops.triverse.batch_retry)
    assert [record["prompt"] for record in created(service)] == ["a thing that must fail"] * 2
    assert "Continue · 20" in panel().texts()
    assert batch.ended.is_open
    run(tick_until)
    assert created(service)[-1]["prompt"] == "a table"
    assert len(created(service)) == 3


def created(service: StandIn) -> list[Any]:
    """Return what was ordered and not refused."""
    return [task.params for task in service.state.tasks.values()]
