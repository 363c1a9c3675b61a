# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs that had to end on this machine: no row has failed for that, and the same command goes on.

One: ``python scripts/test.py tests/batch/run/test_ended.py``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.batch.run.test_run import GLB, batch, charges, library, report
from tests.cli.driver import Cli
from tests.service.server import StandIn
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.library import asset_writer, ledger
from triverse_addon.batch.library.asset_writer import Asset, AssetJob, GlbWriter
from triverse_addon.tasks.converter import NoChildError
from triverse_addon.tasks.engine import steps
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.engine.request_gate import BlockReason
from triverse_addon.tasks.files import resumable_download
from triverse_addon.tasks.store.errors import unusable

REASON = "No second Blender can be started here: No such file or directory."


@pytest.fixture
def without_blender() -> Iterator[pytest.MonkeyPatch]:
    """Blender is removed, or updated, after the first model was written."""
    write = GlbWriter.__call__
    written: list[str] = []

    def until_removed(self: GlbWriter, job: AssetJob, stop: threading.Event) -> Asset:
        if written:
            raise NoChildError(Sentence.of("{what}", what=REASON))
        written.append(job.name)
        return write(self, job, stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GlbWriter, "__call__", until_removed)
        yield patch


def states_in_ledger(cli: Cli) -> list[str]:
    entries = [json.loads(file.read_bytes()) for file in (library(cli) / ".triverse" / "rows").glob("*.json")]
    return sorted(entry["state"] for entry in entries)


def errors(cli: Cli) -> list[str]:
    rows: list[dict[str, Any]] = report(cli)["rows"]
    return [row["error"] for row in rows if row["state"] != "done"]


def test_rows_without_a_second_blender_have_not_failed(
    cli: Cli, service: StandIn, without_blender: pytest.MonkeyPatch
) -> None:
    answer = batch(cli, *GLB, "--jobs", "1")
    assert answer.code == 1
    assert report(cli)["counts"] == {"done": 1, "stopped": 2}
    assert errors(cli) == [REASON] * 2
    assert "failed" not in states_in_ledger(cli)
    assert "The same command goes on with what is not done." in answer.people
    assert "--retry-failed" not in answer.people
    assert {line["failed"] for line in answer.lines if line["type"] == "progress"} == {0}
    without_blender.undo()
    again = cli.run("batch", "rows.csv", *GLB)
    assert again.code == 0, again.people
    assert report(cli)["counts"] == {"done": 3}
    assert charges(service) == [1, 1, 1]


def test_a_part_that_had_to_end_is_not_well_for_a_farm(cli: Cli, without_blender: pytest.MonkeyPatch) -> None:
    """``--failed-ok`` is about rows that fail for good."""
    assert batch(cli, *GLB, "--failed-ok").code == 1


def test_rows_of_a_blocked_run_have_not_failed(cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = Sentence.of("{what}", what="The data folder cannot be used.")
    monkeypatch.setattr(Engine, "blocked", lambda self: (BlockReason.PROGRAM, sentence))
    assert batch(cli, *GLB, "--failed-ok").code == 1
    assert report(cli)["counts"].keys() <= {"done", "stopped"}
    assert set(errors(cli)) == {"The data folder cannot be used."}
    assert "failed" not in states_in_ledger(cli)


def no_room(*_given: object, **_named: object) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_under_the_library_ends_the_run(cli: Cli, service: StandIn, number: int) -> None:
    """It went on: each of the other rows was ordered, and could not be written."""

    def full(*_: object) -> Any:
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asset_writer, "copy_whole", full)
        answer = batch(cli, *GLB, "--jobs", "1", "--failed-ok")
    assert answer.code == 1
    assert report(cli)["counts"] == {"stopped": 3}
    assert "then run the batch again." in errors(cli)[0]
    assert len(charges(service)) < 3  # while the first was written, the second was under way
    assert set(states_in_ledger(cli)) <= {"claimed", "ordered"}  # the end may come before the second is ordered
    again = cli.run("batch", "rows.csv", *GLB)
    assert again.code == 0, again.people
    assert charges(service) == [1, 1, 1]


def test_a_full_disk_under_the_ledger_ends_the_run_before_an_order(cli: Cli, service: StandIn) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "_write_once", no_room)
        answer = batch(cli, *GLB)
    assert answer.code == 1
    assert report(cli)["counts"] == {"stopped": 3}
    assert "No space left on device" in errors(cli)[0]
    assert charges(service) == []
    assert cli.run("batch", "rows.csv", *GLB).code == 0


def test_a_full_disk_under_the_downloads_ends_the_run(cli: Cli, service: StandIn) -> None:
    free = shutil.disk_usage(cli.folder)._replace(free=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumable_download.shutil, "disk_usage", lambda _: free)  # type: ignore[attr-defined]
        answer = batch(cli, *GLB, "--jobs", "1", "--failed-ok")
    assert answer.code == 1
    assert report(cli)["counts"] == {"failed": 1, "stopped": 2}
    failed, *stopped = errors(cli)
    assert failed.endswith("then try the failed rows again.")
    assert [text.partition(". ")[2] for text in stopped] == ["Free some space, then run the batch again."] * 2
    assert charges(service) == [1]
    assert cli.run("batch", "rows.csv", *GLB, "--retry-failed").code == 0
    assert cli.run("batch", "rows.csv", *GLB).code == 0
    assert charges(service) == [1, 1, 1]


def test_patience_ends_with_a_list_of_tasks_that_cannot_be_written(
    cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited without an end."""

    def full(*_: object) -> None:
        raise unusable(cli.data / "tasks.sqlite3", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    with monkeypatch.context() as patch:
        patch.setattr(steps.Steps, "_by_stage", full)
        patch.setattr(steps, "BLOCKED_S", 0.05)
        answer = batch(cli, *GLB, "--patience", "1")
    assert answer.code == 1
    assert report(cli)["counts"] == {"stopped": 3}
    assert "There is no room left for the list of tasks in " in errors(cli)[0]
    assert charges(service) == []
    assert cli.run("batch", "rows.csv", *GLB).code == 0
