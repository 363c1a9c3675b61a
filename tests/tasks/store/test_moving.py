# SPDX-License-Identifier: GPL-3.0-or-later
"""
List and models on their way to where no uninstall reaches.

One: ``python scripts/test.py tests/tasks/store/test_moving.py``.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id, now_s
from triverse_addon.tasks.store import entry_files, moving, user_folder
from triverse_addon.tasks.store.lease import Owner
from triverse_addon.tasks.store.lost_store import LOST_NAME
from triverse_addon.tasks.store.store import FILE_NAME, Store
from triverse_addon.tasks.store.user_folder import Place, plan_move, read_place, settle, usual_folder, write_place

pytestmark = pytest.mark.kind("uninstall")

COUNT = 4


def filled(folder: Path, count: int = COUNT) -> list[TaskRecord]:
    """Make a list with models, as an earlier version kept them."""
    store = Store(folder)
    records = []
    for number in range(count):
        task_id = new_id()
        own = folder / "models" / f"2026-11-29_chair_{task_id[:8]}"
        own.mkdir(parents=True)
        (own / "model.glb").write_bytes(os.urandom(3000))
        (own / "preview.png").write_bytes(b"png")
        source = folder / "sources" / f"{task_id}.glb"
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(b"source")
        record = TaskRecord(
            id=task_id,
            flow="texture-model",
            name=f"chair {number}",
            stage=Stage.READY,
            client_order_id=task_id,
            task_uuid=f"uuid-{task_id}",
            created_at_s=now_s() + number,
            sources={"model": str(source), "image": "https://example.com/a.png"},
            folder=str(own),
            model_path=str(own / "model.glb"),
            preview_path=str(own / "preview.png"),
        )
        store.add(record)
        store.add_history(task_id, "INFO", Sentence.of("Downloaded to {folder}.", folder=str(own)))
        records.append(record)
    store.close()
    (folder / "last_used.json").write_text("{}")
    (folder / "batches").mkdir()
    (folder / "batches" / "a.json").write_text("{}")
    return records


def bytes_of(records: list[TaskRecord]) -> dict[str, bytes]:
    return {record.id: Path(record.model_path).read_bytes() for record in records}


def assert_whole(folder: Path, old: Path, models: dict[str, bytes]) -> None:
    """Every task is on the list in ``folder``, every path of it leads there and to its model; ``old`` is empty."""
    store = Store(folder)
    records = {record.id: record for record in store.page()}
    assert records.keys() == models.keys()
    for task_id, record in records.items():
        assert Path(record.model_path).read_bytes() == models[task_id]
        paths = [record.folder, record.model_path, record.preview_path, record.sources["model"]]
        assert all(Path(path).exists() and path.startswith(f"{folder}{os.sep}") for path in paths)
        assert record.sources["image"] == "https://example.com/a.png"
        assert [line.sentence.template for line in store.history(task_id)] == ["Downloaded to {folder}."]
    store.close()
    assert len(list((folder / "models").iterdir())) == len(models)
    assert (folder / "last_used.json").is_file()
    assert (folder / "batches" / "a.json").is_file()
    left = {path.relative_to(old).as_posix() for path in old.rglob("*")}
    assert left <= {"moving.lock"}, left


@pytest.fixture(params=["same disk", "another disk"])
def places(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An extension's folder and the user's, on one file system or on two."""
    old, usual = tmp_path / "extension" / "triverse", tmp_path / "share" / "triverse-blender"
    if request.param == "another disk":
        rename = os.rename

        def apart(source: Any, target: Any) -> None:
            if ("extension" in Path(source).parts) != ("extension" in Path(target).parts):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            rename(source, target)

        monkeypatch.setattr(moving.os, "rename", apart)
    return SimpleNamespace(old=old, usual=usual, is_apart=request.param == "another disk")


@pytest.mark.parametrize(
    ("system", "environment", "expected"),
    [
        ("linux", {}, "~/.local/share/triverse-blender"),
        ("linux", {"XDG_DATA_HOME": "/data/me"}, "/data/me/triverse-blender"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "~/.local/share/triverse-blender"),
        ("darwin", {"XDG_DATA_HOME": "/data/me"}, "~/Library/Application Support/triverse-blender"),
        ("win32", {"LOCALAPPDATA": "/c/me/AppData/Local"}, "/c/me/AppData/Local/triverse-blender"),
        ("win32", {}, "~/AppData/Local/triverse-blender"),
    ],
)
def test_each_system_has_its_folder(system: str, environment: dict[str, str], expected: str) -> None:
    assert usual_folder(environment, system) == Path(expected).expanduser()


def test_all_is_moved_once(places: SimpleNamespace) -> None:
    models = bytes_of(filled(places.old))
    seen: list[tuple[int, int]] = []
    settled = settle(places.usual, [places.old], lambda *at: seen.append(at))
    assert settled == user_folder.Settled(places.usual)
    assert_whole(places.usual, places.old, models)
    assert seen[0] == (0, 2 * COUNT + 2)
    assert seen[-1][0] == seen[-1][1]
    assert user_folder.is_settled(places.usual, [places.old])
    seen.clear()
    assert settle(places.usual, [places.old], lambda *at: seen.append(at)).folder == places.usual
    assert not seen


def killed_at(step: int, run: Callable[[Callable[..., None]], object]) -> bool:
    """Run it in a process that ends like kill -9 at its ``step``-th sign of life; tell whether it came that far."""
    child = os.fork()
    if child == 0:
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1
            if count == step:
                os._exit(9)

        try:
            run(tick)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_any_moment_it_goes_on(places: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = moving.remove_entry
    step = 0
    while True:
        step += 1
        models = bytes_of(filled(places.old, 2))

        def run(tick: Callable[..., None]) -> None:
            def removing(path: Path) -> None:
                tick()
                remove(path)

            for module in (moving, entry_files):
                monkeypatch.setattr(module, "remove_entry", removing)
            settle(places.usual, [places.old], tick)

        was_killed = killed_at(step, run)
        assert settle(places.usual, [places.old]).folder == places.usual
        assert_whole(places.usual, places.old, models)
        shutil.rmtree(places.usual)
        if not was_killed:
            break
    # Each entry, the switch, and the removal of what was copied.
    assert step > (18 if places.is_apart else 9)


def test_without_room_all_stays_in_use(places: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    models = bytes_of(filled(places.old))
    monkeypatch.setattr(moving.shutil, "disk_usage", lambda _path: SimpleNamespace(free=1000))
    settled = settle(places.usual, [places.old])
    if not places.is_apart:
        # Nothing is written anew within a disk.
        assert settled.problem is None
        assert_whole(places.usual, places.old, models)
        return
    assert settled.folder == places.old
    assert "There is no room" in str(settled.problem)
    assert {path.name for path in places.usual.iterdir()} == {"moving.lock"}
    monkeypatch.undo()
    assert settle(places.usual, [places.old]).problem is None
    assert_whole(places.usual, places.old, models)


@pytest.mark.parametrize("places", ["another disk"], indirect=True)
@pytest.mark.parametrize("which", ["model.glb", "preview.png", "last_used.json"])
def test_a_disk_that_fills_up_in_mid_copy(places: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    models = bytes_of(filled(places.old))
    copy, count = shutil.copy2, 0

    def full(source: Any, target: Any, **options: Any) -> Any:
        nonlocal count
        count += Path(source).name == which
        if count > (which != "last_used.json"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        return copy(source, target, **options)

    with monkeypatch.context() as patched:
        # copytree() has its copy function from its defaults.
        patched.setattr(shutil, "copy2", full)
        patched.setattr(shutil.copytree, "__defaults__", (False, None, full, False, False))
        patched.setattr(shutil.copytree, "__kwdefaults__", None)
        settled = settle(places.usual, [places.old])
    assert settled.folder == places.old
    assert "There is no room" in str(settled.problem)
    assert not [path for path in places.usual.rglob("*") if path.is_file() and path.name != "moving.lock"]
    assert settle(places.usual, [places.old]).problem is None
    assert_whole(places.usual, places.old, models)


@pytest.mark.parametrize("places", ["another disk"], indirect=True)
def test_a_copy_that_differs_is_not_taken_for_the_model(
    places: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = filled(places.old)
    models = bytes_of(records)
    spoilt = Path(records[0].folder)
    copytree = shutil.copytree

    def torn(source: Path, target: Path, **options: Any) -> Any:
        copytree(source, target, **options)
        if Path(source) == spoilt:
            (Path(target) / "model.glb").write_bytes(b"half")

    monkeypatch.setattr(moving.shutil, "copytree", torn)
    assert settle(places.usual, [places.old]).folder == places.usual
    store = Store(places.usual)
    left = store.get(records[0].id)
    store.close()
    assert left is not None
    assert left.folder == str(spoilt)
    assert Path(left.model_path).read_bytes() == models[left.id]
    monkeypatch.setattr(moving.shutil, "copytree", copytree)
    settle(places.usual, [places.old])
    assert_whole(places.usual, places.old, models)


def test_while_another_blender_works_there_it_waits(places: SimpleNamespace) -> None:
    models = bytes_of(filled(places.old))
    other = Owner(places.old / "owners")
    settled = settle(places.usual, [places.old])
    assert settled.folder == places.old
    assert "Another Blender works with the list" in str(settled.problem)
    other.close()
    settle(places.usual, [places.old])
    assert_whole(places.usual, places.old, models)


def test_two_that_start_at_once_move_it_once(places: SimpleNamespace) -> None:
    models = bytes_of(filled(places.old, 40))
    barrier = threading.Barrier(4)
    places.usual.mkdir(parents=True)
    with moving._locked(places.usual), pytest.raises(moving.MoveUnderWayError, match="Another Blender is moving"):
        settle(places.usual, [places.old])

    def start() -> None:
        barrier.wait()
        while True:
            try:
                assert settle(places.usual, [places.old]) == user_folder.Settled(places.usual)
            except moving.MoveUnderWayError:
                continue
            return

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_whole(places.usual, places.old, models)


def test_two_lists_become_one(places: SimpleNamespace) -> None:
    """Another version of Blender has moved its list already; each keeps what the other has not."""
    there = filled(places.usual)
    here = filled(places.old)
    store = Store(places.usual)
    store.add(here[0].with_(id=new_id(), name="tracked in both"))
    store.add(here[1])
    store.remove(here[1].id)
    store.close()
    settle(places.usual, [places.old])
    store = Store(places.usual)
    names = sorted(record.name for record in store.page())
    assert names == sorted([one.name for one in there] + ["tracked in both"] + [one.name for one in here[2:]])
    before = store.revision()
    store.close()
    # Nothing is lost of those that are not on the list, either.
    assert len(list((places.usual / "models").iterdir())) == 2 * COUNT
    settle(places.usual, [places.old])
    store = Store(places.usual)
    assert store.revision() == before
    store.close()


def test_a_damaged_list_goes_along_as_it_is(places: SimpleNamespace) -> None:
    filled(places.old)
    (places.old / FILE_NAME).write_bytes(b"no database" * 1000)
    Store(places.old).close()
    assert settle(places.usual, [places.old]).problem is None
    assert [path.read_bytes()[:11] for path in places.usual.glob("tasks.damaged-*.sqlite3")] == [b"no database"]
    assert (places.usual / LOST_NAME).is_file()
    assert len(list((places.usual / "models").iterdir())) == COUNT


def test_a_list_of_a_newer_version_is_left_alone(places: SimpleNamespace) -> None:
    filled(places.old)
    Store(places.usual).close()
    import sqlite3

    connection = sqlite3.connect(places.usual / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    settled = settle(places.usual, [places.old])
    assert settled.folder == places.old
    assert "newer version" in str(settled.problem)
    assert len(list((places.old / "models").iterdir())) == COUNT


def test_links_of_the_user_stay_his(places: SimpleNamespace, tmp_path: Path) -> None:
    """What a link in the old folder leads to stays where it is, and is found through the new one."""
    records = filled(places.old)
    big = tmp_path / "extension" / "big disk"
    big.mkdir()
    linked = Path(records[0].folder)
    linked.rename(big / "chair")
    linked.symlink_to(big / "chair")
    settle(places.usual, [places.old])
    assert sorted(path.name for path in (big / "chair").iterdir()) == ["model.glb", "preview.png"]
    store = Store(places.usual)
    record = store.get(records[0].id)
    store.close()
    assert record is not None
    assert record.folder.startswith(str(places.usual))
    assert Path(record.model_path).is_file()


# -----------------------------------------------------------------------------
# A folder of the user's choice


def test_the_user_chooses_a_folder(places: SimpleNamespace, tmp_path: Path) -> None:
    models = bytes_of(filled(places.usual))
    documents = tmp_path / "extension" / "Documents"
    documents.mkdir(parents=True)
    (documents / "letter.txt").write_text("Dear")
    (documents / "models").mkdir()
    (documents / "models" / "rock.glb").write_text("mine")
    chosen = plan_move(places.usual, documents)
    assert chosen == documents / "triverse-blender"
    assert read_place(places.usual) == Place(places.usual, chosen)
    assert not user_folder.is_settled(places.usual, [])
    assert settle(places.usual, []).folder == chosen
    assert read_place(places.usual) == Place(chosen)
    (places.usual / "place.json").rename(tmp_path / "place.json")
    assert_whole(chosen, places.usual, models)
    (tmp_path / "place.json").rename(places.usual / "place.json")
    # And back.
    assert plan_move(places.usual, places.usual) == places.usual
    assert settle(places.usual, []).folder == places.usual
    assert_whole(places.usual, chosen, models)
    assert [path.name for path in documents.iterdir() if path.is_file()] == ["letter.txt"]
    assert [path.name for path in (documents / "models").iterdir()] == ["rock.glb"]


def test_a_list_that_lies_in_the_chosen_folder_takes_in_what_comes(places: SimpleNamespace, tmp_path: Path) -> None:
    chosen = tmp_path / "extension" / "chosen"
    models = bytes_of([*filled(places.usual, 2), *filled(chosen, 2)])
    assert plan_move(places.usual, chosen) == chosen
    assert settle(places.usual, []).folder == chosen
    store = Store(chosen)
    assert bytes_of(store.page()) == models
    store.close()


def test_a_chosen_move_that_is_killed_goes_on(places: SimpleNamespace, tmp_path: Path) -> None:
    chosen = tmp_path / "extension" / "chosen"
    step = 0
    was_killed = True
    while was_killed:
        step += 1
        models = bytes_of(filled(places.usual, 2))
        plan_move(places.usual, chosen)
        was_killed = killed_at(step, lambda tick: settle(places.usual, [], tick))
        assert settle(places.usual, []).folder == chosen
        note = (places.usual / "place.json").read_bytes()
        (places.usual / "place.json").unlink()
        assert_whole(chosen, places.usual, models)
        assert str(chosen).encode() in note
        shutil.rmtree(chosen)
    assert step > COUNT


def test_a_chosen_folder_that_cannot_be_is_told(places: SimpleNamespace, tmp_path: Path) -> None:
    models = bytes_of(filled(places.usual))
    (tmp_path / "file").touch()
    for chosen, words in ((tmp_path / "file" / "sub", "cannot be moved"), (places.usual / "models" / "x", "is inside")):
        plan_move(places.usual, chosen)
        settled = settle(places.usual, [])
        assert settled.folder == places.usual
        assert words in str(settled.problem)
        assert read_place(places.usual) == Place(places.usual)
    store = Store(places.usual)
    assert bytes_of(store.page()) == models
    store.close()


def test_a_disk_that_is_not_connected_gets_no_new_list(places: SimpleNamespace, tmp_path: Path) -> None:
    gone = tmp_path / "usb" / "triverse-blender"
    write_place(places.usual, Place(gone))
    with pytest.raises(user_folder.PlaceError, match="is not there"):
        settle(places.usual, [places.old])
    assert not gone.exists()
    gone.mkdir(parents=True)
    assert settle(places.usual, [places.old]).folder == gone
    gone.rmdir()
    assert plan_move(places.usual, places.usual) == places.usual
    assert settle(places.usual, [places.old]) == user_folder.Settled(places.usual)


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", '{"folder": "here", "moving_to": null}', '{"folder": 1, "moving_to": 2}']
)
def test_a_note_that_says_nothing_is_none(tmp_path: Path, note: str) -> None:
    (tmp_path / "place.json").write_text(note)
    assert read_place(tmp_path) == Place(tmp_path)


def test_a_model_that_was_moved_is_imported_without_the_network(places: SimpleNamespace, tmp_path: Path) -> None:
    with StandIn(speed=20) as service:
        with running(service, places.old) as driver:
            task_id = driver.submit()
            driver.reaches(task_id, Stage.IMPORTED)
        assert settle(places.usual, [places.old]).folder == places.usual
        requests = len(service.state.requests)
        with running(service, places.usual) as driver:
            record = driver.engine.import_again(task_id)
            assert record.stage is Stage.READY
            assert driver.reaches(task_id, Stage.IMPORTED).folder.startswith(str(places.usual))
        assert len(service.state.requests) == requests


def test_a_folder_that_was_moved_away_can_be_chosen_again(tmp_path: Path) -> None:
    """What was left in it counted as files of the user, so that a subfolder was taken."""
    usual, first, second = tmp_path / "usual", tmp_path / "first", tmp_path / "second"
    models = bytes_of(filled(usual))
    for folder in (first, second, first):
        (settle(usual, []).folder / "work").mkdir(exist_ok=True)  # where children work
        assert plan_move(usual, folder) == folder
        settle(usual, [])
    assert_whole(first, second, models)
