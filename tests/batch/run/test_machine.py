# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is tried before the first order, and how it is told: with the rows that it concerns.

One: ``python scripts/test.py tests/batch/run/test_machine.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.batch.files import write
from tests.cli.driver import Cli
from tests.service.server import StandIn
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.library.asset_writer import BLENDER, PICTURES, GlbWriter
from triverse_addon.batch.rows.row import Row
from triverse_addon.batch.run import machine_check
from triverse_addon.batch.run.machine_check import check_machine
from triverse_addon.batch.run.plan import PlannedRow, RowAction
from triverse_addon.tasks.converter import NoChildError
from triverse_addon.tasks.record.processing import Processing

pytestmark = pytest.mark.kind("machine-first")


class Writer(GlbWriter):
    """A writer on a machine that lacks something."""

    with_blender = True
    tries_drawing = True

    def __init__(self, **lacking: str) -> None:
        self.lacking = lacking
        self.asked: list[Sequence[str]] = []

    def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
        self.asked.append(exports)
        return {what: Sentence.of("{what}", what=words) for what, words in self.lacking.items()}


def row(line: int, *exports: str, action: RowAction = RowAction.ORDER, **values: Any) -> PlannedRow:
    made = Row(line - 1, line, "text-to-model", values, name="Chair", post=Processing(exports=exports))
    return PlannedRow(made, f"order-{line}", f"key-{line}", True, action)


def found(folder: Path, rows: Sequence[PlannedRow], writer: GlbWriter) -> machine_check.MachineCheck:
    return check_machine(rows, folder / "library", folder / "models", writer, threading.Event())


def test_each_row_that_needs_what_is_lacking_is_named(tmp_path: Path) -> None:
    rows = [
        row(2, "fbx"),
        row(3),
        row(4, "fbx", "glb"),
        row(5, "fbx", action=RowAction.NOTHING),
        row(6, "usd", action=RowAction.WRITE),
    ]
    writer = Writer(fbx="no fbx")
    problems = found(tmp_path, rows, writer).problems
    assert [(one.line, one.column, str(one.sentence)) for one in problems] == [
        (2, "export", "no fbx"),
        (4, "export", "no fbx"),
    ]
    assert writer.asked == [["glb", "fbx", "usd"]], "once, and only what rows need that have something left to do"


def test_what_concerns_all_is_told_once(tmp_path: Path) -> None:
    problems = found(tmp_path, [row(2), row(3)], Writer(**{BLENDER: "does not start"})).problems
    assert [(one.line, str(one)) for one in problems] == [(0, "does not start")]


def test_without_a_second_blender_no_batch_is_begun(tmp_path: Path) -> None:
    class Nobody(Writer):
        def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
            raise NoChildError(Sentence.of("nobody"))

    assert [str(one) for one in found(tmp_path, [row(2)], Nobody()).problems] == ["nobody"]


def test_what_only_draws_is_a_note(tmp_path: Path) -> None:
    seen = found(tmp_path, [row(2)], Writer(**{PICTURES: "cannot draw"}))
    assert [str(note) for note in seen.notes] == ["cannot draw"]
    assert not seen.problems


def test_nothing_is_tried_for_rows_that_have_nothing_left(tmp_path: Path) -> None:
    writer = Writer(**{BLENDER: "does not start"})
    assert (
        found(tmp_path, [row(2, action=RowAction.NOTHING), row(3, action=RowAction.SKIP)], writer)
        == machine_check.MachineCheck()
    )
    assert writer.asked == []


@pytest.mark.parametrize("name", ["library", "models"])
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a file, where the folder should be")
    (problem,) = found(tmp_path, [row(2)], GlbWriter()).problems
    assert str(tmp_path / name) in str(problem)
    assert problem.line == 0


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    assert found(tmp_path, [row(2)], GlbWriter()) == machine_check.MachineCheck()
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_told_from_the_row_on_that_it_will_not_do_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of 300,000 triangles with three maps of 2048 px is taken for 20 MB, a .blend and an FBX for as much."""
    usage = type(machine_check.shutil.disk_usage(tmp_path))
    monkeypatch.setattr(machine_check.shutil, "disk_usage", lambda path: usage(10**12, 10**12, 100_000_000))
    seen = found(tmp_path, [row(2, "fbx"), row(3, "fbx"), row(4)], Writer())
    assert [note.line for note in seen.notes] == [3]
    assert "0.1 GB are free" in str(seen.notes[0])
    small = [row(line, polygon_limit=1000, texture_size=512) for line in range(2, 30)]
    assert not found(tmp_path, small, Writer()).notes


def test_the_command_tells_of_a_folder_before_it_asks_for_anything(cli: Cli, service: StandIn) -> None:
    write(cli.folder / "rows.csv", "name,prompt\nChair,a chair\n")
    (cli.folder / "rows-library").write_text("a file, where the library should be")
    for how in (("--dry-run",), ("--yes",)):
        answer = cli.run("batch", "rows.csv", "--glb-only", *how)
        assert answer.code == 2
        assert [line["line"] for line in answer.of("problem")] == [0]
        assert str(cli.folder / "rows-library") in answer.people
    assert service.state.charged_per_order() == {}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"VERSION 2\n", "were written by a newer Blender (VERSION 2)"),
        ("VERSION 1\n".encode("utf-16"), "cannot be read"),
        (b"VERSION 1\n8b0d9b4e-7d0f-4f47-9c4e-0f2d9a3a2f11:St\xfchle:Old\n", "cannot be read"),
    ],
)
def test_catalogs_that_cannot_be_mended_are_told_before_anything_is_ordered(
    cli: Cli, service: StandIn, data: bytes, said: str
) -> None:
    write(cli.folder / "rows.csv", "name,prompt,catalog\nChair,a chair,Props\n")
    file = cli.folder / "rows-library" / "blender_assets.cats.txt"
    file.parent.mkdir()
    file.write_bytes(data)
    for how in (("--dry-run",), ("--yes",), ("--yes", "--max-credits", "100")):
        answer = cli.run("batch", "rows.csv", "--glb-only", *how)
        assert answer.code == 2
        (problem,) = answer.of("problem")
        assert said in answer.people
        assert str(file) in str(problem)
    assert service.state.requests == []
    assert file.read_bytes() == data
