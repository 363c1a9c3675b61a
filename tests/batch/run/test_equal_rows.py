# SPDX-License-Identifier: GPL-3.0-or-later
"""
Rows keep their models when the table changes, if they ask for the same, or are saved with other line ends.

One: ``python scripts/test.py tests/batch/run/test_equal_rows.py``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.batch.files import png, write
from tests.cli.driver import Answer, Cli
from tests.service.server import StandIn
from triverse_addon.batch.input import csv_table


def table(names: str, source: str = "prompt") -> str:
    """A table of rows with these names that all ask for one prompt, or send one picture."""
    cell = "a mossy rock" if source == "prompt" else "rock.png"
    return f"name,{source},polygon_limit\n" + "".join(f"Rock {name},{cell},1000\n" for name in names)


def run(cli: Cli, text: str, *more: str) -> Answer:
    png(cli.folder / "rock.png")
    write(cli.folder / "rows.csv", text)
    return cli.run("batch", "rows.csv", "--glb-only", "--yes", *more)


def rows(cli: Cli) -> dict[str, dict[str, Any]]:
    """The report's rows by name."""
    found = json.loads((cli.folder / "rows-library" / "batch-report.json").read_bytes())
    return {row["name"]: row for row in found["rows"]}


@pytest.mark.parametrize("source", ["prompt", "image"])
@pytest.mark.parametrize("left", ["BC", "CBA", "B"])
def test_each_keeps_the_model_of_its_name(cli: Cli, service: StandIn, source: str, left: str) -> None:
    assert run(cli, table("ABC", source)).code == 0
    before = rows(cli)
    assert len({row["task_uuid"] for row in before.values()}) == 3
    assert run(cli, table(left, source)).code == 0
    for name, row in rows(cli).items():
        assert row["was_there"], name
        assert (row["task_uuid"], row["files"]) == (before[name]["task_uuid"], before[name]["files"]), name
    assert cli.run("batch", "rows.csv", "--glb-only", "--merge").code == 0
    assert {name: row["task_uuid"] for name, row in rows(cli).items()} == {
        f"Rock {name}": before[f"Rock {name}"]["task_uuid"] for name in left
    }
    assert list(service.state.charged_per_order().values()) == [1, 1, 1]


def test_another_name_gets_what_is_left_and_one_more_is_ordered(cli: Cli, service: StandIn) -> None:
    run(cli, table("ABC"))
    before = rows(cli)
    assert run(cli, table("CXB")).code == 0
    after = rows(cli)
    assert after["Rock X"]["task_uuid"] == before["Rock A"]["task_uuid"]
    assert after["Rock B"]["task_uuid"] == before["Rock B"]["task_uuid"]
    assert list(service.state.charged_per_order().values()) == [1, 1, 1]
    assert run(cli, table("YCXB")).code == 0
    assert len({row["task_uuid"] for row in rows(cli).values()}) == 4
    assert rows(cli)["Rock X"]["task_uuid"] == before["Rock A"]["task_uuid"]
    assert list(service.state.charged_per_order().values()) == [1, 1, 1, 1]


def test_parts_agree_about_who_is_who(cli: Cli, service: StandIn) -> None:
    run(cli, table("ABC"))
    before = rows(cli)
    write(cli.folder / "rows.csv", table("CXB"))
    for number in ("3", "1", "2"):
        assert cli.run("batch", "rows.csv", "--glb-only", "--yes", "--rows", number).code == 0
    assert cli.run("batch", "rows.csv", "--glb-only", "--merge").code == 0
    uuids = {name: row["task_uuid"] for name, row in rows(cli).items()}
    assert uuids == {f"Rock {name}": before[f"Rock {old}"]["task_uuid"] for name, old in ("CC", "XA", "BB")}
    assert list(service.state.charged_per_order().values()) == [1, 1, 1]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_cost_nothing(cli: Cli, service: StandIn, end: str) -> None:
    text = 'name,prompt,polygon_limit\nRock,"a rock\nwith moss",1000\n'
    assert run(cli, text).code == 0
    assert service.state.creations[-1].body["prompt"] == "a rock\nwith moss"
    before = rows(cli)
    assert run(cli, text.replace("\n", end)).code == 0
    assert rows(cli)["Rock"]["was_there"]
    assert rows(cli)["Rock"]["task_uuid"] == before["Rock"]["task_uuid"]
    assert list(service.state.charged_per_order().values()) == [1]


def test_what_an_earlier_version_has_ordered_is_not_ordered_again(
    cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It told line ends apart, and sent those of the file."""
    text = 'name,prompt,polygon_limit\r\nRock,"a rock\r\nwith moss",1000\r\n'
    with monkeypatch.context() as patch:
        patch.setattr(csv_table, "_bare", str.strip)
        assert run(cli, text).code == 0
    assert service.state.creations[-1].body["prompt"] == "a rock\r\nwith moss"
    for now in (text, text.replace("\r", "")):
        assert run(cli, now).code == 0
        assert rows(cli)["Rock"]["was_there"]
    assert list(service.state.charged_per_order().values()) == [1]
