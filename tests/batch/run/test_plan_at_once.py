# SPDX-License-Identifier: GPL-3.0-or-later
"""
Rows are planned with one look at library and store, to the same result.

One: ``python scripts/test.py tests/batch/run/test_plan_at_once.py``.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest

from tests.batch.files import order_ids
from triverse_addon.batch.input.order_ids import Identities, identities_of, row_key
from triverse_addon.batch.input.row_numbering import numbered
from triverse_addon.batch.library.ledger import Ledger, build_hash_of
from triverse_addon.batch.library.parts import PartLedger
from triverse_addon.batch.rows.row import Row
from triverse_addon.batch.run.plan import RowAction, as_retries, plan
from triverse_addon.tasks.record.order_endings import next_order_id
from triverse_addon.tasks.record.processing import PLAIN, Processing
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id
from triverse_addon.tasks.store.store import Store

#: What the library, and what the store, may know of a row.
LIBRARY = ("nothing", "ordered", "done", "gone", "failed", "other")
STORE = (None, Stage.WAITING, Stage.READY, Stage.FAILED)
#: Of the rows that are numbered below, as they were given before rows were planned at once.
FIRST = "batch_afb6e4117600886610d9755b9cdbc2caf21665af"
SECOND = "batch_163783a6574dfa1a11b1811beb397809d4dc5f5c"
THIRD = "batch_7b2c4da2f5e36e9329221a225f6750a328632f75"
BUILT = "82615e09866b9a8a"
BUILT_LODS = "020e6f25cca24867"


def row(number: int, prompt: str = "") -> Row:
    params = {"prompt": prompt or f"chair {number}"}
    return Row(number, number + 1, "text-to-model", params, name=f"Chair {number}")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


@pytest.fixture
def rows(tmp_path: Path, store: Store) -> list[Row]:
    """A row for everything that library and store may know of it."""
    rows = [row(number) for number, _ in enumerate(itertools.product(LIBRARY, STORE), 1)]
    ledger = Ledger(tmp_path / "library")
    ledger.make()
    (ledger.library / "chair.blend").write_bytes(b"")
    ids, retried = order_ids(rows), itertools.cycle([False, True])
    for one, (known, stage) in zip(rows, itertools.product(LIBRARY, STORE), strict=True):
        order_id = ids[one.number]
        if known != "nothing":
            entry = ledger.claim(one, order_id, row_key(one))
            build_hash = "another" if known == "other" else build_hash_of(one, with_blender=True)
            files = {"blend": "chair.blend" if known == "done" else "gone.blend"}
            state = known if known in ("ordered", "done", "failed") else "done" if known == "gone" else "failed"
            ledger.put(dataclasses.replace(entry, state=state, build_hash=build_hash, files=files, task_uuid="u"))
        if stage is not None:
            sent_id = next_order_id(order_id) if next(retried) else order_id
            store.add(TaskRecord(new_id(), "text-to-model", "", stage, client_order_id=sent_id))
    return rows


def test_one_plan_tells_of_retries_what_a_second_one_would(tmp_path: Path, store: Store, rows: list[Row]) -> None:
    ledger, identities = Ledger(tmp_path / "library"), identities_of(rows, Identities())
    planned = plan(rows, identities, ledger, store.find_by_order_id, with_blender=True)
    again = plan(rows, identities, ledger, store.find_by_order_id, with_blender=True, retry_failed=True)
    assert as_retries(planned) == again
    assert {one.action for one in planned} == set(RowAction) - {RowAction.RETRY}
    assert {one.action for one in again} == {RowAction.NOTHING, RowAction.RETRY, RowAction.SKIP}


def test_what_is_stored_is_found_by_one_look(tmp_path: Path, store: Store, rows: list[Row]) -> None:
    find = store.finder()
    ids = [*order_ids(rows).values(), *(next_order_id(one) for one in order_ids(rows).values()), "", "batch_1"]
    assert [find(order_id) for order_id in ids] == [store.find_by_order_id(order_id) for order_id in ids]
    assert sum(find(order_id) is not None for order_id in ids) > len(rows) / 2


def test_entries_are_found_by_one_look_in_parts_too(tmp_path: Path, store: Store, rows: list[Row]) -> None:
    part = PartLedger(tmp_path / "part", tmp_path / "library")
    part.make()
    another = row(99)
    part.claim(another, order_ids([another])[99], row_key(another))
    every = [*rows, another]
    planned = plan(every, identities_of(every, Identities()), part, lambda _: None, with_blender=True)
    assert [one.entry for one in planned] == [part.get(one.order_id) for one in planned]
    assert planned[-1].entry is not None
    assert Ledger(tmp_path / "new").order_ids() == frozenset()


def test_a_library_behind_a_link_is_reported_as_before(tmp_path: Path, rows: list[Row]) -> None:
    library = tmp_path / "library"
    (library / ".triverse").rename(tmp_path / "elsewhere")
    (library / ".triverse").symlink_to(tmp_path / "elsewhere")
    ledger = Ledger(library)
    planned = plan(rows, identities_of(rows, Identities()), ledger, lambda _: None, with_blender=True)
    assert {one.action for one in planned} == {RowAction.ORDER}
    assert len(ledger.ignored) == len(rows)


def test_identities_are_those_that_were_paid_for() -> None:
    """Not to be changed: every row that was ordered would be ordered, and paid for, once more."""
    first, second, third = numbered([row(1, "a chair"), row(2, "a chair"), row(3, "Stuhl: äöü")])
    assert order_ids([first, second, third], "salt") == {
        1: FIRST,
        2: SECOND,
        3: THIRD,
    }
    assert identities_of([first], Identities("salt"))[1] == (FIRST, FIRST.removeprefix("batch_"))
    assert build_hash_of(first, with_blender=True) == BUILT
    assert build_hash_of(dataclasses.replace(first, post=Processing(lods=1)), with_blender=True) == BUILT_LODS
    assert PLAIN.to_json() == {}
