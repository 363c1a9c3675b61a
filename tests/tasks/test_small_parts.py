# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits, lanes, words, and what a status changes. One: ``python scripts/test.py tests/tasks/test_small_parts.py``."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api import backoff
from triverse_addon.api.payloads import parse_created, parse_status
from triverse_addon.tasks.engine import pacing
from triverse_addon.tasks.engine.pacing import RateLimiter, poll_interval_s
from triverse_addon.tasks.engine.retry import retry_changes
from triverse_addon.tasks.engine.service_updates import apply_created, apply_status, record_of_uuid
from triverse_addon.tasks.engine.task_cache import MOST_FINISHED, TaskCache
from triverse_addon.tasks.engine.work_queue import WorkQueue
from triverse_addon.tasks.record.record import TRANSITIONS, UNFINISHED, Stage, TaskRecord
from triverse_addon.tasks.record.status_text import overall_progress, stage_text, time_left_s

#: As users have them: taken before a fixture shortens them.
REAL_S = (pacing.FIRST_POLL_S, pacing.LONGEST_POLL_S, pacing.LIVE_POLL_S)
UUID = "0b9c7a52-0000-4000-8000-000000000001"


@given(st.integers(0, 10_000), st.none() | st.floats(0, 1e6))
def test_polling_begins_quick_and_grows_to_its_limit(polls: int, queue_wait_s: float | None) -> None:
    interval_s = poll_interval_s(polls, queue_wait_s=queue_wait_s, live=False)
    assert pacing.FIRST_POLL_S <= interval_s <= pacing.LONGEST_POLL_S
    assert poll_interval_s(polls, queue_wait_s=queue_wait_s, live=True) == pacing.LIVE_POLL_S


@given(st.integers(0, 10_000), st.none() | st.floats(0, 3600))
def test_a_retry_waits_as_long_as_the_service_asks(attempts: int, retry_after_s: float | None) -> None:
    delay_s = backoff.backoff_s(attempts, retry_after_s)
    asked_s = retry_after_s or 0.0
    assert delay_s >= max(0.75 * backoff.FIRST_S, asked_s)
    assert delay_s <= max(1.25 * backoff.LONGEST_S, asked_s)


def test_polling_takes_the_times_that_are_promised() -> None:
    assert REAL_S == (2.0, 10.0, 60.0)


@pytest.mark.parametrize("since_start_s", [5.0, 1e6])
def test_a_pacer_spreads_what_comes_at_once(since_start_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the machine has been running."""
    monkeypatch.setattr(pacing.time, "monotonic", lambda: since_start_s)
    pacer = RateLimiter(rate=0.001, burst=3)
    delays = [pacer.delay_s() for _ in range(10)]
    assert delays[:3] == [0.0, 0.0, 0.0]
    assert all(delay_s > 100 for delay_s in delays[4:])


@pytest.mark.parametrize(("rate", "burst"), [(10.0, 10), (1.0, 1)])
def test_a_thousand_that_wait_for_a_pacer_do_not_ask_again_all_at_once(
    rate: float, burst: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question reads the task from the store: so a thousand tasks kept a processor busy while they waited."""
    clock_s = 1000.0
    monkeypatch.setattr(pacing.time, "monotonic", lambda: clock_s)
    pacer = RateLimiter(rate=rate, burst=burst)
    waiting = [(clock_s, number) for number in range(1000)]
    asked, passed, waits_s = 0, 0, set()
    while waiting and waiting[0][0] < 1060.0:
        due_s, number = heapq.heappop(waiting)
        clock_s = max(clock_s, due_s)
        asked += 1
        delay_s = pacer.delay_s()
        waits_s.add(delay_s)
        if delay_s:
            heapq.heappush(waiting, (clock_s + delay_s, number))
        else:
            passed += 1
    assert passed >= min(1000, 60 * rate) * 0.9, "no turn is missed"
    assert passed <= 60 * rate + burst + 1
    assert asked < 10_000, "60 s"
    assert max(waits_s) <= 21.0, "who waits does not wait for the turns of tasks that are over"


def test_a_lane_never_works_twice_on_one_task() -> None:
    busy: Counter[str] = Counter()
    worst: list[int] = []
    done: list[str] = []

    def work(task_id: str) -> None:
        busy[task_id] += 1
        worst.append(busy[task_id])
        time.sleep(0.002)
        busy[task_id] -= 1
        done.append(task_id)

    queue = WorkQueue("test", 4, work, lambda *_: None, print)
    for number in range(60):
        queue.schedule(f"{number % 3}")
        time.sleep(0.001)
    wait_for(lambda: set(done) == {"0", "1", "2"})
    queue.stop()
    assert queue.join(time.monotonic() + 30) == []
    assert max(worst) == 1


def test_a_lane_outlives_an_error_and_forgets_what_is_dropped() -> None:
    done: list[str] = []

    def work(task_id: str) -> None:
        if task_id == "bad":
            raise RuntimeError("a slip")
        done.append(task_id)

    queue = WorkQueue("test", 1, work, lambda *_: None, print)
    queue.schedule("dropped", 600)
    queue.schedule("late", 600)
    queue.schedule("bad")
    queue.schedule("good")
    wait_for(lambda: done == ["good"])
    queue.discard("dropped")
    queue.run_within()
    wait_for(lambda: "late" in done)
    queue.stop()
    assert queue.join(time.monotonic() + 30) == []
    assert "dropped" not in done


def test_a_lane_is_not_late_for_what_is_due_before_what_it_waits_for() -> None:
    done: list[str] = []
    go_on = threading.Event()

    def work(task_id: str) -> None:
        if task_id == "busy":
            go_on.wait(30)
        done.append(task_id)

    queue = WorkQueue("test", 4, work, lambda *_: None, print)
    for number in range(4):  # each starts a thread
        queue.schedule(f"first {number}")
    wait_for(lambda: len(done) == 4)
    queue.schedule("busy")
    wait_for(lambda: "busy" in queue._running)
    queue.schedule("busy")  # due, and not taken while it runs
    queue.schedule("far", 600)
    wait_for(lambda: queue._watch is not None)
    for number in range(4):
        queue.schedule(f"soon {number}", 0.02 * (4 - number))
    wait_for(lambda: len(done) == 8)
    assert "busy" not in done
    go_on.set()
    wait_for(lambda: done.count("busy") == 2)
    queue.stop()
    assert queue.join(time.monotonic() + 30) == []
    assert "far" not in done


def test_one_thread_of_a_lane_waits_for_the_time_and_the_others_sleep() -> None:
    queue = WorkQueue("test", 4, lambda _: None, lambda *_: None, print)
    waits: dict[int, float | None] = {}
    wait = queue._changed.wait

    def noted(timeout: float | None = None) -> bool:
        waits[threading.get_ident()] = timeout
        return wait(timeout)

    queue._changed.wait = noted  # type: ignore[method-assign]
    for number in range(4):
        queue.schedule(f"first {number}")
    queue.schedule("far", 600)
    wait_for(lambda: len(waits) == 4 and queue._watch is not None)
    queue.run_within(300)  # wakes all of them
    wait_for(lambda: queue._watch is not None and len([one for one in waits.values() if one is not None]) == 1)
    queue.stop()
    assert queue.join(time.monotonic() + 30) == []


def wait_for(look: object, limit_s: float = 30.0) -> None:
    ends_s = time.monotonic() + limit_s
    while not look():  # type: ignore[operator]
        assert time.monotonic() < ends_s
        threading.Event().wait(0.005)


def waiting(**values: object) -> TaskRecord:
    return TaskRecord("1", "text-to-model", "a chair", Stage.WAITING, task_uuid=UUID).with_(**values)


@pytest.mark.parametrize("status", ["PENDING", "QUEUED", "RUNNING", "SUCCESS", "FAILED", "CANCELLED", "OF_TOMORROW"])
def test_a_status_leads_a_waiting_task_on_and_no_other(status: str) -> None:
    heard = parse_status({"task_uuid": UUID, "status": status, "flow_name": "text-to-model", "progress": 30})
    for stage in Stage:
        changes = apply_status(waiting(stage=stage, progress=70), heard)
        if stage is not Stage.WAITING:
            assert changes == {}
            continue
        after = waiting(progress=70).with_(**changes)
        assert after.progress == (100 if status == "SUCCESS" else 70)
        assert after.stage is stage or after.stage in TRANSITIONS[stage]
        assert (after.stage is stage) == (status in ("PENDING", "QUEUED", "RUNNING", "OF_TOMORROW"))


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("following", [True, False])
def test_each_stage_has_words_and_a_progress(stage: Stage, following: bool) -> None:
    record = waiting(stage=stage, following=following, size_bytes=10, received_bytes=20)
    words = str(stage_text(record))
    assert words
    assert "{" not in words
    assert not words.endswith(".")
    assert 0.0 <= overall_progress(record) <= 1.0


def test_the_bar_never_goes_back_on_the_way() -> None:
    way = [
        *(waiting(stage=stage) for stage in (Stage.QUEUED, Stage.UPLOADING, Stage.SUBMITTING)),
        *(waiting(progress=percent) for percent in (None, 0, 50, 100)),
        *(waiting(stage=Stage.DOWNLOADING, size_bytes=10, received_bytes=done) for done in (0, 5, 10)),
        *(waiting(stage=stage) for stage in (Stage.CONVERTING, Stage.READY, Stage.IMPORTED)),
    ]
    bars = [overall_progress(record) for record in way]
    assert bars == sorted(bars)


def test_the_time_left_follows_from_the_progress() -> None:
    running = waiting(service_status="RUNNING", started_at_s=time.time() - 50, progress=50)
    left_s = time_left_s(running)
    assert left_s is not None
    assert 45 < left_s < 90
    assert time_left_s(running.with_(progress=1)) is None
    assert time_left_s(running.with_(started_at_s=time.time() + 500)) is None
    assert time_left_s(running.with_(following=False)) is None


@pytest.mark.parametrize("stage", sorted(UNFINISHED))
def test_what_is_not_followed_does_not_seem_to_go_on(stage: Stage) -> None:
    assert str(stage_text(waiting(stage=stage, following=False))) == "Not followed"


def test_a_new_order_sends_pictures_again_that_were_not_found() -> None:
    refused = waiting(stage=Stage.FAILED, is_final=True, file_keys={"image_file": "key"}, client_order_id="a")
    for code, keeps in ((1004, False), (1005, False), (1006, False), (2010, True), (None, True)):
        changes = retry_changes(refused.with_(error_code=code), has_files=False)
        assert changes["client_order_id"] == "a_r2"
        assert refused.with_(**changes).file_keys == ({"image_file": "key"} if keeps else {})
    # What the service still holds is not ordered anew, and keeps what it was ordered with.
    assert "file_keys" not in retry_changes(refused.with_(is_final=False, error_code=1004), has_files=False)


def test_what_is_forgotten_does_not_come_back() -> None:
    cache = TaskCache()
    cache.put(waiting())
    cache.forget("1")
    assert not cache.put(waiting(received_bytes=5, revision=9))
    assert cache.all() == []
    assert cache.unfinished_count == 0


def test_a_look_at_the_store_takes_no_news_away() -> None:
    cache = TaskCache()
    cache.put(waiting(revision=4, received_bytes=7))
    assert not cache.put(waiting(revision=4), only_newer=True)
    assert cache.all()[0].received_bytes == 7
    assert cache.put(waiting(revision=5), only_newer=True)


def test_old_tasks_leave_the_memory_and_not_the_list() -> None:
    cache = TaskCache()
    for number in range(2 * MOST_FINISHED + 1):
        cache.put(TaskRecord(str(number), "", "", Stage.IMPORTED, created_at_s=float(number)))
    assert len(cache.all()) == MOST_FINISHED
    assert cache.all()[0].id == str(2 * MOST_FINISHED)
    # Pruned is not forgotten: changed, it is shown again.
    assert cache.put(TaskRecord("0", "", "", Stage.READY, revision=1))


def test_tags_are_the_words_by_which_a_model_is_looked_for() -> None:
    from triverse_addon.tasks.record import provenance
    from triverse_addon.tasks.record.record import TaskRecord

    one = TaskRecord(
        id="a",
        flow="text-to-model",
        name="x",
        params={"prompt": "A very old chair with arms, made from oak, über"},
    )
    assert provenance.tags(one) == ("Triverse", "text-to-model", "chair", "arms")
    one = TaskRecord(id="a", flow="text-to-model", name="x", params={"prompt": "लाल कुर्सी, เก้าอี้ไม้"})
    assert provenance.tags(one) == ("Triverse", "text-to-model", "कुर्सी", "เก้าอี้ไม้")


@pytest.mark.parametrize("is_queued", [False, 0, "0"])
@pytest.mark.parametrize("word", ["PENDING", "OF_TOMORROW"])
def test_a_task_that_is_not_queued_has_no_place_in_the_queue(word: str, is_queued: object) -> None:
    record = record_of_uuid("one", record_id="1")
    queue = {"is_queued": is_queued, "position": 0, "estimated_wait_seconds": 0}
    body = {"task_uuid": "one", "status": word, "queue": queue}
    seen = record.with_(**apply_status(record, parse_status(body)))
    assert (seen.queue_position, seen.queue_wait_s) == (None, None)
    made = record.with_(**apply_created(record, parse_created(body)))
    assert (made.queue_position, made.queue_wait_s) == (None, None)


@pytest.mark.parametrize("more", [{"is_queued": True}, {"is_queued": 1}, {}])
def test_a_task_that_is_queued_has_its_place(more: dict[str, object]) -> None:
    """Also where the service leaves out that it is."""
    record = record_of_uuid("one", record_id="1")
    body = {"task_uuid": "one", "status": "QUEUED", "queue": {"position": 3, "estimated_wait_seconds": 9} | more}
    seen = record.with_(**apply_status(record, parse_status(body)))
    assert (seen.queue_position, seen.queue_wait_s) == (3, 9.0)
