# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what the add-on wrote is removed, and nothing through a link. One: ``python scripts/test.py
tests/tasks/files/test_removal.py``."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.scene.child import preparer as child_preparer
from triverse_addon.scene.child import source_thumbnails
from triverse_addon.tasks.files import removal
from triverse_addon.tasks.record.record import Stage, TaskRequest

pytestmark = pytest.mark.kind("deletes-own-names")

OURS = [
    "model.glb",
    "model.blend",
    "preview.png",
    "thumbnail.png",
    "delivered",
    "convert.log",
    ".library-copies",
    "prepare.log",
    "input-my-chair-0a1b2c3d.glb",
    ".model.glb.part",
    ".model.glb.part.json",
    ".preview.png.part",
    ".delivered.part.json",
    ".model.4711.blend",
    ".model.4711.blend@",
    ".thumbnail.4711.png",
    ".input-file-0a1b2c3d.4711.jpg",
]
THEIRS = [
    "model.blend1",  # they saved the model with a change of their own
    "my model.blend",
    "chair.glb",
    "model.glb.bak",
    "notes.txt",
    ".part",
    ".movie.mp4.part",
    ".model.old.blend",
    "input.glb",
    "thumbnail.jpg",
    "convert.log.txt",
]


def filled(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_task_that_is_ours_alone_goes_as_a_whole(tmp_path: Path) -> None:
    folder = filled(tmp_path / "task", *OURS)
    filled(folder / ".convert-0a1b2c3d" / "deep", "file")
    removal.delete(folder)
    assert not folder.exists()


def test_what_somebody_put_beside_the_model_stays(tmp_path: Path) -> None:
    folder = filled(tmp_path / "task", *OURS, *THEIRS)
    filled(folder / "textures", "model.glb")
    filled(folder / ".convert-mine", "file")
    filled(folder / "model.blend.d", "file")
    removal.delete(folder)
    assert names(folder) == sorted([*THEIRS, "textures", ".convert-mine", "model.blend.d"])
    assert names(folder / "textures") == ["model.glb"]


def test_nothing_is_removed_through_a_link(tmp_path: Path) -> None:
    documents = filled(tmp_path / "documents", "model.glb", "letter.txt")
    filled(documents / ".convert-0a1b2c3d", "file")
    (tmp_path / "task").symlink_to(documents)
    removal.delete(tmp_path / "task")
    removal.remove_leftovers(tmp_path / "task", "model")
    assert names(documents) == [".convert-0a1b2c3d", "letter.txt", "model.glb"]
    folder = filled(tmp_path / "other", "model.blend")
    (folder / "model.glb").symlink_to(documents / "model.glb")
    (folder / ".convert-0a1b2c3d").symlink_to(documents / ".convert-0a1b2c3d")
    removal.delete(folder)
    assert names(folder) == [".convert-0a1b2c3d", "model.glb"]  # whoever made the links wants them
    assert names(documents) == [".convert-0a1b2c3d", "letter.txt", "model.glb"]
    assert names(documents / ".convert-0a1b2c3d") == ["file"]


def test_a_pipe_with_our_name_is_nobodys_model(tmp_path: Path) -> None:
    folder = filled(tmp_path / "task", "preview.png")
    os.mkfifo(folder / "model.glb")
    removal.delete(folder)
    assert names(folder) == ["model.glb"]


@pytest.mark.parametrize("path", ["", "gone", "file"])
def test_what_is_not_there_is_no_trouble(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    removal.delete(tmp_path / "nowhere" / path if path == "gone" else tmp_path / path)
    assert (tmp_path / "file").exists()


def test_delete_its_files(tmp_path: Path) -> None:
    """As the list does it: the model goes, the user's own work beside it stays."""
    with StandIn(speed=30) as service, running(service, tmp_path) as driver:
        gone, kept = (driver.reaches(driver.submit(name), Stage.IMPORTED) for name in ("a well", "a chair"))
        (Path(kept.folder) / "retopology.blend").write_text("hours")
        for record in (gone, kept):
            driver.engine.forget(record.id, delete_files=True)
        for thread in threading.enumerate():
            if thread.name == "triverse-delete":
                thread.join(5.0)
        assert not Path(gone.folder).exists()
        assert names(Path(kept.folder)) == ["retopology.blend"]


def test_delete_what_a_flow_without_a_model_has_made(tmp_path: Path) -> None:
    with StandIn(speed=30) as service, running(service, tmp_path) as driver:
        made = driver.engine.submit(TaskRequest("image-generation", {"prompt": "a well"}))
        record = driver.reaches(made.id, Stage.DONE)
        folder = Path(record.folder)
        assert record.result_files
        filled(folder, ".picture-02.part", ".picture-02.part.json", "picture-painted-over.png")
        driver.engine.forget(record.id, delete_files=True)
        for thread in threading.enumerate():
            if thread.name == "triverse-delete":
                thread.join(5.0)
        assert names(folder) == ["picture-painted-over.png"]


def test_results_in_other_folders_are_left_alone(tmp_path: Path) -> None:
    folder = filled(tmp_path / "task", "picture.png")
    documents = filled(tmp_path / "documents", "picture.png")
    removal.delete(folder, [str(documents / "picture.png"), f"{folder}/../documents/picture.png"])
    assert names(folder) == names(documents) == ["picture.png"]


def test_what_a_killed_child_left(tmp_path: Path) -> None:
    folder = filled(tmp_path / "task", *OURS, *THEIRS)
    filled(folder / ".convert-0a1b2c3d", "result.json")
    removal.remove_leftovers(folder, "model")
    gone = {".model.4711.blend", ".model.4711.blend@", ".convert-0a1b2c3d"}
    assert names(folder) == sorted(({*OURS, *THEIRS} | {".convert-0a1b2c3d"}) - gone)


def test_old_sources_go_by_their_names(tmp_path: Path) -> None:
    ours = ["selection-0a1b2c3d4e5f.blend", "my-render-0a1b2c3d.tga"]
    theirs = ["render.tga", "chair.blend", "selection.blend"]
    folder = filled(tmp_path / "sources", *ours, *theirs)
    outside = filled(tmp_path / "outside", "picture-0a1b2c3d.png")
    (folder / "picture-0a1b2c3d.png").symlink_to(outside / "picture-0a1b2c3d.png")
    for path in (*folder.iterdir(), *outside.iterdir()):
        os.utime(path, (0, 0), follow_symlinks=False)
    preparer = child_preparer.ChildPreparer(["none"], picture_suffixes=frozenset(), own_dir=folder)
    preparer._tidy_up(folder / "chair.blend")
    assert names(folder) == sorted([*theirs, "picture-0a1b2c3d.png"])
    assert names(outside) == ["picture-0a1b2c3d.png"]


def test_small_pictures_go_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_thumbnails, "_KEPT", 1)
    folder = filled(tmp_path, *(f"{number:024x}.png" for number in range(3)), "holiday.png", "prepare.log")
    for number, path in enumerate(sorted(folder.iterdir())):
        os.utime(path, (number, number))
    source_thumbnails.SourceThumbnails(["none"], folder)._tidy_up()
    assert names(folder) == [f"{2:024x}.png", "holiday.png", "prepare.log"]
