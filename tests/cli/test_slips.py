# SPDX-License-Identifier: GPL-3.0-or-later
"""A slip that nobody foresaw, put under a command: it ends with a code and a sentence, never with a traceback.

In this process, so that the slip can be put there; without Blender.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.files import write
from tests.service.server import StandIn
from triverse_addon.api import backoff
from triverse_addon.api.client import Client
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.library.asset_writer import GlbWriter
from triverse_addon.batch.library.ledger import Ledger
from triverse_addon.batch.results import report
from triverse_addon.batch.run import dispatcher, limits, model_writers, runner
from triverse_addon.cli import commands, main
from triverse_addon.cli.host import PlainHost
from triverse_addon.tasks.engine import pacing, work_queue
from triverse_addon.tasks.engine.deliver_steps import DeliverSteps
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.engine.steps import Steps
from triverse_addon.tasks.engine.submit_steps import SubmitSteps
from triverse_addon.tasks.record.record import Stage
from triverse_addon.tasks.store.store import Store

pytestmark = pytest.mark.kind("silent-workers")

ROWS = "name,prompt,polygon_limit\nChair,a chair,1000\nTable,a table,1000\n"
Run = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


@pytest.fixture
def run(service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command; return its code, its lines, and what it told people."""
    monkeypatch.setenv("TRIVERSE_API_URL", service.url)
    monkeypatch.setenv("TRIVERSE_API_KEY", service.key)
    monkeypatch.setattr(work_queue, "RETRY_AFTER_S", 0.01)
    for module, name in (
        (pacing, "FIRST_POLL_S"),
        (pacing, "LONGEST_POLL_S"),
        (backoff, "FIRST_S"),
        (backoff, "LONGEST_S"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name) / 40)
    monkeypatch.chdir(tmp_path)

    def command(*argv: str) -> tuple[int, list[dict[str, Any]], str]:
        code = main.run([*argv, "--json", "--data", str(tmp_path / "data")], PlainHost("triverse"))
        out, err = capfd.readouterr()
        return code, [json.loads(line) for line in out.splitlines() if line.startswith("{")], err

    return command


def slip(*_given: object, **_named: object) -> Any:
    raise AttributeError("secret words")


def leave(*_given: object, **_named: object) -> Any:
    raise SystemExit(0)


@pytest.mark.parametrize("wrong", [slip, leave])
@pytest.mark.parametrize(("owner", "name"), [(Steps, "_by_stage"), (DeliverSteps, "download")], ids=["first", "last"])
def test_a_task_that_slips_ends_the_command(
    run: Run, monkeypatch: pytest.MonkeyPatch, wrong: Any, owner: Any, name: str
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    code, lines, people = run("generate", "--prompt", "a chair")
    assert code == 1
    assert "Something unexpected went wrong" in lines[-1]["message"]
    assert "Something unexpected went wrong" in people


@pytest.mark.parametrize("wrong", [slip, leave])
@pytest.mark.parametrize(
    ("owner", "name", "argv"),
    [
        (Engine, "pump", ("generate", "--prompt", "a chair")),
        (Engine, "start", ("generate", "--prompt", "a chair")),
        (Client, "balance", ("balance",)),
        (Client, "quote", ("quote", "--prompt", "a chair")),
        (commands, "open_store", ("list",)),
        (commands, "report_of", ("report",)),
    ],
    ids=["pump", "start", "balance", "quote", "list", "report"],
)
def test_a_command_that_slips_ends_with_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, wrong: Any, owner: Any, name: str, argv: tuple[str, ...]
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    code, lines, people = run(*argv)
    assert code == 1
    assert lines[-1]["type"] == "error"
    assert "Something unexpected went wrong" in people
    assert "Traceback" not in people
    assert "secret" not in people + str(lines)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (dispatcher.Dispatcher, "start"),
        (model_writers.ModelWriters, "start"),
        (limits.Budget, "reserve"),
        (runner.Runner, "_check_starting"),
        (runner.Runner, "_check_task"),
    ],
)
def test_ctrl_c_in_the_middle_of_a_step_loses_no_row(
    run: Run, service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    write(tmp_path / "rows.csv", ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupt)
        code, lines, people = run("batch", "rows.csv", "--glb-only", "--yes")
    assert code == 130, people
    assert [line["state"] for line in lines if line["type"] == "result"] == ["open", "open"]
    code, lines, people = run("batch", "rows.csv", "--glb-only", "--yes")
    assert code == 0, people
    assert set(service.state.charged_per_order().values()) == {1}


@pytest.mark.parametrize(
    ("error", "expected"),
    [(KeyboardInterrupt(), 130), (report.ReportError(Sentence.of("There is no room.")), 1)],
    ids=["ctrl-c", "full"],
)
def test_what_was_not_sent_is_held_back_even_if_the_report_of_ctrl_c_fails(
    run: Run,
    service: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    expected: int,
) -> None:
    def interrupt(run: runner.Runner) -> None:
        # Not earlier: on a busy machine there would be no task yet that could be held back.
        if any(item.starting is not None and item.starting.done() for item in run._starting.values()):
            raise KeyboardInterrupt

    def fail(*args: object) -> None:
        raise error

    write(tmp_path / "rows.csv", ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(SubmitSteps, "begin", lambda *args: None)  # nothing is sent
        patch.setattr(runner.Runner, "_check_starting", interrupt)
        patch.setattr(report, "write", fail)
        code, _, people = run("batch", "rows.csv", "--glb-only", "--yes")
    assert code == expected, people
    with contextlib.closing(Store(tmp_path / "data")) as store:
        tasks = store.page()
    assert {(task.stage, task.following) for task in tasks} == {(Stage.QUEUED, False)}
    assert service.state.creations == []
    code, _, people = run("batch", "rows.csv", "--glb-only", "--yes")
    assert code == 0, people
    assert set(service.state.charged_per_order().values()) == {1}


@pytest.mark.parametrize("wrong", [slip, leave])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Ledger, "claim"),
        (Ledger, "put"),
        (GlbWriter, "__call__"),
        (dispatcher.Dispatcher, "_mark"),
        (model_writers, "job_for"),
        (runner.Runner, "_check_task"),
        (runner.Runner, "_start_rows"),
    ],
    ids=["claim", "ledger", "writer", "mark", "job", "look", "begin"],
)
def test_a_row_that_slips_is_told_and_the_batch_ends(
    run: Run, service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Any, owner: Any, name: str
) -> None:
    write(tmp_path / "rows.csv", ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, wrong)
        code, lines, people = run("batch", "rows.csv", "--glb-only", "--yes")
    assert code == 1, people
    ends = {line["state"] for line in lines if line["type"] == "result"}
    assert ends == {"failed"}, lines
    assert "Something unexpected went wrong" in people
    assert "secret" not in people.replace("AttributeError: secret words", "")
    assert (tmp_path / "rows-library" / "batch-report.json").is_file()
    # What was noted as failed is tried again on request, what was not by the same command.
    run("batch", "rows.csv", "--glb-only", "--yes")
    code, lines, people = run("batch", "rows.csv", "--glb-only", "--yes", "--retry-failed")
    assert code == 0, people
    assert {path.name for path in (tmp_path / "rows-library").glob("*.glb")} == {"chair.glb", "table.glb"}
    assert set(service.state.charged_per_order().values()) == {1}
    assert len(service.state.charged()) == 2
