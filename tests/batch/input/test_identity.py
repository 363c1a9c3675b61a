# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a row the same row. One: ``python scripts/test.py tests/batch/input/test_identity.py``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.batch.files import looked_at, order_ids, png, write
from triverse_addon.api.errors import InputError
from triverse_addon.batch.input.order_ids import row_key
from triverse_addon.batch.input.row_range import rows_in
from triverse_addon.batch.rows.problems import BatchProblemsError
from triverse_addon.tasks.record.order_endings import next_order_id

ROWS = "name,prompt,image,polygon_limit\nA,a chair,,1000\nB,a chair,,2000\nC,,a.png,1000\nD,a chair,,1000\n"


def ids(folder: Path, text: str = ROWS, salt: str = "", name: str = "rows.csv") -> Mapping[str, str]:
    """The order id of each row by its name."""
    png(folder / "a.png")
    rows, problems = looked_at(write(folder / name, text))
    assert problems == ()
    found = order_ids(rows, salt)
    return {row.name: found[row.number] for row in rows}


def test_the_service_takes_them_and_a_retrys_too(tmp_path: Path) -> None:
    found = ids(tmp_path)
    assert len(set(found.values())) == 4
    for order_id in found.values():
        many = order_id
        for _ in range(1000):
            many = next_order_id(many)
        for text in (order_id, many):
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text)
            assert text.startswith(order_id)


def test_the_same_file_gives_the_same_ids_wherever_it_lies(tmp_path: Path) -> None:
    first = ids(tmp_path / "here" if (tmp_path / "here").mkdir() is None else tmp_path)
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    assert ids(tmp_path / "there", name="renamed.csv") == first


@pytest.mark.parametrize(
    "text",
    [
        ROWS + "E,a lamp,,\n",
        "name,prompt,image,polygon_limit\nA,a chair,,1000\nC,,./a.png,1000\nB,a chair,,2000\nD,a chair,,1000\n",
        ROWS.replace("\n", ",Props\n").replace("polygon_limit,Props", "polygon_limit,catalog"),
        ROWS.replace(",1000\n", ", 1000\n"),
    ],
    ids=["a row more", "another order", "a catalog", "other spaces"],
)
def test_what_does_not_count(tmp_path: Path, text: str) -> None:
    first = ids(tmp_path)
    assert {name: order for name, order in ids(tmp_path, text).items() if name in first} == first


def test_what_counts(tmp_path: Path) -> None:
    first = ids(tmp_path)
    assert ids(tmp_path, ROWS.replace("B,a chair", "B,a stool"))["B"] != first["B"]
    assert ids(tmp_path, ROWS.replace("2000", "2001"))["B"] != first["B"]
    assert set(ids(tmp_path, salt="again").values()).isdisjoint(first.values())


def test_another_picture_under_the_same_name_is_another_row(tmp_path: Path) -> None:
    first = ids(tmp_path)
    png(tmp_path / "a.png", shade=1)
    rows, _ = looked_at(tmp_path / "rows.csv")
    second = order_ids(rows)
    assert second[3] != first["C"]
    assert [second[1], second[2]] == [first["A"], first["B"]]


def test_the_key_needs_no_file(tmp_path: Path) -> None:
    ids(tmp_path)
    rows, _ = looked_at(tmp_path / "rows.csv")
    keys = {row.number: row_key(row) for row in rows}
    (tmp_path / "a.png").unlink()
    rows, problems = looked_at(tmp_path / "rows.csv", numbers=())
    assert problems == ()
    assert {row.number: row_key(row) for row in rows} == keys
    assert len(set(keys.values())) == 4
    with pytest.raises(BatchProblemsError) as caught:
        order_ids(rows)
    assert [problem.line for problem in caught.value.problems] == [4]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1:3", [1, 2, 3]),
        ("3", [3]),
        ("4:", [4, 5]),
        (":2", [1, 2]),
        (" 5 : 9 ", [5]),
        ("1:", [1, 2, 3, 4, 5]),
        ("6", []),
        ("6:9", []),
        ("6:", []),
        ("1-3", [1, 2, 3]),
        (" 4 - 9 ", [4, 5]),
        ("6-9", []),
    ],
)
def test_some_rows(text: str, numbers: list[int]) -> None:
    assert list(rows_in(text, 5)) == numbers


@pytest.mark.parametrize("text", ["", ":", "0:2", "0", "3:2", "a:b", "1:2:3", "-1", "3-", "3-2", "1-2-3", "1-2:3"])
def test_no_rows(text: str) -> None:
    with pytest.raises(InputError) as caught:
        rows_in(text, 5)
    assert caught.value.field == "rows"
