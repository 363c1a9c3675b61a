# SPDX-License-Identifier: GPL-3.0-or-later
"""
Blender's own events while a task is under way: its model comes, or waits with a reason; it is charged once, what the
user was doing goes on, and nothing is written to the console that speaks of an exception.

One window serves all tests here: each begins with a new file. One: ``python scripts/test.py tests/gui/test_events.py
-k quad``. File > Open and New, and windows that are closed, are in ``test_lives_on.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts._dev.profiles import copy_profile
from scripts._dev.window import Blender, BlenderWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    SESSION,
    UI,
    ask_in_vain,
    connected,
    set_prompt,
    settle,
    wait_for_stage,
)
from tests.service.server import StandIn
from tests.versions import zip_of

_TROUBLE = re.compile(r"Traceback|Exception|EXCEPTION_ACCESS|Segmentation|A tick failed|A heartbeat failed")

SCREEN = "bpy.context.window_manager.windows[0].screen"


class Stage(NamedTuple):
    """One window with the add-on, and the service that it talks to."""

    window: BlenderWindow
    service: StandIn
    folder: Path

    def order(self, prompt: str) -> None:
        """Order a model that stays with the service until :meth:`deliver`."""
        self.service.state.clock.speed = 0
        set_prompt(self.window, prompt)
        self.window.run("with override(): bpy.ops.triverse.generate()")
        self.window.wait_for(f"{SESSION} and {NEWEST} and {NEWEST}.params['prompt'] == prompt", prompt=prompt)
        wait_for_stage(self.window, "waiting")

    def deliver(self) -> None:
        """Let the service finish what was ordered."""
        self.service.state.clock.speed = 20

    def arrives(self, prompt: str) -> None:
        """Wait until the model has been imported, once."""
        wait_for_stage(self.window, "imported")
        assert self.window.value(COLLECTIONS) == [prompt]

    def waits(self, words: str) -> None:
        """Wait until the model lies ready, with a note that holds ``words``; it is not in the scene."""
        wait_for_stage(self.window, "ready")
        self.window.wait_for(f"words in str({NEWEST}.status_note or '')", words=words)
        assert self.window.value(COLLECTIONS) == []


@pytest.fixture(scope="module")
def shared(
    blender: Blender, narrow_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[BlenderWindow, StandIn]]:
    folder = tmp_path_factory.mktemp("events")
    with StandIn(speed=20, samples=("1k",)) as service:
        home = copy_profile(narrow_template, folder / "home")
        with BlenderWindow(blender, folder / "window", home=home, env=connected(service), shares=[folder]) as window:
            yield window, service


@pytest.fixture
def stage(shared: tuple[BlenderWindow, StandIn]) -> Iterator[Stage]:
    window, service = shared
    window.run("with override(): bpy.ops.wm.read_homefile()")
    window.wait_for("len(bpy.context.window_manager.windows) > 0")
    window.show_sidebar("Triverse")
    said = len(window.log.read_text(errors="replace"))
    yield Stage(window, service, window.scratch.parent)
    service.faults.clear()
    text = window.log.read_text(errors="replace")[said:]
    assert not _TROUBLE.search(text), text
    assert set(service.state.charged_per_order().values()) == {1}
    assert service.state.leaks == []
    assert service.key not in text


@pytest.mark.parametrize("mode", ["EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT"])
def test_in_a_mode_of_the_mesh(stage: Stage, mode: str) -> None:
    stage.order(f"A {mode.lower()} chair tris:1k")
    stage.window.run("with override(): bpy.ops.object.mode_set(mode=mode)", mode=mode)
    stage.deliver()
    stage.arrives(f"A {mode.lower()} chair tris:1k")
    assert stage.window.value("bpy.data.objects['Cube'].mode") == mode
    assert stage.window.value("bpy.context.window_manager.windows[0].view_layer.objects.active.name") == "Cube"


_BRUSH = "bpy.context.window_manager.windows[0].scene.tool_settings.sculpt.brush is not None"
_POINTS = "[tuple(one.co) for one in bpy.data.meshes['Cube'].vertices]"


def test_among_steps_of_sculpting_it_is_undone_alone(stage: Stage) -> None:
    """In Sculpt Mode, Blender goes back from a step of the whole file to the one before, and leaves the file."""
    window, prompt = stage.window, "A chair among steps tris:1k"

    def sculpt() -> list[list[float]]:
        window.run("with override(): bpy.ops.sculpt.mesh_filter('EXEC_DEFAULT', True, type='INFLATE', strength=0.2)")
        points: list[list[float]] = window.value(_POINTS)
        return points

    stage.order(prompt)
    window.run("with override(): bpy.ops.object.mode_set('EXEC_DEFAULT', True, mode='SCULPT')")
    has_brush = window.value(_BRUSH)
    first = sculpt() if has_brush else []
    stage.deliver()
    stage.arrives(prompt)
    if not has_brush:
        pytest.skip("This Blender comes without brushes, as Debian's 4.3.2: nothing can be sculpted.")
    second = sculpt()
    assert first != second
    window.hover()
    undo, redo = "ctrl+z", "ctrl+shift+z"
    steps = ((undo, [prompt], first), (undo, [], first), (redo, [prompt], first), (redo, [prompt], second))
    for key, models, points in steps:
        window.key(key)
        window.wait_for(f"{COLLECTIONS} == models", models=models)
        window.wait_for(f"{_POINTS} == [tuple(one) for one in points]", points=points)
    assert window.value("bpy.data.objects['Cube'].mode") == "SCULPT"


def test_while_dyntopo_is_on(stage: Stage) -> None:
    """An undo step of the whole file among those of Dyntopo leaves an empty mesh, when they are undone and redone."""
    prompt = "A chair of clay tris:1k"
    stage.order(prompt)
    stage.window.run(
        "with override():\n bpy.ops.object.mode_set(mode='SCULPT')\n bpy.ops.sculpt.dynamic_topology_toggle()"
    )
    stage.deliver()
    stage.waits("Waits until Dyntopo is off")
    stage.window.run("with override(): bpy.ops.sculpt.dynamic_topology_toggle()")
    stage.arrives(prompt)


def test_in_pose_mode(stage: Stage) -> None:
    stage.order("A posed chair tris:1k")
    stage.window.run(
        "with override():\n bpy.ops.object.armature_add()\n bpy.ops.object.mode_set(mode='POSE')\n"
        "result = bpy.context.window_manager.windows[0].view_layer.objects.active.mode"
    )
    stage.deliver()
    stage.arrives("A posed chair tris:1k")
    assert stage.window.value("bpy.context.window_manager.windows[0].view_layer.objects.active.mode") == "POSE"


def test_while_an_animation_plays(stage: Stage) -> None:
    stage.order("An animated chair tris:1k")
    stage.window.run("with override(): bpy.ops.screen.animation_play()")
    stage.deliver()
    stage.arrives("An animated chair tris:1k")
    assert stage.window.value(f"{SCREEN}.is_animation_playing")
    stage.window.run("with override(): bpy.ops.screen.animation_cancel(restore_frame=False)")


def test_in_quad_view_and_with_an_area_over_the_whole_window(stage: Stage) -> None:
    stage.order("A quad chair tris:1k")
    stage.window.run("with override(): bpy.ops.screen.region_quadview()")
    stage.window.run("with override(): bpy.ops.screen.screen_full_area()")
    stage.deliver()
    stage.arrives("A quad chair tris:1k")
    stage.window.run("with override(): bpy.ops.screen.screen_full_area()")
    stage.window.redraw()


def test_another_workspace_is_chosen_and_the_first_deleted(stage: Stage) -> None:
    stage.order("A chair elsewhere tris:1k")
    name = stage.window.value("bpy.context.window_manager.windows[0].workspace.name")
    stage.window.run("bpy.context.window_manager.windows[0].workspace = bpy.data.workspaces['Modeling']")
    stage.window.wait_for("bpy.context.window_manager.windows[0].workspace.name == 'Modeling'")
    stage.window.run("bpy.data.batch_remove([bpy.data.workspaces[name]])", name=name)
    stage.deliver()
    stage.arrives("A chair elsewhere tris:1k")


def test_its_scene_is_deleted(stage: Stage) -> None:
    stage.window.run("with override(): bpy.ops.scene.new(type='NEW')")
    stage.order("A homeless chair tris:1k")
    stage.window.run(
        "window = bpy.context.window_manager.windows[0]\ngone = window.scene\n"
        "window.scene = next(s for s in bpy.data.scenes if s != gone)\nbpy.data.scenes.remove(gone)"
    )
    stage.deliver()
    stage.waits("is gone")


def test_its_view_layer_is_deleted(stage: Stage) -> None:
    stage.window.run("with override(): bpy.ops.scene.view_layer_add(type='NEW')")
    stage.order("A chair in layers tris:1k")
    stage.window.run(
        "window = bpy.context.window_manager.windows[0]\nscene, gone = window.scene, window.view_layer\n"
        "window.view_layer = next(v for v in scene.view_layers if v != gone)\nscene.view_layers.remove(gone)"
    )
    stage.deliver()
    stage.arrives("A chair in layers tris:1k")


def test_undo_and_redo_before_and_after(stage: Stage) -> None:
    stage.window.run(
        "with override():\n for n in range(4):\n  bpy.ops.mesh.primitive_cube_add(location=(n, 0, 0))\n"
        "  bpy.ops.ed.undo_push(message=f'cube {n}')"
    )
    stage.order("An undone chair tris:1k")
    for step in ("undo", "undo", "redo", "undo"):
        stage.window.run(f"with override(): bpy.ops.ed.{step}()")
    stage.deliver()
    # Its own undo step would drop what can be redone.
    stage.waits("Waits a moment")
    cubes = stage.window.value("len(bpy.data.meshes)")
    for _ in range(2):
        stage.window.run("with override(): bpy.ops.ed.redo()")
    assert stage.window.value("len(bpy.data.meshes)") == cubes + 2
    stage.arrives("An undone chair tris:1k")
    stage.window.run("with override(): bpy.ops.ed.undo()")
    stage.window.wait_for(f"{COLLECTIONS} == []")
    stage.window.run("with override(): bpy.ops.ed.redo()")
    stage.window.wait_for(f"{COLLECTIONS} == ['An undone chair tris:1k']")
    # Undone, it is not brought back behind the user's back.
    stage.window.run("with override(): bpy.ops.ed.undo()")
    for _ in range(10):
        stage.window.redraw()
    assert stage.window.value(COLLECTIONS) == []
    assert stage.window.value(f"{NEWEST}.stage.value") == "imported"


def test_the_file_is_reverted(stage: Stage) -> None:
    path = stage.folder / "reverted.blend"
    stage.window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(path))
    stage.order("A reverted chair tris:1k")
    stage.window.run("with override(): bpy.ops.wm.revert_mainfile()")
    stage.window.wait_for("bpy.data.filepath == path and len(bpy.context.window_manager.windows) > 0", path=str(path))
    stage.deliver()
    stage.arrives("A reverted chair tris:1k")


def test_a_place_that_is_chosen_meanwhile_is_for_the_next_order(stage: Stage) -> None:
    window, side = stage.window, stage.window.show_sidebar("Triverse")
    scene = "bpy.context.window_manager.windows[0].scene"
    placement = f"__import__('sys').modules['{UI}.settings'].preferences().placement"
    at_cursor, at_origin = "A chair at the cursor tris:1k", "A chair at the origin tris:1k"
    # In the middle of the world, it would step aside.
    window.run("bpy.data.objects.remove(bpy.data.objects['Cube'])")
    window.run(f"{scene}.cursor.location = (4, -3, 1)")
    stage.order(at_cursor)
    window.click_text("Options", side)
    settle(window)
    window.click(side.x + side.width * 2 // 3, window.wait_text("Place at", side).center[1])
    window.click_text("World Origin")
    window.wait_for(f"{placement} == 'ORIGIN'")
    window.run(f"{scene}.cursor.location = (-4, 3, -1)")
    stage.order(at_origin)
    stage.deliver()
    window.wait_for(f"sorted({COLLECTIONS}) == sorted(names)", names=[at_cursor, at_origin])
    for name, place in ((at_cursor, [4, -3, 1]), (at_origin, [0, 0, 0])):
        assert window.run(_FEET, name=name) == pytest.approx(place, abs=0.01)
    window.run(f"__import__('sys').modules['{UI}.settings'].preferences().placement = 'CURSOR'")


_FEET = """
from mathutils import Vector
bpy.context.window_manager.windows[0].view_layer.update()
objects = bpy.data.collections[name].all_objects
points = [obj.matrix_world @ Vector(corner) for obj in objects for corner in obj.bound_box]
low, high = map(min, *points), map(max, *points)
x, y, z = zip(low, high)
result = [sum(x) / 2, sum(y) / 2, z[0]]
"""


def test_in_a_file_that_cannot_be_written(stage: Stage) -> None:
    path = stage.folder / "read-only.blend"
    stage.window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(path))
    path.chmod(0o444)
    stage.window.run("with override(): bpy.ops.wm.open_mainfile(filepath=path)", path=str(path))
    stage.window.wait_for("bpy.data.filepath == path and len(bpy.context.window_manager.windows) > 0", path=str(path))
    before = path.read_bytes()
    stage.order("A chair in a locked file tris:1k")
    stage.deliver()
    stage.arrives("A chair in a locked file tris:1k")
    assert path.read_bytes() == before


def test_a_modal_operator_is_not_cut_into(stage: Stage) -> None:
    stage.order("A patient chair tris:1k")
    stage.window.hover()
    stage.window.key("g")
    stage.window.wait_for("len(bpy.context.window_manager.windows[0].modal_operators) > 0")
    stage.window.wait_for(
        "any(o.bl_idname.startswith('TRANSFORM_OT') for o in bpy.context.window_manager.windows[0].modal_operators)"
    )
    stage.deliver()
    stage.waits("until you are done")
    stage.window.hover()
    stage.window.key("Escape")
    stage.arrives("A patient chair tris:1k")


def test_a_render_is_not_cut_into(stage: Stage) -> None:
    stage.order("A rendered chair tris:1k")
    stage.window.run(
        """
        bpy.context.preferences.view.render_display_type = "NONE"
        scene = bpy.context.window_manager.windows[0].scene
        scene.render.engine = "CYCLES"
        scene.render.resolution_x = scene.render.resolution_y = 32
        scene.cycles.samples = 1_000_000
        scene.cycles.use_adaptive_sampling = False
        scene.cycles.use_denoising = False
        scene.cycles.time_limit = 90.0
        with override():
            bpy.ops.render.render("INVOKE_DEFAULT")
        """
    )
    stage.window.wait_for("bpy.app.is_job_running('RENDER')")
    stage.deliver()
    stage.waits("until you are done")
    assert stage.window.value("bpy.app.is_job_running('RENDER')"), "it waited for the render and not for something else"
    # On a busy machine it takes a while until all this was seen; what is left of the render need not be waited for.
    stage.window.hover()
    stage.window.key("Escape")
    stage.window.wait_for("not bpy.app.is_job_running('RENDER')")
    stage.arrives("A rendered chair tris:1k")


def test_online_access_and_live_updates_are_switched_off_and_on(stage: Stage) -> None:
    stage.order("A chair offline tris:1k")
    side = stage.window.sidebar()
    stage.window.wait_text("Live", side)
    live = "bpy.context.preferences.addons['bl_ext.user_default.triverse'].preferences.live"
    stage.window.run(f"{live} = False")
    stage.window.wait_text("Polling", side)
    system = "bpy.context.preferences.system.use_online_access"
    stage.window.run(f"{system} = False")
    # The service is on this machine, which is no internet: it goes on.
    stage.deliver()
    stage.arrives("A chair offline tris:1k")
    stage.window.run(f"{system} = True\n{live} = True")


def test_online_access_is_switched_off_and_on_for_a_service_that_is_elsewhere(stage: Stage) -> None:
    """The stand-in is on this machine; the add-on is told that it is not, so that nothing here leaves the machine."""
    window, system = stage.window, "bpy.context.preferences.system.use_online_access"
    window.run(
        """
        import importlib
        state["taken for elsewhere"] = {}
        for name in ("tasks.engine.request_gate", "ui.settings", "ui.state.session"):
            module = importlib.import_module("bl_ext.user_default.triverse." + name)
            state["taken for elsewhere"][module] = module.is_loopback
            module.is_loopback = lambda url: False
        """
    )
    try:
        window.run(f"{system} = True")
        stage.order("A chair far away tris:1k")
        window.wait_for(f"{SESSION}.engine.live")
        window.run(f"{system} = False")
        window.wait_for(f"'Online access is switched off' in str({NEWEST}.status_note or '')")
        window.wait_for(f"not {SESSION}.engine.live")
        window.wait_text("is switched off in", window.sidebar())
        sent = len(stage.service.state.seen())
        stage.deliver()
        ask_in_vain(window)
        assert window.value(f"{NEWEST}.stage.value") == "waiting"
        assert len(stage.service.state.seen()) == sent
        window.run(f"{system} = True")
        stage.arrives("A chair far away tris:1k")
    finally:
        window.run(
            f"for module, original in state.pop('taken for elsewhere').items(): module.is_loopback = original\n"
            f"{SESSION}.notices.clear()"
        )


def test_the_report_in_the_clipboard_tells_nothing_private(stage: Stage) -> None:
    stage.order("A chair of my grandmother tris:1k")
    stage.deliver()
    stage.arrives("A chair of my grandmother tris:1k")
    stage.window.run("with override(): bpy.ops.triverse.copy_report()")
    text = stage.window.value("bpy.context.window_manager.clipboard")
    assert text.startswith("# Triverse report")
    assert "text-to-model, imported" in text
    private = ("grandmother", stage.service.key, stage.service.url, str(stage.folder), str(stage.window.home))
    assert [part for part in private if part in text] == []


def test_the_addon_is_disabled_and_enabled_in_mid_task(stage: Stage) -> None:
    """The panel is taken away and comes back."""
    path = stage.folder / "enabled.blend"
    stage.window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(path))
    stage.order("A chair switched off tris:1k")
    # Else 4.3.2, which leaves SIGPIPE as the system has it, ended here now and then: connections end in mid-sentence.
    assert stage.window.run("import signal\nresult = signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN")
    stage.window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(path))
    stage.window.run("import addon_utils; addon_utils.disable('bl_ext.user_default.triverse')")
    left = stage.window.run(
        "import threading\nresult = [t.name for t in threading.enumerate() if t.name.startswith('triverse-')]"
    )
    assert left == []
    stage.deliver()
    stage.window.run("import addon_utils; addon_utils.enable('bl_ext.user_default.triverse')")
    stage.window.wait_for(f"{SESSION} is not None")
    stage.arrives("A chair switched off tris:1k")


def test_the_addon_is_updated_in_mid_task(stage: Stage) -> None:
    """The last one here: a newer version takes the place of the running one."""
    version = "99.0.0"
    newer = zip_of(version, stage.folder)
    path = stage.folder / "updated.blend"
    stage.window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(path))
    stage.order("A chair of two versions tris:1k")
    stage.window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(path))
    before = stage.window.value(f"id({SESSION})")
    stage.window.run(
        "bpy.ops.extensions.package_install_files('EXEC_DEFAULT', filepath=path, repo='user_default', overwrite=True)",
        path=str(newer),
    )
    stage.window.wait_for(f"{SESSION} is not None and id({SESSION}) != before", before=before)
    manifest = stage.window.run(
        """
        path = "user_default/triverse/blender_manifest.toml"
        with open(bpy.utils.user_resource("EXTENSIONS", path=path), encoding="utf-8") as file:
            result = file.read()
        """
    )
    assert f'version = "{version}"' in manifest
    stage.deliver()
    stage.arrives("A chair of two versions tris:1k")
