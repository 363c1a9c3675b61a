# SPDX-License-Identifier: GPL-3.0-or-later
"""Order ids that a script chooses: whatever they end with, each is one order, also when it was tried again."""

from __future__ import annotations

import contextlib

import pytest

from tests.service.server import StandIn
from triverse_addon import scripting
from triverse_addon.scripting import Task, Triverse
from triverse_addon.tasks.record.record import Stage

#: Revisions as studios number them, an ending of variants, and two that differ only at their ends.
NAMES = ("chair", "chair_r", "chair_r1", "chair_r2", "chair_r012", "chair_v2", "x" * 64, "x" * 63 + "y")


def made(triverse: Triverse, order_id: str) -> Task:
    """Order what is named like this, and wait for its end."""
    task = triverse.generate(prompt=f"a chair named {order_id}", polygon_limit=1000, order_id=order_id)
    with contextlib.suppress(scripting.TriverseError):
        task.wait()
    return task


def test_each_is_an_order_of_its_own_and_paid_once(triverse: Triverse, service: StandIn) -> None:
    for failed in (True, False):
        # Each is refused once, so that it is tried again.
        service.faults.add("create", times=len(NAMES) if failed else 0, status=400, code=2008)
        for name in NAMES:
            task = made(triverse, name)
            assert task.stage is (Stage.FAILED if failed else Stage.READY), str(task.error)
            assert task.record.params["prompt"] == f"a chair named {name}"
    first = {name: made(triverse, name) for name in NAMES}
    variants = triverse.generate_variants(prompt="a chair named twice", polygon_limit=1000, count=2, order_id="chair")
    triverse.wait(variants)
    assert {name: made(triverse, name) for name in NAMES} == first
    assert len({*first.values(), *variants}) == len(NAMES) + 2
    assert list(service.state.charged_per_order().values()) == [1] * (len(NAMES) + 2)


@pytest.mark.parametrize("order_id", ["chair 1", "Stuhl/1", "Stühle", "x" * 65])
def test_what_cannot_be_one_is_refused_before_anything_is_stored(triverse: Triverse, order_id: str) -> None:
    for count in (1, 2):
        with pytest.raises(scripting.InputError) as caught:
            triverse.generate_variants(prompt="a chair", count=count, order_id=order_id)
        assert caught.value.field == "order_id"
    assert triverse.tasks() == []
