# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command has ordered and did not bring to its end: the same command and ``resume`` go on with it, unpaid."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.driver import SCRIPT, Cli
from tests.service import models
from tests.service.server import StandIn

CHAIR = ("generate", "--prompt", "a red chair", "--polygon-limit", "1000", "--output", "chair.glb")
BOWL = ("generate", "--prompt", "a bowl", "--polygon-limit", "1000", "--output", "bowl.glb")


def interrupt(cli: Cli, service: StandIn, *argv: str, by: signal.Signals = signal.SIGINT) -> None:
    service.state.clock.speed = 0.01
    cli.interrupt_at("waiting", *argv, by=by)
    service.state.clock.speed = 40.0


# -----------------------------------------------------------------------------
# The same command again


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_an_accepted_order_is_not_paid_again(cli: Cli, service: StandIn, by: signal.Signals) -> None:
    interrupt(cli, service, *CHAIR, by=by)
    answer = cli.run(*CHAIR)
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1
    assert len(cli.run("list").of("task")) == 1
    # Now it is settled: whoever gives the command once more wants another one.
    assert cli.run(*CHAIR).code == 0
    assert len(service.state.charged()) == 2


def test_another_order_is_another_order(cli: Cli, service: StandIn) -> None:
    shutil.copyfile(models.preview_path("1k"), cli.folder / "a.png")
    picture = ("generate", "--image", "a.png", "--polygon-limit", "1000")
    interrupt(cli, service, *picture)
    # The picture under this name is another one now.
    with (cli.folder / "a.png").open("ab") as file:
        file.write(b"\0")
    assert cli.run(*picture).code == 0
    assert len(service.state.charged()) == 2
    assert cli.run("resume").code == 0
    assert len(service.state.charged()) == 2
    interrupt(cli, service, *CHAIR)
    assert cli.run(*CHAIR, "--allow-duplicate").code == 0
    assert len(service.state.charged()) == 4


@pytest.mark.parametrize("again", [CHAIR, ("resume",)])
def test_a_full_disk_is_mended(
    cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch, again: tuple[str, ...]
) -> None:
    usage = shutil.disk_usage(".")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
        answer = cli.run(*CHAIR)
    assert answer.code == 1
    assert "Free some space, then run the same command again." in answer.people
    assert "press Retry" not in answer.people + json.dumps(answer.lines)
    assert "no room left" in answer.people
    assert "run the same command again" in answer.people.lower()
    assert "In place of Retry" not in answer.people, "it was said"
    answer = cli.run(*again)
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1


def test_an_order_under_another_address_of_the_service_is_agreed_to(cli: Cli, service: StandIn) -> None:
    service.faults.add("create", reset_after=True, times=None)
    answer = cli.run(*CHAIR, "--timeout", "3")
    assert answer.code == 5
    assert "has not accepted the order" in answer.people
    service.faults.clear()
    cli.env["TRIVERSE_API_URL"] = service.url.replace("127.0.0.1", "localhost")
    answer = cli.run(*CHAIR)
    assert answer.code == 1
    assert "run the same command again" in answer.people.lower()
    assert "In place of Retry" not in answer.people, "it was said"
    answer = cli.run(*CHAIR)
    assert answer.code == 0, answer.people
    assert len(service.state.charged()) == 1


def test_a_repetition_is_made_on_purpose_only(cli: Cli, service: StandIn) -> None:
    service.settings.duplicate_window_s = 100_000.0
    service.settings.on_duplicate = "conflict"
    assert cli.run(*CHAIR).code == 0
    for _ in range(2):
        answer = cli.run(*CHAIR)
        assert answer.code == 1, answer.people
        assert "Add --allow-duplicate" in answer.people
        assert "Retry" not in answer.people
        assert len(service.state.charged()) == 1
    assert cli.run(*CHAIR, "--allow-duplicate").code == 0
    assert len(service.state.charged()) == 2


# -----------------------------------------------------------------------------
# resume


def test_a_file_of_the_users_is_not_replaced(cli: Cli, service: StandIn) -> None:
    interrupt(cli, service, *CHAIR)
    interrupt(cli, service, *BOWL)
    file = cli.folder / "chair.glb"
    file.write_text("mine")
    answer = cli.run("resume")
    assert answer.code == 2
    assert "--overwrite" in answer.people
    assert file.read_text() == "mine"
    # The other one is saved, and the model of this one is kept.
    assert (cli.folder / "bowl.glb").is_file()
    (kept,) = [line for line in answer.of("result") if line["name"] == "a red chair"]
    assert Path(kept["model_path"]).is_file()
    answer = cli.run("resume", "--overwrite")
    assert answer.code == 0, answer.people
    assert file.read_bytes() == Path(kept["model_path"]).read_bytes()
    assert len(service.state.charged()) == 2


def test_a_newer_model_is_not_replaced_by_an_older_order(cli: Cli, service: StandIn) -> None:
    interrupt(cli, service, *BOWL[:-1], "chair.glb")
    assert cli.run(*CHAIR).code == 0
    file = cli.folder / "chair.glb"
    before = file.stat().st_mtime_ns
    assert cli.run("resume").code == 2
    assert file.stat().st_mtime_ns == before


def test_a_folder_that_is_gone_does_not_hold_up_the_others(cli: Cli, service: StandIn) -> None:
    (cli.folder / "gone").mkdir()
    interrupt(cli, service, *CHAIR[:-1], "gone/chair.glb")
    interrupt(cli, service, *BOWL)
    (cli.folder / "gone").rmdir()
    answer = cli.run("resume")
    assert answer.code == 2
    assert "There is no folder" in answer.people
    assert (cli.folder / "bowl.glb").is_file()
    assert all(Path(line["model_path"]).is_file() for line in answer.of("result"))
    (cli.folder / "gone").mkdir()
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    assert (cli.folder / "gone" / "chair.glb").is_file()


# -----------------------------------------------------------------------------
# The list itself


def test_a_damaged_list_is_told_and_found_again(cli: Cli, service: StandIn) -> None:
    interrupt(cli, service, *CHAIR)
    with (cli.data / "tasks.sqlite3").open("r+b") as file:
        file.write(b"garbage" * 4)
    for command in (("list",), ("report",)):
        answer = cli.run(*command)
        assert "damaged" in answer.people
        assert "{name}" not in answer.people
    assert cli.run("list").code == 1
    assert cli.run("list").of("error")
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    assert "Triverse told of 1 task that was not listed" in answer.people
    listed = cli.run("list")
    assert listed.code == 0, listed.people
    (task,) = listed.of("task")
    answer = cli.run("track", task["task_uuid"], "--output", "chair.glb")
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1


def test_a_folder_of_another_user_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    cli.data.mkdir()
    monkeypatch.setattr(Path, "exists", denied)
    answer = cli.run("list")
    assert answer.code == 1
    assert "unexpected" not in answer.people
    assert str(cli.data) in answer.people


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_the_command_that_is_named_finds_the_task(tmp_path: Path, service: StandIn, is_interrupted: bool) -> None:
    """Without ``--data``, it looked at another list of tasks, and said that there was nothing to resume."""
    place = tmp_path / "a farm's disk"
    place.mkdir()
    cli = Cli(place, service)
    service.state.clock.speed = 0.01
    answer = cli.interrupt_at("waiting", *CHAIR) if is_interrupted else cli.run(*CHAIR, "--timeout", "1")
    assert answer.code == (130 if is_interrupted else 5)
    service.state.clock.speed = 40.0
    named = re.search(r"python scripts/triverse\.py (.+)", answer.people)
    assert named is not None, answer.people
    words = shlex.split(named[1])
    assert words == ["resume", "--data", str(cli.data)]
    command = [cli.python, str(SCRIPT), *words]
    resumed = subprocess.run(command, env=cli.env, cwd=place, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert (place / "chair.glb").is_file()
