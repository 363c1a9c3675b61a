# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of scripts, in plain Python: rows and files, limits, problems, and a second run that pays nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service import models
from tests.service.server import StandIn
from triverse_addon import scripting
from triverse_addon.scripting import Triverse

ROWS = [
    {"prompt": "a lamp", "polygon_limit": 1000, "name": "Lamp"},
    {"prompt": "a sofa", "polygon_limit": "1000"},
]


def test_rows_become_models_in_a_library_once(triverse: Triverse, service: StandIn, tmp_path: Path) -> None:
    library = tmp_path / "library"
    seen: list[int] = []
    batch = triverse.batch(ROWS, library, max_credits=500)
    assert not batch.is_done
    batch.wait(on_change=lambda one: seen.append(one.progress.done if one.progress else 0))
    assert [str(outcome.result) for outcome in batch.outcomes] == ["done", "done"]
    assert seen[-1] == 2
    assert sorted(path.stem for path in library.glob("*.glb")) == ["a-sofa", "lamp"]
    assert batch.report is not None
    assert [row["state"] for row in json.loads(batch.report.read_text())["rows"]] == ["done", "done"]
    assert len(service.state.charged()) == 2
    again = triverse.batch(ROWS, library, max_credits=0).wait()
    assert [outcome.was_there for outcome in again.outcomes] == [True, True]
    assert len(service.state.charged()) == 2


def test_a_folder_of_pictures_and_a_file(triverse: Triverse, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "vase.png").write_bytes(models.preview_path("1k").read_bytes())
    done: list[Path | None] = []
    batch = triverse.batch(pictures, tmp_path / "library", defaults={"polygon_limit": "1000"})
    batch.on_done(lambda one: done.append(one.report)).wait()
    assert done == [batch.report]
    assert (tmp_path / "library" / "vase.glb").is_file()
    table = tmp_path / "table.csv"
    table.write_text("prompt,polygon_limit\na chair,1000\n")
    assert triverse.batch(table).wait().outcomes[0].sentence is None
    assert (tmp_path / "table-library" / "a-chair.glb").is_file()


def test_files_that_rows_name_may_lie_anywhere(
    triverse: Triverse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vase.png").write_bytes(models.preview_path("1k").read_bytes())
    monkeypatch.chdir(tmp_path)
    rows = [{"image": "vase.png", "polygon_limit": 1000}, {"image_file": tmp_path / "vase.png", "name": "Second"}]
    batch = triverse.batch(rows, tmp_path / "library").wait()
    assert [str(outcome.result) for outcome in batch.outcomes] == ["done", "done"]


class Scalar:
    """A number as numpy and pandas have them."""

    dtype = "int64"

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


def test_rows_may_come_from_data_tools(triverse: Triverse, tmp_path: Path) -> None:
    row = {
        "prompt": "a lamp",
        "polygon_limit": Scalar(1000),
        "height": float("nan"),
        "image": None,
        "name": Scalar(float("nan")),
        "turbo": Scalar(True),
        "tags": {"old", "brass"},
    }
    (outcome,) = triverse.batch([row], tmp_path / "library").wait().outcomes
    assert str(outcome.result) == "done"
    found = outcome.planned.row
    assert (found.name, found.tags) == ("a lamp", ("brass", "old"))
    assert dict(found.params) == {"prompt": "a lamp", "polygon_limit": 1000, "turbo": True}
    for odd in (object(), {1: {2, "a"}}, b"a chair"):
        with pytest.raises(scripting.InputError, match="Row 2 cannot be read"):
            triverse.batch([{"prompt": "a sofa"}, {"prompt": odd}], tmp_path / "library")
    with pytest.raises(scripting.InputError, match="Row 1 cannot be read"):
        triverse.batch(["a sofa"], tmp_path / "library")  # type: ignore[list-item]


def test_values_for_all_rows_may_be_numbers(triverse: Triverse, tmp_path: Path) -> None:
    given: Any = {"polygon_limit": Scalar(1000), "turbo": True, "image": None, "catalog": Path("Props")}
    batch = triverse.batch([{"prompt": "a lamp"}], tmp_path / "library", defaults=given, batch_id=7)  # type: ignore[arg-type]
    (outcome,) = batch.wait().outcomes
    found = outcome.planned.row
    assert dict(found.params) == {"prompt": "a lamp", "polygon_limit": 1000, "turbo": True}
    with pytest.raises(scripting.InputError, match="tags must be text"):
        triverse.batch(ROWS, tmp_path / "library", defaults={"tags": ["old"]})  # type: ignore[dict-item]


def test_an_empty_name_is_not_the_folder_that_a_script_was_started_in(
    triverse: Triverse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lamp.png").write_bytes(models.preview_path("1k").read_bytes())
    before = sorted(tmp_path.iterdir())
    with pytest.raises(scripting.InputError, match="Name the folder of the asset library"):
        triverse.batch(ROWS, "")
    with pytest.raises(scripting.InputError, match="Name the batch file"):
        triverse.batch("", max_credits=0)
    assert sorted(tmp_path.iterdir()) == before


def test_a_batch_that_is_stopped_before_it_has_begun_says_so(
    triverse: Triverse, service: StandIn, tmp_path: Path
) -> None:
    batch = triverse.batch(ROWS, tmp_path / "library")
    batch.stop()
    batch.wait()
    assert [str(outcome.result) for outcome in batch.outcomes] == ["open", "open"]
    assert {str(outcome.sentence) for outcome in batch.outcomes} == {"The batch ended before this row was done."}
    assert service.state.creations == []


def test_a_limit_is_not_kept_by_rows_without_a_price(triverse: Triverse, service: StandIn, tmp_path: Path) -> None:
    service.faults.add("quote", status=400, code=1004, times=None)
    with pytest.raises(scripting.OverBudgetError, match="no price of 2 rows"):
        triverse.batch(ROWS, tmp_path / "library", max_credits=20).wait()
    assert service.state.creations == []
    triverse.batch(ROWS, tmp_path / "library").wait()
    assert len(service.state.charged()) == 2


def test_problems_and_limits_order_nothing(triverse: Triverse, service: StandIn, tmp_path: Path) -> None:
    batch = triverse.batch([{"prompt": "a"}, {"promt": "a chair"}], tmp_path / "library")
    with pytest.raises(scripting.BatchProblemsError) as caught:
        batch.wait()
    assert len(caught.value.problems) >= 2
    assert batch.error is caught.value
    with pytest.raises(scripting.OverBudgetError, match="more than the 1 that is allowed"):
        triverse.batch(ROWS, tmp_path / "library", max_credits=1).wait()
    service.state.user.balance = 3
    with pytest.raises(scripting.OverBudgetError, match="you have 3"):
        triverse.batch(ROWS, tmp_path / "library").wait()
    with pytest.raises(scripting.InputError):
        triverse.batch(ROWS)
    assert not service.state.tasks


@pytest.mark.parametrize(
    "given",
    [{"jobs": 0}, {"jobs": 1001}, {"jobs": "many"}, {"jobs": True}, {"max_credits": -1}, {"max_credits": 9.5}],
    ids=str,
)
def test_a_number_that_cannot_be_used_is_refused_at_once(
    triverse: Triverse, service: StandIn, tmp_path: Path, given: dict[str, Any]
) -> None:
    """Without a task at a time, the wait never ended; a text broke every later wait of the script."""
    [field] = given
    with pytest.raises(scripting.InputError, match=f"^{field} must be ") as caught:
        triverse.batch(ROWS, tmp_path / "library", **given)
    assert caught.value.field == field
    assert not service.state.tasks
    assert triverse.batch(ROWS, tmp_path / "library", jobs="4", max_credits=100.0).wait().error is None  # type: ignore[arg-type]


def test_failed_rows_are_no_error_and_are_tried_again_on_request(
    triverse: Triverse, service: StandIn, tmp_path: Path
) -> None:
    rows = [*ROWS, {"prompt": "a chair that will fail"}]
    batch = triverse.batch(rows, tmp_path / "library").wait()
    assert [str(outcome.result) for outcome in batch.outcomes] == ["done", "done", "failed"]
    orders = len(service.state.tasks)
    triverse.batch(rows, tmp_path / "library").wait()
    assert len(service.state.tasks) == orders
    triverse.batch(rows, tmp_path / "library", retry_failed=True).wait()
    assert len(service.state.tasks) == orders + 1


def test_a_batch_that_is_stopped_goes_on_later(triverse: Triverse, service: StandIn, tmp_path: Path) -> None:
    service.state.clock.speed = 0.01
    batch = triverse.batch(ROWS, tmp_path / "library")
    while not service.state.tasks:
        triverse._connection.drive(0.01)
    batch.stop()
    batch.wait()
    assert {str(outcome.result) for outcome in batch.outcomes} == {"open"}
    service.state.clock.speed = 40.0
    assert [str(outcome.result) for outcome in triverse.batch(ROWS, tmp_path / "library").wait().outcomes] == [
        "done"
    ] * 2
    assert len(service.state.charged()) == 2


def test_closing_ends_a_batch_that_runs(tmp_path: Path, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    with scripting.open(data=tmp_path / "data", key=service.key, url=service.url) as triverse:
        batch = triverse.batch(ROWS, tmp_path / "library")
        while not service.state.tasks:
            triverse._connection.drive(0.01)
    assert batch.is_done
