# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures: what becomes a row, and what is left out by name, in command and report."""

from __future__ import annotations

import json
import os
from pathlib import Path, PureWindowsPath

import PIL.Image
import pytest

from tests.batch.files import png
from tests.cli.driver import Cli
from tests.service.server import StandIn
from triverse_addon.batch.input.reader import read
from triverse_addon.batch.rows.raw_rows import RawBatch
from triverse_addon.batch.run.request import library_for

pytestmark = pytest.mark.kind("picture-content")

HEIC = b"\0\0\0\x18ftypheic" + bytes(50)


def jpeg(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", (20, 10), "red").save(path, "JPEG")
    return path


def images(raw: RawBatch) -> list[object]:
    return [row.cells["image"] for row in raw.rows]


def left_out(raw: RawBatch) -> dict[str, str]:
    return {one.name: str(one.reason) for one in raw.left_out}


def test_pictures_by_what_is_in_them(tmp_path: Path) -> None:
    for name in ("a.jfif", "b.jpe", "c", "d.JPG", "props/e.dat"):
        jpeg(tmp_path / name)
    png(tmp_path / "f.heic")
    raw = read(tmp_path)
    assert images(raw) == ["a.jfif", "b.jpe", "c", "d.JPG", "f.heic", "props/e.dat"]
    assert (raw.problems, raw.left_out) == ((), ())


def test_whatever_is_left_out_is_told_with_why(tmp_path: Path) -> None:
    jpeg(tmp_path / "chair.jpg")
    (tmp_path / "IMG_0001.HEIC").write_bytes(HEIC)
    (tmp_path / "IMG_0002").write_bytes(HEIC)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "empty").touch()
    (tmp_path / "clip.mov").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(20))
    jpeg(tmp_path / ".thumb.jpg")
    jpeg(tmp_path / ".cache" / "x.jpg")
    jpeg(tmp_path / "library" / "thumbnails" / "x.jpg")
    (tmp_path / "library" / ".triverse").mkdir()
    jpeg(tmp_path.parent / "elsewhere" / "x.jpg")
    (tmp_path / "linked").symlink_to(tmp_path.parent / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    raw = read(tmp_path)
    assert images(raw) == ["chair.jpg"]
    told = left_out(raw)
    assert set(told) == {path.name for path in tmp_path.iterdir()} - {"chair.jpg"}
    for name in ("IMG_0001.HEIC", "IMG_0002"):
        assert told[name].startswith(f"{name} is not a JPEG, PNG or WebP picture. It is HEIC: ")
    assert "It is a video" in told["clip.mov"]
    assert {told[".thumb.jpg"], told[".cache"]} == {"It is hidden."}
    assert told["library"] == "It is the library of a batch."
    assert told["linked"] == "It is a link to another folder."
    assert {told["notes.txt"], told["empty"], told["pipe"]} == {"It is no picture."}


def test_what_is_prepared_first_is_a_row(tmp_path: Path) -> None:
    for name in ("a.psd", "b.txt"):
        (tmp_path / name).write_bytes(b"8BPS\0\1" + bytes(20))
    raw = read(tmp_path, takes=lambda path: path.endswith(".psd"))
    assert images(raw) == ["a.psd"]
    assert left_out(raw) == {
        "b.txt": "b.txt is not a JPEG, PNG or WebP picture. It is PSD: save it as one of these.",
    }


def test_the_command_and_its_report_name_them(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    jpeg(folder / "chair")
    (folder / "IMG_1.HEIC").write_bytes(HEIC)
    for number in range(60):
        (folder / f"notes{number}.txt").write_text("x")
    answer = cli.run("batch", folder, "--glb-only", "--yes")
    assert answer.code == 0, answer.people
    assert "Left out: IMG_1.HEIC: IMG_1.HEIC is not a JPEG, PNG or WebP picture. It is HEIC: " in answer.people
    assert "… and 11 more are left out. The report names all." in answer.people
    assert len(answer.of("left_out")) == 61
    report = json.loads((tmp_path / "pictures-library" / "batch-report.json").read_text("utf-8"))
    assert [one["file"] for one in report["left_out"]] == [one["file"] for one in answer.of("left_out")]
    assert [row["state"] for row in report["rows"]] == ["done"]


def test_a_whole_disk(tmp_path: Path) -> None:
    """As a drive of Windows: it has no name, and its own folders may not be readable."""
    assert library_for(PureWindowsPath("E:/")) == PureWindowsPath("E:/triverse-library")  # type: ignore[arg-type]
    assert library_for(Path("/")) == Path("/triverse-library")
    assert library_for(Path("/a/chairs")) == Path("/a/chairs-library")
    jpeg(tmp_path / "chair.jpg")
    for name in ("System Volume Information", "$RECYCLE.BIN", "lost+found"):
        jpeg(tmp_path / name / "x.jpg")
    raw = read(tmp_path)
    assert (images(raw), raw.problems) == (["chair.jpg"], ())
    assert set(left_out(raw).values()) == {"It belongs to the system."}


@pytest.mark.parametrize(
    ("argv", "words"),
    [(("",), "Name the batch file"), ((".", "--library", " "), "Name a folder with --library")],
)
def test_an_empty_name_is_not_the_folder_that_the_command_is_started_in(
    cli: Cli, service: StandIn, argv: tuple[str, ...], words: str
) -> None:
    """A variable of a farm's script that is not set."""
    png(cli.folder / "chair.png")
    answer = cli.run("batch", *argv, "--glb-only", "--yes")
    assert answer.code == 2
    assert answer.people.startswith(words)
    assert service.state.requests == []
    assert [path.name for path in cli.folder.iterdir()] == ["chair.png"]
