# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that are dropped, and Add > Triverse: what is made of them, and that nothing is by mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import poll_message, session
from tests.blender.pressed import press
from tests.blender.recorder import draw
from tests.blender.test_prepare import painted
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import Stage

Tick = Callable[..., Any]


def dropped(*paths: Path) -> dict[str, Any]:
    """What Blender hands to a file handler's operator."""
    return {"directory": str(paths[0].parent), "files": [{"name": path.name} for path in paths]}


def names() -> list[str]:
    return sorted(record.name for record in session().engine.tasks())


def test_each_picture_becomes_a_task(ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path) -> None:
    given = bpy.context.scene.triverse
    given.image_to_model.polygon_limit = 5_000
    paths = [glbs.picture(tmp_path / f"{name}.png", 8, 8) for name in ("chair", "table")]
    paths.append(painted(tmp_path / "lamp.tga", "TARGA"))
    assert bpy.ops.triverse.drop(**dropped(*paths)) == {"FINISHED"}
    tick_until(lambda: len(connected.state.charged()) == 3)
    made = session().engine.tasks()
    assert {record.flow for record in made} == {"image-to-model"}
    assert {record.params["polygon_limit"] for record in made} == {5_000}
    assert given.flow == "text-to-model", "the panel stays as it is"
    kinds = sorted(upload.content_type for upload in connected.state.uploads.values())
    assert kinds == ["image/png"] * 3, "the TGA became a PNG on the way"


def test_one_that_cannot_be_used_does_not_stop_the_others(ui: ModuleType, connected: StandIn, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"")
    good = glbs.picture(tmp_path / "chair.png", 8, 8)
    assert bpy.ops.triverse.drop(**dropped(tmp_path / "broken.png", good)) == {"FINISHED"}
    assert len(session().engine.tasks()) == 1
    assert bpy.ops.triverse.drop(**dropped(tmp_path / "broken.png")) == {"CANCELLED"}
    assert len(session().engine.tasks()) == 1


def test_a_flow_of_one_picture_in_the_panel_is_used(ui: ModuleType, connected: StandIn, tmp_path: Path) -> None:
    given = bpy.context.scene.triverse
    given.flow = "image-to-mesh"
    bpy.ops.triverse.drop(**dropped(glbs.picture(tmp_path / "chair.png", 8, 8)))
    assert [record.flow for record in session().engine.tasks()] == ["image-to-mesh"]
    given.flow = "multiview-to-model"
    bpy.ops.triverse.drop(**dropped(glbs.picture(tmp_path / "table.png", 8, 8)))
    assert session().engine.tasks()[0].flow == "image-to-model"


def test_without_a_key_a_drop_says_what_is_missing(ui: ModuleType, tmp_path: Path) -> None:
    path = glbs.picture(tmp_path / "chair.png", 8, 8)
    assert "No API key is set" in poll_message(lambda: bpy.ops.triverse.drop(**dropped(path)))


def test_with_too_few_credits_a_dialog_sends_nothing_and_says_so(
    ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Blender cannot grey the button of a dialog, so it is pressed although the price is red."""
    from triverse_addon.ui.form import inputs, request
    from triverse_addon.ui.generate import cost as generate_cost
    from triverse_addon.ui.state import runtime as module

    def pressed(operator: Any, **given: Any) -> list[str]:
        capfd.readouterr()
        assert operator(**given) == {"CANCELLED"}
        return [line for line in capfd.readouterr().out.splitlines() if line.startswith("Warning:")]

    module.get_or_start()
    connected.state.user.balance = 30
    price, names = session().price, ("text-to-model", "image-to-model")
    costs = [
        tick_until(lambda name=name: generate_cost.known_cost(request.draft(bpy.context, inputs.PANEL_FLOWS[name])))
        for name in names
    ]
    tick_until(lambda: price.balance)
    two = [glbs.picture(tmp_path / f"{name}.png", 8, 8) for name in ("chair", "table")]
    # All or none: it is not for the add-on to choose which are made.
    assert costs[1] < 30 < 2 * costs[1]
    assert pressed(bpy.ops.triverse.drop, **dropped(*two)) == [
        f"Warning: This costs {2 * costs[1]} credits, and you have 30."
    ]
    connected.state.user.balance = 1
    price.request_balance()
    tick_until(lambda: price.balance.balance == 1)
    for cost, operator, given in (
        (costs[0], bpy.ops.triverse.add_from_text, {"prompt": "A red chair"}),
        (costs[1], bpy.ops.triverse.add_from_image, {"image_file": str(two[0])}),
    ):
        assert pressed(operator, **given) == [f"Warning: This costs {cost} credits, and you have 1."]
    assert len(session().engine.tasks()) == 0
    assert connected.state.creations == []


def test_the_handler_takes_pictures_over_the_viewport_only(ui: ModuleType) -> None:
    from triverse_addon.ui.generate.drop_handler import TRIVERSE_FH_pictures as handler

    suffixes = handler.bl_file_extensions.split(";")
    assert {".png", ".jpg", ".jpeg", ".webp", ".tga", ".exr"} <= set(suffixes)
    areas = {area.type: area for area in bpy.context.window_manager.windows[0].screen.areas}
    for kind, area in areas.items():
        assert handler.poll_drop(SimpleNamespace(area=area)) is (kind == "VIEW_3D")
    assert handler.poll_drop(SimpleNamespace(area=None)) is False


def test_the_place_is_noted_where_the_mouse_is_while_blender_asks(
    ui: ModuleType, connected: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blender hands the place of the drop to no operator; and it asks the handler where it can run none."""
    from triverse_addon.ui.generate import drop_handler

    window = bpy.context.window_manager.windows[0]
    areas = {area.type: area for area in window.screen.areas}
    area = areas["VIEW_3D"]
    regions = {region.type: region for region in area.regions}
    noted: list[str] = []
    ops = SimpleNamespace(triverse=SimpleNamespace(note_drop=noted.append))
    fake = SimpleNamespace(
        app=SimpleNamespace(background=False, timers=bpy.app.timers), context=SimpleNamespace(window=window), ops=ops
    )
    monkeypatch.setattr(drop_handler, "bpy", fake)

    def ask(region_type: str) -> None:
        context = SimpleNamespace(screen=window.screen, area=area, region=regions[region_type])
        assert drop_handler.TRIVERSE_FH_pictures.poll_drop(context)

    def note(x: int, y: int) -> set[str]:
        event = SimpleNamespace(mouse_x=x, mouse_y=y)
        return drop_handler.TRIVERSE_OT_note_drop.invoke(SimpleNamespace(), SimpleNamespace(window=window), event)

    drop_handler._note()
    assert noted == [], "nothing was asked"
    assert note(0, 0) == {"CANCELLED"}
    try:
        ask("UI")
        assert bpy.app.timers.is_registered(drop_handler._note)
        drop_handler._note()
        assert noted == ["INVOKE_DEFAULT"]
        side = regions["UI"]
        assert note(side.x - 1, side.y) == {"FINISHED"}
        assert drop_handler._noted is None, "where the mouse was before"
        assert note(side.x, side.y) == {"FINISHED"}
        assert drop_handler._noted is not None
        assert (drop_handler._noted.x, drop_handler._noted.region_type) == (side.x, "UI")

        # A single picture that is dropped onto the sidebar goes into the panel; where it is used up, the place is not.
        picture = glbs.picture(tmp_path / "chair.png", 8, 8)
        monkeypatch.setattr(drop_handler, "bpy", bpy)
        pressed = press(bpy.ops.triverse.drop, **dropped(picture))
        assert (pressed.result, pressed.opened) == ({"FINISHED"}, "")
        props = bpy.context.scene.triverse
        assert (props.flow, props.shared.image_file) == ("image-to-model", str(picture))
        assert not bpy.app.timers.is_registered(drop_handler._note)
        assert drop_handler._noted is None
        assert press(bpy.ops.triverse.drop, **dropped(picture)).opened == "invoke_props_dialog"

        monkeypatch.setattr(drop_handler, "bpy", fake)
        ask("WINDOW")
        before = area.type
        area.type = "OUTLINER"
        assert note(side.x, side.y) == {"CANCELLED"}, "the region is gone"
        area.type = before
    finally:
        drop_handler.forget_place()
    assert not connected.state.creations


@pytest.mark.kind("picture-content")
def test_pictures_under_other_names_are_dropped_too(
    ui: ModuleType, connected: StandIn, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """JPEGs of cameras and browsers are taken; what is refused is named as what it is."""
    from triverse_addon.ui.generate.drop_handler import TRIVERSE_FH_pictures as handler

    suffixes = handler.bl_file_extensions
    assert {".jfif", ".jpe", ".heic", ".avif", ".psd", ".tif"} <= set(suffixes.split(";"))
    assert len(suffixes) < 512, "Blender cuts it there"
    jpeg = painted(tmp_path / "chair.jpg", "JPEG")
    paths = [jpeg.rename(tmp_path / "chair.jfif")]
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    paths.append(tmp_path / "phone.heic")
    assert bpy.ops.triverse.drop(**dropped(*paths)) == {"FINISHED"}
    assert "It is HEIC: export it as JPEG" in capfd.readouterr().out
    assert names() == ["chair"]


@pytest.mark.kind("picture-content")
def test_the_file_dialog_shows_files_of_every_name_when_asked(ui: ModuleType) -> None:
    from triverse_addon.ui.form import inputs

    assert {".jfif", ".jpe", ".jif", ".png", ".heic"} <= set(inputs.picture_suffixes())
    known = bpy.ops.triverse.choose_file.get_rna_type().properties
    assert known["all_files"].default is False
    assert not known["all_files"].is_hidden


# -----------------------------------------------------------------------------
# Add > Triverse


def test_the_menu_has_everything_and_is_in_the_add_menu(ui: ModuleType) -> None:
    from triverse_addon.ui.generate import add_menu

    operators = draw(add_menu.TRIVERSE_MT_add).operators()
    assert operators[:4] == [
        "triverse.add_from_text",
        "triverse.add_from_image",
        "triverse.texture_selected",
        "triverse.texture_selected_from_image",
    ]
    assert "triverse.capture_viewport" in operators
    assert add_menu._draw in bpy.types.VIEW3D_MT_add._dyn_ui_initialize()
    ui.unregister()
    try:
        assert add_menu._draw not in bpy.types.VIEW3D_MT_add._dyn_ui_initialize()
    finally:
        ui.register()


def test_a_model_from_text_by_script(ui: ModuleType, connected: StandIn) -> None:
    assert bpy.ops.triverse.add_from_text(prompt="A red chair") == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert (made.flow, made.params["prompt"]) == ("text-to-model", "A red chair")
    assert bpy.ops.triverse.add_from_text(prompt="ab") == {"CANCELLED"}


def test_a_model_from_an_image_by_script(ui: ModuleType, connected: StandIn, tmp_path: Path) -> None:
    path = glbs.picture(tmp_path / "chair.png", 8, 8)
    assert bpy.ops.triverse.add_from_image(image_file=str(path)) == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.sources == {"image_file": str(path)}


def test_texturing_needs_a_selection(ui: ModuleType, connected: StandIn) -> None:
    assert "Select the object" in poll_message(lambda: bpy.ops.triverse.texture_selected(prompt="Red leather"))


def test_texturing_the_selection_from_order_to_scene(
    ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    ball = glbs.sphere("Ball", (3.0, 0.0, 0.0))
    ball.select_set(True)
    bpy.context.view_layer.objects.active = ball
    assert bpy.ops.triverse.texture_selected(prompt="Red leather") == {"FINISHED"}
    (made,) = session().engine.tasks()
    own = Path(made.sources["model_file"])
    assert own.parent.name == "sources"
    record = tick_until(
        lambda: next((one for one in session().engine.tasks() if one.stage in (Stage.IMPORTED, Stage.FAILED)), None)
    )
    assert record.stage is Stage.IMPORTED, record.error
    (upload,) = connected.state.uploads.values()
    assert upload.content_type == "model/gltf-binary"
    assert not own.exists(), "what was written for it is used up"
    assert ball.hide_get()
    collection = bpy.data.collections[record.collection_name]
    bpy.context.view_layer.update()
    middle = sum((obj.matrix_world.translation.x for obj in collection.all_objects), 0.0) / len(collection.all_objects)
    assert middle == pytest.approx(3.0, abs=1.0)
    assert bpy.context.view_layer.objects.active in list(collection.all_objects)


def test_a_refused_texture_leaves_no_file(ui: ModuleType, connected: StandIn) -> None:
    from triverse_addon.ui import settings

    ball = glbs.sphere("Ball")
    ball.select_set(True)
    given = bpy.context.scene.triverse
    given.flow = "texture-model"
    given.shared.image_file = "/no/such/picture.png"
    assert bpy.ops.triverse.generate() == {"CANCELLED"}
    assert not list(settings.sources_dir(create=False).glob("*"))
    assert len(session().engine.tasks()) == 0


def test_the_question_names_pictures_and_price(
    ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    from tests.blender.recorder import Recorder
    from triverse_addon.ui.form import inputs, request
    from triverse_addon.ui.generate import cost as generate_cost
    from triverse_addon.ui.generate.drop_handler import TRIVERSE_OT_drop
    from triverse_addon.ui.state import runtime as module

    module.get_or_start()
    flow = inputs.PANEL_FLOWS["image-to-model"]
    cost = tick_until(lambda: generate_cost.known_cost(request.draft(bpy.context, flow)))
    asked = SimpleNamespace(paths=lambda: [f"/pictures/{number}.png" for number in range(8)], layout=Recorder())
    TRIVERSE_OT_drop.draw(asked, bpy.context)
    assert TRIVERSE_OT_drop.title(asked) == "Make 8 Models?"
    texts = asked.layout.texts()
    assert texts[:6] == [f"{number}.png" for number in range(6)]
    assert "and 2 more" in texts
    assert f"Costs {8 * cost} credits. You have 10,000." in texts
