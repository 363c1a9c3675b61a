# SPDX-License-Identifier: GPL-3.0-or-later
"""
The pictures of the documentation: what is done in Blender before each is taken.

No floor (development only). Never imports ``bpy``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from tests.gui.browsing import browse, make_library
from tests.gui.panel import COLLECTIONS, SESSION, UI, connected, set_prompt
from tests.service.server import StandIn

from .pictures import Box
from .studio import Look, Shooter, Studio

SAMPLES = ("1k", "20k", "multi")
SCENE = "bpy.context.window_manager.windows[0].scene"
GIVEN = f"{SCENE}.triverse"
PREFERENCES = f"__import__('sys').modules['{UI}.settings'].preferences()"


def work(studio: Studio) -> None:
    """A morning's work: models in the scene, tasks in several stages; the panel in all its states and looks."""
    with StandIn(samples=SAMPLES, usual_sample="20k") as service, studio.window(connected(service)) as shooter:
        _fill(shooter, service)
        shooter.whole("panel")
        _make(shooter)
        _list(shooter, studio.look)
        _dialogs(shooter)
        _looks(shooter, studio.look)


def _fill(shooter: Shooter, service: StandIn) -> None:
    window = shooter.window
    window.show_sidebar("Triverse")
    window.run(_STAGE)
    window.run(f"{PREFERENCES}.download_dir = '/tmp/Models'")
    service.state.clock.speed = 40.0
    for prompt, place in (("A multi coloured still life with pots", -0.7), ("A green vase with a golden pattern", 1.3)):
        set_prompt(window, prompt)
        window.run(f"{SCENE}.cursor.location = (place, 0, 0)", place=place)
        window.run("bpy.ops.triverse.generate()")
        window.wait_for(f"any({SESSION}.engine.tasks()) and {SESSION}.engine.active_count == 0")
    window.wait_for(f"len({COLLECTIONS}) == 2")
    service.state.clock.speed = 1.0
    service.settings.run_s, service.settings.queue_s = 60.0, 1.0
    service.faults.add("create", after=1, status=400, code=2008, message="This prompt is not allowed.")
    set_prompt(window, "A bronze dragon that sleeps on its treasure")
    window.run("bpy.ops.triverse.generate()")
    window.wait_for(f"{SESSION}.engine.tasks()[0].progress and {SESSION}.engine.tasks()[0].progress > 30")
    # What is under way stands still while pictures are taken.
    service.state.clock.speed = 0.0
    set_prompt(window, "Something that is not allowed")
    window.run("bpy.ops.triverse.generate()")
    window.wait_for(f"{SESSION}.engine.tasks()[0].stage.value == 'failed'")
    set_prompt(window, "A wooden rowing boat with two oars")
    window.run(f"{SESSION}.notices.clear()")
    _choose(shooter, "A green vase with a golden pattern")
    window.wait_for(f"not {SESSION}.thumbnails.is_loading and {SESSION}.price.is_waiting is False")
    shooter.settle()


def _choose(shooter: Shooter, name: str) -> None:
    shooter.window.run(
        """
        import sys
        runtime, rows = sys.modules[ui + ".state.runtime"], sys.modules[ui + ".state.list_rows"]
        session = runtime.current()
        rows.choose(session, next(task.id for task in session.engine.tasks() if task.name == name))
        """,
        ui=UI,
        name=name,
    )
    shooter.settle()


def _fold(shooter: Shooter, title: str, *, shows: str = "") -> None:
    """Fold or unfold a part of the panel by a click on its title; if it shows a text, until that is seen."""
    side = shooter.window.sidebar()
    with shooter.readable():
        for _ in range(3):
            # Panels glide to their places, and a click may come before they are there.
            shooter.settle()
            shooter.window.click_text(title, side)
            shooter.settle()
            if not shows or shooter.window.find_text(shows, side):
                return


def _make(shooter: Shooter) -> None:
    """The upper panel, the tasks folded away."""
    window = shooter.window
    _fold(shooter, "Tasks")
    _fold(shooter, "Options")
    shooter.sidebar("options")
    shooter.menu("presets", "Options")
    _fold(shooter, "Options")
    for flow, name in (("multiview-to-model", "multiview"), ("text-to-texture", "texture")):
        window.run(f"{GIVEN}.flow = flow", flow=flow)
        if name == "texture":
            window.run(_SELECT_VASE)
        shooter.settle()
        shooter.sidebar(name)
    window.run(f"{GIVEN}.flow = 'image-to-model'")
    shooter.popup("sources", "with override(): bpy.ops.wm.call_menu(name='TRIVERSE_MT_picture')")
    window.run(f"{GIVEN}.flow = 'text-to-model'")
    set_prompt(window, "ab")
    window.run("bpy.ops.triverse.generate()")
    shooter.settle()
    shooter.sidebar("refused")
    set_prompt(window, "A wooden rowing boat with two oars")
    _fold(shooter, "Tasks")


def _list(shooter: Shooter, look: Look) -> None:
    """The lower panel, the upper one folded away."""
    _fold(shooter, "Triverse")
    shooter.sidebar("tasks")
    _choose(shooter, "Something that is not allowed")
    shooter.sidebar("failed")
    _choose(shooter, "A green vase with a golden pattern")
    _fold(shooter, "Details")
    # So small that all of it fits into the window.
    shooter.look(dataclasses.replace(look, scale=0.8))
    shooter.sidebar("details")
    shooter.look(look)
    _fold(shooter, "Details")
    shooter.window.run(f"{PREFERENCES}.task_layout = 'GRID'")
    shooter.settle()
    shooter.sidebar("grid")
    shooter.window.run(f"{PREFERENCES}.task_layout = 'LIST'")
    shooter.window.run(_PREVIEW, ui=UI)
    # The second Blender gives way to all other work, and renders sixteen views.
    shooter.window.wait_for(f"not {SESSION}.details.previews.is_waiting", limit_s=600.0)
    shooter.settle()
    shooter.whole("preview")
    shooter.window.key("Escape")
    shooter.settle()
    shooter.popup("filter", "with override(): bpy.ops.wm.call_panel(name='TRIVERSE_PT_filter', keep_open=True)")
    shooter.popup("actions", "with override(): bpy.ops.wm.call_menu(name='TRIVERSE_MT_task')")
    _fold(shooter, "Triverse")


_PREVIEW = """
import sys
session = sys.modules[ui + ".state.runtime"].current()
models = [task.id for task in session.engine.tasks() if task.has_model]
with override():
    bpy.ops.triverse.preview("INVOKE_DEFAULT", task_ids=",".join(models))
sys.modules[ui + ".viewport.preview_control"].turn(1)
"""
"""Look at both models side by side, a little from the right."""


def _dialogs(shooter: Shooter) -> None:
    window = shooter.window
    shooter.popup("forget", "with override(): bpy.ops.triverse.forget('INVOKE_DEFAULT')")
    window.run("bpy.context.window_manager.clipboard = ''")
    shooter.popup("add-by-uuid", "with override(): bpy.ops.triverse.add_tasks('INVOKE_DEFAULT')")
    shooter.popup("what-happened", "with override(): bpy.ops.triverse.show_error('INVOKE_DEFAULT')")
    window.run(f"{PREFERENCES}.ask_above_credits = 10")
    shooter.popup("ask-first", "with override(): bpy.ops.triverse.generate('INVOKE_DEFAULT')")
    window.run(f"{PREFERENCES}.ask_above_credits = 0")
    shooter.popup("add-menu", "with override(): bpy.ops.wm.call_menu(name='TRIVERSE_MT_add')")


def _looks(shooter: Shooter, look: Look) -> None:
    shooter.look(dataclasses.replace(look, theme="light"))
    shooter.whole("light")
    for scale in (0.75, 1.5, 2.0):
        shooter.look(dataclasses.replace(look, scale=scale))
        shooter.sidebar(f"scale-{scale}")
    for language, name in (("zh_HANS", "chinese"), ("ja_JP", "japanese"), ("de_DE", "german")):
        shooter.look(dataclasses.replace(look, language=language))
        shooter.sidebar(name)
    shooter.sidebar("narrow", width_px=round(220 * look.scale))


def first_run(studio: Studio) -> None:
    """What a new user sees: no key, online access off. Then the preferences, after a key test."""
    with StandIn() as service, studio.window({}) as shooter:
        window = shooter.window
        window.run(_STAGE)
        window.show_sidebar("Triverse")
        shooter.settle()
        shooter.sidebar("first-run")
        window.run(
            f"""
            preferences = {PREFERENCES}
            preferences.api_key, preferences.api_url = key, url
            area = areas("VIEW_3D")[0][1]
            area.type = "PREFERENCES"
            bpy.context.preferences.active_section = "ADDONS"
            bpy.context.window_manager.addon_search = "Triverse"
            """,
            key=service.key,
            url=service.url,
        )
        shooter.settle()
        window.run(
            f"""
            import sys
            with override("PREFERENCES"):
                bpy.ops.preferences.addon_expand(module=sys.modules["{UI}.settings"].ADDON)
                bpy.ops.triverse.test_key()
            """
        )
        window.wait_for(f"__import__('sys').modules['{UI}.state.runtime'].key_answer()[0] is not None")
        shooter.settle()
        # What Blender itself says of an extension stands above: author, version, and where on this machine it is.
        whole = window.box("PREFERENCES", "WINDOW")
        with shooter.readable():
            top, end = window.wait_text("API Key", whole).y - 20, window.wait_text("Copy Report", whole).y + 34
        shooter.part("preferences", Box(whole.x, top, whole.width, end - top))


def batch(studio: Studio) -> None:
    """A batch: wrong rows, the price, under way."""
    with StandIn(samples=("20k",), usual_sample="20k") as service, studio.window(connected(service)) as shooter:
        window = shooter.window
        window.run(_STAGE)
        window.show_sidebar("Triverse")
        shooter.settle()
        for title in ("Triverse", "Tasks"):
            _fold(shooter, title)
        _fold(shooter, "Batch", shows="Choose File")
        folder = studio.scratch / "batch"
        folder.mkdir()
        path = folder / "props.csv"
        _table(shooter, path, _ROWS + "Short,ab,5,\nLost,,1000,\n")
        shooter.sidebar("batch-problems")
        _table(shooter, path, _ROWS)
        shooter.sidebar("batch")
        service.settings.run_s, service.settings.queue_s = 60.0, 1.0
        service.state.clock.speed = 10.0
        window.run(f"bpy.context.window_manager.triverse.batch_jobs = 3\n{_BATCH}.run(3, retry=False)")
        window.wait_for(f"{_BATCH}.progress and {_BATCH}.progress.done")
        service.state.clock.speed = 0.0
        shooter.settle()
        shooter.sidebar("batch-running")


def library(studio: Studio) -> None:
    """A batch's library in Blender's asset browser, and its contact sheet."""
    made = make_library(studio.blender, studio.template, studio.scratch)
    with studio.window({}) as shooter:
        browse(shooter.window, made)
        shooter.whole("asset-browser")
        shooter.made("contact-sheet", made / "contact-sheet.png")


def _table(shooter: Shooter, path: Path, rows: str) -> None:
    path.write_text(rows, encoding="utf-8")
    shooter.window.run("with override(): bpy.ops.triverse.batch_choose('EXEC_DEFAULT', filepath=path)", path=str(path))
    shooter.window.wait_for(f"{_BATCH}.phase == 'checked' and {_BATCH}.cost() is not None")
    shooter.settle()


_BATCH = f"{SESSION}.batch"
_ROWS = "name,prompt,polygon_limit,catalog\n" + "".join(
    f"{name},a {name.lower()},1000,Props\n" for name in ("Chair", "Table", "Lamp", "Stool", "Shelf", "Vase")
)
_STAGE = f"""
for obj in list({SCENE}.objects):
    bpy.data.objects.remove(obj)
space = areas("VIEW_3D")[0][1].spaces.active
space.shading.color_type = "TEXTURE"
space.overlay.show_overlays = False
space.region_3d.view_distance = 6
space.region_3d.view_location = (0.0, 0, 0.4)
"""
_SELECT_VASE = """
for obj in bpy.context.view_layer.objects:
    obj.select_set(False)
found = [one for one in bpy.data.collections if one.name.startswith("A green vase")][0]
mesh = next(obj for obj in found.all_objects if obj.type == "MESH")
mesh.select_set(True)
bpy.context.view_layer.objects.active = mesh
"""

PICTURES: dict[str, Callable[[Studio], None]] = {
    "work": work,
    "first-run": first_run,
    "batch": batch,
    "library": library,
}
