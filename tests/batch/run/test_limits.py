# SPDX-License-Identifier: GPL-3.0-or-later
"""What a limit allows while prices rise. One: ``python scripts/test.py tests/batch/run/test_limits.py``."""

from __future__ import annotations

import os

from tests.batch.files import write
from tests.batch.run.test_run import ROWS, batch, report
from tests.cli.driver import Cli
from tests.service.server import StandIn
from triverse_addon.batch.run.limits import Budget


def ordered_by(budget: Budget, numbers: range, price: int) -> list[int]:
    """Order as many of these rows as a run with many jobs does, the service taking this price, and return them."""
    ordered: list[int] = []
    under_way: list[int] = []
    left = list(numbers)
    while left or under_way:
        if left and not budget.must_wait(left[0]):
            if budget.over_limit(left[0]) is not None:
                left.clear()
                continue
            budget.reserve(left[0])
            under_way.append(left[0])
            ordered.append(left.pop(0))
        else:
            for number in under_way:
                budget.answer(number, price)
            under_way.clear()
    return ordered


def test_rows_that_are_ordered_at_the_same_time_keep_the_limit() -> None:
    rows = range(1, 9)
    for price in (20, 25, 40):
        budget = Budget(160, dict.fromkeys(rows, 20))
        ordered = ordered_by(budget, rows, price)
        assert len(ordered) == 160 // price
        assert budget.ordered_credits == price * len(ordered)
    budget = Budget(160, dict.fromkeys(rows, 20))
    assert len(ordered_by(budget, rows, 200)) <= 4, "dearer than twice what was shown, before any answer"


def test_the_last_order_is_the_only_one_that_a_rise_can_surprise() -> None:
    budget = Budget(60, {1: 20, 2: 20, 3: 20})
    budget.reserve(1)
    assert budget.must_wait(2), "40 and as much again are more than 60"
    budget.answer(1, 20)
    assert not budget.must_wait(2)
    budget.reserve(2)
    assert budget.must_wait(3)
    budget.release(2)
    assert not budget.must_wait(3)
    budget.reserve(3)
    assert budget.must_wait(2)
    budget.answer(3, 25)
    assert not budget.must_wait(2)
    assert budget.over_limit(2) is not None, "25 more would be 70"
    assert budget.ordered_credits == 45


def test_rows_without_a_price_neither_count_nor_lift_the_limit_of_the_others() -> None:
    budget = Budget(40, {1: 20, 3: 20})
    for number, price in ((1, 20), (2, 90)):
        assert budget.over_limit(number) is None
        budget.reserve(number)
        budget.answer(number, price)
    assert budget.ordered_credits == 110
    assert budget.over_limit(3) is None
    budget.reserve(3)
    budget.answer(3, 25)
    assert budget.ordered_credits == 135
    assert budget.over_limit(1) is not None
    assert budget.over_limit(4) is None, "it has no price either"


def test_an_order_without_an_answer_does_not_hold_up_the_others_once_it_has_failed() -> None:
    budget = Budget(40, {1: 20, 2: 20})
    budget.reserve(1)
    assert budget.must_wait(2)
    budget.answer(1, None)
    assert not budget.must_wait(2)
    assert budget.over_limit(2) is None
    assert budget.ordered_credits == 20


def test_rows_that_are_ordered_at_the_same_time_cost_no_more_than_was_allowed(cli: Cli, service: StandIn) -> None:
    service.faults.add("quote", body='{"code": 0, "data": {"flow_name": "text-to-model", "cost_credits": 10}}')
    answer = batch(cli, "--glb-only", "--max-credits", "45", "--jobs", "8")
    assert answer.code == 3, answer.people
    assert service.state.user.charged <= 45
    assert report(cli)["counts"] == {"account": 1, "done": 2}


def test_a_person_whose_answer_took_long_is_asked_again_if_it_became_dearer(cli: Cli, service: StandIn) -> None:
    cheap = '{"code": 0, "data": {"flow_name": "text-to-model", "cost_credits": 15}}'
    service.faults.add("quote", body=cheap)
    write(cli.folder / "rows.csv", ROWS)
    own, theirs = os.openpty()
    process = cli.start("batch", "rows.csv", "--glb-only", stdin=theirs)
    os.close(theirs)
    try:
        os.write(own, b"y\nn\n")
        answer = cli.finish(process)
    finally:
        os.close(own)
    assert answer.code == 130, answer.people
    assert "3 rows cost 45 credits." in answer.people
    assert "The service has changed its prices meanwhile." in answer.people
    assert "3 rows cost 60 credits." in answer.people
    assert service.state.creations == []
