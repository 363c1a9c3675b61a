# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch in the panel: checked, run, stopped, gone on with, tried again; its table, its words, its memory.

One: ``python scripts/test.py tests/blender/test_ui_batch.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, poll_message, session
from tests.blender.recorder import Recorder, draw
from tests.service.server import StandIn
from triverse_addon.batch.run.limits import Budget
from triverse_addon.batch.run.request import BatchRequest
from triverse_addon.batch.run.resume import FOLDER, SavedBatch, delete_batch, load_batch, save_batch

pytestmark = pytest.mark.usefixtures("kept_writers")

ROWS = "name,prompt,polygon_limit,catalog\nChair,a chair,1000,Props/Chairs\nTable,a table,1000,\nLamp,a lamp,1000,\n"
BAD = "name,prompt,polygon_limit,image\nGood,a stool,1000,\nShort,ab,5,\nLost,,1000,nowhere.png\n"


@pytest.fixture
def service() -> Any:
    """The stand-in, forty times as fast, with small models."""
    with StandIn(speed=40.0, samples=("1k",)) as standin:
        yield standin


@pytest.fixture
def rows_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a table."""

    def write(text: str = ROWS, name: str = "rows.csv") -> Path:
        path = tmp_path / "work" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def panel() -> Recorder:
    from triverse_addon.ui.batch import panel as batch_panel

    return draw(batch_panel.TRIVERSE_PT_batch)


def table() -> list[Recorder]:
    """Draw each row of the table."""
    from triverse_addon.ui.batch import ui_list

    manager = bpy.context.window_manager.triverse
    drawn = []
    for row in manager.batch_rows:
        layout = Recorder()
        ui_list.TRIVERSE_UL_batch.draw_item(
            SimpleNamespace(), bpy.context, layout, manager, row, 0, manager, "batch_active"
        )
        drawn.append(layout)
    return drawn


def texts() -> list[list[str]]:
    return [row.texts() for row in table()]


def phase() -> str:
    return str(session().batch.phase)


def checked(tick_until: Tick, path: Path) -> Any:
    """Choose a file and wait until it is checked, and its price known if it has one."""
    if path.is_dir():
        bpy.ops.triverse.batch_choose_folder(directory=str(path))
    else:
        bpy.ops.triverse.batch_choose(filepath=str(path))
    return settled(tick_until)


def settled(tick_until: Tick) -> Any:
    batch = session().batch
    tick_until(lambda: phase() == "checked" and None not in (batch.cost(), batch.cost(retry=True)))
    tick_until(lambda: len(bpy.context.window_manager.triverse.batch_rows) == len(batch.rows))
    return batch


def run(tick_until: Tick, operator: Any = None) -> Any:
    """Run to the end."""
    assert (operator or bpy.ops.triverse.batch_run)() == {"FINISHED"}
    batch = session().batch
    tick_until(lambda: not batch.is_running)
    return settled(tick_until)


def charges(service: StandIn) -> list[int]:
    return list(service.state.charged_per_order().values())


# -----------------------------------------------------------------------------
# Before anything is sent


@pytest.mark.kind("foreign-tables")
def test_files_outside_are_asked_about_with_a_button(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path], tmp_path: Path
) -> None:
    from tests.blender import glbs

    elsewhere = tmp_path / "elsewhere.png"
    glbs.picture(elsewhere, 8, 8)
    assert "triverse.batch_allow_outside" not in panel().operators()
    bpy.ops.triverse.batch_choose(filepath=str(rows_file("image\n../elsewhere.png\n")))
    tick_until(lambda: phase() == "checked")
    assert "It lies outside the folder, and is not opened until you allow it" in panel().prose()
    assert "triverse.batch_allow_outside" in panel().operators()
    from triverse_addon.ui.batch import run_operators

    question = draw(run_operators.TRIVERSE_OT_batch_allow_outside).prose()
    assert str(elsewhere) in question.replace(" ", "")
    assert bpy.ops.triverse.batch_run.poll() is False
    assert bpy.ops.triverse.batch_allow_outside() == {"FINISHED"}
    tick_until(lambda: phase() == "checked" and not session().batch.checked.problems)
    assert "triverse.batch_allow_outside" not in panel().operators()
    assert session().batch.request.allowed == {str(elsewhere)}


@pytest.mark.kind("picture-content")
def test_what_is_left_out_of_a_folder_is_named(here: Any, tick_until: Tick, tmp_path: Path) -> None:
    from tests.blender import glbs

    folder = tmp_path / "pictures"
    folder.mkdir()
    glbs.picture(folder / "chair", 8, 8)
    (folder / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    bpy.ops.triverse.batch_choose_folder(directory=str(folder))
    tick_until(lambda: phase() == "checked")
    prose = panel().prose()
    assert "One thing in the folder is left out: IMG_1.HEIC: IMG_1.HEIC is not a JPEG, PNG or WebP picture." in prose
    assert "It is HEIC" in prose
    for number in range(20):
        (folder / f"notes{number}.txt").write_text("x")
    bpy.ops.triverse.batch_check()
    tick_until(lambda: phase() == "checked")
    prose = panel().prose()
    assert "21 things in the folder are left out:" in prose
    assert "… and 13 more. The report names all." in prose
    assert not session().batch.checked.problems


def test_without_a_file_the_panel_offers_to_choose_one(here: Any) -> None:
    drawn = panel()
    assert drawn.operators() == ["triverse.batch_choose", "triverse.batch_choose_folder"]
    assert "Choose a file first." in poll_message(bpy.ops.triverse.batch_run)
    assert "No rows are being made" in poll_message(bpy.ops.triverse.batch_stop)


def test_every_problem_stands_at_its_row_and_nothing_can_be_run(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    path = rows_file(BAD)
    checked(tick_until, path)
    rows = texts()
    assert [row[0] for row in rows] == ["3", "4", "2"], "those with problems first"
    assert rows[0][1].startswith("prompt:")
    tips = [row.problems for row in bpy.context.window_manager.triverse.batch_rows]
    assert "prompt: Prompt must have at least 3 characters." in tips[0].splitlines(), "all of it is in the tooltip"
    assert "polygon_limit: " in tips[0]
    assert tips[2] == "", "nothing is wrong with it"
    for row, tip in zip(rows[:2], tips, strict=False):
        whole, shown = tip.splitlines()[0], row[1]
        assert shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1])), "its beginning, no hole in it"
    assert "Good" in rows[2]
    drawn = panel()
    assert "3 things are wrong with the file." in drawn.prose()
    assert "polygon_limit: " in drawn.prose(), "all problems of the chosen row"
    assert "Line 3 · Short" in drawn.prose()
    assert "triverse.batch_run" not in drawn.operators()
    assert "Fix the problems" in poll_message(bpy.ops.triverse.batch_run)
    assert service.state.creations == []
    assert not (path.parent / "rows-library").exists()
    rows_file(ROWS)
    bpy.ops.triverse.batch_check()
    batch = settled(tick_until)
    assert batch.checked.problems == ()
    assert texts() == [[str(n), name, "To do"] for n, name in ((2, "Chair"), (3, "Table"), (4, "Lamp"))]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "holds no row"), ("prompt,colour\na chair,red\n", "no such column"), ('prompt\n"a chair\n', "quotes")],
)
def test_what_is_wrong_with_the_file_as_a_whole(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path], text: str, words: str
) -> None:
    checked(tick_until, rows_file(text))
    assert words in bpy.context.window_manager.triverse.batch_rows[0].problems
    assert texts()[0][-1].endswith(("…", ".")), "the row says as much of it as fits"
    assert "Fix the problems" in poll_message(bpy.ops.triverse.batch_run)


def test_a_file_that_is_not_there(here: Any, tick_until: Tick, tmp_path: Path) -> None:
    checked(tick_until, tmp_path / "nowhere.csv")
    assert "There is no file" in texts()[0][0]


def test_price_and_balance_are_told_and_too_little_is_too_little(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    batch = checked(tick_until, rows_file())
    assert batch.cost() == 60
    assert "3 rows cost 60 credits. You have 10,000." in panel().prose()
    assert "Run · 60" in panel().texts()
    service.state.user.balance = 50
    bpy.ops.triverse.batch_check()
    settled(tick_until)
    assert "10 credits are missing." in poll_message(bpy.ops.triverse.batch_run)
    assert service.state.creations == []


def test_a_folder_of_pictures(here: Any, tick_until: Tick, tmp_path: Path) -> None:
    image = bpy.data.images.new("made", 8, 8)
    for name in ("Chairs/red.png", "table.png"):
        image.filepath_raw, image.file_format = str(tmp_path / "pictures" / name), "PNG"
        image.save()
    batch = checked(tick_until, tmp_path / "pictures")
    assert [(line.title, line.planned.row.catalog) for line in batch.rows] == [("red", "Chairs"), ("table", "")]


# -----------------------------------------------------------------------------
# Running


def test_a_run_fills_the_library_and_leaves_the_scene_alone(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    path = rows_file()
    checked(tick_until, path)
    before = len(bpy.data.collections)
    batch = run(tick_until)
    library = path.parent / "rows-library"
    assert sorted(one.name for one in library.glob("*.blend")) == ["chair.blend", "lamp.blend", "table.blend"]
    assert "Props/Chairs" in (library / "blender_assets.cats.txt").read_text()
    assert json.loads((library / "batch-report.json").read_bytes())["counts"] == {"done": 3}
    assert (library / "contact-sheet.html").is_file()
    assert charges(service) == [1, 1, 1]
    assert len(bpy.data.collections) == before
    assert [row[-1] for row in texts()] == ["Done"] * 3
    tick_until(lambda: all(task.stage.value == "imported" for task in here.engine.tasks()))
    shown = {Path(task.thumbnail_path) for task in here.engine.tasks()}
    assert shown == set((library / "thumbnails").iterdir()), "the list shows the library's small pictures"
    assert batch.ended.credits == service.state.user.charged == 60
    drawn = panel()
    assert "60 credits were spent in this run." in drawn.prose()
    assert {"triverse.batch_open", "triverse.batch_show_library"} <= set(drawn.operators())
    assert [str(notice.sentence) for notice in here.notices] == ["The batch is done: 3 models are in the library."]
    assert "All rows are done" in poll_message(bpy.ops.triverse.batch_run)
    assert not (here.engine.settings.data_dir / FOLDER).exists() or not list(
        (here.engine.settings.data_dir / FOLDER).iterdir()
    ), "nothing to go on with"

    bpy.ops.triverse.batch_show_library()
    bpy.ops.triverse.batch_show_library()
    shown = bpy.context.preferences.filepaths.asset_libraries
    assert [one.name for one in shown if Path(one.path) == library] == ["rows-library"]
    assert "triverse.batch_show_library" not in panel().operators()

    rows_file(ROWS + "Stool,a stool,1000,\n")
    bpy.ops.triverse.batch_check()
    assert settled(tick_until).cost() == 20
    run(tick_until)
    assert charges(service) == [1, 1, 1, 1]


def test_stopped_nothing_more_is_sent_and_it_goes_on_without_a_question(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    service.state.clock.speed = 0.01
    checked(tick_until, rows_file("prompt,polygon_limit\n" + "".join(f"chair {n},1000\n" for n in range(6))))
    bpy.context.window_manager.triverse.batch_jobs = 2
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) == 2)
    drawn = panel()
    assert "triverse.batch_stop" in drawn.operators()
    assert "The batch is under way." in poll_message(bpy.ops.triverse.batch_choose)
    tick_until(lambda: session().batch.progress.under_way == 2)
    assert "2 under way · 4 waiting" in " ".join(panel().texts())
    tick_until(lambda: [row[-1] for row in texts()].count("Waiting") == 4)
    bpy.ops.triverse.batch_stop()
    batch = session().batch
    tick_until(lambda: not batch.is_running)
    settled(tick_until)
    assert len(service.state.creations) == 2
    assert batch.is_resuming
    assert batch.is_agreed(), "what it costs was agreed to"
    assert "Continue · 80" in panel().texts()
    service.state.clock.speed = 40.0
    run(tick_until)
    assert charges(service) == [1] * 6
    assert not session().batch.is_resuming


def test_what_waits_to_be_sent_when_it_is_stopped_is_not_sent(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Budget, "must_wait", lambda *_: False)  # for the answers to those before
    checked(tick_until, rows_file())
    bpy.context.preferences.addons["triverse_addon"].preferences.live = False
    queues = here.engine._queues
    queues["prepare"].stop()
    bpy.ops.triverse.batch_run()
    tick_until(lambda: sum(task.stage.value == "queued" for task in here.engine.tasks()) == 3)
    bpy.ops.triverse.batch_stop()
    tick_until(lambda: not session().batch.is_running)
    assert [task.following for task in here.engine.tasks()] == [False] * 3
    batch = settled(tick_until)
    assert batch.cost() == 60, "none of it was paid"
    assert "Continue · 60" in panel().texts()


def test_the_add_on_is_switched_off_in_mid_batch_and_on_again(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    from triverse_addon.ui.state import runtime as module

    service.state.clock.speed = 0.01
    checked(tick_until, rows_file())
    bpy.context.window_manager.triverse.batch_jobs = 2
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) == 2)
    module.shutdown()
    bpy.context.window_manager.triverse.property_unset("batch_jobs")
    service.state.clock.speed = 40.0
    module.get_or_start()
    batch = session().batch
    tick_until(lambda: phase() == "checked")
    settled(tick_until)
    assert batch.request.file.name == "rows.csv"
    assert bpy.context.window_manager.triverse.batch_jobs == 2
    assert batch.is_resuming
    assert batch.is_agreed()
    run(tick_until)
    assert charges(service) == [1, 1, 1]
    module.shutdown()
    module.get_or_start()
    tick_until(lambda: not session().batch.needs_ticks)
    assert phase() == "empty", "what is over is not offered again"


def test_what_costs_more_than_was_agreed_to_is_asked_about(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    service.state.clock.speed = 0.01
    checked(tick_until, rows_file())
    bpy.context.window_manager.triverse.batch_jobs = 1
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) == 1)
    bpy.ops.triverse.batch_stop()
    tick_until(lambda: not session().batch.is_running)
    settled(tick_until)
    assert session().batch.is_agreed()
    rows_file(ROWS + "Stool,a stool,1000,\n")
    bpy.ops.triverse.batch_check()
    batch = settled(tick_until)
    assert batch.is_resuming
    assert not batch.is_agreed(), "the stool is new"


def test_failed_rows_come_first_and_are_tried_again(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    checked(tick_until, rows_file(ROWS + "Bad,a thing that must fail,1000,\n"))
    run(tick_until)
    assert charges(service).count(1) == 4
    assert texts()[0][1:] == ["Bad", "Failed"], "why does not fit, and stands below the table"
    drawn = panel()
    assert "Line 5 · Bad" in drawn.prose()
    assert "Retry Failed · 20" in drawn.texts()
    assert "triverse.batch_run" not in drawn.operators()
    run(tick_until, bpy.ops.triverse.batch_retry)
    assert set(charges(service)) == {1}
    assert len(charges(service)) == 5, "the row that failed is a new order, the others are left alone"


def test_a_library_that_cannot_be_written_is_told_and_nothing_is_sent(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], tmp_path: Path
) -> None:
    checked(tick_until, rows_file())
    (tmp_path / "file").touch()
    bpy.ops.triverse.batch_library(directory=str(tmp_path / "file"))
    settled(tick_until)
    bpy.ops.triverse.batch_run()
    tick_until(lambda: phase() == "checked")
    assert "cannot be written" in panel().prose()
    assert service.state.creations == []


def test_why_it_ended_before_its_time_is_told_and_it_goes_on(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triverse_addon.tasks.engine.request_gate._KEY_RETRY_S", 1.0)
    for module in ("steps", "transitions"):
        monkeypatch.setattr(f"triverse_addon.tasks.engine.{module}.BLOCKED_S", 0.5)
    service.faults.add("create", status=401, times=None, envelope=False)
    checked(tick_until, rows_file())
    bpy.ops.triverse.batch_run()
    tick_until(lambda: not session().batch.is_running)
    assert "key" in panel().prose().lower()
    assert "before all its rows were done" in str(here.notices[-1].sentence)
    service.faults.clear()
    bpy.context.preferences.addons["triverse_addon"].preferences.api_key = ""
    here.tick(0.01)
    bpy.context.preferences.addons["triverse_addon"].preferences.api_key = service.key
    bpy.ops.triverse.batch_check()
    assert settled(tick_until).is_resuming
    tick_until(lambda: here.engine.blocked()[1] is None)
    run(tick_until)
    assert charges(service) == [1, 1, 1]


def test_drawing_looks_at_neither_disk_nor_network(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path], request: pytest.FixtureRequest
) -> None:
    for text in (ROWS, BAD):
        checked(tick_until, rows_file(text))
        panel()
        texts()
        seen = request.getfixturevalue("watched")
        seen.clear()
        panel()
        texts()
        assert seen == []
        seen.clear()


def test_another_file_is_opened_in_mid_batch(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], tmp_path: Path
) -> None:
    other = str(tmp_path / "other.blend")
    bpy.ops.wm.save_as_mainfile(filepath=other)
    checked(tick_until, rows_file())
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) > 0)
    bpy.ops.wm.open_mainfile(filepath=other)
    tick_until(lambda: len(texts()) == 3)
    tick_until(lambda: not session().batch.is_running)
    settled(tick_until)
    assert charges(service) == [1, 1, 1]
    assert [row[-1] for row in texts()] == ["Done"] * 3


def test_a_closed_batch_is_gone(here: Any, tick_until: Tick, rows_file: Callable[..., Path]) -> None:
    checked(tick_until, rows_file())
    bpy.ops.triverse.batch_close()
    tick_until(lambda: len(bpy.context.window_manager.triverse.batch_rows) == 0)
    assert panel().operators() == ["triverse.batch_choose", "triverse.batch_choose_folder"]


def test_ten_thousand_rows_are_written_in_pieces(here: Any, tick_until: Tick, rows_file: Callable[..., Path]) -> None:
    text = "prompt,polygon_limit\n" + "".join(f"chair {n},1000\n" for n in range(10_050))
    bpy.ops.triverse.batch_choose(filepath=str(rows_file(text)))
    rows = bpy.context.window_manager.triverse.batch_rows
    seen: set[int] = set()

    def whole() -> bool:
        seen.add(len(rows))
        return len(rows) == 10_000

    tick_until(whole)
    assert len(seen) > 10, "not all at once"
    assert "… and 50 more." in panel().texts()


# -----------------------------------------------------------------------------
# Memory


def test_the_newest_batch_that_nobody_runs_is_recalled(ui: ModuleType, tmp_path: Path) -> None:
    def saved(name: str, owner: str = "") -> SavedBatch:
        return SavedBatch(BatchRequest(tmp_path / f"{name}.csv", tmp_path / name), 3, frozenset({"a", "b"}), 40, owner)

    assert load_batch(tmp_path, lambda _: True) is None
    for name, owner in (("old", ""), ("new", ""), ("elsewhere", "other-1")):
        save_batch(tmp_path, saved(name, owner))
    assert load_batch(tmp_path, lambda _: False) == saved("new")
    assert load_batch(tmp_path, lambda _: True) == saved("elsewhere", "other-1")
    for path in (tmp_path / FOLDER).glob("*.json"):
        if "elsewhere" in path.read_text():
            path.write_text("{ damaged")
    delete_batch(tmp_path, saved("new").request)
    assert load_batch(tmp_path, lambda _: True) == saved("old")
