# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model is to stand outlives the Blender that asked, to the last digit."""

from __future__ import annotations

import dataclasses
import json

import pytest

from triverse_addon.tasks.record.processing import PLAIN, Processing
from triverse_addon.tasks.record.record import Placement, Replaced, TaskRecord
from triverse_addon.tasks.store import codec

REPLACED = Replaced(
    names=("Chair", "Cushion"),
    matrix=tuple(float(number) / 3 for number in range(16)),
    low=(-1.0, 0.1, 0.0),
    high=(1.0, 2.0, 3.3),
)


def written_and_read(record: TaskRecord, text: str | None = None) -> TaskRecord:
    columns = {name: getattr(record, name) for name in codec.COLUMNS}
    return codec.from_row(columns, codec.to_json(record) if text is None else text)


@pytest.mark.parametrize(
    "placement",
    [
        Placement(),
        Placement(location=(1.0, 2.0, 0.1), height=1.75, on_ground=True),
        Placement(placeholder="Cube", keep_placeholder=True),
        Placement(location=(3.0, 0.0, 0.0), replaces=REPLACED),
        Placement(merge=True, smooth_deg=30),
        Placement(instead_of="Chair", work=Processing(cleanup=True, decimate=5000, lods=3, hull=True)),
    ],
)
def test_a_placement_is_read_as_it_was_written(placement: Placement) -> None:
    record = TaskRecord(id="a", flow="texture-model", name="Chair", placement=placement)
    assert written_and_read(record) == record


def test_a_damaged_placement_is_told_as_such() -> None:
    record = TaskRecord(id="a", flow="texture-model", name="Chair", placement=Placement(replaces=REPLACED))
    data = json.loads(codec.to_json(record))
    for damage, said in (({"low": [1, 2]}, "unpack"), ({"names": None}, "iterable"), ({"matrix": ["x"]}, "float")):
        damaged = {**data, "placement": {**data["placement"], "replaces": {**dataclasses.asdict(REPLACED), **damage}}}
        with pytest.raises(ValueError, match=said):
            written_and_read(record, json.dumps(damaged))
    del data["placement"]["replaces"]["high"]
    with pytest.raises(ValueError, match="high"):
        written_and_read(record, json.dumps(data))


@pytest.mark.kind("geometry-options")
def test_options_of_the_mesh_that_are_missing_or_make_no_sense_are_off() -> None:
    record = TaskRecord(id="a", flow="texture-model", name="Chair", placement=Placement(merge=True, smooth_deg=30))
    data = json.loads(codec.to_json(record))
    older = {name: value for name, value in data["placement"].items() if name not in ("merge", "smooth_deg")}
    for placement in (older, *({**older, "merge": "no", "smooth_deg": odd} for odd in (-1, 181, "30", [30], None))):
        read = written_and_read(record, json.dumps({**data, "placement": placement}))
        assert (read.placement.merge, read.placement.smooth_deg) == (False, 0)


def test_work_that_makes_no_sense_is_not_done() -> None:
    work = Processing(cleanup=True, decimate=5000, lods=3, hull=True)
    record = TaskRecord(id="a", flow="texture-model", name="Chair", placement=Placement(work=work), blend_work=work)
    assert written_and_read(record) == record
    data = json.loads(codec.to_json(record))
    odd: tuple[object, ...] = ({"decimate": 1, "lods": 9, "hull": "yes", "later": 1}, {"decimate": True}, [], 3, None)
    for one in odd:
        placement = {**data["placement"], "work": one}
        read = written_and_read(record, json.dumps({**data, "placement": placement}))
        assert read.placement.work == PLAIN, one
    del data["placement"]["work"], data["blend_work"]
    older = written_and_read(record, json.dumps(data))
    assert (older.placement.work, older.blend_work) == (PLAIN, PLAIN)
