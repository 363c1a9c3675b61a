# SPDX-License-Identifier: GPL-3.0-or-later
"""Where list and models lie, and the move as a window sees it. Plain moves: ``tests/tasks/store/test_moving.py``."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.pressed import press
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id, now_s
from triverse_addon.tasks.store.store import FILE_NAME, Store
from triverse_addon.tasks.store.user_folder import PlaceError

pytestmark = pytest.mark.kind("uninstall")


def put_task(folder: Path) -> TaskRecord:
    """Make a list with a task and its model in ``folder``."""
    task_id = new_id()
    own = folder / "models" / task_id
    own.mkdir(parents=True)
    (own / "model.glb").write_bytes(b"model")
    record = TaskRecord(
        task_id,
        "text-to-model",
        "a chair",
        Stage.READY,
        client_order_id=task_id,
        created_at_s=now_s(),
        folder=str(own),
        model_path=str(own / "model.glb"),
        auto_import=False,
    )
    store = Store(folder)
    store.add(record)
    store.close()
    return record


@pytest.fixture
def homes(ui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A user's home whose list lies in the folder of an earlier version; nothing tells Blender of another place."""
    from triverse_addon.scene.host import data_folder, user_folder
    from triverse_addon.ui.state import runtime

    runtime.shutdown()
    data_folder.forget()
    for name in ("RESOURCES", "DATAFILES"):
        monkeypatch.delenv(f"BLENDER_USER_{name}", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    old = tmp_path / "old"
    monkeypatch.setattr(user_folder, "older_folders", lambda: [old])
    yield SimpleNamespace(old=old, usual=tmp_path / "share" / "triverse-blender")
    runtime.shutdown()
    data_folder.forget()


def started() -> Any:
    """Beat as the heartbeat does until there is a session."""
    from triverse_addon.scene.host import data_folder
    from triverse_addon.ui.state import runtime

    ends_at_s = time.monotonic() + 20.0
    while runtime.current() is None:
        assert time.monotonic() < ends_at_s
        try:
            runtime.get_or_start()
        except data_folder.MovingError as error:
            told = error.sentence
        else:
            break
        assert "being moved" in str(told)
        # A panel that is drawn meanwhile asks for the session, too.
        runtime.request_start()
        assert runtime.is_start_requested()
        assert runtime.problem() == told
        time.sleep(0.01)
    return runtime.current()


def test_where_blender_is_told_to_keep_everything_it_is_kept(
    fresh_file: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.scene.host.user_folder import usual_folder

    for name in ("RESOURCES", "DATAFILES"):
        monkeypatch.delenv(f"BLENDER_USER_{name}", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert usual_folder() == tmp_path / "share" / "triverse-blender"
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "all"))
    assert usual_folder().is_relative_to(tmp_path / "all")
    monkeypatch.setenv("BLENDER_USER_DATAFILES", str(tmp_path / "data"))
    assert usual_folder() == tmp_path / "data" / "triverse"
    monkeypatch.delenv("BLENDER_USER_RESOURCES")
    monkeypatch.delenv("BLENDER_USER_DATAFILES")
    monkeypatch.setattr(bpy.utils, "resource_path", lambda _kind: "/opt/blender/portable")
    assert usual_folder() == Path(bpy.utils.user_resource("DATAFILES", path="triverse"))


def test_an_extension_looks_at_its_own_folder_and_at_that_of_a_checkout(
    fresh_file: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.scene.host import user_folder

    checkout = Path(bpy.utils.user_resource("DATAFILES", path="triverse"))
    assert user_folder.older_folders() == [checkout]
    monkeypatch.setattr(user_folder, "_ADDON", "bl_ext.user_default.triverse")
    own = Path(bpy.utils.extension_path_user("bl_ext.user_default.triverse"))
    assert user_folder.older_folders() == [own, checkout]
    assert own.parent.parent.name == ".user"


def test_the_list_of_an_earlier_version_comes_along(homes: Any) -> None:
    from triverse_addon.scene.host import data_folder
    from triverse_addon.ui import settings
    from triverse_addon.ui.state import runtime

    record = put_task(homes.old)
    assert runtime.has_store()
    assert settings.data_dir(create=False) == str(homes.old)
    here = started()
    found = here.engine.get(record.id)
    assert found.model_path == str(homes.usual / "models" / record.id / "model.glb")
    assert Path(found.model_path).read_bytes() == b"model"
    assert settings.data_dir(create=False) == str(homes.usual)
    assert not (homes.old / FILE_NAME).exists()
    assert runtime.problem() is None
    assert not data_folder.take_problem()
    assert not [thread for thread in threading.enumerate() if thread.name == "triverse-move"]


def test_what_cannot_be_moved_is_used_and_told(homes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui import settings

    record = put_task(homes.old)
    homes.usual.parent.mkdir()
    homes.usual.touch()  # a file, where the folder should be
    here = started()
    assert here.engine.get(record.id).model_path == record.model_path
    assert settings.data_dir(create=True) == str(homes.old)
    assert [str(notice.sentence) for notice in here.notices if "cannot be moved" in str(notice.sentence)]


def test_the_preferences_move_it(homes: Any, tmp_path: Path) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.state import runtime

    record = put_task(homes.usual)
    started()
    chosen = tmp_path / "big disk"
    pressed = press(bpy.ops.triverse.move_data)
    assert (pressed.result, pressed.opened) == ({"RUNNING_MODAL"}, "fileselect_add")
    assert pressed.properties["directory"] == str(homes.usual / "_")[:-1], "it starts where the list is"
    assert runtime.current() is not None, "nothing was chosen yet"
    assert bpy.ops.triverse.move_data(directory=str(chosen)) == {"FINISHED"}
    assert runtime.current() is None
    here = started()
    assert here.engine.get(record.id).model_path == str(chosen / "models" / record.id / "model.glb")
    assert settings.download_dir(create=True) == str(chosen / "models")
    runtime.shutdown()
    chosen.rename(tmp_path / "unplugged")
    from triverse_addon.scene.host import data_folder

    data_folder.forget()
    with pytest.raises(PlaceError, match="is not there"):
        started()
    assert "is not there" in str(runtime.problem())
    assert not chosen.exists()
    (tmp_path / "unplugged").rename(chosen)
    assert started().engine.get(record.id) is not None


def test_switched_off_in_mid_move_it_goes_on_at_the_next_start(homes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.scene.host import data_folder
    from triverse_addon.tasks.store import moving
    from triverse_addon.ui.state import runtime

    records = [put_task(homes.old) for _ in range(5)]
    bring, reached, go_on = moving._bring, threading.Event(), threading.Event()

    def slowly(*args: Any) -> None:
        reached.set()
        go_on.wait(5.0)
        bring(*args)

    monkeypatch.setattr(moving, "_bring", slowly)
    with pytest.raises(data_folder.MovingError):
        runtime.get_or_start()
    assert reached.wait(5.0)
    threading.Timer(0.1, go_on.set).start()
    data_folder.forget()
    assert not [thread for thread in threading.enumerate() if thread.name == "triverse-move"]
    assert len(list((homes.old / "models").iterdir())) >= 4
    monkeypatch.setattr(moving, "_bring", bring)
    here = started()
    assert all(Path(here.engine.get(record.id).model_path).is_file() for record in records)
    assert not (homes.old / FILE_NAME).exists()


@pytest.mark.kind("silent-workers")
@pytest.mark.parametrize(
    "slip", [RuntimeError("nobody foresaw it"), SystemExit(1), UnicodeEncodeError("utf-8", "", 0, 1, "")]
)
def test_what_nobody_foresaw_in_a_move_is_told(
    homes: Any, monkeypatch: pytest.MonkeyPatch, slip: BaseException
) -> None:
    from triverse_addon.api.errors import UnforeseenError
    from triverse_addon.scene.host import data_folder
    from triverse_addon.tasks.store import user_folder

    put_task(homes.old)

    def slips(*_given: object) -> None:
        raise slip

    monkeypatch.setattr(user_folder, "settle", slips)
    with pytest.raises(UnforeseenError):
        _settled(data_folder)
    monkeypatch.undo()


def _settled(data_folder: ModuleType) -> None:
    ends_at_s = time.monotonic() + 20.0
    while time.monotonic() < ends_at_s:
        try:
            data_folder.settle()
        except data_folder.MovingError:
            time.sleep(0.01)


def test_a_script_without_a_folder_works_in_the_one_of_the_panel(ui: ModuleType, tmp_path: Path) -> None:
    from triverse_addon.scripting.blender_engine_host import BlenderEngineHost
    from triverse_addon.ui import settings as of_panel

    settings = BlenderEngineHost().settings(None, offline=True)
    assert settings.data_dir == Path(of_panel.data_dir(create=False))
    assert settings.data_dir.is_relative_to(tmp_path)
    assert not settings.online
    other = tmp_path / "other"
    other.mkdir()
    assert BlenderEngineHost().settings(str(other), offline=True).data_dir == other
