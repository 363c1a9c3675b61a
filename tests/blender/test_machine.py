# SPDX-License-Identifier: GPL-3.0-or-later
"""
A Blender that lacks something: it is told before anything is paid; and what can be delivered is.

One: ``python scripts/test.py tests/blender/test_machine.py``.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.blender import glbs
from tests.blender.drawing import Tick, session
from tests.blender.test_library import write
from tests.blender.test_library_children import Children
from tests.service.server import StandIn
from triverse_addon.batch.library.asset_writer import BLENDER, PICTURES, AssetWriter
from triverse_addon.batch.rows.post_options import EXPORTS
from triverse_addon.cli import main
from triverse_addon.cli.blender_host import BlenderHost
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.tasks.converter import NoChildError
from triverse_addon.tasks.record.processing import Processing

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("machine-first")]

WITHOUT = "import bpy; bpy.ops.preferences.addon_disable(module={!r})"
NO_FBX = WITHOUT.format("io_scene_fbx")
#: A library of the system that an exporter fails in.
FAILING_USD = (
    "import exporters\n"
    "def fail(name, folder): raise RuntimeError('Error: the disk says no')\n"
    "exporters._EXPORTERS['usd'] = fail"
)
ROWS = "name,prompt,polygon_limit,export\nChair,a chair,1000,glb\nTable,a table,1000,fbx\nLamp,a lamp,1000,glb fbx\n"


def tried(writer: ChildAssetWriter, *exports: str) -> dict[str, str]:
    try:
        return {what: str(sentence) for what, sentence in writer.try_out(exports, threading.Event()).items()}
    finally:
        writer.close()


# -----------------------------------------------------------------------------
# The trial


def test_a_blender_that_has_everything_lacks_nothing(tmp_path: Path) -> None:
    assert tried(ChildAssetWriter(child_command("library_worker"), tmp_path / "work"), *EXPORTS) == {}
    (log,) = (tmp_path / "work").iterdir()
    assert log.name.startswith("child-")


@pytest.mark.parametrize(
    ("changes", "what", "said"),
    [
        (NO_FBX, "fbx", "This Blender cannot export FBX. Leave it out of export."),
        pytest.param(
            *(FAILING_USD, "usd", "This Blender cannot export USD. It says: the disk says no. Leave it out of export."),
            marks=pytest.mark.rest,
        ),
        (WITHOUT.format("cycles"), PICTURES, "This Blender cannot draw."),
        (WITHOUT.format("io_scene_gltf2"), BLENDER, "This Blender has no glTF importer."),
        ("sys.modules['numpy'] = None", BLENDER, "python3-numpy"),
        pytest.param(
            *("sys.exit(7)", BLENDER, "A second Blender cannot be used here (exit code 7)."), marks=pytest.mark.rest
        ),
    ],
)
def test_what_is_lacking_is_found_and_nothing_else(tmp_path: Path, changes: str, what: str, said: str) -> None:
    found = tried(Children(tmp_path, changes).writer, *EXPORTS)
    assert [*found] == [what]
    assert said in found[what]


def test_a_renderer_that_crashes_costs_the_pictures_only(tmp_path: Path) -> None:
    changes = "import preview_render; preview_render.draw = lambda *_: os.kill(os.getpid(), 11)"
    assert [*tried(Children(tmp_path, changes).writer, "glb")] == [PICTURES]


def test_a_part_of_a_batch_which_draws_no_sheets_does_not_try_to(tmp_path: Path) -> None:
    changes = "import preview_render; preview_render.draw = lambda *_: os.kill(os.getpid(), 11)"
    writer = Children(tmp_path, changes).writer
    writer.tries_drawing = False
    assert tried(writer, "glb") == {}


def test_where_there_is_no_second_blender_the_caller_decides(tmp_path: Path) -> None:
    """One model is read by the Blender that asked; a batch is not begun, see ``tests/batch/run/test_machine.py``."""
    with pytest.raises(NoChildError):
        tried(ChildAssetWriter((), tmp_path / "work"))


# -----------------------------------------------------------------------------
# What can be delivered is


@pytest.mark.parametrize(
    ("changes", "lost"), [pytest.param(NO_FBX, "fbx", marks=pytest.mark.rest), (FAILING_USD, "usd")]
)
def test_a_failed_export_costs_that_export_only(tmp_path: Path, changes: str, lost: str) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", material=glbs.textured()))
    writer = Children(tmp_path, changes).writer
    try:
        asset = write(writer, tmp_path / "library", glb, Processing(exports=("glb", "fbx", "usd", "obj")))
    finally:
        writer.close()
    assert set(asset.files) == {"blend", "thumbnail", "glb", "fbx", "usd", "obj"} - {lost}
    assert all((tmp_path / "library" / file).is_file() for file in asset.files.values())
    assert str(asset.problem).startswith(f"The model is in the library, but not as {lost.upper()}. Blender says: ")


# -----------------------------------------------------------------------------
# The commands and the panel


class Lacking(BlenderHost):
    """A Blender whose children lack something; ``late``: only after they were tried."""

    def __init__(self, folder: Path, changes: str, *, late: bool = False) -> None:
        super().__init__("triverse")
        self._folder, self._changes, self._late = folder, changes, late

    def asset_writer(self, data_dir: Path) -> AssetWriter | None:
        writer = Children(self._folder, self._changes).writer
        if self._late:
            writer.try_out = lambda exports, stop: {}  # type: ignore[method-assign]
        return writer


@pytest.fixture
def service() -> Any:
    with StandIn(speed=40.0, samples=("1k",)) as standin:
        yield standin


@pytest.fixture
def table(tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table; the key and the service are in the environment."""
    monkeypatch.setenv("TRIVERSE_API_KEY", service.key)
    monkeypatch.setenv("TRIVERSE_API_URL", service.url)
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


def run(table: Path, host: BlenderHost, *more: str) -> int:
    """Run the table. One child does all of it: its rows lack the same."""
    return main.run(["batch", str(table), "--jobs", "1", "--data", str(table.parent / "data"), *more], host)


@pytest.mark.parametrize("how", ["--dry-run", "--yes"])
def test_a_batch_tells_the_rows_and_orders_nothing(
    table: Path, service: StandIn, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(table, Lacking(table.parent, NO_FBX), how) == 2
    said = capfd.readouterr().err
    for line in (3, 4):
        assert f"line {line}, export: This Blender cannot export FBX. Leave it out of export." in said
    assert "line 2, export" not in said
    assert service.state.charged_per_order() == {}
    assert not (table.parent / "rows-library").exists()


@pytest.mark.usefixtures("kept_writers")
def test_what_fails_only_then_is_in_the_report_and_is_never_paid_twice(table: Path, service: StandIn) -> None:
    import json

    library = table.parent / "rows-library"
    assert run(table, Lacking(table.parent, NO_FBX, late=True), "--yes") == 1
    rows = json.loads((library / "batch-report.json").read_text())["rows"]
    assert [row["state"] for row in rows] == ["done", "failed", "failed"]
    assert [set(row["files"]) - {"thumbnail"} for row in rows] == [{"blend", "glb"}, {"blend"}, {"blend", "glb"}]
    assert rows[1]["error"].startswith("The model is in the library, but not as FBX.")
    assert all((library / file).is_file() for row in rows for file in row["files"].values())
    # In a Blender that has it, also one whose list of tasks is another.
    for folder in (table.parent / "data", table.parent / "another"):
        more = ["batch", str(table), "--data", str(folder), "--retry-failed", "--yes"]
        assert main.run(more, BlenderHost("triverse")) == 0
    rows = json.loads((library / "batch-report.json").read_text())["rows"]
    assert (library / "table.fbx").is_file()
    assert [*service.state.charged_per_order().values()] == [1, 1, 1]


@pytest.mark.usefixtures("kept_writers")
def test_another_machine_makes_the_missing_export_of_what_was_paid_here(table: Path, service: StandIn) -> None:
    assert run(table, Lacking(table.parent, NO_FBX, late=True), "--yes") == 1
    more = ["batch", str(table), "--data", str(table.parent / "another"), "--retry-failed", "--yes"]
    assert main.run(more, BlenderHost("triverse")) == 0
    assert (table.parent / "rows-library" / "table.fbx").is_file()
    assert [*service.state.charged_per_order().values()] == [1, 1, 1]


def test_one_model_for_a_blend_is_not_ordered_where_no_blend_can_be_made(
    table: Path, service: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["generate", "--prompt", "a chair", "--data", str(table.parent / "data"), "--output"]
    host = Lacking(table.parent, "sys.modules['numpy'] = None")
    assert main.run([*words, str(table.parent / "chair.blend")], host) == 2
    assert "python3-numpy" in capfd.readouterr().err
    assert service.state.charged_per_order() == {}


def test_the_panel_tells_the_rows_and_orders_nothing(
    here: Any, connected: StandIn, tick_until: Tick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    batch = session().batch
    monkeypatch.setattr(batch._worker, "_make_writer", lambda: Children(tmp_path, NO_FBX).writer)
    batch.choose(path)
    tick_until(lambda: batch.checked is not None and not batch.is_busy)
    batch.ask_price(may_ask=True)
    tick_until(lambda: batch.offer is not None)
    batch.run(4)
    tick_until(lambda: batch.problem is not None)
    concerned = [(line.line, [str(one.sentence) for one in line.problems]) for line in batch.rows]
    said = ["This Blender cannot export FBX. Leave it out of export."]
    assert concerned == [(3, said), (4, said), (2, [])]
    assert not batch.is_running
    assert connected.state.charged_per_order() == {}
    # Mended, it is checked again and can be run.
    monkeypatch.undo()
    batch.check()
    tick_until(lambda: batch.checked is not None and not batch.is_busy)
    assert not batch.checked.problems
    assert batch.checked.has_work
