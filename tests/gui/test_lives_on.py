# SPDX-License-Identifier: GPL-3.0-or-later
"""A task lives on: when another file is opened, when its window is closed, when Blender is closed for the night."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev import ports
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    ROW_PX,
    SESSION,
    UI,
    ask_in_vain,
    connected,
    generate,
    settle,
    wait_for_stage,
)
from tests.service.server import StandIn


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in at its own pace: a task takes 20 s."""
    with StandIn(samples=("1k",)) as standin:
        yield standin


def save_as(window: BlenderWindow, path: Path) -> None:
    window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(path))


def open_file(window: BlenderWindow, path: Path) -> None:
    window.run("with override(): bpy.ops.wm.open_mainfile(filepath=path)", path=str(path))
    window.wait_for("bpy.data.filepath == path and len(bpy.context.window_manager.windows) > 0", path=str(path))


def test_another_file_is_opened_meanwhile(open_window: OpenWindow, service: StandIn, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.blend", tmp_path / "other.blend"
    window = open_window(env=connected(service))
    generate(window, "A red chair")
    wait_for_stage(window, "waiting")
    save_as(window, other)
    # From now on it belongs to this one, and what is on the disk under the old name is an older version.
    save_as(window, mine)
    open_file(window, other)
    side = window.show_sidebar("Triverse")
    window.wait_text("A red chair", side)
    wait_for_stage(window, "ready")
    window.wait_for(f"{NEWEST}.status_note")
    window.wait_text("Ready to import", side)
    window.wait_text("mine.blend", side)
    assert window.value(COLLECTIONS) == [], "not into the wrong file"
    open_file(window, mine)
    wait_for_stage(window, "imported")
    assert window.value(COLLECTIONS) == ["A red chair"]


def test_it_can_be_imported_into_another_file_on_purpose(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    service.state.clock.speed = 10.0
    window = open_window(env=connected(service))
    generate(window, "A red chair")
    wait_for_stage(window, "waiting", "downloading", "converting")
    window.run("with override(): bpy.ops.wm.read_homefile()")
    side = window.show_sidebar("Triverse")
    wait_for_stage(window, "ready")
    assert window.value(COLLECTIONS) == []
    window.wait_for(f"{NEWEST}.status_note")
    settle(window)
    # The button lies below the note, which names it.
    window.click_text("model into this file.", side, dy=ROW_PX)
    wait_for_stage(window, "imported")
    assert window.value(COLLECTIONS) == ["A red chair"]


def test_its_window_is_closed_meanwhile(open_window: OpenWindow, service: StandIn) -> None:
    """The bursts run in the first window; when that closes, they go on in the other."""
    window = open_window(env=connected(service))
    generate(window, "A red chair")
    wait_for_stage(window, "waiting")
    window.run("with override(): bpy.ops.wm.window_new_main()")
    window.wait_for("len(bpy.context.window_manager.windows) == 2")
    window.run("with override(): bpy.ops.wm.window_close()")
    window.wait_for("len(bpy.context.window_manager.windows) == 1")
    bursts = window.value(f"__import__('sys').modules['{UI}.timers.modal_timer']._burst")
    window.wait_for(f"__import__('sys').modules['{UI}.timers.modal_timer']._burst > bursts", bursts=bursts)
    wait_for_stage(window, "imported")
    assert window.value(COLLECTIONS) == ["A red chair"]


def opened_offline(open_window: OpenWindow, service: StandIn, home: Path, path: Path) -> BlenderWindow:
    """
    Open Blender with ``--offline-mode``, see that nothing is sent, and let it have a service on this machine at last.

    The first address leads to this machine too, and to nobody else; but not by its looks, by which the add-on goes.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ports.opened(listener.getsockname()[1])
        elsewhere = connected(service) | {"TRIVERSE_API_URL": f"https://127.1:{listener.getsockname()[1]}/api/v1"}
        window = open_window(env=elsewhere, home=home, arguments=["--offline-mode", path])
        side = window.show_sidebar("Triverse")
        window.wait_for(f"{SESSION} and 'offline mode' in str({NEWEST}.status_note or '')")
        window.wait_text("offline mode", side)
        sent = len(service.state.seen())
        ask_in_vain(window)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
        assert len(service.state.seen()) == sent
        ports.closed(listener.getsockname()[1])
    window.run("import os; os.environ['TRIVERSE_API_URL'] = url", url=service.url)
    return window


@pytest.mark.parametrize("end", ["quit", "kill"])
def test_blender_ends_in_mid_download_and_is_opened_again(
    open_window: OpenWindow, service: StandIn, tmp_path: Path, end: str
) -> None:
    """Closed as by File > Quit, or ended at once as by a power cut and then opened in offline mode."""
    mine = tmp_path / "mine.blend"
    window = open_window(env=connected(service))
    save_as(window, mine)
    service.faults.add("asset", drip_bytes=1000, drip_s=1.0, times=None)
    generate(window, "A red chair")
    wait_for_stage(window, "downloading")
    save_as(window, mine)
    getattr(window, end)()
    service.faults.clear()
    if end == "quit":
        again = open_window(env=connected(service), home=window.home, arguments=[mine])
    else:
        again = opened_offline(open_window, service, window.home, mine)
    side = again.show_sidebar("Triverse")
    again.wait_for(f"{SESSION} is not None")
    again.wait_text("A red chair", side)
    wait_for_stage(again, "imported")
    assert again.value(COLLECTIONS) == ["A red chair"]
    assert list(service.state.charged_per_order().values()) == [1]
