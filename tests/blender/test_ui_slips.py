# SPDX-License-Identifier: GPL-3.0-or-later
"""A slip that nobody foresaw, in a tick of the window or a worker of the panel: it is told, and the next one comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from triverse_addon.tasks.store.query import Query

pytestmark = pytest.mark.kind("silent-workers")


def slip(*_given: object, **_named: object) -> Any:
    raise AttributeError("secret words")


def leave(*_given: object, **_named: object) -> Any:
    raise SystemExit(0)


WRONGS = pytest.mark.parametrize("wrong", [slip, leave])


def wait(look: Callable[[], Any]) -> Any:
    ends_at_s = time.monotonic() + 60.0
    while not (seen := look()):
        assert time.monotonic() < ends_at_s
        time.sleep(0.02)
    return seen


@WRONGS
@pytest.mark.parametrize("part", ["pump", "rows", "batch"])
def test_a_tick_that_slips_twice_is_told_once(
    here: Any, monkeypatch: pytest.MonkeyPatch, wrong: Any, part: str
) -> None:
    from triverse_addon.ui.state import list_rows

    owner, name = {"pump": (here.engine, "pump"), "rows": (list_rows, "sync"), "batch": (here.batch, "tick")}[part]
    here.tick_safely(0.01)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, wrong)
        told = [here.tick_safely(0.01) for _ in range(4)]
    assert told == [False, True, False, False]
    (notice,) = here.notices
    assert "Something unexpected went wrong" in str(notice.sentence)
    assert "secret" not in str(notice.sentence)
    here.tick_safely(0.01)
    assert len(here.notices) == 1
    assert not here._error_streak.reset()


@WRONGS
def test_a_session_that_cannot_be_made_is_told_in_the_panel(
    ui: ModuleType, connected: Any, monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    from triverse_addon.tasks.engine.engine import Engine
    from triverse_addon.ui.state import runtime
    from triverse_addon.ui.timers import app_timer

    runtime.shutdown()
    monkeypatch.setattr(Engine, "__init__", wrong)
    runtime.request_start()
    assert runtime.is_start_requested()
    app_timer._timer()
    assert runtime.problem() is None
    app_timer._timer()
    assert "Something unexpected went wrong" in str(runtime.problem())
    assert not runtime.is_start_requested()


@WRONGS
def test_a_batch_that_slips_does_not_stand_in_checking(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    from triverse_addon.ui.state.batch_session import Phase

    table = tmp_path / "rows.csv"
    table.write_text("prompt\na chair\n", encoding="utf-8")
    monkeypatch.setattr(here.batch._worker, "check", wrong)
    here.batch.choose(table)
    wait(lambda: here.batch.tick() or here.batch.phase is Phase.CHECKED)
    assert "Something unexpected went wrong" in str(here.batch.problem)
    monkeypatch.undo()
    monkeypatch.setattr(here.batch, "_on_checked", wrong)
    here.batch.check()
    wait(lambda: here.batch.tick() or here.batch.phase is Phase.CHECKED)
    assert "Something unexpected went wrong" in str(here.batch.problem)


@WRONGS
def test_a_search_that_slips_is_told(here: Any, monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    monkeypatch.setattr(here.engine.store, "find", wrong)
    here.pager.set_query(Query("well"), 10)

    def told() -> bool:
        here._turn_pages()
        here.pager.set_query(Query("well"), 10)
        return bool(here.notices)

    monkeypatch.setattr("triverse_addon.ui.state.query.wanted", lambda: (Query("well"), 10))
    wait(told)
    for _ in range(3):
        told()
    (notice,) = here.notices
    assert "Something unexpected went wrong" in str(notice.sentence)


@WRONGS
def test_a_picture_that_slips_is_no_picture_and_the_next_one_is_made(
    fresh_file: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    from triverse_addon.scene.child.source_thumbnails import SourceThumbnails

    pictures = SourceThumbnails([], tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "_thumbnail_of", wrong)
        pictures.request("a.png")
        wait(pictures.take_results)
    assert pictures.path("a.png") == ""
    assert not pictures.is_waiting
    pictures.request("b.png")
    wait(pictures.take_results)
    assert pictures.path("b.png") == ""
    pictures.close()
