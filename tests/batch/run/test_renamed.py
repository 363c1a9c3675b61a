# SPDX-License-Identifier: GPL-3.0-or-later
"""
Pictures that are renamed or moved after their rows were ordered, for which nothing is ordered again, or edited.

One: ``python scripts/test.py tests/batch/run/test_renamed.py``.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.batch.files import png, write
from tests.cli.driver import Answer, Cli
from tests.service.server import StandIn
from triverse_addon.batch.input.order_ids import Identities, identities_of
from triverse_addon.batch.input.row_numbering import numbered
from triverse_addon.batch.library.ledger import Ledger, build_hash_of
from triverse_addon.batch.rows.row import Row
from triverse_addon.batch.run.plan import RowAction, plan
from triverse_addon.batch.run.request import BatchRequest
from triverse_addon.batch.run.row_table import build_table
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id

GLB = ("--glb-only", "--yes")


def table(cli: Cli, pictures: dict[str, str], name: str = "rows.csv") -> None:
    """Write a table with a row for each name of a model, and its picture."""
    lines = "".join(f"{model},{picture},1000\n" for model, picture in pictures.items())
    write(cli.folder / name, f"name,image,polygon_limit\n{lines}")


def run(cli: Cli, *more: str, name: str = "rows.csv") -> Answer:
    answer = cli.run("batch", name, "--library", "lib", *GLB, *more)
    assert answer.code == 0, answer.people
    return answer


def tasks(answer: Answer) -> dict[str, str]:
    """Return the task of each row by the name of its model."""
    return {line["name"]: line["task_uuid"] for line in answer.of("result")}


def paid(service: StandIn) -> int:
    return sum(charge > 0 for charge in service.state.charged_per_order().values())


def test_a_folder_of_pictures_is_renamed(cli: Cli, service: StandIn) -> None:
    for shade, model in enumerate(("chair", "table")):
        png(cli.folder / "pics" / f"{model}.png", shade)
    table(cli, {"Chair": "pics/chair.png", "Table": "pics/table.png"})
    first = tasks(run(cli))
    (cli.folder / "pics").rename(cli.folder / "photos")
    (cli.folder / "photos" / "table.png").rename(cli.folder / "photos" / "desk.png")
    table(cli, {"Desk": "photos/desk.png", "Chair": "photos/chair.png"})
    assert run(cli, "--dry-run").of("quote") == []
    assert tasks(run(cli)) == {"Chair": first["Chair"], "Desk": first["Table"]}
    # And so on a machine that knows the library only.
    cli.data = cli.folder / "other-machine"
    assert tasks(run(cli)) == {"Chair": first["Chair"], "Desk": first["Table"]}
    assert paid(service) == 2


def test_a_folder_is_the_batch(cli: Cli, service: StandIn) -> None:
    png(cli.folder / "pics" / "IMG_0001.png", 1)
    first = tasks(run(cli, name="pics"))
    (cli.folder / "pics" / "IMG_0001.png").rename(cli.folder / "pics" / "chair.png")
    again = tasks(run(cli, name="pics"))
    assert list(again.values()) == list(first.values())
    assert list(again) != list(first), "it has the picture's new name"
    assert paid(service) == 1


def test_numbered_pictures_move_up_by_one(cli: Cli, service: StandIn) -> None:
    for shade in (1, 2, 3):
        png(cli.folder / f"{shade}.png", shade)
    table(cli, {"One": "1.png", "Two": "2.png", "Three": "3.png"})
    first = tasks(run(cli))
    for shade in (0, 1, 2, 3):
        png(cli.folder / f"{shade + 1}.png", shade)
    table(cli, {"New": "1.png", "One": "2.png", "Two": "3.png", "Three": "4.png"})
    again = tasks(run(cli))
    assert {name: again[name] for name in first} == first, "each keeps the model of its picture"
    assert paid(service) == 4
    table(cli, {"New": "1.png", "One": "2.png", "Two": "3.png", "Three": "4.png"})
    assert tasks(run(cli)) == again


def test_a_copy_beside_it_is_another_model(cli: Cli, service: StandIn) -> None:
    png(cli.folder / "chair.png")
    table(cli, {"Chair": "chair.png"})
    first = tasks(run(cli))
    png(cli.folder / "chair copy.png")
    table(cli, {"Chair": "chair.png", "Another": "chair copy.png"})
    again = tasks(run(cli))
    assert again["Chair"] == first["Chair"]
    assert paid(service) == 2


def test_another_batch_in_the_same_library_has_its_own_models(cli: Cli, service: StandIn) -> None:
    png(cli.folder / "a" / "chair.png")
    png(cli.folder / "b" / "chair.png")
    table(cli, {"Chair": "a/chair.png"})
    table(cli, {"Seat": "b/chair.png"}, "level-2.csv")
    run(cli)
    run(cli, name="level-2.csv")
    assert paid(service) == 2


def test_a_part_leaves_the_rows_of_others_what_is_theirs(cli: Cli, service: StandIn) -> None:
    png(cli.folder / "a.png")
    png(cli.folder / "b.png")
    table(cli, {"A": "a.png", "B": "b.png"})
    run(cli, "--rows", "1")
    run(cli, "--rows", "2")
    assert paid(service) == 2, "the second row sends the same, and the first is not its own under another name"


def test_what_ended_without_a_model_is_ordered(cli: Cli, service: StandIn) -> None:
    png(cli.folder / "chair.png")
    table(cli, {"Chair": "chair.png"})
    service.faults.add("create", status=400, code=1002, times=None)
    assert cli.run("batch", "rows.csv", "--library", "lib", *GLB).code == 1
    service.faults.clear()
    (cli.folder / "chair.png").rename(cli.folder / "seat.png")
    table(cli, {"Chair": "seat.png"})
    run(cli)
    assert paid(service) == 1


def test_a_merge_tells_of_the_models_of_renamed_pictures(cli: Cli, service: StandIn) -> None:
    png(cli.folder / "1.png", 1)
    png(cli.folder / "2.png", 2)
    table(cli, {"One": "1.png", "Two": "2.png"})
    first = tasks(run(cli))
    (cli.folder / "2.png").rename(cli.folder / "3.png")
    (cli.folder / "1.png").rename(cli.folder / "2.png")
    table(cli, {"One": "2.png", "Two": "3.png"})
    assert tasks(cli.run("batch", "rows.csv", "--library", "lib", "--glb-only", "--merge")) == first
    # What is in the other picture now is not what its model was made from.
    png(cli.folder / "2.png", 9)
    answer = cli.run("batch", "rows.csv", "--library", "lib", "--glb-only", "--merge")
    assert [line["state"] for line in answer.of("result")] == ["open", "done"]
    png(cli.folder / "2.png", 1)
    # Without the files, what is known of their paths has to do.
    (cli.folder / "3.png").unlink()
    answer = cli.run("batch", "rows.csv", "--library", "lib", "--glb-only", "--merge")
    assert [line["state"] for line in answer.of("result")] == ["done", "open"]


def test_a_library_of_an_earlier_version_is_read_as_before(cli: Cli, service: StandIn) -> None:
    png(cli.folder / "chair.png")
    table(cli, {"Chair": "chair.png"})
    run(cli)
    (entry,) = (cli.folder / "lib" / ".triverse" / "rows").glob("*.json")
    values: dict[str, Any] = json.loads(entry.read_bytes())
    assert values.pop("content_key")
    entry.write_text(json.dumps(values))
    run(cli)
    assert paid(service) == 1


def test_a_picture_that_is_edited_while_its_row_waits_is_not_sent_under_the_old_name(
    cli: Cli, service: StandIn
) -> None:
    """Its order is named after its content: the next run would order and pay the row once more."""
    for name, shade in (("a.png", 50), ("b.png", 100)):
        png(cli.folder / name, shade)
    write(cli.folder / "rows.csv", "image,polygon_limit\na.png,1000\nb.png,1000\n")
    process = cli.start("batch", "rows.csv", *GLB, "--jobs", "1")
    seen: list[str] = []
    assert process.stdout is not None
    while not seen or json.loads(seen[-1]).get("stage") != "waiting":
        seen.append(process.stdout.readline().strip())
    png(cli.folder / "b.png", 200)
    first = cli.finish(process, seen)
    assert [row["state"] for row in first.of("result")] == ["done", "failed"]
    assert "was changed after it was checked" in str(first.of("result")[1])
    assert "The same command goes on" in first.people
    assert "--retry-failed" not in first.people, "it was not ordered, and no ledger tells that it has failed"
    assert paid(service) == 1
    again = cli.run("batch", "rows.csv", *GLB, "--retry-failed")
    assert again.code == 0, again.people
    assert cli.run("batch", "rows.csv", *GLB).code == 0
    assert list(service.state.charged_per_order().values()) == [1, 1]


@pytest.mark.parametrize(
    ("entry", "record", "action"),
    [
        ({"task_uuid": "u"}, None, RowAction.FOLLOW),
        ({"task_uuid": "u", "is_final": True}, None, RowAction.ORDER),
        ({}, None, RowAction.ORDER),
        ({"task_uuid": "u"}, {"task_uuid": "u", "stage": Stage.READY}, RowAction.WRITE),
        ({}, {"task_uuid": "u", "stage": Stage.WAITING}, RowAction.FOLLOW),
        ({"task_uuid": "u"}, {"task_uuid": "u", "stage": Stage.FAILED, "is_final": True}, RowAction.ORDER),
        ({"task_uuid": "u"}, {"task_uuid": "u", "stage": Stage.FAILED}, RowAction.SKIP),
        ({}, {"stage": Stage.QUEUED}, RowAction.ORDER),
    ],
)
def test_only_what_was_paid_for_is_found(
    tmp_path: Path, entry: dict[str, Any], record: dict[str, Any] | None, action: RowAction
) -> None:
    ledger = Ledger(tmp_path / "library")
    ledger.library.mkdir()
    ledger.make()
    (old,), (new,) = (rows_of(tmp_path, [(name, 1)]) for name in ("old.png", "new.png"))
    before = identities_of([old], Identities("", "rows.csv"))
    claimed = ledger.claim(old, *before[1], before.content_keys[1])
    ledger.put(dataclasses.replace(claimed, **entry))
    known = {}
    if record is not None:
        known[before[1][0]] = TaskRecord(new_id(), "image-to-model", "", **({"task_uuid": None} | record))
    (planned,) = plan([new], identities_of([new], Identities("", "rows.csv")), ledger, known.get, with_blender=False)
    assert planned.action is action


def test_the_panel_finds_them_too(tmp_path: Path) -> None:
    png(tmp_path / "old.png")
    file = write(tmp_path / "rows.csv", "name,image,polygon_limit\nChair,old.png,1000\n")
    request = BatchRequest(file, tmp_path / "library", with_blender=False)
    (planned,) = build_table(request, None, lambda _: None, "https://example.org").planned
    request.library.mkdir()
    ledger = Ledger(request.library)
    ledger.make()
    entry = ledger.claim(planned.row, planned.order_id, planned.row_key, planned.content_key)
    ledger.put(dataclasses.replace(entry, task_uuid="u"))
    (tmp_path / "old.png").rename(tmp_path / "new.png")
    write(file, file.read_text().replace("old.png", "new.png"))
    (planned,) = build_table(request, None, lambda _: None, "https://example.org").planned
    assert planned.action is RowAction.FOLLOW


ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2)), max_size=7)
"""Rows: the name of a picture, and what is in it."""


def rows_of(folder: Path, pictures: Sequence[tuple[str, int]]) -> list[Row]:
    """Return the rows of pictures; of two that have one name, the last is in it."""
    for name, shade in pictures:
        (folder / name).write_bytes(bytes([shade]))
    made = [
        Row(number, number, "image-to-model", {}, {"image": str(folder / name)}, {"image": name}, name=str(number))
        for number, (name, _) in enumerate(pictures, 1)
    ]
    return list(numbered(made))


@settings(deadline=None, max_examples=40)
@given(ROWS, ROWS, ROWS)
def test_however_pictures_are_renamed_only_new_ones_are_ordered(
    first: list[tuple[str, int]], second: list[tuple[str, int]], third: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        ledger = Ledger(Path(scratch, "library"))
        ledger.library.mkdir()
        ledger.make()
        uuids = itertools.count()
        had: Counter[int] = Counter()
        task_of: dict[str, int] = {}
        for run_number, pictures in enumerate((first, second, third)):
            folder = Path(scratch, str(run_number))
            folder.mkdir()
            rows = rows_of(folder, pictures)
            planned = plan(
                rows, identities_of(rows, Identities("", "rows.csv")), ledger, lambda _: None, with_blender=False
            )
            assert len({one.order_id for one in planned}) == len(planned), "no two rows have one model"
            shades = [Path(row.sources["image"]).read_bytes()[0] for row in rows]
            orders = [shade for shade, one in zip(shades, planned, strict=True) if one.action is RowAction.ORDER]
            assert Counter(orders) == Counter(shades) - had
            for shade, one in zip(shades, planned, strict=True):
                entry = ledger.claim(one.row, one.order_id, one.row_key, one.content_key)
                if one.entry is not None:
                    assert task_of[one.entry.task_uuid] == shade, "it is the model of its picture"
                uuid = entry.task_uuid or f"task-{next(uuids)}"
                task_of[uuid] = shade
                build_hash = build_hash_of(one.row, with_blender=False)
                ledger.put(dataclasses.replace(entry, state="done", task_uuid=uuid, build_hash=build_hash))
            had |= Counter(shades)
