# SPDX-License-Identifier: GPL-3.0-or-later
"""A child Blender that does not start: a passing cause is waited out, and the user's own Blender reads nothing unsaid.

Plain Python, no ``bpy``.
"""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import convert, running
from triverse_addon.batch.library import asset_jobs
from triverse_addon.scene.child.persistent_process import ChildSession
from triverse_addon.scene.child.process import ChildProcess
from triverse_addon.scene.worker.job_format import TrialInput, TrialOutput
from triverse_addon.tasks.converter import ChildNotStartedError, ConvertJob, NoChildError, not_started
from triverse_addon.tasks.engine.transitions import MAX_ATTEMPTS
from triverse_addon.tasks.record.events import Notice
from triverse_addon.tasks.record.record import Stage

pytestmark = pytest.mark.kind("no-silent-fallback")

PASSING = [errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY, errno.EIO, errno.ENOSPC]
FOR_GOOD = [errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ENOTDIR]


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


def failing(number: int, times: int) -> Callable[[ConvertJob, threading.Event], Any]:
    """Convert, once the child has not been started so often."""
    left = [times]

    def converter(job: ConvertJob, stop: threading.Event) -> Any:
        if left[0]:
            left[0] -= 1
            raise not_started(OSError(number, os.strerror(number)))
        return convert(job, stop)

    return converter


@pytest.mark.parametrize("number", PASSING)
def test_a_passing_cause_is_waited_out(service: StandIn, tmp_path: Path, number: int) -> None:
    with running(service, tmp_path, failing(number, 2)) as driver:
        task_id = driver.submit()
        driver.notes(task_id, "could not be started just now")
        record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED
    assert record.blend_path.endswith("model.blend"), "what is imported is what the child made"


def test_a_cause_that_does_not_pass_ends_in_words_and_not_in_this_blender(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path, failing(errno.ENOMEM, MAX_ATTEMPTS)) as driver:
        task_id = driver.submit()
        record = driver.reaches(task_id, Stage.FAILED, Stage.READY, Stage.IMPORTED)
        assert record.stage is Stage.FAILED
        assert record.failed_stage is Stage.CONVERTING
        assert os.strerror(errno.ENOMEM) in str(record.error)
        driver.engine.retry(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert len(service.state.charged()) == 1


@pytest.mark.parametrize("number", FOR_GOOD)
def test_without_a_second_blender_it_is_said_who_reads_the_model(service: StandIn, tmp_path: Path, number: int) -> None:
    with running(service, tmp_path, failing(number, 10**6)) as driver:
        first, second = driver.submit(), driver.submit("another one")
        for task_id in (first, second):
            record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
            assert record.stage is Stage.IMPORTED
            assert record.blend_path == ""
            said = [str(line.sentence) for line in driver.engine.history(task_id)]
            assert any("this Blender itself reads the model" in line for line in said)
        notices = [event for event in driver.events if isinstance(event, Notice)]
        assert [notice.level for notice in notices] == ["WARNING"], "once, not for each of a hundred models"


@pytest.mark.parametrize("number", [*PASSING, *FOR_GOOD])
@pytest.mark.parametrize("kind", [ChildProcess, ChildSession])
def test_what_the_system_says_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, number: int
) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    from triverse_addon.scene.child.preparer import MESSAGES

    if kind is ChildProcess:
        child = ChildProcess(["blender"], MESSAGES, log="x.log", timeout_s=5.0)
        run = lambda: child.run(TrialInput((), True), TrialOutput, tmp_path / "out", threading.Event())  # noqa: E731
    else:
        session = ChildSession(["blender"], MESSAGES, folder=tmp_path, log="x.log", timeout_s=5.0)
        run = session._running_child
    with pytest.raises(ChildNotStartedError if number in PASSING else NoChildError):
        run()
    assert not list(tmp_path.glob("**/.convert-*"))


@pytest.mark.parametrize("times", [2, 99])
def test_a_writer_of_a_batch_is_given_some_time(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(asset_jobs, "_START_PAUSES_S", (0.01,) * 3)
    left = [times]

    def write(job: Any, stop: threading.Event) -> Any:
        if left[0]:
            left[0] -= 1
            raise not_started(OSError(errno.EAGAIN, "no"))
        return "written"

    writer, job, stop = cast(Any, write), cast(Any, None), threading.Event()
    if times == 2:
        assert asset_jobs.write_with_retries(writer, job, stop) == cast(Any, "written")
        return
    with pytest.raises(ChildNotStartedError):
        asset_jobs.write_with_retries(writer, job, stop)
    assert left == [99 - 4]
    stop.set()
    with pytest.raises(ChildNotStartedError):
        asset_jobs.write_with_retries(writer, job, stop)
    assert left == [99 - 6], "who is stopped waits no longer"
