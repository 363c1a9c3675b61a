# SPDX-License-Identifier: GPL-3.0-or-later
"""
A Blender whose timers may not change data any more, because it was in Python in two threads at once.

One: ``python scripts/test.py tests/blender/test_write_access.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import bpy
import pytest

from triverse_addon.scripting import write_access

#: Of these, those that were looked at note for all threads alike whether they draw. See ``write_access``.
IS_SHARED = bpy.app.version[:2] in {(4, 3), (5, 0)}
LIMIT_S = 60.0

_inside: dict[str, Callable[[], object]] = {}


class TEST_OT_one(bpy.types.Operator):
    bl_idname = "test.write_one"
    bl_label = "Test"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        _inside.get("one", bool)()
        return True


class TEST_OT_two(bpy.types.Operator):
    bl_idname = "test.write_two"
    bl_label = "Test"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        _inside.get("two", bool)()
        return True


def overlap(around: Callable[[Callable[[], None]], object]) -> None:
    """
    Have Blender call Python in a thread, as a renderer does, from within ``around`` until after its end.

    :param around: called with a function that begins it.
    """
    ops: Any = bpy.ops.test
    has_begun, may_end = threading.Event(), threading.Event()

    def stay() -> None:
        has_begun.set()
        assert may_end.wait(LIMIT_S)

    def begin() -> None:
        thread.start()
        assert has_begun.wait(LIMIT_S)

    thread = threading.Thread(target=ops.write_one.poll)
    _inside["one"] = stay
    around(begin)
    may_end.set()
    thread.join()
    _inside.clear()


def draw(meanwhile: Callable[[], None]) -> None:
    """Have Blender call Python where it may change nothing, as while a panel is drawn."""
    _inside["two"] = meanwhile
    ops: Any = bpy.ops.test
    ops.write_two.poll()


@pytest.fixture
def stuck(fresh_file: None) -> Iterator[None]:
    """A Blender that believes that it draws, if it is one that can."""
    write_access.register()
    for cls in (TEST_OT_one, TEST_OT_two):
        bpy.utils.register_class(cls)
    overlap(draw)
    assert write_access.is_given() != IS_SHARED
    yield
    if not write_access.is_given():
        # The same way back.
        overlap(write_access.call)
    assert write_access.is_given()
    for cls in (TEST_OT_one, TEST_OT_two):
        bpy.utils.unregister_class(cls)
    write_access.unregister()


def test_data_can_be_changed_and_operators_called(stuck: None) -> None:
    scene = bpy.context.scene

    def work() -> str:
        scene["a chair"] = 1
        return str(bpy.ops.mesh.primitive_cube_add())

    assert write_access.call(work) == "{'FINISHED'}"
    assert scene["a chair"] == 1
    assert [one.type for one in scene.objects] == ["MESH"]
    assert write_access.is_given() != IS_SHARED


def test_what_goes_wrong_is_raised_and_not_printed(stuck: None, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise LookupError("a chair")

    with pytest.raises(LookupError, match="a chair"):
        write_access.call(fail)
    assert "Traceback" not in "".join(capfd.readouterr())


def test_what_blender_forbids_in_the_middle_is_done_again(stuck: None) -> None:
    if IS_SHARED:
        overlap(write_access.call)  # as it was before
    calls: list[int] = []

    def work() -> str:
        calls.append(len(calls))
        if len(calls) == 1:
            overlap(draw)
        return str(bpy.ops.mesh.primitive_cube_add())

    assert write_access.call(work) == "{'FINISHED'}"
    assert len(calls) == 1 + IS_SHARED


def test_it_can_be_done_again_and_again(stuck: None) -> None:
    assert [write_access.call(lambda: number) for number in range(5)] == [0, 1, 2, 3, 4]  # noqa: B023 -- at once


def test_without_its_property_a_function_is_called_as_it_is(fresh_file: None) -> None:
    write_access.unregister()
    assert write_access.call(lambda: 4) == 4


def test_looking_changes_nothing(fresh_file: None) -> None:
    before = dict(bpy.context.scene.items())
    assert write_access.is_given()
    assert dict(bpy.context.scene.items()) == before


def test_the_timer_repairs_and_a_new_file_begins(ui: ModuleType, stuck: None) -> None:
    from triverse_addon.ui.state import session_events
    from triverse_addon.ui.timers import app_timer

    given: Any = bpy.context.scene.triverse

    def break_flow() -> None:
        kept = given
        kept = kept.bl_system_properties_get(do_create=True) if hasattr(kept, "bl_system_properties_get") else kept
        kept["flow"] = 1056332032  # what a menu of 4.3 left

    for begin in (app_timer._timer, session_events._file_loaded):
        write_access.call(break_flow)
        assert given.flow == ""
        begin()
        assert given.flow


def test_such_a_blender_is_drawn_anew_once_a_second_and_not_ten_times(
    ui: ModuleType, stuck: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.timers import app_timer

    monkeypatch.setattr(app_timer, "tick", lambda: 0.1)
    assert app_timer._timer() == (1.0 if IS_SHARED else 0.1)


def test_engines_of_scripts_are_driven(stuck: None) -> None:
    from triverse_addon.scripting import window_timer

    class Connection:
        def drive(self, budget_s: float) -> None:
            bpy.context.scene["a chair"] = budget_s

    connection = Connection()
    window_timer.add(connection)
    try:
        assert window_timer._tick() is not None
    finally:
        window_timer.remove(connection)
    assert bpy.context.scene["a chair"] > 0
