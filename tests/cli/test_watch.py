# SPDX-License-Identifier: GPL-3.0-or-later
"""When waiting is worth it, and when not. One: ``python scripts/test.py tests/cli/test_watch.py``."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from triverse_addon.api.responses import TOO_MANY_REQUESTS
from triverse_addon.api.sentence import Sentence
from triverse_addon.cli.exit_codes import Exit, for_all
from triverse_addon.cli.host import PlainHost
from triverse_addon.cli.output import Output
from triverse_addon.cli.progress import ProgressPrinter
from triverse_addon.cli.wait import TaskWaiter
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.record import Stage, TaskRecord
from triverse_addon.tasks.settings import Settings

WAITING = TaskRecord(id="a" * 32, flow="text-to-model", name="chair", stage=Stage.SUBMITTING)
DOWN = Sentence.of("Triverse cannot be reached.")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine without tasks that may send."""
    engine = Engine(Settings(tmp_path, tmp_path, api_key="key", api_url="http://127.0.0.1:9/api"), None)
    engine.start()
    yield engine
    engine.shutdown()


def watch(engine: Engine, deadline_s: float | None = None) -> TaskWaiter:
    return TaskWaiter(
        engine, PlainHost("triverse"), ProgressPrinter(Output(programs=None, people=io.StringIO())), deadline_s
    )


def test_a_busy_service_is_waited_for_however_long(engine: Engine) -> None:
    watching = watch(engine)
    for attempts in range(30):
        assert watching.result_of(WAITING.with_(attempts=attempts, status_note=TOO_MANY_REQUESTS)) is None


def test_a_service_that_is_down_is_given_up(engine: Engine) -> None:
    watching = watch(engine)
    results = [watching.result_of(WAITING.with_(attempts=attempts, status_note=DOWN)) for attempts in range(12)]
    assert results[1] is None
    assert results[-1] is not None
    assert results[-1].code is Exit.SERVICE
    assert results[-1].sentence == DOWN


def test_failures_of_an_earlier_command_do_not_count(engine: Engine) -> None:
    watching = watch(engine)
    assert watching.result_of(WAITING.with_(attempts=20, status_note=DOWN)) is None
    result = watching.result_of(WAITING.with_(attempts=21, status_note=DOWN))
    assert result is not None
    assert result.code is Exit.SERVICE


def test_the_time_is_over(engine: Engine) -> None:
    result = watch(engine, time.monotonic()).result_of(WAITING)
    assert result is not None
    assert result.code is Exit.TIMED_OUT


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ([], Exit.DONE),
        ([Exit.DONE, Exit.DONE], Exit.DONE),
        ([Exit.DONE, Exit.FAILED], Exit.FAILED),
        ([Exit.FAILED, Exit.ACCOUNT, Exit.TIMED_OUT], Exit.ACCOUNT),
        ([Exit.TIMED_OUT, Exit.DONE], Exit.TIMED_OUT),
    ],
)
def test_one_code_for_several_tasks(codes: list[Exit], told: Exit) -> None:
    assert for_all(codes) is told
