# SPDX-License-Identifier: GPL-3.0-or-later
"""
Every problem of every row, before anything is sent. One: ``python scripts/test.py tests/batch/input/test_checking.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.files import glb, looked_at, png, said, write
from triverse_addon.api.flows import FLOWS
from triverse_addon.tasks.record.processing import Processing


def test_a_row_with_everything(tmp_path: Path) -> None:
    png(tmp_path / "in" / "chair.png")
    text = (
        "name,image,catalog,tags,polygon_limit,turbo,cleanup,decimate,height,ground,lods,hull,export\n"
        'Chair,in\\chair.png, Props / Chairs ,"wood, old",20000,yes,1,5000,0.9,true,2,on,"fbx, GLB"\n'
    )
    (row,), problems = looked_at(write(tmp_path / "rows.csv", text))
    assert problems == ()
    assert row.flow == "image-to-model"
    assert row.params == {"polygon_limit": 20000, "turbo": True}
    assert row.sources == {"image_file": str(tmp_path / "in" / "chair.png")}
    assert row.written_sources == {"image_file": "in/chair.png"}
    assert (row.name, row.catalog, row.tags) == ("Chair", "Props/Chairs", ("wood", "old"))
    assert row.post == Processing(True, 5000, 0.9, True, 2, True, ("glb", "fbx"))


@pytest.mark.parametrize(
    ("columns", "flow"),
    [
        ("prompt", "text-to-model"),
        ("image", "image-to-model"),
        ("image_file", "image-to-model"),
        ("image,model", "texture-model"),
        ("model,prompt", "text-to-texture"),
        ("front_image,left_image", "multiview-to-model"),
    ],
)
def test_the_flow_follows_from_what_is_given(tmp_path: Path, columns: str, flow: str) -> None:
    png(tmp_path / "a.png")
    glb(tmp_path / "a.glb")
    given = {"prompt": "a chair", "model": "a.glb"}
    text = f"{columns}\n{','.join(given.get(column, 'a.png') for column in columns.split(','))}\n"
    (row,), problems = looked_at(write(tmp_path / "rows.csv", text))
    assert (problems, row.flow) == ((), flow)


def test_two_columns_of_one_setting_are_told_where_both_are_given(tmp_path: Path) -> None:
    png(tmp_path / "a.png")
    png(tmp_path / "b.png", shade=1)
    text = "image,Image File\na.png,\n,b.png\na.png,b.png\n"
    rows, problems = looked_at(write(tmp_path / "rows.csv", text))
    assert said(problems) == ["line 4, Image File: It is given twice."]
    rows, problems = looked_at(write(tmp_path / "rows.csv", "image_file\na.png\n"), defaults={"image": "b.png"})
    assert (problems, rows[0].written_sources) == ((), {"image_file": "a.png"})


def test_every_setting_of_every_flow_is_a_column(tmp_path: Path) -> None:
    for flow in FLOWS.values():
        if not flow.yields_model:
            continue
        for field in flow.fields:
            name = field.name.removesuffix("_file")
            _, problems = looked_at(write(tmp_path / "rows.csv", f"flow,{name}\n{flow.name},\n"))
            assert not any("no such column" in words for words in said(problems)), name


BAD_CELLS = [
    ("prompt\nab\n", "line 2, prompt: Prompt must have at least 3 characters."),
    ("prompt,polygon_limit\na chair,many\n", "line 2, polygon_limit: Polygon Limit must be a whole number."),
    ("prompt,polygon_limit\na chair,5\n", "line 2, polygon_limit: Polygon Limit must be from 1,000 to 1,500,000."),
    ("prompt,turbo\na chair,perhaps\n", "line 2, turbo: Turbo must be true or false."),
    ("prompt,flow\na chair,sculpture\n", "line 2, flow: There is no flow named sculpture."),
    ("prompt,flow\na chair,image-generation\n", "line 2, flow: image-generation makes no model"),
    (
        "model,flow,output_format\nhttps://example.com/a.glb,convert-model-format,obj\n",
        "line 2, output_format: A batch takes only glb",
    ),
    ("image\nnowhere.png\n", "line 2, image: There is no file "),
    ("image\nempty.png\n", "line 2, image: The file empty.png is empty."),
    ("image\nmoving.gif\n", "line 2, image: moving.gif is not a JPEG, PNG or WebP picture."),
    ("image\nhttp://example.org/a.png\n", "line 2, image: A public address begins with https://."),
    ("model,prompt\nnotes.txt,red\n", "line 2, model: notes.txt is not a model"),
    ("flow,name\nimage-to-model,x\n", "line 2, image: Picture is missing."),
    ("prompt,image\na chair,a.png\n", "line 2, prompt: image-to-model has no setting prompt."),
    ("prompt,colour\na chair,red\n", "line 2, colour: There is no such column."),
    ("prompt,catalog\na chair,a:b\n", "line 2, catalog: A catalog's path has no colon"),
    ("prompt,decimate\na chair,7\n", "line 2, decimate: decimate must be from 100 to 1,500,000."),
    ("prompt,height\na chair,-1\n", "line 2, height: height must be a number of metres"),
    ("prompt,height\na chair,nan\n", "line 2, height: height must be a number of metres"),
    ("prompt,lods\na chair,9\n", "line 2, lods: lods must be from 0 to 4."),
    ("prompt,export\na chair,stl\n", "line 2, export: export must be of: glb, fbx, usd, obj."),
    ("prompt\n#NAME?\n", "line 2, prompt: The spreadsheet could not compute this cell: #NAME?"),
    ("prompt,polygon_limit\na chair,#DIV/0!\n", "line 2, polygon_limit: The spreadsheet could not compute this cell"),
    ("prompt,name\na chair,#ÜBERLAUF!\n", "line 2, name: The spreadsheet could not compute this cell"),
    ("prompt\n=A1&B1\n", "line 2, prompt: This is a formula."),
    ("prompt,hull\na chair,maybe\n", "line 2, hull: hull must be true or false."),
]


@pytest.mark.parametrize(("text", "words"), BAD_CELLS)
def test_a_bad_cell_is_one_sentence_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    png(tmp_path / "a.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "moving.gif").write_bytes(b"GIF89a" + bytes(50))
    (tmp_path / "notes.txt").write_text("no model")
    rows, problems = looked_at(write(tmp_path / "rows.csv", text))
    assert rows == ()
    assert len(problems) == 1, said(problems)
    assert said(problems)[0].startswith(words), said(problems)


@pytest.mark.parametrize(
    "prompt", ["#1 hit single!", "# wow!", "#red chair", "a = b", "+1 dice", "-x-", "@home", "#ok!"]
)
def test_what_only_begins_like_a_formula(tmp_path: Path, prompt: str) -> None:
    (row,), problems = looked_at(write(tmp_path / "rows.csv", f'prompt\n"{prompt}"\n'))
    assert (problems, row.params) == ((), {"prompt": prompt})


def test_all_problems_of_all_rows_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "prompt,polygon_limit,height\nab,5,0\na chair,1000,1\n,,x\nab,1000,\n"
    _, problems = looked_at(write(tmp_path / "rows.csv", text))
    assert sorted((problem.line, problem.column) for problem in problems) == [
        (2, "height"),
        (2, "polygon_limit"),
        (2, "prompt"),
        (4, "height"),
        (4, "prompt"),
        (5, "prompt"),
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


@pytest.mark.parametrize("cell", ['{"a": 1}', "[1]", "true"])
def test_json_cells_of_the_wrong_kind(tmp_path: Path, cell: str) -> None:
    for column in ("prompt", "name", "catalog", "image"):
        line = f'{{"prompt": "a chair", "{column}": {cell}}}' if column != "prompt" else f'{{"prompt": {cell}}}'
        _, problems = looked_at(write(tmp_path / "rows.jsonl", line))
        assert problems, (column, cell)


def test_values_for_all_rows(tmp_path: Path) -> None:
    png(tmp_path / "a.png")
    file = write(tmp_path / "rows.csv", "prompt,image,polygon_limit\na chair,,\na table,,3000\n,a.png,\n")
    rows, problems = looked_at(file, defaults={"polygon-limit": "2000", "negative_prompt": "legs", "height": "1.5"})
    assert problems == ()
    # A picture has no negative prompt: what holds for all rows holds where there is such a setting.
    assert [row.params for row in rows] == [
        {"prompt": "a chair", "negative_prompt": "legs", "polygon_limit": 2000},
        {"prompt": "a table", "negative_prompt": "legs", "polygon_limit": 3000},
        {"polygon_limit": 2000},
    ]
    assert {row.post.height_m for row in rows} == {1.5}


def test_a_value_for_all_rows_that_nobody_knows(tmp_path: Path) -> None:
    _, problems = looked_at(write(tmp_path / "rows.csv", "prompt\na chair\n"), defaults={"polygons": "2"})
    assert said(problems) == ["polygons: There is no such column. Begin its name with # to keep it as a note."]


def test_without_blender_there_is_only_glb(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.csv", "prompt,height,export\na chair,,glb\na table,1,\na lamp,,fbx\n")
    _, problems = looked_at(file, with_blender=False)
    assert [problem.line for problem in problems] == [3, 4]


def test_a_chunk_leaves_the_files_of_the_others_alone(tmp_path: Path) -> None:
    png(tmp_path / "b.png")
    rows, problems = looked_at(write(tmp_path / "rows.csv", "image\na.png\nb.png\n"), numbers={2})
    assert problems == ()
    assert [row.number for row in rows] == [1, 2]


def test_what_is_prepared_need_not_be_what_the_service_takes(tmp_path: Path) -> None:
    (tmp_path / "a.tga").write_bytes(b"\0\0\2")
    (tmp_path / "b.tga").touch()
    file = write(tmp_path / "rows.csv", "image\na.tga\nb.tga\nc.tga\n")
    _, problems = looked_at(file, takes=lambda path, kind: path.endswith(".tga"))
    assert [problem.line for problem in problems] == [3, 4]


def test_names_are_told_apart(tmp_path: Path) -> None:
    rows, _ = looked_at(write(tmp_path / "rows.csv", "name,prompt\nChair,a chair\n,a chair\nchair,a chair\n"))
    assert [row.title for row in rows] == ["Chair", "a chair", "chair 2"]
    assert [row.occurrence for row in rows] == [1, 2, 3]
