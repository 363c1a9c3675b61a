# SPDX-License-Identifier: GPL-3.0-or-later
"""Results whose first addresses fail for good, as if for now. Plain Python, no ``bpy``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import payloads
from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.tasks.engine.request_gate import BlockReason
from triverse_addon.tasks.record.record import Stage, TaskRequest

#: What becomes of every request to the storage, as behind a firewall that lets only the service through.
FOR_GOOD: dict[str, dict[str, Any]] = {
    "resets": {"reset_before": True},
    "a page of a proxy": {"status": 503, "html": True},
    "compressed": {"gzip_bomb_mb": 1},
}


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_the_model_comes_by_another_way(service: StandIn, tmp_path: Path, fault: str) -> None:
    service.faults.add("asset", times=None, **FOR_GOOD[fault])
    with running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit(), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert list(service.state.charged_per_order().values()) == [1]


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_the_picture_comes_by_another_way(service: StandIn, tmp_path: Path, fault: str) -> None:
    for kind in ("asset", "preview"):
        service.faults.add(kind, times=None, **FOR_GOOD[fault])
    with running(service, tmp_path) as driver:
        task_id = driver.engine.submit(TaskRequest("image-generation", {"prompt": "a stone well"})).id
        record = driver.reaches(task_id, Stage.DONE, Stage.FAILED)
    assert record.stage is Stage.DONE, record.error


def test_several_pictures_are_waited_for_and_not_given_up_for_one(service: StandIn, tmp_path: Path) -> None:
    """The ways beside the storage give one."""
    service.state.settings.answer_shape = "list"
    rules = [service.faults.add(kind, times=None, reset_before=True) for kind in ("asset", "preview")]
    request = TaskRequest("model-preview-render", {"image_count": 3}, {"model_file": "https://example.com/a.glb"})
    with running(service, tmp_path) as driver:
        task_id = driver.engine.submit(request).id
        driver.until(lambda: sum(rule.hits for rule in rules) >= 12)
        assert driver.record(task_id).stage is Stage.DOWNLOADING
        for rule in rules:
            rule.times = 0
        assert len(driver.reaches(task_id, Stage.DONE, Stage.FAILED).result_files) == 3


def test_a_way_that_fails_once_is_tried_again_first(service: StandIn, tmp_path: Path) -> None:
    service.faults.add("asset", times=1, status=503, html=True)
    others = [service.faults.add(kind, times=None, latency_s=0.0) for kind in ("url", "download")]
    with running(service, tmp_path) as driver:
        driver.reaches(driver.submit(), Stage.IMPORTED)
    assert [rule.hits for rule in others] == [0, 0]


def test_what_is_blocked_for_now_is_waited_for_whatever_the_others_say(service: StandIn, tmp_path: Path) -> None:
    """A way that does not know the file is no reason to end a task whose first way may be open again."""
    rule = service.faults.add("asset", times=None, status=503, html=True)
    for kind in ("url", "download"):
        service.faults.add(kind, times=None, status=404, code=1006)
    with running(service, tmp_path) as driver:
        task_id = driver.submit()
        driver.until(lambda: rule.hits >= 4)
        assert driver.engine.get(task_id).stage is Stage.DOWNLOADING
        rule.times = 0
        driver.reaches(task_id, Stage.IMPORTED)


#: What becomes of every question for a new link.
NO_LINKS: dict[str, dict[str, Any]] = {
    "resets": {"reset_before": True},
    "503": {"status": 503},
    "a page of a proxy": {"status": 200, "html": True},
    "no link in it": {"status": 200, "code": 0},
    "an error that is not documented": {"status": 400, "code": 1004},
}


@pytest.mark.parametrize("fault", NO_LINKS)
def test_the_service_itself_gives_the_model_when_it_gives_no_link(service: StandIn, tmp_path: Path, fault: str) -> None:
    service.faults.add("asset", times=None, expired=True)
    service.faults.add("url", times=None, **NO_LINKS[fault])
    with running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit(), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error


@pytest.mark.parametrize("fault", NO_LINKS)
def test_the_service_itself_gives_a_picture_when_it_gives_no_link(service: StandIn, tmp_path: Path, fault: str) -> None:
    for kind in ("asset", "preview"):
        service.faults.add(kind, times=None, expired=True)
    service.faults.add("url", times=None, **NO_LINKS[fault])
    with running(service, tmp_path) as driver:
        task_id = driver.engine.submit(TaskRequest("image-generation", {"prompt": "a stone well"})).id
        record = driver.reaches(task_id, Stage.DONE, Stage.FAILED)
    assert record.stage is Stage.DONE, record.error


def test_a_link_that_is_not_given_for_now_is_asked_for_again(service: StandIn, tmp_path: Path) -> None:
    """A way that does not know the file is no reason to end a task for which there may be a link again."""
    rule = service.faults.add("url", times=None, status=503)
    service.faults.add("download", times=None, status=404, code=1006)
    expired = service.faults.add("asset", times=None, expired=True)
    with running(service, tmp_path) as driver:
        task_id = driver.submit()
        driver.until(lambda: rule.hits >= 10)
        assert driver.record(task_id).stage is Stage.DOWNLOADING
        rule.times = expired.times = 0
        driver.reaches(task_id, Stage.IMPORTED)


@pytest.mark.parametrize("answer", [{"html": True}, {"code": 1003}], ids=["a page", "a code that is not known"])
def test_a_task_that_is_refused_keeps_no_other_one_back(
    service: StandIn, tmp_path: Path, answer: dict[str, Any]
) -> None:
    """As one of somebody else. The same answer to every question would be about the key."""
    with running(service, tmp_path) as driver:
        refused = driver.reaches(driver.submit("a stone well hold"), Stage.WAITING)
        path = re.escape(f"/tasks/{refused.task_uuid}")
        rule = service.faults.add("status", path=path, status=403, times=None, **answer)
        driver.until(lambda: rule.hits >= 2)
        record = driver.reaches(driver.submit("a red chair tris:1k"), Stage.IMPORTED, Stage.FAILED)
        assert record.stage is Stage.IMPORTED, record.error
        assert driver.engine.blocked() == (BlockReason.NONE, None)
        assert driver.record(refused.id).stage is Stage.WAITING
        rule.times = 0
        service.state.finish(refused.task_uuid or "")
        driver.reaches(refused.id, Stage.IMPORTED)


def test_a_model_that_is_refused_keeps_no_other_one_back(service: StandIn, tmp_path: Path) -> None:
    service.faults.add("asset", times=1, expired=True)
    rule = service.faults.add("url", times=None, status=403, html=True)
    with running(service, tmp_path) as driver:
        refused = driver.submit("a stone well tris:1k")
        driver.until(lambda: rule.hits)
        driver.reaches(driver.submit("a red chair tris:1k"), Stage.IMPORTED)
        driver.reaches(refused, Stage.IMPORTED)
        assert driver.engine.blocked() == (BlockReason.NONE, None)


def test_each_first_refusal_of_links_is_waited_for_as_the_first(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals were counted for as long as Blender ran, so that the last of many models waited a minute each."""
    counted: list[int] = []

    def count(failures: int, *_given: object) -> float:
        counted.append(failures)
        return 0.01

    monkeypatch.setattr("triverse_addon.tasks.engine.request_gate.backoff_s", count)
    with running(service, tmp_path) as driver:
        for number in range(3):
            service.faults.add("asset", times=2, expired=True)
            service.faults.add("url", times=1, status=429, code=2000)
            driver.reaches(driver.submit(f"a stone well tris:1k {number}"), Stage.IMPORTED)
    assert counted == [1, 1, 1]


def test_of_several_addresses_the_one_that_leads_to_a_glb_is_found(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of addresses is documented, not what is in it: other formats may come first."""
    output = payloads._output

    def with_others_first(state: Any, task: Any, phase: str, url: Any) -> Any:
        found = output(state, task, phase, url)
        if phase == "SUCCESS":
            found["textured_model_url"] = [url(task, "preview"), *found["textured_model_url"]]
        return found

    monkeypatch.setattr(payloads, "_output", with_others_first)
    for kind in ("url", "download"):
        service.faults.add(kind, times=None, status=404, code=1006)
    with running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit(), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
