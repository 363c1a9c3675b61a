# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and objects from a real window: the viewport, a drop, the clipboard, the selection, a placeholder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts._dev.pictures import Box
from scripts._dev.screen import MIDDLE_PX, WIDE_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    ROW_PX,
    SESSION,
    UI,
    connected,
    on_screen,
    press_right_of,
    set_prompt,
    settle,
    wait_for_stage,
)
from tests.service.server import StandIn

DRAG_SOURCE = Path(__file__).with_name("drag_source.py")
SCENE = "bpy.context.window_manager.windows[0].scene"
PICTURE = f"{SCENE}.triverse.shared.image_file"
TASKS = f"({SESSION}.engine.tasks() if {SESSION} else [])"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("1k",)) as standin:
        yield standin


def picture(window: BlenderWindow, path: Path, name: str = "") -> Path:
    """A picture made by Blender, 64 px wide, where the window's sandbox sees it."""
    window.run(
        """
        image = bpy.data.images.new("made", 64, 64)
        image.pixels[0]
        image.file_format = "PNG"
        image.save(filepath=path)
        bpy.data.images.remove(image)
        """,
        path=str(path),
    )
    return path


def colours(window: BlenderWindow, path: str) -> dict[str, Any]:
    """Size of a picture, how many colours it has, and how many of its pixels are orange as a selection's outline is."""
    return window.run(
        """
        image = bpy.data.images.load(path, check_existing=False)
        flat = list(image.pixels)
        pixels = {tuple(round(value * 255) for value in flat[at : at + 3]) for at in range(0, len(flat), 4)}
        orange = sum(red > 200 and 80 < green < 190 and blue < 90 for red, green, blue in pixels)
        result = {"size": list(image.size), "colours": len(pixels), "orange": orange}
        bpy.data.images.remove(image)
        """,
        path=path,
    )


def choose_source(window: BlenderWindow, side: Box, entry: str) -> None:
    """Choose from the menu that is right of the file button of the picture's field, left of the tabs."""
    press_right_of(window, side, "Image to Model", 57, ROW_PX)
    window.click_text(entry)
    settle(window)


def wait_for_picture(window: BlenderWindow, start: str) -> str:
    """Wait until the panel has a picture whose file's name starts so, and return its path."""
    window.wait_for(f"__import__('os').path.basename({PICTURE}).startswith(start)", start=start)
    path = window.value(PICTURE)
    assert isinstance(path, str)
    return path


def test_an_image_the_render_and_the_bare_viewport_are_chosen_by_clicks(
    open_window: OpenWindow, service: StandIn
) -> None:
    """The viewport is captured without its overlays."""
    window = open_window(env=connected(service), width_px=MIDDLE_PX)
    side = window.show_sidebar("Triverse")
    window.run(
        f"""
        {SCENE}.triverse.flow = "image-to-model"
        bpy.data.images.new("chair", 48, 32)
        scene = {SCENE}
        scene.render.engine = "BLENDER_WORKBENCH"
        scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 80, 40, 100
        with override(): bpy.ops.render.render()
        """
    )
    settle(window)
    choose_source(window, side, "Use Image")
    window.wait_text("chair")
    window.save_shot("image")
    title = window.wait_text("Use Image")
    window.click_text("Use Image", Box(title.x - 20, title.y + ROW_PX, 430, 3 * ROW_PX))
    assert colours(window, wait_for_picture(window, "chair"))["size"] == [48, 32]
    choose_source(window, side, "Use Last Render")
    seen = colours(window, wait_for_picture(window, "render"))
    assert seen["size"] == [80, 40]
    assert seen["colours"] > 2, "the cube is in it"
    choose_source(window, side, "Capture Viewport")
    path = wait_for_picture(window, "viewport")
    seen = colours(window, path)
    width, height = window.box("VIEW_3D", "WINDOW").width, window.box("VIEW_3D", "WINDOW").height
    assert max(seen["size"]) >= 1024
    assert seen["size"][0] / seen["size"][1] == pytest.approx(width / height, rel=0.01)
    assert seen["colours"] > 2, "the cube is in it"
    assert seen["orange"] == 0, "the outline of the selected cube is not"
    assert window.value("areas('VIEW_3D')[0][1].spaces.active.overlay.show_overlays"), "they are still shown"
    window.save_shot("captured")
    window.click_text("Generate", side)
    wait_for_stage(window, "imported")
    (upload,) = service.state.uploads.values()
    assert upload.content_type == "image/png"


def open_browser(window: BlenderWindow, folder: Path) -> None:
    """Show a folder's pictures in a file browser below the viewport."""
    window.run(
        """
        with override():
            bpy.ops.screen.area_split(direction="HORIZONTAL", factor=0.4)
        min((area for _, area in areas()), key=lambda area: area.y).ui_type = "FILES"
        """
    )
    params = "areas('FILE_BROWSER')[0][1].spaces.active.params"
    window.wait_for(f"{params} is not None")
    window.run(
        f"params = {params}; params.directory = folder.encode(); params.display_type = 'THUMBNAIL'",
        folder=str(folder),
    )
    settle(window)


def drag_slowly(window: BlenderWindow, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag something to where it is dropped. Blender looks at each step who takes it."""
    window.screen.move(*start)
    window.redraw()
    window.screen.tool(["xdotool", "mousedown", "1"])
    window.redraw()
    for step in range(1, 9):
        x, y = (a + (b - a) * step // 8 for a, b in zip(start, end, strict=True))
        window.screen.tool(["xdotool", "mousemove", str(x), str(y)])
        window.redraw()
    window.save_shot("dragging")
    window.screen.tool(["xdotool", "mouseup", "1"])
    window.redraw()


def test_dropped_pictures_become_tasks_after_a_question(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    window = open_window(env=connected(service), width_px=WIDE_PX)
    side = window.show_sidebar("Triverse")
    for name in ("chair", "table"):
        picture(window, tmp_path / f"{name}.png")
    drop = "with override('VIEW_3D', region): bpy.ops.triverse.drop('INVOKE_DEFAULT', directory=folder, files=files)"
    both = [{"name": "chair.png"}, {"name": "table.png"}]

    window.hover()
    window.run(drop, region="WINDOW", folder=str(tmp_path), files=both)
    window.redraw()
    window.wait_text("Make 2 Models")
    window.save_shot("question")
    window.key("Escape")
    assert window.value(f"len({TASKS})") == 0, "a drop alone costs nothing"

    window.hover()
    window.run(drop, region="WINDOW", folder=str(tmp_path), files=both)
    window.redraw()
    window.wait_text("Make 2 Models")
    window.key("Return")
    window.wait_for(f"len({TASKS}) == 2")
    window.wait_for(f"all(one.stage.value == 'imported' for one in {TASKS})")
    assert sorted(service.state.charged_per_order().values()) == [1, 1]

    window.run(drop, region="UI", folder=str(tmp_path), files=both[:1])
    assert window.value(f"{SCENE}.triverse.shared.image_file") == str(tmp_path / "chair.png")
    assert window.value(f"{SCENE}.triverse.flow") == "image-to-model"
    assert window.value(f"len({TASKS})") == 2, "onto the panel, it only fills the field"
    settle(window)
    window.wait_text("Image to Model", side)

    open_browser(window, tmp_path)
    x, y = window.wait_text("table.png", window.box("FILE_BROWSER", "WINDOW")).center
    goal = on_screen(window, (2.0, -3.0, 0.0))
    drag_slowly(window, (x, y - 50), goal)
    # Blender itself can do something with a picture here, too, and asks which it shall be.
    window.save_shot("dropped")
    clicked = window.wait_text("Make Models with Triverse").center
    assert max(abs(one - other) for one, other in zip(clicked, goal, strict=True)) > 20, "elsewhere than it was dropped"
    window.click_text("Make Models with Triverse")
    window.wait_text("Make a Model?")
    # Where it was dropped, above the file browser; it may lie over the toolbar.
    view = window.box("VIEW_3D", "WINDOW")
    window.wait_text("table.png", Box(0, view.y, view.x + view.width, view.height))
    window.save_shot("dragged")
    window.key("Return")
    window.wait_for(f"len({TASKS}) == 3")
    # Where it was dropped, and not where the menu was clicked.
    assert window.value(f"list({NEWEST}.placement.location)") == pytest.approx([2.0, -3.0, 0.0], abs=0.1)
    wait_for_stage(window, "imported")
    drops_from_outside(window, side, tmp_path / "chair.png")


def drops_from_outside(window: BlenderWindow, side: Box, path: Path) -> None:
    """Drop a picture from another program, as the desktop does: into the viewport, and onto the panel."""
    goal = on_screen(window, (-1.0, -2.5, 0.0))
    # Blender may know another place from before: it does not hear of the mouse while another program drags.
    window.screen.move(*window.box("VIEW_3D", "HEADER").center)
    window.pass_events()
    window.screen.tool(["python3", DRAG_SOURCE, *map(str, goal), path.as_uri()])
    window.redraw()
    window.save_shot("dropped-from-outside")
    window.click_text("Make Models with Triverse")
    window.wait_text("Make a Model?")
    settle(window)
    window.save_shot("asked-outside")
    window.key("Return")
    window.wait_for(f"len({TASKS}) == 4")
    assert window.value(f"list({NEWEST}.placement.location)") == pytest.approx([-1.0, -2.5, 0.0], abs=0.1)
    wait_for_stage(window, "imported")

    # Onto the panel, it only fills the field. Blender has a greyed entry of its own for this, so it asks there, too.
    window.run(f"{PICTURE} = ''")
    settle(window)
    window.screen.tool(["python3", DRAG_SOURCE, str(side.center[0]), str(side.y + 60), path.as_uri()])
    window.redraw()
    window.click_text("Make Models with Triverse")
    window.wait_for(f"{PICTURE} == path", path=str(path))
    assert window.value(f"len({TASKS})") == 4


def test_a_copied_file_is_pasted(open_window: OpenWindow, service: StandIn, tmp_path: Path) -> None:
    window = open_window(env=connected(service))
    side = window.show_sidebar("Triverse")
    path = picture(window, tmp_path / "a chair.png")
    window.run(f"{SCENE}.triverse.flow = 'image-to-model'")
    window.run("bpy.context.window_manager.clipboard = uri", uri=path.as_uri())
    settle(window)
    choose_source(window, side, "Paste Picture")
    window.wait_for(f"{SCENE}.triverse.shared.image_file == path", path=str(path))
    window.run("bpy.context.window_manager.clipboard = 'no picture at all'")
    window.run("with override(): result = list(bpy.ops.triverse.paste_picture())")
    assert window.value(f"{SCENE}.triverse.shared.image_file") == str(path)


def test_pasting_borrows_an_image_editor_and_gives_it_back(open_window: OpenWindow, service: StandIn) -> None:
    """Blender's own operator needs one. Under X11 there is no picture to paste, but it must get as far as asking."""
    window = open_window(env=connected(service), width_px=WIDE_PX)
    window.show_sidebar("Triverse")
    sources = UI.replace(".ui", ".scene.capture.image_sources")
    kinds = "[area.ui_type for area in bpy.context.window_manager.windows[0].screen.areas]"
    before = window.value(kinds)
    assert "IMAGE_EDITOR" not in before
    lent = window.run(
        """
        import importlib
        module = importlib.import_module(name)
        with override():
            with module._image_editor(bpy.context) as is_there:
                result = [is_there, bpy.context.space_data.type]
        """,
        name=sources,
    )
    assert lent == [True, "IMAGE_EDITOR"]
    assert window.value(kinds) == before
    window.run("bpy.context.window_manager.clipboard = 'no picture at all'")
    done = window.run("with override(): result = list(bpy.ops.triverse.paste_picture())")
    assert done == ["CANCELLED"]
    assert window.value(kinds) == before
    window.redraw()
    left = window.value("sorted(image.type for image in bpy.data.images)")
    assert left in ([], ["COMPOSITING", "RENDER_RESULT"]), "no more than any Image Editor brings with it"
    said = window.run(
        """
        import importlib, pathlib
        module = importlib.import_module(name)
        with override():
            try:
                result = str(module.from_clipboard(bpy.context, pathlib.Path(folder)))
            except Exception as error:
                result = str(error)
        """,
        name=sources,
        folder=str(window.scratch),
    )
    assert "The clipboard holds no picture" in said

    window.run(
        """
        area = next(one for one in bpy.context.window_manager.windows[0].screen.areas if one.ui_type == "PROPERTIES")
        area.ui_type = "UV"
        area.spaces.active.image = bpy.data.images.new("mine", 8, 8)
        # Assigning an image pins it in a UV Editor.
        area.spaces.active.use_image_pin = False
        with override(): bpy.ops.triverse.paste_picture()
        result = [area.ui_type, area.spaces.active.image.name, area.spaces.active.use_image_pin]
        """
    )
    area = "next(one for one in bpy.context.window_manager.windows[0].screen.areas if one.ui_type == 'UV')"
    assert window.value(f"{area}.spaces.active.image.name") == "mine", "an editor that was there shows what it showed"
    assert not window.value(f"{area}.spaces.active.use_image_pin")


def test_the_selection_is_textured_in_place_and_undone_in_one_step(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = window.show_sidebar("Triverse")
    window.run(
        f"""
        {SCENE}.triverse.flow = "text-to-texture"
        cube = bpy.data.objects["Cube"]
        cube.location, cube.rotation_euler = (2, 1, 3), (0, 0, 0.5)
        with override(): bpy.ops.ed.undo_push(message="moved")
        """
    )
    set_prompt(window, "Red leather")
    settle(window)
    window.wait_text("12 triangles", side)
    window.save_shot("selection")
    window.click_text("Generate", side)
    window.wait_for(f"len({TASKS}) == 1")
    wait_for_stage(window, "imported")
    (name,) = window.value(COLLECTIONS)
    assert window.value(
        "bpy.data.objects['Cube'].hide_get(view_layer=bpy.context.window_manager.windows[0].view_layer)"
    )
    found = window.run(
        """
        from mathutils import Vector
        cube = bpy.data.objects["Cube"]
        made = [obj for obj in bpy.data.collections[name].all_objects if obj.type == "MESH"]
        points = [obj.matrix_world @ vertex.co for obj in made for vertex in obj.data.vertices]
        low, high = Vector(map(min, *points)), Vector(map(max, *points))
        result = {
            "middle": list((low + high) / 2),
            "floor": low.z,
            "selected": [obj.name for obj in bpy.context.window_manager.windows[0].view_layer.objects.selected],
            "homes": [one.name for one in bpy.data.collections if name in one.children],
            "made": [obj.name for obj in made],
        }
        """,
        name=name,
    )
    assert found["middle"][:2] == pytest.approx([2.0, 1.0], abs=0.05)
    assert found["floor"] == pytest.approx(2.0, abs=0.05)
    assert found["homes"] == ["Collection"], "where the cube is"
    assert set(found["made"]) <= set(found["selected"])
    assert "Cube" not in found["selected"]
    (upload,) = service.state.uploads.values()
    assert upload.content_type == "model/gltf-binary"
    window.save_shot("textured")

    window.hover()
    window.key("ctrl+z")
    window.wait_for(f"{COLLECTIONS} == []")
    layer = "bpy.context.window_manager.windows[0].view_layer"
    assert not window.value(f"bpy.data.objects['Cube'].hide_get(view_layer={layer})")
    assert not window.value("bpy.data.objects['Cube'].hide_render")
    assert window.value("list(bpy.data.objects['Cube'].location)") == [2.0, 1.0, 3.0]
    window.key("ctrl+shift+z")
    window.wait_for(f"{COLLECTIONS} == [name]", name=name)
    assert window.value(f"bpy.data.objects['Cube'].hide_get(view_layer={layer})")


def test_a_model_fills_the_placeholder(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = window.show_sidebar("Triverse")
    window.run(
        f"""
        cube = bpy.data.objects["Cube"]
        cube.location, cube.scale = (5, 0, 2), (0.5, 0.5, 2)
        {SCENE}.triverse.placing.use_placeholder = True
        """
    )
    set_prompt(window, "A red lamp")
    settle(window)
    window.click_text("Options", side)
    settle(window)
    window.wait_text("Fit to Selection", side)
    window.save_shot("placeholder")
    window.run("with override(): bpy.ops.triverse.generate()")
    wait_for_stage(window, "imported")
    (name,) = window.value(COLLECTIONS)
    low, high = window.run(
        """
        from mathutils import Vector
        made = [obj for obj in bpy.data.collections[name].all_objects if obj.type == "MESH"]
        points = [obj.matrix_world @ vertex.co for obj in made for vertex in obj.data.vertices]
        result = [list(map(min, *points)), list(map(max, *points))]
        """,
        name=name,
    )
    box_low, box_high = (4.5, -0.5, 0.0), (5.5, 0.5, 4.0)
    assert all(value >= edge - 0.01 for value, edge in zip(low, box_low, strict=True))
    assert all(value <= edge + 0.01 for value, edge in zip(high, box_high, strict=True))
    assert low[2] == pytest.approx(0.0, abs=0.01), "it stands on the floor"
    sizes = [(top - bottom) / edge for bottom, top, edge in zip(low, high, (1.0, 1.0, 4.0), strict=True)]
    assert max(sizes) == pytest.approx(1.0, abs=0.01), "it is as large as it goes"
    assert window.value(
        f"bpy.data.objects['Cube'].hide_get(view_layer={'bpy.context.window_manager.windows[0].view_layer'})"
    )
    assert window.value(f"{NEWEST}.placement.placeholder") == "Cube"
    window.save_shot("fitted")
