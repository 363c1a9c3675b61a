# SPDX-License-Identifier: GPL-3.0-or-later
"""
What becomes of a task, whatever the service, the network or the user does: the engine against the stand-in.

All: ``python scripts/test.py tests/tasks``. One: ``python scripts/test.py tests/tasks/engine/test_outcomes.py -k
price``.
"""

from __future__ import annotations

import dataclasses
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import LIMIT_S, Driver, import_all, running, settings_for
from triverse_addon.api.errors import InputError
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.engine.import_queue import Failed, Imported, Later
from triverse_addon.tasks.engine.request_gate import BlockReason
from triverse_addon.tasks.record.events import BalanceKnown, KeyTested, Quoted, TasksFound
from triverse_addon.tasks.record.record import Stage, TaskRecord, TaskRequest


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80, samples=("20k",), usual_sample="20k") as standin:
        yield standin


# -----------------------------------------------------------------------------
# All goes well


def test_words_become_a_model(service: StandIn, driver: Driver) -> None:
    task_id = driver.submit()
    record = driver.reaches(task_id, Stage.IMPORTED)
    assert Path(record.model_path).read_bytes() == models.glb_path("20k").read_bytes()
    assert Path(record.preview_path).read_bytes() == models.preview_path("20k").read_bytes()
    assert record.cost_credits == 20
    assert record.progress == 100
    assert service.state.charged_per_order() == {record.client_order_id: 1}
    seen = [event.record.stage for event in driver.events if getattr(event, "record", None)]
    stages = list(dict.fromkeys(seen))
    assert stages == [
        Stage.SUBMITTING,
        Stage.WAITING,
        Stage.DOWNLOADING,
        Stage.CONVERTING,
        Stage.READY,
        Stage.IMPORTED,
    ] or stages == [Stage.QUEUED, Stage.SUBMITTING, *stages[2:]]
    assert [str(line.sentence).split()[0] for line in driver.engine.history(task_id)] == [
        "Accepted",
        "Finished",
        "Downloaded",
        "Ready",
        "Imported",
    ]


def test_a_picture_becomes_a_model(service: StandIn, driver: Driver) -> None:
    request = TaskRequest("image-to-model", {"texture_size": 2048}, {"image_file": str(models.preview_path("20k"))})
    record = driver.reaches(driver.engine.submit(request).id, Stage.IMPORTED)
    (upload,) = service.state.uploads.values()
    assert upload.size_bytes == models.preview_path("20k").stat().st_size
    assert record.file_keys.keys() == {"image_file"}
    assert service.state.charged_per_order() == {record.client_order_id: 1}


def test_old_and_bare_answers_do_as_well(service: StandIn, driver: Driver) -> None:
    for dialect in ("old", "bare"):
        service.settings.dialect = dialect
        driver.reaches(driver.submit(f"a well told the {dialect} way"), Stage.IMPORTED)


def test_a_model_comes_live_without_polling(service: StandIn, tmp_path: Path) -> None:
    service.state.clock.speed = 0
    with running(service, tmp_path, live=True) as driver:
        task_id = driver.submit()
        driver.reaches(task_id, Stage.WAITING)
        driver.until(lambda: driver.engine.live)
        polls = len(service.state.seen("status"))
        service.state.finish(driver.record(task_id).task_uuid or "")
        driver.reaches(task_id, Stage.IMPORTED)
        assert len(service.state.seen("status")) <= polls + 1


# -----------------------------------------------------------------------------
# What keeps everything back


def test_a_wrong_key_waits_for_the_right_one(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path, api_key="wrong") as driver:
        first, second = driver.submit("a red chair"), driver.submit("a blue chair")
        driver.notes(first, "API key")
        driver.notes(second, "API key")
        assert driver.engine.blocked()[0] is BlockReason.KEY
        assert len([one for one in service.state.seen("create") if one.status in (401, 403)]) <= 2
        driver.engine.configure(settings_for(service, tmp_path))
        for task_id in (first, second):
            assert driver.reaches(task_id, Stage.IMPORTED).status_note is None
    assert set(service.state.charged_per_order().values()) == {1}


def test_without_a_key_and_offline_nothing_is_sent_and_nothing_lost(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path, api_key="") as driver:
        task_id = driver.submit()
        driver.notes(task_id, "No API key")
        assert service.state.seen() == []
        far = settings_for(service, tmp_path, online=False, api_url="https://api.example.invalid/v1")
        driver.engine.configure(far)
        driver.notes(task_id, "Online access")
        assert driver.engine.blocked()[0] is BlockReason.ONLINE
        driver.engine.configure(settings_for(service, tmp_path))
        driver.reaches(task_id, Stage.IMPORTED)


# -----------------------------------------------------------------------------
# The service says no


class Refused(NamedTuple):
    prompt: str
    stage: Stage
    words: str
    credits: int = 1000
    is_paid: bool = True


@pytest.mark.parametrize(
    "case",
    [
        Refused("something forbidden", Stage.FAILED, "content rules", is_paid=False),
        Refused("a chair", Stage.FAILED, "not enough API credits", credits=5, is_paid=False),
        Refused("this will fail", Stage.FAILED, "credits were released"),
        Refused("please cancel", Stage.CANCELLED, "cancelled this task"),
        Refused("nofile here", Stage.FAILED, "no file to download"),
        Refused("a corrupt chair", Stage.FAILED, "damaged"),
        Refused("an unsupported chair", Stage.FAILED, "Blender cannot read"),
        Refused("an emptyglb chair", Stage.FAILED, "not a model"),
        Refused("a badmagic chair", Stage.FAILED, "not a model"),
        Refused("a shortglb chair", Stage.FAILED, "damaged"),
    ],
    ids=lambda case: case.prompt.replace(" ", "-"),
)
def test_refusals_end_in_a_sentence(tmp_path: Path, case: Refused) -> None:
    with StandIn(speed=80, credits=case.credits, samples=("1k",)) as service, running(service, tmp_path) as driver:
        task_id = driver.submit(case.prompt)
        record = driver.reaches(task_id, case.stage, Stage.IMPORTED)
        assert record.stage is case.stage
        assert case.words in str(record.error)
        assert str(record.error).endswith(".")
        assert bool(service.state.charged()) == case.is_paid
        assert driver.engine.history(task_id)[-1].level == "ERROR"
        if case.words in ("damaged", "Blender cannot read"):
            assert Path(record.model_path).stat().st_size > 0
        assert service.state.user.frozen == 0


def test_a_failure_brings_the_services_advice(service: StandIn, driver: Driver) -> None:
    record = driver.reaches(driver.submit("this will fail"), Stage.FAILED)
    assert record.error_message
    assert record.error_suggestion


def test_retry_after_a_failure_is_a_new_order(service: StandIn, driver: Driver) -> None:
    task_id = driver.submit("this will fail")
    first = driver.reaches(task_id, Stage.FAILED).client_order_id
    driver.engine.retry(task_id)
    second = driver.reaches(task_id, Stage.FAILED).client_order_id
    assert second == f"{first}_r2"
    assert service.state.charged_per_order() == {first: 1, second: 1}
    assert service.state.user.charged == 0


def test_retry_of_a_spoiled_download_pays_nothing(service: StandIn, driver: Driver) -> None:
    for kind in ("asset", "download"):
        service.faults.add(kind, body="<html>", content_type="application/octet-stream", times=None)
    task_id = driver.submit()
    driver.reaches(task_id, Stage.FAILED)
    service.faults.clear()
    driver.engine.retry(task_id)
    driver.reaches(task_id, Stage.IMPORTED)
    assert list(service.state.charged_per_order().values()) == [1]


def test_a_task_that_the_service_forgets_is_gone(service: StandIn, driver: Driver, monkeypatch: Any) -> None:
    monkeypatch.setattr("triverse_addon.tasks.engine.service_updates.NOT_YET_S", 0.0)
    service.faults.add("status", status=404, code=1006, times=None)
    record = driver.reaches(driver.submit(), Stage.GONE)
    assert "does not know this task" in str(record.error)


def test_not_found_right_after_the_order_is_waited_out(service: StandIn, driver: Driver) -> None:
    service.settings.invisible_s = 200.0
    driver.reaches(driver.submit(), Stage.IMPORTED)
    assert [one for one in service.state.seen("status") if one.status == 404]


# -----------------------------------------------------------------------------
# Trouble that passes


@pytest.mark.parametrize("kind", ["create", "status", "url", "asset", "upload_image"])
@pytest.mark.parametrize(
    "rule",
    [
        {"status": 429, "code": 2000, "retry_after": "1"},
        {"status": 429, "code": 2000},
        {"status": 503, "code": 5003},
        {"status": 500, "envelope": False},
        {"status": 502, "html": True},
        {"garbage": True},
        {"empty": True},
        {"reset_before": True},
        {"reset_after": True},
    ],
    ids=lambda rule: "-".join(f"{name}={value}" for name, value in rule.items()),
)
def test_trouble_that_passes_loses_nothing(service: StandIn, driver: Driver, kind: str, rule: dict[str, Any]) -> None:
    rule_in_force = service.faults.add(kind, **rule)
    if kind == "url":
        # The direct link is only asked for when the one in the status has expired.
        service.faults.add("asset", expired=True)
    request = TaskRequest("image-to-model", {}, {"image_file": str(models.preview_path("20k"))})
    record = driver.reaches(driver.engine.submit(request).id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, str(record.error)
    assert rule_in_force.hits == 1
    assert service.state.charged_per_order() == {record.client_order_id: 1}


@pytest.mark.parametrize(
    "rule",
    [
        {"reset_at_byte": 1_000_000},
        {"truncate_at_byte": 1_000_000},
        {"reset_at_byte": 5},
        {"expired": True},
        {"length_change": 1000},
        {"status": 403},
    ],
    ids=lambda rule: "-".join(f"{name}={value}" for name, value in rule.items()),
)
def test_broken_downloads_are_made_whole(service: StandIn, driver: Driver, rule: dict[str, Any]) -> None:
    service.faults.add("asset", **rule)
    record = driver.reaches(driver.submit(), Stage.IMPORTED)
    assert Path(record.model_path).read_bytes() == models.glb_path("20k").read_bytes()
    if rule.get("reset_at_byte", 0) > 1000:
        assert service.state.seen("asset")[-1].range


def test_a_service_that_is_down_is_waited_for(service: StandIn, driver: Driver) -> None:
    with service.down():
        task_id = driver.submit()
        driver.notes(task_id, "cannot be reached")
    driver.reaches(task_id, Stage.IMPORTED)


@pytest.mark.parametrize("answer", ["payload", "conflict", "named"])
def test_a_lost_answer_is_never_paid_twice(service: StandIn, driver: Driver, answer: str) -> None:
    service.settings.on_same_order = answer
    service.faults.add("create", reset_after=True)
    record = driver.reaches(driver.submit(), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, str(record.error)
    assert service.state.charged_per_order() == {record.client_order_id: 1}


def test_an_equal_order_is_told_and_made_on_purpose(service: StandIn, driver: Driver) -> None:
    service.settings.duplicate_window_s = 100_000.0
    service.settings.on_duplicate = "conflict"
    driver.reaches(driver.submit(), Stage.IMPORTED)
    second = driver.submit()
    assert "repetition" in str(driver.reaches(second, Stage.FAILED).error)
    driver.engine.retry(second)
    driver.reaches(second, Stage.IMPORTED)
    assert len(service.state.charged()) == 2


def test_a_full_disk_is_told_and_mended(service: StandIn, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    task_id = driver.submit()
    record = driver.reaches(task_id, Stage.FAILED)
    assert "no room left" in str(record.error)
    monkeypatch.undo()
    driver.engine.retry(task_id)
    driver.reaches(task_id, Stage.IMPORTED)
    assert len(service.state.charged()) == 1


# -----------------------------------------------------------------------------
# Bad input


def test_bad_input_is_refused_before_anything_is_written_or_sent(
    service: StandIn, driver: Driver, tmp_path: Path
) -> None:
    gif, empty, large = tmp_path / "a.gif", tmp_path / "empty.png", tmp_path / "large.png"
    gif.write_bytes(b"GIF89a" + bytes(100))
    empty.touch()
    large.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(24))
    with large.open("r+b") as file:
        file.truncate(60 * 1024**2)
    requests = [TaskRequest("text-to-model", {"prompt": "ab"}), TaskRequest("text-to-model", {})]
    requests += [
        TaskRequest("image-to-model", {}, {"image_file": str(path)})
        for path in (gif, empty, large, tmp_path / "missing.png", tmp_path)
    ]
    requests.append(TaskRequest("text-to-model", {"prompt": "a chair", "polygon_limit": 1}))
    sentences = set()
    for request in requests:
        with pytest.raises(InputError) as caught:
            driver.engine.submit(request)
        assert caught.value.field in ("prompt", "image_file", "polygon_limit")
        sentences.add(caught.value.sentence.template)
    assert len(sentences) >= 5
    assert driver.engine.tasks() == []
    assert service.state.seen() == []


# -----------------------------------------------------------------------------
# What the user does


def test_price_balance_and_key_are_asked_in_passing(service: StandIn, driver: Driver) -> None:
    token = driver.engine.ask_quote("text-to-model", {"prompt": "a stone well"})
    driver.engine.ask_balance()
    driver.engine.test_key()
    driver.until(lambda: any(isinstance(event, KeyTested) for event in driver.events))
    driver.engine.configure(dataclasses.replace(driver.engine.settings, api_key="wrong"))
    driver.engine.test_key()
    driver.until(lambda: sum(isinstance(event, KeyTested) for event in driver.events) == 2)
    quoted = next(event for event in driver.events if isinstance(event, Quoted))
    assert quoted.token == token
    assert quoted.quote is not None
    assert quoted.quote.cost_credits == 20
    known = next(event for event in driver.events if isinstance(event, BalanceKnown))
    assert known.balance is not None
    assert [event.ok for event in driver.events if isinstance(event, KeyTested)] == [True, False]


def test_an_answer_about_the_key_before_is_not_taken_for_one_about_the_new_key(
    service: StandIn, driver: Driver
) -> None:
    """Both answers are there, and not yet handled, when the key changes: they would say that the new key works."""
    driver.engine.ask_balance()
    driver.engine.test_key()
    not_handled = driver.engine._context.events
    limit_s = time.monotonic() + LIMIT_S
    while not any(isinstance(event, KeyTested) for event in tuple(not_handled)):
        assert time.monotonic() < limit_s
        time.sleep(0.01)
    driver.engine.configure(dataclasses.replace(driver.engine.settings, api_key="another"))
    driver.engine.ask_balance()
    driver.engine.test_key()
    driver.until(lambda: any(isinstance(event, KeyTested) for event in driver.events))
    assert [event.ok for event in driver.events if isinstance(event, KeyTested)] == [False]
    assert [event.balance for event in driver.events if isinstance(event, BalanceKnown)] == [None]


def test_tasks_made_elsewhere_are_found_tracked_and_fetched_when_wanted(
    service: StandIn, driver: Driver, tmp_path: Path
) -> None:
    with running(service, tmp_path / "elsewhere") as other:
        uuids = [other.reaches(other.submit(p), Stage.IMPORTED).task_uuid for p in ("a red chair", "a blue chair")]
    driver.engine.find_tasks()
    driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
    found = {record.task_uuid: record for record in driver.engine.tasks()}
    assert found.keys() == set(uuids)
    assert all(record.stage is Stage.WAITING and not record.following for record in found.values())
    (tracked,) = driver.engine.track([f" {uuids[0]} "])
    assert tracked.id == found[uuids[0]].id
    assert driver.reaches(tracked.id, Stage.IMPORTED).name == "a red chair"
    with pytest.raises(InputError):
        driver.engine.track(["not / a uuid"])


def test_stop_following_resume_rename_regenerate_and_forget(service: StandIn, driver: Driver) -> None:
    service.state.clock.speed = 0
    task_id = driver.submit()
    driver.reaches(task_id, Stage.WAITING)
    driver.engine.stop_following(task_id)
    assert driver.engine.active_count == 0
    driver.engine.rename(task_id, "My well")
    service.state.clock.speed = 40
    driver.engine.resume_following(task_id)
    record = driver.reaches(task_id, Stage.IMPORTED)
    assert record.name == "My well"
    request = driver.engine.request_from(task_id)
    assert (request.flow, request.values["prompt"], request.allow_duplicate) == ("text-to-model", "a stone well", True)
    folder = Path(record.folder)
    driver.engine.forget(task_id, delete_files=True)
    driver.until(lambda: not folder.exists())
    assert driver.engine.get(task_id) is None


def test_an_import_waits_fails_and_is_done_again(service: StandIn, driver: Driver) -> None:
    answers: list[Imported | Later | Failed] = [
        Later(Sentence.of("Another file is open.")),
        Failed(Sentence.of("No.")),
        Imported("a stone well"),
        Imported("a stone well.001"),
    ]
    driver.importer = lambda _record: answers.pop(0)
    task_id = driver.submit()
    driver.notes(task_id, "Another file")
    assert "No." in str(driver.reaches(task_id, Stage.FAILED).error)
    driver.engine.retry(task_id)
    driver.reaches(task_id, Stage.IMPORTED)
    sent = len(service.state.seen())
    driver.engine.import_again(task_id)
    driver.until(lambda: driver.record(task_id).collection_name == "a stone well.001")
    assert len(service.state.seen()) == sent


def test_a_model_deleted_by_hand_is_fetched_again(service: StandIn, driver: Driver) -> None:
    task_id = driver.submit()
    record = driver.reaches(task_id, Stage.IMPORTED)
    shutil.rmtree(record.folder)
    driver.engine.import_again(task_id)
    driver.until(lambda: Path(record.model_path).exists())
    driver.reaches(task_id, Stage.IMPORTED)
    assert len(service.state.charged()) == 1


# -----------------------------------------------------------------------------
# Two Blenders, and the end


def test_two_engines_share_the_work_and_import_once(service: StandIn, tmp_path: Path) -> None:
    imported: list[str] = []

    def import_one(record: TaskRecord) -> Imported:
        imported.append(record.id)
        return import_all(record)

    with running(service, tmp_path) as one, running(service, tmp_path) as two:
        one.importer = two.importer = import_one
        ids = [driver.submit(f"chair number {n}") for n, driver in enumerate([one, two, one, two])]
        end = time.monotonic() + LIMIT_S
        while any(one.record(task_id).stage is not Stage.IMPORTED for task_id in ids):
            assert time.monotonic() < end
            for driver in (one, two):
                driver.engine.pump(0.01, driver.importer)
            time.sleep(0.005)
        two.until(lambda: all(two.record(task_id).stage is Stage.IMPORTED for task_id in ids))
    assert sorted(imported) == sorted(ids)
    assert set(service.state.charged_per_order().values()) == {1}


def test_the_end_comes_within_a_second_in_mid_download(service: StandIn, tmp_path: Path) -> None:
    service.faults.add("asset", stall_at_byte=1_000_000)
    engine = Engine(settings_for(service, tmp_path), None)
    engine.start()
    driver = Driver(engine)
    task_id = driver.submit()
    driver.until(lambda: [p for p in tmp_path.rglob(".model.glb.part") if p.stat().st_size])
    # Generous: the point is that no thread hangs on the stalled connection, whose own limit is 30 s.
    engine.shutdown(timeout_s=10.0)
    ours = {thread.name for thread in threading.enumerate() if thread.name.startswith("triverse-")}
    assert ours <= {"triverse-standin"}
    service.faults.clear()
    with running(service, tmp_path) as again:
        again.reaches(task_id, Stage.IMPORTED)


def test_the_settings_do_not_show_the_key(service: StandIn, tmp_path: Path) -> None:
    assert service.key not in repr(settings_for(service, tmp_path))
    assert service.key not in repr(dataclasses.replace(settings_for(service, tmp_path), online=False))
