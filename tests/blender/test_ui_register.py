# SPDX-License-Identifier: GPL-3.0-or-later
"""``register()`` is light, and ``unregister()`` leaves nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.service.server import StandIn

REPO = Path(__file__).resolve().parents[2]

LOOK = """
import sys
import bpy
before = set(sys.modules)
bpy.context.preferences.addons.new().module = "triverse_addon"
import triverse_addon
triverse_addon.register()
brought = {name.partition(".")[0] for name in set(sys.modules) - before}
for name in ("requests", "urllib3", "websockets", "sqlite3", "ssl", "socket", "http", "subprocess"):
    assert name not in brought, name
# Their dataclasses take a tenth of the time.
for name in ("tasks.record.record", "api.responses"):
    assert f"triverse_addon.{name}" not in sys.modules, name
triverse_addon.unregister()
"""


def all_types() -> set[str]:
    """All classes that add-ons register."""
    kinds = (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu, bpy.types.UIList)
    found = {cls.__name__ for kind in kinds for cls in kind.__subclasses__() if cls.is_registered}
    return found | {cls.__name__ for cls in bpy.types.PropertyGroup.__subclasses__() if cls.is_registered}


def handlers() -> dict[str, int]:
    """How many handlers each event has."""
    found = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    return {name: len(value) for name, value in found.items() if isinstance(value, list)}


def test_register_brings_nothing_heavy() -> None:
    """In a process of its own: this one has imported everything long ago."""
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def running_before() -> set[threading.Thread]:
    """The threads that are there: on a busy machine, some of the test before have not come to their end."""
    return set(threading.enumerate())


def test_register_touches_no_file_and_starts_no_thread(
    running_before: set[threading.Thread], ui: ModuleType, tmp_path: Path
) -> None:
    from triverse_addon.ui.state import runtime

    assert runtime.current() is None
    assert list(tmp_path.rglob("*")) == []
    started = set(threading.enumerate()) - running_before
    assert not [thread for thread in started if thread.name.startswith("triverse-") and thread.daemon]


def test_unregister_leaves_nothing(
    fresh_file: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: StandIn
) -> None:
    import triverse_addon
    from triverse_addon.scene.host import data_folder
    from triverse_addon.ui.state import runtime

    monkeypatch.setenv("BLENDER_USER_DATAFILES", str(tmp_path))
    data_folder.forget()
    before = all_types(), handlers(), set(threading.enumerate()), len(status_bar())
    addon = bpy.context.preferences.addons.new()
    addon.module = "triverse_addon"
    for _ in range(2):
        triverse_addon.register()
        addon.preferences.api_url, addon.preferences.api_key = service.url, service.key
        here = runtime.get_or_start()
        here.find_tasks()
        here.tick(0.01)
        assert any(thread.name.startswith("triverse-") for thread in set(threading.enumerate()) - before[2])
        triverse_addon.unregister()
        assert all_types() == before[0]
        assert handlers() == before[1]
        assert set(threading.enumerate()) <= before[2]
        assert len(status_bar()) == before[3]
        assert not hasattr(bpy.types.Scene, "triverse")
        assert not hasattr(bpy.types.WindowManager, "triverse")
        assert runtime.current() is None
    bpy.context.preferences.addons.remove(addon)
    data_folder.forget()


def status_bar() -> list[Any]:
    """The functions that draw the status bar."""
    return list(bpy.types.STATUSBAR_HT_header._dyn_ui_initialize())


def test_a_failing_beat_goes_on(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blender drops a timer that raises: it must return when to come again, whatever happens."""
    from triverse_addon.ui.state import runtime
    from triverse_addon.ui.timers import app_timer

    def fail() -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(runtime, "has_store", fail)
    assert app_timer._timer() > 0.0
    monkeypatch.undo()
    assert app_timer._timer() > 0.0


def test_tasks_of_last_time_start_the_session(
    ui: ModuleType, connected: StandIn, tick_until: Callable[..., Any]
) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.state import runtime
    from triverse_addon.ui.timers import app_timer

    # The key was entered last time, and tested then.
    assert settings.take_typed_key()
    app_timer.tick()
    assert runtime.current() is None, "without a store nothing is started"
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    runtime.shutdown()
    app_timer.register()
    app_timer.tick()
    here = runtime.current()
    assert here is not None
    assert [record.params["prompt"] for record in here.engine.tasks()] == ["A red chair"]


@pytest.mark.kind("two-copies")
def test_unregister_never_raises(ui: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever another add-on took away before, the rest goes, and a second time nothing does."""
    import triverse_addon
    from triverse_addon.ui.generate import add_menu, operators
    from triverse_addon.ui.state import session_events

    bpy.utils.unregister_class(operators.TRIVERSE_OT_generate)
    del bpy.types.Scene.triverse
    bpy.app.handlers.load_post.remove(session_events._file_loaded)
    bpy.types.VIEW3D_MT_add.remove(add_menu._draw)
    triverse_addon.unregister()
    assert caplog.records
    assert not [name for name in dir(bpy.types) if name.startswith("TRIVERSE")]
    assert not hasattr(bpy.types.WindowManager, "triverse")
    caplog.clear()
    triverse_addon.unregister()
    assert not caplog.records


@pytest.mark.kind("two-copies")
def test_a_register_that_fails_leaves_nothing(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import triverse_addon
    from triverse_addon.ui.timers import app_timer

    triverse_addon.unregister()
    before = all_types(), handlers(), len(status_bar())

    def fails() -> None:
        raise RuntimeError("no timer")

    with monkeypatch.context() as patched:
        patched.setattr(app_timer, "register", fails)
        with pytest.raises(RuntimeError, match="no timer"):
            triverse_addon.register()
    assert (all_types(), handlers(), len(status_bar())) == before
    triverse_addon.register()
    triverse_addon.register()  # as a reload of scripts may do
    assert len(status_bar()) == before[2] + 1
