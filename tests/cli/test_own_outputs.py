# SPDX-License-Identifier: GPL-3.0-or-later
"""``--output`` and ``--report`` replace what the add-on wrote, and nothing else; refused before anything is sent."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.cli.driver import Cli
from tests.service import models
from tests.service.server import StandIn
from triverse_addon.cli.origin import new_origin
from triverse_addon.cli.output_file import was_written_by
from triverse_addon.tasks.record.record import Stage, TaskRecord

CHAIR = ("generate", "--prompt", "a red chair", "--polygon-limit", "1000", "--output", "chair.glb")

pytestmark = pytest.mark.kind("own-outputs")


def test_a_foreign_file_is_kept(cli: Cli, service: StandIn) -> None:
    (cli.folder / "chair.glb").write_text("mine")
    answer = cli.run(*CHAIR)
    assert answer.code == 2
    assert "--overwrite" in answer.people
    assert (cli.folder / "chair.glb").read_text() == "mine"
    assert service.state.charged() == []
    answer = cli.run(*CHAIR, "--overwrite")
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").read_bytes() == models.glb_path("1k").read_bytes()


def test_the_same_command_again_replaces_its_own_file(cli: Cli, service: StandIn) -> None:
    assert cli.run(*CHAIR).code == 0
    answer = cli.run(*CHAIR)
    assert answer.code == 0, answer.people
    assert len(service.state.charged()) == 2


def test_what_was_changed_since_is_somebodys_work(cli: Cli, service: StandIn) -> None:
    assert cli.run(*CHAIR).code == 0
    file = cli.folder / "chair.glb"
    file.write_text("mine")
    os.utime(file, (time.time() + 60, time.time() + 60))
    answer = cli.run(*CHAIR)
    assert answer.code == 2
    assert "--overwrite" in answer.people
    assert file.read_text() == "mine"
    assert len(service.state.charged()) == 1


@pytest.mark.parametrize("is_link", [False, True])
def test_what_was_put_there_since_is_somebodys_work_however_old_it_is(tmp_path: Path, is_link: bool) -> None:
    """``cp -p`` and unpackers give a file the time of its original, and a link has that of what it leads to."""
    file, old = tmp_path / "chair.glb", tmp_path / "old.glb"
    an_hour_ago_s = time.time() - 3600
    record = TaskRecord(
        "a" * 32,
        "text-to-model",
        "Chair",
        Stage.IMPORTED,
        imported_at_s=an_hour_ago_s,
        origin=new_origin(file),
    )
    old.write_text("mine")
    os.utime(old, (1e9, 1e9))
    if is_link:
        file.symlink_to(old)
    else:
        shutil.copy2(old, file)
    assert file.stat().st_mtime == 1e9
    assert not was_written_by(file, [record])
    assert was_written_by(file, [dataclasses.replace(record, imported_at_s=time.time())])


def test_a_command_that_wrote_nothing_owns_nothing(cli: Cli, service: StandIn) -> None:
    """Its order came to nothing; then the user put a file of their own there."""
    command = ("generate", "--prompt", "please fail", *CHAIR[3:])
    assert cli.run(*command).code == 1
    file = cli.folder / "chair.glb"
    file.write_text("mine")
    os.utime(file, (1e9, 1e9))
    answer = cli.run(*CHAIR)
    assert answer.code == 2
    assert file.read_text() == "mine"
    assert len(service.state.charged()) <= 1


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_model_is_not_written_over_its_source(cli: Cli, service: StandIn, more: tuple[str, ...]) -> None:
    shutil.copyfile(models.glb_path("1k"), cli.folder / "vase.glb")
    shutil.copyfile(models.preview_path("1k"), cli.folder / "a.png")
    before = (cli.folder / "vase.glb").read_bytes()
    (cli.folder / "same.glb").symlink_to("vase.glb")
    for name in ("vase.glb", "same.glb"):
        command = ("generate", "--flow", "texture-model", "--model", "vase.glb", "--image", "a.png")
        assert cli.run(*command, "--output", name, *more).code == 2
    assert (cli.folder / "vase.glb").read_bytes() == before
    assert service.state.charged() == []


@pytest.mark.parametrize("name", ["rows.csv", "notes.json", "folder"])
def test_a_report_replaces_only_a_report(cli: Cli, service: StandIn, name: str) -> None:
    (cli.folder / "rows.csv").write_text("name,prompt,polygon_limit\nChair,a chair,1000\n")
    (cli.folder / "notes.json").write_text('{"version": 1}')
    (cli.folder / "folder").mkdir()
    before = {path: path.read_bytes() for path in cli.folder.iterdir() if path.is_file()}
    command = ("batch", "rows.csv", "--glb-only", "--yes", "--report")
    answer = cli.run(*command, name)
    assert answer.code == 2
    assert "no report of a batch" in answer.people
    assert all(path.read_bytes() == data for path, data in before.items())
    assert service.state.charged() == []
    for _ in range(2):
        assert cli.run(*command, "report.json").code == 0
    assert '"counts"' in (cli.folder / "report.json").read_text()


@pytest.mark.parametrize("name", ["/proc/report.json", "rows.csv/report.json", f"{'long' * 70}.json"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_sent(
    cli: Cli, service: StandIn, name: str
) -> None:
    (cli.folder / "rows.csv").write_text("name,prompt,polygon_limit\nChair,a chair,1000\n")
    answer = cli.run("batch", "rows.csv", "--glb-only", "--yes", "--report", name)
    assert answer.code == 2, answer.people
    assert answer.people.startswith("Nothing can be written in ")
    assert service.state.requests == []
    assert not cli.data.exists()


def test_a_report_goes_into_a_folder_that_is_made_with_it(cli: Cli) -> None:
    (cli.folder / "rows.csv").write_text("name,prompt,polygon_limit\nChair,a chair,1000\n")
    answer = cli.run("batch", "rows.csv", "--glb-only", "--yes", "--report", "new/folder/report.json")
    assert answer.code == 0, answer.people
    assert '"counts"' in (cli.folder / "new" / "folder" / "report.json").read_text()


def test_the_results_are_told_when_the_report_cannot_be_written_any_more(cli: Cli, service: StandIn) -> None:
    """There was room for it when it was tried; it is the last thing that is said."""
    (cli.folder / "rows.csv").write_text("name,prompt,polygon_limit\nChair,a chair,1000\n")
    library = cli.folder / "rows-library"
    (library / "batch-report.json").mkdir(parents=True)
    for more in (("--yes",), ("--merge",)):
        answer = cli.run("batch", "rows.csv", "--glb-only", *more)
        assert answer.code == 1, answer.people
        assert [one["state"] for one in answer.of("result")] == ["done"]
        assert answer.lines[-1]["type"] == "error"
        assert f"The report {library / 'batch-report.json'} cannot be written" in answer.people.splitlines()[-1]
        assert "1 done" in answer.people
        (page,) = library.glob("*.html")
        page.unlink()
    assert len(service.state.charged()) == 1
