# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders whose names are no UTF-8, as older systems and archives wrote them: Blender takes them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.blender.drawing import Tick, draw_rows, make_panel, session, tasks_panel
from tests.blender.recorder import Recorder, draw
from tests.service import models
from tests.service.server import StandIn
from triverse_addon.ui.batch import panel as batch_panel
from triverse_addon.ui.generate import image_operators, picture_row
from triverse_addon.ui.setup import preferences
from triverse_addon.ui.state import source_pictures

#: "Stühle", "Bücher" in Latin-1.
FILE, FOLDER = "St\udcfchle", "B\udcfccher"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has such names")


@pytest.fixture
def picture(tmp_path: Path) -> str:
    """A picture with such a name."""
    path = tmp_path / f"{FILE}.png"
    path.write_bytes(models.preview_path("1k").read_bytes())
    return str(path)


def imported() -> list[bpy.types.Collection]:
    return [one for one in bpy.data.collections if "triverse_task_uuid" in one]


def test_a_chosen_picture_is_shown_ordered_and_used_again(
    ui: ModuleType, connected: StandIn, picture: str, tick_until: Tick
) -> None:
    panel = bpy.context.scene.triverse
    panel.flow = "image-to-model"
    assert bpy.ops.triverse.choose_file(field="image_file", filepath=picture) == {"FINISHED"}
    assert panel.shared.image_file == picture
    session_of_the_panel().tick(0.01)
    tick_until(lambda: "St\\udcfchle.png" in make_panel().texts())
    found = session().details.source_picture(picture)
    assert found is not None
    source_pictures._key(picture, found).encode()  # which Blender does with the names of previews
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert "St\\udcfchle.png" in tasks_panel().texts()
    tick_until(imported)
    assert draw_rows()
    panel.shared.image_file = ""
    assert bpy.ops.triverse.regenerate(task_id=made.id) == {"FINISHED"}
    assert panel.shared.image_file == picture


@pytest.mark.parametrize("way", ["dropped onto the panel", "Use Image", "Model from Image", "argument"])
def test_other_ways_of_a_picture(ui: ModuleType, connected: StandIn, picture: str, way: str) -> None:
    panel = bpy.context.scene.triverse
    if way == "dropped onto the panel":
        image_operators.put(bpy.context, picture)
    elif way == "Use Image":
        assert bpy.ops.triverse.use_image(image_name=bpy.data.images.load(picture).name) == {"FINISHED"}
    elif way == "Model from Image":
        assert bpy.ops.triverse.add_from_image(image_file=picture) == {"FINISHED"}
    else:
        assert bpy.ops.triverse.generate(flow="image-to-model", image_file=picture) == {"FINISHED"}
        assert session().engine.tasks()[0].sources == {"image_file": picture}
        return
    assert panel.shared.image_file == picture


def test_a_blend_and_folders(ui: ModuleType, connected: StandIn, tmp_path: Path, tick_until: Tick) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{FILE}.blend"))
    own = bpy.context.preferences.addons["triverse_addon"].preferences
    own.download_dir = str(folder)
    assert bpy.ops.triverse.generate(flow="text-to-model", prompt="a chair", polygon_limit=1000) == {"FINISHED"}
    tick_until(imported)
    (made,) = session().engine.tasks()
    assert made.folder.startswith(str(folder))
    shown = "".join(tasks_panel().texts())
    assert "st\\udcfchle" in shown.lower()
    assert "B\\udcfccher" in shown
    panel = bpy.context.scene.triverse
    assert bpy.ops.triverse.make_from(flow="model-remesh", task_id=made.id) == {"FINISHED"}
    assert panel.shared.model_file == made.model_path
    make_panel()


def test_a_batch_of_such_a_folder(ui: ModuleType, connected: StandIn, tmp_path: Path, tick_until: Tick) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / f"{FILE}.png").write_bytes(models.preview_path("1k").read_bytes())
    assert bpy.ops.triverse.batch_choose_folder(directory=f"{folder}/") == {"FINISHED"}
    batch = session().batch
    tick_until(lambda: batch.checked)
    assert "B\\udcfccher" in draw(batch_panel.TRIVERSE_PT_batch).texts()


def test_the_folder_of_the_list(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui import settings

    monkeypatch.setattr(settings, "data_dir", lambda *, create: f"/home/me/{FOLDER}")
    own = bpy.context.preferences.addons["triverse_addon"].preferences
    layout = Recorder()
    preferences.TriversePreferences._draw_files(own, layout)
    assert "/home/me/B\\udcfccher" in layout.texts()


def test_the_large_picture_takes_such_a_path(ui: ModuleType) -> None:
    operator = bpy.ops.triverse.show_picture.get_rna_type()
    assert operator.properties["source"].subtype == "FILE_NAME"
    assert picture_row.source_names.name_of(f"/x/{FILE}.png") == "St\\udcfchle.png"


def session_of_the_panel() -> object:
    """Start the session, as a panel that is drawn does."""
    from triverse_addon.ui.state import runtime

    return runtime.get_or_start()
