# SPDX-License-Identifier: GPL-3.0-or-later
"""The first cause that concerns the model is the one to tell, whatever fails afterwards. Plain Python, no ``bpy``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.driver import Cli
from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.tasks.record.record import Stage

pytestmark = pytest.mark.kind("first-cause")

#: What comes in place of a model.
NO_MODELS: dict[str, dict[str, Any]] = {
    "a page": {"body": "<html>no such thing</html>", "content_type": "application/octet-stream"},
    "nothing": {"empty": True},
    "random words": {"garbage": True},
}
#: What becomes of every other way to the model.
FALLBACKS: dict[str, dict[str, Any]] = {
    "a page of a proxy": {"status": 502, "html": True},
    "a page with 200": {"html": True},
    "words that are no answer": {"garbage": True},
    "resets": {"reset_before": True},
    "out of order": {"status": 503, "code": 5003},
    "too many requests": {"status": 429, "code": 2000},
    "not known": {"status": 404, "code": 1006},
    "an address that is not one of the service": {"status": 404, "html": True},
    "refused": {"status": 403},
}


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


def _break(service: StandIn, no_model: dict[str, Any], fallback: dict[str, Any], *, model_times: int | None) -> None:
    service.faults.add("asset", times=model_times, **no_model)
    for kind in ("url", "download"):
        service.faults.add(kind, times=None, **fallback)


@pytest.mark.parametrize("fallback", FALLBACKS)
@pytest.mark.parametrize("no_model", NO_MODELS)
def test_what_came_is_told_and_not_what_failed_afterwards(
    service: StandIn, tmp_path: Path, no_model: str, fallback: str
) -> None:
    _break(service, NO_MODELS[no_model], FALLBACKS[fallback], model_times=None)
    with running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit(), Stage.FAILED)
        assert "not a model" in str(record.error)
        assert record.failed_stage is Stage.DOWNLOADING
        # Three tries, and one more look for something to keep.
        assert sum(request.kind == "asset" for request in service.state.requests) <= 8
        service.faults.clear()
        driver.engine.retry(record.id)
        driver.reaches(record.id, Stage.IMPORTED)
    assert len(service.state.charged()) == 1


@pytest.mark.parametrize("fallback", ["a page of a proxy", "resets", "out of order"])
def test_what_came_first_is_told_when_later_tries_bring_nothing(
    service: StandIn, tmp_path: Path, fallback: str
) -> None:
    service.faults.add("asset", **NO_MODELS["a page"])
    service.faults.add("asset", times=None, **FALLBACKS[fallback])
    for kind in ("url", "download"):
        service.faults.add(kind, times=None, **FALLBACKS[fallback])
    with running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit(), Stage.FAILED)
    assert "not a model" in str(record.error)


@pytest.mark.parametrize("fallback", ["a page of a proxy", "resets", "out of order"])
def test_without_such_a_cause_a_passing_trouble_is_waited_out(service: StandIn, tmp_path: Path, fallback: str) -> None:
    service.faults.add("asset", times=2, expired=True)
    service.faults.add("url", times=2, **FALLBACKS[fallback])
    with running(service, tmp_path) as driver:
        driver.reaches(driver.submit(), Stage.IMPORTED)


@pytest.mark.parametrize("fallback", ["a page of a proxy", "a page with 200", "words that are no answer", "resets"])
def test_the_command_ends_with_1_and_the_first_cause(service: StandIn, tmp_path: Path, fallback: str) -> None:
    _break(service, NO_MODELS["a page"], FALLBACKS[fallback], model_times=None)
    answer = Cli(tmp_path, service).run("generate", "--prompt", "a chair", "--output", "chair.glb")
    assert answer.code == 1, answer.people
    assert "not a model" in answer.of("result")[0]["message"]
    assert "does not speak" not in answer.people
