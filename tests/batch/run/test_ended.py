# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs that had to end on this machine: no row has failed for that, and the same command goes on.

One: ``python scripts/test.py tests/batch/run/test_ended.py``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.batch.run.test_run import GLB, batch, charges, library, report
from tests.cli.driver import Cli
from tests.service.server import StandIn
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.library.asset_writer import Asset, AssetJob, GlbWriter
from triverse_addon.batch.run.limits import LimitsCheck
from triverse_addon.tasks.converter import NoChildError
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.engine.request_gate import BlockReason

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


def test_rows_of_a_run_with_an_unforeseen_error_have_not_failed(
    cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: LimitsCheck, records: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(LimitsCheck, "reason_to_end", broken)
    answer = batch(cli, *GLB)
    assert answer.code == 1
    assert set(report(cli)["counts"]) <= {"done", "stopped"}
    assert "The same command goes on" in answer.people
