# SPDX-License-Identifier: GPL-3.0-or-later
"""From a file to rows of cells. One: ``python scripts/test.py tests/batch/input/test_reading.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.files import png, write
from triverse_addon.batch.input.reader import read
from triverse_addon.batch.rows.raw_rows import RawBatch


def cells(raw: RawBatch) -> list[dict[str, object]]:
    assert raw.problems == ()
    return [row.cells for row in raw.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_as_any_program_writes_it(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    lines = ["Name;Prompt", "Stuhl;ein Stuhl für Gäste", "桌子;a table"]
    file = write(tmp_path / "rows.csv", end.join(line.replace(";", separator) for line in lines) + end, encoding)
    raw = read(file)
    assert cells(raw) == [
        {"name": "Stuhl", "prompt": "ein Stuhl für Gäste"},
        {"name": "桌子", "prompt": "a table"},
    ]
    assert [row.line for row in raw.rows] == [2, 3]


def test_quotes_blank_lines_and_line_numbers(tmp_path: Path) -> None:
    text = '\n"prompt", name\n"a chair, ""red""",Red\n\n"a table\nwith\u2028two\nlegs",Table\n,,,\nplain,\n'
    raw = read(write(tmp_path / "rows.csv", text))
    assert cells(raw) == [
        {"prompt": 'a chair, "red"', "name": "Red"},
        {"prompt": "a table\nwith\u2028two\nlegs", "name": "Table"},
        {"prompt": "plain"},
    ]
    assert [row.line for row in raw.rows] == [3, 5, 9]


def test_column_names_are_taken_loosely_and_notes_are_left_out(tmp_path: Path) -> None:
    text = "Polygon-Limit, # my notes ,Texture Size\n1000,do not read,2048\n"
    assert cells(read(write(tmp_path / "rows.csv", text))) == [{"polygon_limit": "1000", "texture_size": "2048"}]


def test_json_lines(tmp_path: Path) -> None:
    text = '{"prompt": "a chair", "turbo": true, "polygon_limit": 1000, "name": null, "# note": "x"}\n'
    text += '\n{"Prompt": " b "}\n'
    raw = read(write(tmp_path / "rows.jsonl", text, "utf-8-sig"))
    assert cells(raw) == [{"prompt": "a chair", "turbo": True, "polygon_limit": 1000}, {"prompt": "b"}]
    assert [row.line for row in raw.rows] == [1, 3]


def test_json_lines_are_known_by_their_look(tmp_path: Path) -> None:
    assert cells(read(write(tmp_path / "rows.txt", '{"prompt": "a chair"}'))) == [{"prompt": "a chair"}]


@pytest.mark.parametrize(
    ("name", "data", "line", "words"),
    [
        ("rows.csv", b"prompt\nchair\nst\xfchl\n", 3, "UTF-8"),
        ("rows.csv", b"prompt\nch\0air\n", 2, "null"),
        ("rows.csv", b"prompt,name\na,b,c\n", 2, "3 cells"),
        ("rows.csv", b'prompt\n"a chair\nb\n', 2, "quotes"),
        ("rows.csv", b'prompt\n"a" chair\n', 2, "quotes"),
        ("rows.csv", b'prompt\n"a chair\n' + b"x\n" * 5_000_000, 2, "131,072 characters"),
        ("rows.csv", b"prompt\n" + b"x" * 10_000_000, 2, "131,072 characters"),
        ("rows.jsonl", b'{"prompt": "' + b"x" * 10_000_000 + b'"}', 1, "131,072 characters"),
        ("rows.csv", b"prompt,Prompt\na chair,b\n", 1, "two columns"),
        ("rows.csv", b"prompt\n\n", 0, "no row"),
        ("rows.csv", b"", 0, "no row"),
        ("rows.jsonl", b'{"prompt": "a"}\n{"prompt": }\n', 2, "no JSON"),
        ("rows.jsonl", b'{"prompt": NaN}\n', 1, "NaN"),
        ("rows.jsonl", b'["a"]\n', 1, "object"),
        ("rows.jsonl", b"[" * 100_000, 1, "no JSON"),
        ("rows.jsonl", b'{"prompt": "a", "Prompt": "b"}\n', 1, "twice"),
    ],
    ids=range(16),
)
def test_what_cannot_be_understood_is_told_with_its_line(
    tmp_path: Path, name: str, data: bytes, line: int, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    (problem,) = read(file).problems
    assert problem.line == line
    assert words in str(problem.sentence)


@pytest.mark.parametrize("name", ["nowhere.csv", "null\0.csv"])
def test_no_file(tmp_path: Path, name: str) -> None:
    (problem,) = read(tmp_path / name).problems
    assert "no file" in str(problem)


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for name in ("chair10.png", "chair2.png", "props/old/lamp.PNG", ".hidden.png", ".cache/x.png"):
        png(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    # A library that was written here shows pictures of models; they are not for models.
    png(tmp_path / "library" / "thumbnails" / "x.png")
    (tmp_path / "library" / ".triverse").mkdir()
    assert cells(read(tmp_path)) == [
        {"image": "chair2.png"},
        {"image": "chair10.png"},
        {"image": "props/old/lamp.PNG", "catalog": "props/old"},
    ]


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (problem,) = read(tmp_path).problems
    assert "no picture" in str(problem)
