# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tables as spreadsheets and data tools write them. One: ``python scripts/test.py
tests/batch/input/test_spreadsheets.py``.

The files in ``tables`` are those programs' own; its README says whose.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tests.batch.files import looked_at, said, write
from triverse_addon.api.errors import InputError
from triverse_addon.batch.input.reader import read
from triverse_addon.batch.input.row_range import rows_in
from triverse_addon.batch.rows.raw_rows import MAX_CHARACTERS
from triverse_addon.cli.arguments import parse
from triverse_addon.cli.errors import UsageError

pytestmark = pytest.mark.kind("spreadsheets")

TABLES = Path(__file__).parents[1] / "tables"
#: What stands in ``tables``: prompt, polygon limit, turbo, height, where it is not left out.
ROWS = [
    ("an oak chair", 20000, True, 0.9),
    ('a table; "round"\nand low', 15000, False, 1.125),
    ("a lamp", 1_500_000, None, 0.0),
]
#: Where each row begins.
LINES = {
    "jq-stream.json": [1, 7, 13],
    "miller.json": [2, 8, 14],
    "pandas-lines.jsonl": [1, 2, 3],
    "pandas-records.json": [2, 8, 14],
    "sqlite.json": [1, 2],
}
WHOLE = sorted(path.name for path in TABLES.iterdir() if path.suffix != ".md" and "thousands" not in path.name)


@pytest.mark.parametrize("name", WHOLE)
def test_files_of_other_programs(name: str) -> None:
    rows, problems = looked_at(TABLES / name)
    assert said(problems) == []
    assert [row.line for row in rows] == LINES.get(name, [2, 3, 5])
    for row, (prompt, limit, turbo, height) in zip(rows, ROWS, strict=False):
        assert row.params["prompt"] == prompt
        assert row.params.get("polygon_limit") in (limit, None)
        assert row.params.get("turbo") is turbo
        assert row.post.height_m == height
    assert any(row.params.get("polygon_limit") for row in rows)


def test_there_are_files_of_five_programs() -> None:
    assert len({name.split("-")[0].split(".")[0] for name in WHOLE}) == 5


def test_thousands_that_can_be_decimals_are_refused_with_both_readings() -> None:
    _, problems = looked_at(TABLES / "libreoffice-de-thousands.csv")
    assert said(problems) == [
        "line 2, polygon_limit: Polygon Limit: 20.000 can mean 20000 or 20. Write one of these.",
    ]


@pytest.mark.parametrize(
    ("text", "heights"),
    [
        ("prompt;height\na chair;0,9\na chair;1,125\n", [0.9, 1.125]),
        ("prompt;height\na chair;1,125\n", [1.125]),
        ("prompt;height\na chair;0.9\na chair;1.125\n", [0.9, 1.125]),
        ("prompt\theight\na chair\t0,9\na chair\t1,125\n", [0.9, 1.125]),
        ("prompt\theight\na chair\t0.9\na chair\t1.125\n", [0.9, 1.125]),
        ("prompt,height\na chair,1.125\n", [1.125]),
        ('prompt,height\na chair,"0,9"\na chair,"1,125"\n', [0.9, 1.125]),
        ('{"prompt": "a chair", "height": "1.125"}\n{"prompt": "a chair", "height": 1.125}', [1.125, 1.125]),
    ],
)
def test_decimals(tmp_path: Path, text: str, heights: list[float]) -> None:
    rows, problems = looked_at(write(tmp_path / "rows.txt", text))
    assert said(problems) == []
    assert [row.post.height_m for row in rows] == heights


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("prompt;height\na chair;1.125\n", 2),
        ("prompt\theight\na chair\t1.125\n", 2),
        ("prompt\theight\na chair\t1,125\n", 2),
        ('prompt,height\na chair,"1,125"\n', 2),
        ("prompt;height\na chair;0,9\na chair;0.9\na chair;1,125\n", 4),
        ('{"prompt": "a chair", "height": "1,125"}', 1),
    ],
)
def test_decimals_that_can_be_thousands(tmp_path: Path, text: str, line: int) -> None:
    _, problems = looked_at(write(tmp_path / "rows.txt", text))
    assert len(problems) == 1
    assert said(problems)[0].startswith(f"line {line}, height: height: 1")
    assert "can mean 1125 or 1.125. Write one of these." in said(problems)[0]


@pytest.mark.parametrize(
    ("first", "separator"),
    [
        *(("sep=;", ";"), ("sep=,", ","), ("sep=\t", "\t"), ("SEP=|", "|"), ('"sep=;"', ";"), ("sep=; ", ";")),
        # Kept as a row by a program that does not know it, and written with that program's own separators.
        *(("sep=;,", ","), ('"sep=,";', ";"), ("sep=;\t", "\t"), (r"sep=\t", "\t")),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_line_that_tells_the_separator(tmp_path: Path, first: str, separator: str, end: str, encoding: str) -> None:
    lines = [first, "prompt;name", "a chair;Chair", "", "a table, and; a lamp"]
    text = end.join([lines[0], *(line.replace(";", separator) for line in lines[1:])])
    raw = read(write(tmp_path / "rows.csv", text.replace(", and", " and"), encoding))
    assert raw.problems == ()
    assert [(row.line, row.cells) for row in raw.rows] == [
        (3, {"prompt": "a chair", "name": "Chair"}),
        (5, {"prompt": "a table and", "name": "a lamp"}),
    ]


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"], ids=["xlsx", "xls"])
def test_a_workbook_itself_is_named_as_one(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "props.xlsx").write_bytes(data + bytes(range(256)))
    (problem,) = read(tmp_path / "props.xlsx").problems
    assert str(problem) == "props.xlsx is a spreadsheet's own file. Save it as CSV UTF-8, and choose that."


@pytest.mark.parametrize("text", ["sep\na\n", "sep=a\na;b\n", "sep=\n\n"])
def test_a_column_that_only_begins_so(tmp_path: Path, text: str) -> None:
    assert read(write(tmp_path / "rows.csv", text)).columns


def test_columns_that_were_copied_with_invisible_marks(tmp_path: Path) -> None:
    raw = read(write(tmp_path / "rows.csv", "\u200bprompt\ufeff,polygon\u00a0limit\na chair,1000\n"))
    assert raw.rows[0].cells == {"prompt": "a chair", "polygon_limit": "1000"}


def test_text_that_is_kept_from_being_a_number(tmp_path: Path) -> None:
    rows, problems = looked_at(write(tmp_path / "rows.csv", 'prompt;name;lods\n"=""a chair""";"=""007""";\'2\n'))
    assert said(problems) == []
    assert (rows[0].params["prompt"], rows[0].name, rows[0].post.lods) == ("a chair", "007", 2)


def test_east_asian_keyboards(tmp_path: Path) -> None:
    text = "ｐｒｏｍｐｔ,flow,tags,polygon＿limit,export,ground\n"
    text += "木の椅子,ｔｅｘｔ－ｔｏ－ｍｏｄｅｌ,木，旧、大,２０００,glb、ｆｂｘ,はい\n"
    (row,), problems = looked_at(write(tmp_path / "rows.csv", text))
    assert said(problems) == []
    assert (row.flow, row.tags, row.params["polygon_limit"]) == ("text-to-model", ("木", "旧", "大"), 2000)
    assert (row.post.exports, row.post.ground) == (("glb", "fbx"), True)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[{"prompt": "a chair"},\n {"prompt": }]', 2, "no JSON"),
        ('[\n{"prompt": "a chair"}\n\n{"prompt": "b"}]', 4, "no JSON (Expecting ',' delimiter)"),
        ('[{"prompt": "a chair"}]\n{"prompt": "b"}', 2, "no JSON (Extra data)"),
        ('[{"prompt": "a chair"}\n', 2, "no JSON"),
        ('[{"prompt": "a chair"},\n]', 2, "no JSON"),
        ('[\n"a chair"]', 2, "one object"),
        ('[[{"prompt": "a chair"}]]', 1, "one object"),
        ('[{"prompt": NaN}]', 1, "NaN is no number"),
        ("[\n" + "[" * 100_000, 2, "no JSON"),
        ('[{"prompt": "' + "x" * (MAX_CHARACTERS + 1) + '"}]', 1, "characters"),
        ("[]", 0, "no row"),
        ("[{", 1, "no JSON"),
    ],
    ids=range(12),
)
def test_what_is_wrong_with_an_array_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    problems = read(write(tmp_path / "rows.json", text)).problems
    assert [problem.line for problem in problems] == [line]
    assert words in str(problems[0].sentence)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.txt"])
def test_an_array_is_read_like_lines(tmp_path: Path, name: str, end: str) -> None:
    lines = ["", "[", '  {"prompt": "a chair"},', "  {", '    "prompt": "a\\ntable",', '    "turbo": true', "  }", "]"]
    raw = read(write(tmp_path / name, end.join(lines), "utf-8-sig"))
    assert raw.problems == ()
    assert [(row.line, row.cells) for row in raw.rows] == [
        (3, {"prompt": "a chair"}),
        (4, {"prompt": "a\ntable", "turbo": True}),
    ]


def test_a_table_whose_columns_stand_in_brackets_is_no_array(tmp_path: Path) -> None:
    assert read(write(tmp_path / "rows.csv", "[prompt],[name]\na chair,b\n")).columns == {
        "[prompt]": "[prompt]",
        "[name]": "[name]",
    }


def test_values_for_all_rows_are_read_as_those_of_a_table(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.csv", "prompt;name\na chair;b\n")
    (row,), problems = looked_at(file, defaults={"polygon_limit": "2e4", "turbo": "WAHR", "height": "0,9"})
    assert said(problems) == []
    assert (row.params["polygon_limit"], row.params["turbo"], row.post.height_m) == (20000, True, 0.9)
    _, problems = looked_at(file, defaults={"polygon_limit": "20.000"})
    assert said(problems)[0].endswith("Polygon Limit: 20.000 can mean 20000 or 20. Write one of these.")


@pytest.mark.parametrize("text", ["２：３", "2:３", " 2 : 3 ", "٢:٣", "２－３", "٢-٣"])
def test_rows_are_named_with_any_digits(text: str) -> None:
    assert list(rows_in(text, 5)) == [2, 3]


def test_a_row_beyond_all_bounds() -> None:
    with pytest.raises(InputError):
        rows_in("9" * 5000, 5)


def _batch(*argv: str) -> argparse.Namespace:
    return parse(["batch", "rows.csv", *argv], "triverse")


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        *(("--jobs", "8.0", 8), ("--jobs", "１６", 16), ("--writers", "2", 2), ("--max-credits", "1 000", 1000)),
        *(("--max-credits", "1e3", 1000), ("--timeout", "2,5", 2.5), ("--patience", "6e2", 600.0)),
    ],
)
def test_options_take_the_same_numbers(option: str, text: str, value: float) -> None:
    assert getattr(_batch(option, text), option[2:].replace("-", "_")) == value


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--max-credits", "1.000", "1.000 can mean 1000 or 1; write one of these."),
        ("--timeout", "1,500", "1,500 can mean 1500 or 1.5; write one of these."),
        ("--jobs", "0", "it must be a whole number from 1 to"),
        ("--jobs", "9" * 5000, "it must be a whole number from 1 to"),
        ("--timeout", "inf", "it must be a number of seconds above 0."),
        ("--max-credits", "-1", "it must be a whole number of credits"),
    ],
    ids=range(6),
)
def test_options_refuse_the_same_numbers(option: str, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        _batch(f"{option}={text}")
    assert words.rstrip(".") in str(caught.value.sentence)
