# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests in the bpy module: a fresh file, and the add-on as Blender runs it, with folders of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests import version_part
from tests.blender import fresh, kept_children
from tests.service.server import StandIn

ADDON = "triverse_addon"
_STATUS = pytest.StashKey[int]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Record the lines of this process and of the Pythons that it starts, if that is asked for."""
    record = version_part.record_of(session.config)
    if record is not None:
        record.recorder.start()
        record.recorder.follow_children()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how it went, for :func:`pytest_unconfigure`, and end the children that were kept."""
    kept_children.end()
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """
    Leave the process of the 4.2 and 4.5 modules without its clean-up, after all reports are written.

    Blender 4.2.23's module frees its panel classes in a C++ destructor that runs after Python is gone and crashes there
    (``SpaceType::~SpaceType`` -> ``bpy_class_free`` -> ``PyGILState_Ensure``), with Blender's own classes too. 4.5.15's
    waits for ever there for its sound thread (``GlobalState::~GlobalState``), where something still holds ``bpy`` when
    Python ends, as an audit hook does. 5.0 does neither.
    """
    if bpy.app.version < (5, 0, 0) and _STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_STATUS])


@pytest.fixture
def fresh_file() -> None:
    """An empty file, and Blender's factory settings."""
    fresh.empty_file()


@pytest.fixture
def ui(fresh_file: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The add-on's ui, registered; the user's folder is a test's own; online access is on. No key, no service."""
    monkeypatch.setenv("BLENDER_USER_DATAFILES", str(tmp_path / "datafiles"))
    import triverse_addon
    from triverse_addon import ui as module
    from triverse_addon.scene.host import data_folder

    data_folder.forget()
    with fresh.undone_later():
        bpy.context.preferences.addons.new().module = ADDON
        bpy.context.preferences.system.use_online_access = True
    triverse_addon.register()
    yield module
    triverse_addon.unregister()
    with fresh.undone_later():
        bpy.context.preferences.addons.remove(bpy.context.preferences.addons[ADDON])
        bpy.context.preferences.system.use_online_access = False
    data_folder.forget()


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in for the service, ten times as fast."""
    with StandIn(speed=10.0) as standin:
        yield standin


@pytest.fixture
def connected(
    ui: ModuleType, service: StandIn, kept_converters: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandIn]:
    """The add-on's preferences lead to the stand-in. The engine ends before the service does."""
    from tests import authorities
    from triverse_addon.api import websocket
    from triverse_addon.ui.state import runtime

    authorities.read_once(monkeypatch)
    # On one machine, the answers to a search follow each other at once.
    monkeypatch.setitem(websocket.snapshot.__kwdefaults__, "quiet_s", 0.5)
    preferences = bpy.context.preferences.addons[ADDON].preferences
    with fresh.undone_later():
        preferences.api_key = service.key
        preferences.api_url = service.url
    yield service
    runtime.shutdown()


@pytest.fixture
def kept_converters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each model, and each source that is made ready for it, the start of a child."""
    kept_children.share(monkeypatch)


@pytest.fixture
def kept_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each batch the start of its children, and their trial."""
    kept_children.lend_writers(monkeypatch)


@pytest.fixture
def tick_until(ui: ModuleType) -> Callable[..., Any]:
    """Tick as the window's timer does until ``look()`` is true, and return what it returned."""
    from triverse_addon.ui.state import runtime

    def wait(look: Callable[[], Any], limit_s: float = 120.0) -> Any:
        ends_at_s = time.monotonic() + limit_s
        while not (seen := look()):
            assert time.monotonic() < ends_at_s, f"waited in vain; last seen: {seen!r}"
            runtime.get_or_start().tick(0.01)
            time.sleep(0.02)
        return seen

    return wait


@pytest.fixture
def here(ui: ModuleType, connected: StandIn) -> Any:
    """A started session."""
    from triverse_addon.ui.state import runtime as module

    return module.get_or_start()


_watched: list[str] | None = None


def _audit(event: str, _args: object) -> None:
    if _watched is None or threading.current_thread() is not threading.main_thread():
        return
    if event.partition(".")[0] in ("open", "os", "socket", "sqlite3", "subprocess"):
        _watched.append(event)


sys.addaudithook(_audit)


@pytest.fixture
def watched() -> Iterator[list[str]]:
    """Every look of the main thread at disk or network, until the test ends."""
    global _watched
    _watched = []
    yield _watched
    _watched = None
