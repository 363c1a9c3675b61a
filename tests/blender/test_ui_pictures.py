# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture that is about to be sent is shown: under its field, in the dialog of a drop, and in the list."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import Tick, add_records, draw_rows, make_panel, record, session
from tests.blender.recorder import Recorder
from tests.blender.test_ui_sources import given
from tests.blender.test_upright import STANDING, TURNED, corners
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import Stage


@pytest.fixture(autouse=True)
def numbers(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A number for each loaded picture, by its key: without a window, Blender gives icons none."""
    from triverse_addon.ui.state.thumbnails import Thumbnails

    given, icon = {}, Thumbnails.icon

    def numbered(self: Thumbnails, key: str, path: str) -> int:
        icon(self, key, path)
        return given.setdefault(key, len(given) + 1) if self._order.get(key) == path else 0

    monkeypatch.setattr(Thumbnails, "icon", numbered)
    return given


def show(path: Path) -> None:
    given().flow = "image-to-model"
    given().shared.image_file = str(path)


def icons(drawn: Recorder) -> list[int]:
    return [one.given["icon_value"] for one in drawn.drawn if one.function == "template_icon"]


def is_shown() -> bool:
    return any(icons(make_panel()))


def test_the_picture_is_under_its_field_with_name_and_size(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    assert not icons(make_panel())
    show(glbs.picture(tmp_path / "a chair.png", 1500, 900))
    tick_until(is_shown)
    drawn = make_panel()
    field, name = (
        next(at for at, one in enumerate(drawn.drawn) if told in (one.text, one.given.get("property")))
        for told in ("image_file", "a chair.png")
    )
    assert "triverse.show_picture" in drawn.operators()
    assert name > field
    assert any(text.startswith("1500 × 900 · ") for text in drawn.texts())
    (button,) = [one for one in drawn.drawn if one.given.get("operator") == "triverse.show_picture"]
    assert button.properties.source == str(tmp_path / "a chair.png")


def test_several_pictures_take_less_room(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    given().flow = "multiview-to-model"
    for side in ("front", "left"):
        setattr(given().shared, f"{side}_image_file", str(glbs.picture(tmp_path / f"{side}.png", 30, 20)))
    tick_until(lambda: len(icons(make_panel())) == 2 and is_shown())
    drawn = make_panel()
    assert [one.given["scale"] < 1.5 for one in drawn.drawn if one.function == "template_icon"] == [True, True]
    assert {"front.png", "left.png"} <= set(drawn.texts())
    assert not any("30 × 20" in text for text in drawn.texts())


def test_a_small_picture_stands_as_its_camera_noted(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    for name in ("jpg-6.jpg", "png-8.png", "webp-2.webp"):
        path = shutil.copy(TURNED / name, tmp_path / name)
        show(path)
        tick_until(is_shown)
        copy = Path(here.details.pictures.path(str(path)))
        assert copy != path, "the file itself lies on its side"
        assert corners(copy) == STANDING
        assert here.details.pictures.picture(str(path)).size_px == (16, 8)
    show(TURNED / "jpg-1.jpg")
    tick_until(is_shown)
    assert here.details.pictures.path(str(TURNED / "jpg-1.jpg")) == str(TURNED / "jpg-1.jpg")


def test_a_changed_file_is_seen_while_it_is_shown(
    here: Any, tmp_path: Path, tick_until: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.state import task_history

    monkeypatch.setattr(task_history, "_LOOK_AGAIN_S", 0.0)
    path = glbs.picture(tmp_path / "chair.png", 60, 40)
    show(path)
    tick_until(is_shown)
    before = icons(make_panel())
    made = glbs.picture(tmp_path / "other.png", 80, 20)
    os.replace(made, path)
    tick_until(lambda: any(text.startswith("80 × 20") for text in make_panel().texts()))
    tick_until(is_shown)
    assert icons(make_panel()) != before
    path.unlink()
    tick_until(lambda: "There is no such file." in make_panel().prose())
    assert not icons(make_panel())


def test_a_look_at_an_unchanged_file_changes_nothing_and_keeps_nothing_awake(
    here: Any, tmp_path: Path, tick_until: Tick
) -> None:
    path = glbs.picture(tmp_path / "chair.png", 60, 40)
    show(path)
    tick_until(is_shown)
    pictures = here.details.pictures
    pictures.look_again(str(path))
    assert not here.details.is_waiting
    tick_until(lambda: not pictures._under_way or pictures._results)
    assert pictures.take_results() is False


def test_what_is_no_picture_is_said_and_an_address_shows_nothing(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(b"nothing like a picture")
    show(path)
    tick_until(lambda: "Blender cannot read this picture." in make_panel().prose())
    given().shared.image_file = "https://example.com/chair.png"
    assert "triverse.show_picture" not in make_panel().operators()


def test_without_a_child_name_and_size_are_shown(
    here: Any, tmp_path: Path, tick_until: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.api.sentence import Sentence
    from triverse_addon.tasks.converter import NoChildError

    def no_child(*_: object) -> None:
        raise NoChildError(Sentence.of("There is none."))

    monkeypatch.setattr(here.details.pictures._child, "run", no_child)
    show(glbs.picture(tmp_path / "chair.png", 1500, 900))
    tick_until(lambda: "chair.png" in make_panel().texts())
    drawn = make_panel()
    assert any(text.startswith("1500 × 900 · ") for text in drawn.texts())
    assert not any(one.alert for one in drawn.drawn if one.function == "label")
    assert not icons(drawn)


def test_drawing_reads_no_disk(here: Any, tmp_path: Path, tick_until: Tick, request: pytest.FixtureRequest) -> None:
    show(glbs.picture(tmp_path / "chair.png", 60, 40))
    tick_until(is_shown)
    seen = request.getfixturevalue("watched")
    assert is_shown()
    assert seen == []


def test_the_large_picture_has_name_and_size(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    from triverse_addon.ui.generate import picture_row

    path = glbs.picture(tmp_path / "chair.png", 60, 40)
    show(path)
    tick_until(is_shown)
    layout = Recorder()
    picture_row.TRIVERSE_OT_show_picture.draw(SimpleNamespace(layout=layout, source=str(path)), bpy.context)
    assert icons(layout) == icons(make_panel())
    assert layout.prose().startswith("chair.png · 60 × 40 · ")


def test_the_large_picture_is_loaded_when_it_is_opened(
    here: Any, tmp_path: Path, tick_until: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The popup is drawn once: in a window it stayed empty if it was opened before the small picture was there."""
    from triverse_addon.ui.generate import picture_row
    from triverse_addon.ui.state.thumbnails import Thumbnails

    with monkeypatch.context() as not_yet:
        not_yet.setattr(Thumbnails, "load", lambda *_: False)
        path = glbs.picture(tmp_path / "chair.png", 60, 40)
        show(path)
        tick_until(lambda: any(text.startswith("60 × 40 · ") for text in make_panel().texts()))
        assert not is_shown()
        manager = SimpleNamespace(invoke_popup=lambda _operator, width: {"RUNNING_MODAL"})
        opened = SimpleNamespace(layout=Recorder(), source=str(path))
        operator = picture_row.TRIVERSE_OT_show_picture
        assert operator.invoke(opened, SimpleNamespace(window_manager=manager), None) == {"RUNNING_MODAL"}
        operator.draw(opened, bpy.context)
        assert all(icons(opened.layout))
    # Of a file of which nothing is known, it opens too.
    unknown = SimpleNamespace(source=str(tmp_path / "other.png"))
    assert operator.invoke(unknown, SimpleNamespace(window_manager=manager), None) == {"RUNNING_MODAL"}


def test_a_capture_is_called_by_its_number(ui: ModuleType, connected: StandIn) -> None:
    from triverse_addon.scene.capture import source_files, tga
    from triverse_addon.ui import settings
    from triverse_addon.ui.form import source_names

    folder = settings.sources_dir(create=True)
    first, second, other = (
        source_files.write(source_files.numbered_path(folder, kind), tga.encode(2, 2, bytes(12)))
        for kind in (source_files.VIEWPORT, source_files.VIEWPORT, source_files.CLIPBOARD)
    )
    number = source_files.numbered(first)[1]
    assert source_names.name_of(str(first)) == f"Viewport {number}"
    assert source_names.name_of(str(second)) == f"Viewport {number + 1}"
    assert source_names.name_of(str(other)).startswith("Clipboard ")
    mine = glbs.picture(connected_folder(folder) / "viewport-1-0123abcd.png", 2, 2)
    assert source_names.name_of(str(mine)) == "viewport-1-0123abcd.png", "a user's file keeps its name"
    show(second)
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.name == f"Viewport {number + 1}"


def connected_folder(folder: Path) -> Path:
    made = folder.parent / "mine"
    made.mkdir()
    return made


def test_a_row_shows_what_its_model_is_made_from_until_there_is_a_model(
    here: Any, tmp_path: Path, tick_until: Tick, numbers: dict[str, int]
) -> None:
    source, preview = (glbs.picture(tmp_path / f"{name}.png", 8, 8) for name in ("source", "preview"))
    made = record("chair", Stage.WAITING, sources={"image_file": str(source)}).with_(flow="image-to-model")
    add_records(made, record("words", Stage.WAITING, 1.0))
    tick_until(lambda: draw_rows() and f"{made.id} source" in here.thumbnails._order)
    assert here.thumbnails._order[f"{made.id} source"] == str(source)
    shown = icons(draw_rows()[0])
    assert shown == [numbers[f"{made.id} source"]]
    from triverse_addon.ui.task_list import grid

    layout = Recorder()
    grid.draw(layout, bpy.context, here, "")
    assert shown[0] in icons(layout)
    store = here.engine._context.store
    here.engine._task_cache.put(store.change(made.id, lambda one: one.with_(thumbnail_path=str(preview))))
    tick_until(lambda: draw_rows() and made.id in here.thumbnails._order)
    assert icons(draw_rows()[0]) == [numbers[made.id]]


def test_the_dialog_of_a_drop_shows_the_pictures(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    from triverse_addon.ui.generate import drop_handler

    paths = [glbs.picture(tmp_path / f"{name}.png", 30, 20) for name in ("chair", "table")]

    def dialog() -> Recorder:
        layout = Recorder()
        operator = SimpleNamespace(layout=layout, paths=lambda: [str(path) for path in paths])
        drop_handler.TRIVERSE_OT_drop.draw(operator, bpy.context)
        return layout

    assert {"chair.png", "table.png"} <= set(dialog().texts())
    tick_until(lambda: len(icons(dialog())) == 2 and all(icons(dialog())))
    assert any(text.startswith("chair.png · 30 × 20 · ") for text in dialog().texts())
