# SPDX-License-Identifier: GPL-3.0-or-later
"""The large preview: where its pictures come from, how they are laid out, and that nothing is left behind."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import add_records, draw_rows, record
from tests.blender.recorder import Recorder
from triverse_addon.scene.child import preview_pixels
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.preview_pixels import Pixels, PreviewPixels, Source
from triverse_addon.tasks.record.record import Stage

Tick = Callable[..., Any]


@pytest.fixture
def fetcher(fresh_file: None, kept_converters: None, tmp_path: Path) -> Iterator[PreviewPixels]:
    with started(tmp_path) as made:
        yield made


@pytest.fixture
def own_fetcher(fresh_file: None, tmp_path: Path) -> Iterator[PreviewPixels]:
    """One that starts a child for each request, as Blender has it."""
    with started(tmp_path) as made:
        yield made


@contextmanager
def started(tmp_path: Path) -> Iterator[PreviewPixels]:
    made = PreviewPixels(child_command("pixels_worker"), tmp_path / "previews")
    yield made
    made.close()


def fetched(fetcher: PreviewPixels, source: Source, limit_s: float = 120.0) -> tuple[Pixels, ...]:
    """Request pictures and wait for them."""
    done = threading.Event()
    fetcher.request(source)
    waited_s = 0.0
    while fetcher.is_under_way(source):
        assert waited_s < limit_s
        done.wait(0.05)
        waited_s += 0.05
        fetcher.take_results()
    return fetcher.take(source)


def floats(pixels: Pixels) -> memoryview:
    return memoryview(pixels.data).cast("f")


# -----------------------------------------------------------------------------
# Pictures


def painted(path: Path, width: int, height: int, colour: tuple[float, float, float, float]) -> Path:
    image = bpy.data.images.new("painted", width, height, alpha=True)
    image.pixels.foreach_set([*colour] * (width * height))
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def test_a_picture_comes_as_it_looks_and_no_larger_than_needed(fetcher: PreviewPixels, tmp_path: Path) -> None:
    before = {name: len(getattr(bpy.data, name)) for name in ("images", "collections", "objects", "libraries")}
    path = painted(tmp_path / "wide.png", 1500, 600, (1.0, 0.2, 0.6, 0.5))
    (pixels,) = fetched(fetcher, Source(str(path)))
    assert (pixels.width, pixels.height) == (1024, 410)
    assert len(pixels.data) == 1024 * 410 * 16
    assert list(floats(pixels)[:4]) == pytest.approx([0.5, 0.1, 0.3, 0.5], abs=0.02), "multiplied by its alpha"
    after = {name: len(getattr(bpy.data, name)) for name in before}
    assert after == before, "nothing is added to the open file"
    assert fetcher.take(Source(str(path))) == (), "it is handed out once, for its texture"
    fetcher.forget()
    path.touch()
    assert not fetcher.is_waiting


def test_it_is_kept_and_made_once(fetcher: PreviewPixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = painted(tmp_path / "p.png", 8, 8, (0.5, 0.5, 0.5, 1.0))
    (first,) = fetched(fetcher, Source(str(path)))
    fetcher.forget()
    real = fetcher._child.run
    monkeypatch.setattr(fetcher._child, "run", lambda *_: pytest.fail("it is made again"))
    assert fetched(fetcher, Source(str(path))) == (first,)
    fetcher.forget()
    # What is damaged is made again.
    monkeypatch.setattr(fetcher._child, "run", real)
    (kept,) = (tmp_path / "previews").glob("*.pixels")
    for damage in (b"", struct.pack("<II", 2**31, 2**31), kept.read_bytes()[:-3], struct.pack("<II", 8, 8) + b"x" * 40):
        kept.write_bytes(damage)
        assert fetched(fetcher, Source(str(path))) == (first,)
        fetcher.forget()


def test_what_cannot_be_read_is_said(fetcher: PreviewPixels, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing like a picture")
    for name, said in (("bad.png", "cannot read this picture"), ("gone.png", "cannot be made")):
        source = Source(str(tmp_path / name))
        assert fetched(fetcher, source) == ()
        assert said in str(fetcher.problem(source))


def test_the_oldest_are_removed_when_they_take_too_much(
    fetcher: PreviewPixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_pixels, "_KEPT_BYTES", 1)
    for number in range(2):
        fetched(fetcher, Source(str(painted(tmp_path / f"{number}.png", 8, 8, (number, 0.0, 0.0, 1.0)))))
    assert len(list((tmp_path / "previews").glob("*.pixels"))) == 1, "the one that is shown stays"


@pytest.mark.parametrize("edge_px", [pytest.param(512, marks=pytest.mark.rest), 96])
def test_a_model_is_seen_from_all_sides(
    own_fetcher: PreviewPixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edge_px: int
) -> None:
    """Drawing 512 pixels takes most of the time, so one version alone does."""
    if edge_px != preview_pixels.VIEW_EDGE_PX:
        monkeypatch.setattr(preview_pixels, "VIEW_EDGE_PX", edge_px)

    def build() -> None:
        ball = glbs.sphere("long")
        ball.scale = (3.0, 0.3, 0.3)

    converted = glbs.convert_kept(glbs.export(tmp_path / "m.glb", build), tmp_path / "out", unit_m=1.0)
    views = fetched(own_fetcher, Source(str(converted.blend_path), preview_pixels.VIEWS))
    assert len(views) == 8
    assert {(one.width, one.height) for one in views} == {(edge_px, edge_px)}
    wide = [_width(one) for one in views]
    assert max(wide) > 2 * min(wide), "a long thing is narrow from its end"
    assert wide[0] == pytest.approx(wide[4], abs=edge_px / 40), "and as wide from behind as from the front"


def _width(pixels: Pixels) -> int:
    """How many columns of a picture show something."""
    alpha = floats(pixels)[3::4].tolist()
    return sum(any(value > 0.5 for value in alpha[x :: pixels.width]) for x in range(pixels.width))


# -----------------------------------------------------------------------------
# What is shown


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 12, 40])
@pytest.mark.parametrize(("width", "height"), [(200.0, 200.0), (3000.0, 210.5), (333.3, 2000.0), (1600.0, 1000.0)])
def test_tiles_are_equal_inside_and_apart(count: int, width: float, height: float) -> None:
    from triverse_addon.ui.viewport.preview import cells

    found = cells(count, 10.0, 20.0, width, height, 4.0)
    assert len(found) == count
    for left, low, wide, high in found:
        assert left >= 10.0 - 1e-6
        assert low >= 20.0 - 1e-6
        assert left + wide <= 10.0 + width + 1e-6
        assert low + high <= 20.0 + height + 1e-6
    for number, (left, low, wide, high) in enumerate(found):
        for other_left, other_low, _, _ in found[:number]:
            apart_x, apart_y = abs(left - other_left) >= wide, abs(low - other_low) >= high
            assert apart_x or apart_y
    assert cells(1, 0.0, 0.0, 100.0, 50.0, 4.0) == [(0.0, 0.0, 100.0, 50.0)]


def region() -> bpy.types.Region:
    (area,) = [one for one in bpy.context.window_manager.windows[0].screen.areas if one.type == "VIEW_3D"]
    return next(one for one in area.regions if one.type == "WINDOW")


def event(kind: str, value: str = "PRESS", x: int = 0, y: int = 0) -> Any:
    return SimpleNamespace(type=kind, value=value, mouse_x=x, mouse_y=y)


@pytest.fixture
def preview(here: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from triverse_addon.ui.viewport import preview as module
    from triverse_addon.ui.viewport import preview_control

    registered: list[Any] = []

    class Space:
        draw_handler_add = staticmethod(lambda draw, args, region, kind: registered.append(draw) or draw)
        draw_handler_remove = staticmethod(lambda draw, region: registered.remove(draw))

    monkeypatch.setattr(bpy.types, "SpaceView3D", Space)
    module.control, module.registered = preview_control, registered
    yield module
    preview_control.hide()
    assert registered == []


def test_it_turns_what_has_a_model_and_only_that(here: Any, preview: Any) -> None:
    made = record("chair", Stage.IMPORTED, blend_path="/nowhere/model.blend", preview_path="/nowhere/p.png")
    moving = record("table", Stage.WAITING)
    add_records(made, moving)
    preview.control.show([preview.Tile(moving.id)], region())
    preview.control.turn(1)
    assert preview.shown.view is None
    assert preview.picture_of(moving) is None
    preview.control.show([preview.Tile(made.id, "1"), preview.Tile(moving.id, "2")], region())
    assert len(preview.registered) == 1
    assert preview.picture_of(made) == Source("/nowhere/p.png")
    assert preview.views_of(made) == Source("/nowhere/model.blend", 8)
    seen = []
    for steps in (1, 1, -3, 8):
        preview.control.turn(steps)
        seen.append(preview.shown.view)
    assert seen == [1, 2, 7, 7]
    preview.shown.places = [(0, 0, 100, 100), (110, 0, 100, 100)]
    assert preview.tile_at(150, 50).title == "2"
    assert preview.tile_at(105, 50) is None


def test_the_input_picture_is_shown_until_there_is_another(here: Any, preview: Any) -> None:
    made = record("chair", Stage.WAITING, sources={"image_file": "/nowhere/input.png"}).with_(flow="image-to-model")
    assert preview.picture_of(made) == Source("/nowhere/input.png")
    assert preview.picture_of(made.with_(preview_path="/nowhere/p.png")) == Source("/nowhere/p.png")
    assert preview.picture_of(made.with_(sources={"image_file": "https://example.com/a.png"})) is None


def test_keys_and_mouse_turn_choose_and_close(here: Any, preview: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.task_list import preview_operators

    tasks = [record(name, Stage.IMPORTED, age, blend_path=f"/nowhere/{name}.blend") for age, name in enumerate("ab")]
    add_records(*tasks)
    monkeypatch.setattr(preview_operators, "_is_over", lambda context, event, region: event.mouse_x < 500)
    operator = preview_operators.TRIVERSE_OT_preview
    there = region()
    stand = SimpleNamespace(_dragged_from=None, _turned=0, _is_click=False)
    stand._drag = lambda *given: operator._drag(stand, *given)

    def send(*given: Any, **more: Any) -> set[str]:
        return operator.modal(stand, bpy.context, event(*given, **more))

    preview.control.show([preview.Tile(task.id) for task in tasks], there)
    preview.shown.places = [(0, 0, 100, 100), (110, 0, 100, 100)]
    assert send("RIGHT_ARROW") == {"RUNNING_MODAL"}
    assert preview.shown.view == 1
    send("LEFT_ARROW")
    assert preview.shown.view == 0
    assert send("LEFTMOUSE", x=600) == {"PASS_THROUGH"}, "the sidebar is used as ever"
    assert send("TIMER") == {"PASS_THROUGH"}
    # A drag turns, a click chooses.
    send("LEFTMOUSE", x=300)
    send("MOUSEMOVE", "NOTHING", x=300 - 85)
    send("LEFTMOUSE", "RELEASE", x=300 - 85)
    assert preview.shown.view == 2
    x, y = there.x + 150, there.y + 50
    send("LEFTMOUSE", x=x, y=y)
    send("LEFTMOUSE", "RELEASE", x=x, y=y)
    assert here.chosen_id == tasks[1].id
    assert send("WHEELUPMOUSE", x=10) == {"RUNNING_MODAL"}, "what lies below stays as it is"
    assert send("ESC") == {"FINISHED"}
    assert preview.shown is None
    assert send("ESC") == {"FINISHED", "PASS_THROUGH"}, "a preview that is closed takes no keys"


# -----------------------------------------------------------------------------
# Thumbnails


def test_a_thumbnail_opens_it_and_tells_what_is_known(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.task_list.preview_operators import TRIVERSE_OT_preview

    params = {"prompt": "A red chair", "texture_size": 2048}
    known: dict[str, Any] = {"triangles": 49_152, "cost_credits": 20, "size_bytes": 2_100_000}
    made = record("chair", Stage.IMPORTED, params=params, thumbnail_path="/nowhere/t.png", **known)
    add_records(made)
    (row,) = draw_rows()
    assert "triverse.preview" not in row.operators(), "there is nothing to look at yet"
    monkeypatch.setattr(here.thumbnails, "icon", lambda *_: 7)
    (row,) = draw_rows()
    (button,) = [one for one in row.drawn if one.given.get("operator") == "triverse.preview"]
    assert button.properties.task_ids == made.id
    tooltip = TRIVERSE_OT_preview.description(bpy.context, SimpleNamespace(task_ids=made.id))
    assert tooltip.split("\n") == [
        "A red chair",
        "Imported",
        "49,152 triangles",
        "textures of 2048 px",
        "2.1 MB",
        "20 credits",
    ]
    several = TRIVERSE_OT_preview.description(bpy.context, SimpleNamespace(task_ids=f"{made.id},{made.id}"))
    assert "from all sides" in several


def test_the_sign_of_a_state_stands_on_a_ground_of_its_own(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is readable on any picture; a label is drawn on the picture itself."""
    from triverse_addon.ui.state import task_presentation
    from triverse_addon.ui.task_list import grid

    made = record("chair", Stage.FAILED, thumbnail_path=str(glbs.picture(tmp_path / "t.png", 64, 64)))
    add_records(made)
    here.thumbnails.icon(made.id, made.thumbnail_path)
    assert here.thumbnails.load(1.0)
    monkeypatch.setattr(here.thumbnails, "icon", lambda *_: 7)  # without a window, Blender gives no numbers
    drawn = Recorder()
    grid.draw(drawn, bpy.context, here, "")
    (sign,) = [one for one in drawn.drawn if one.given.get("icon") == task_presentation.icon(made)]
    assert sign.function == "operator"
    assert sign.alert
    width, height, pixels = here.thumbnails.pixels(made.id)
    assert len(pixels) == width * height * 4
    assert max(pixels) > 0.0, "the preview shows it until the large picture is there"


def test_without_a_session_nothing_can_be_looked_at(ui: ModuleType) -> None:
    assert not bpy.ops.triverse.preview.poll()
