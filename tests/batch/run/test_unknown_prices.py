# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the service tells no price. One: ``python scripts/test.py tests/batch/run/test_unknown_prices.py``."""

from __future__ import annotations

import threading
import time

import pytest

from tests.batch.run.test_run import GLB, batch, charges
from tests.cli.driver import Cli
from tests.service.server import StandIn


def test_a_dry_run_under_a_limit_needs_the_price(cli: Cli, service: StandIn) -> None:
    service.faults.add("quote", status=503, code=5003, times=None)
    answer = batch(cli, "--glb-only", "--dry-run")
    assert answer.code == 0, answer.people
    assert "price is not known" in answer.people
    answer = batch(cli, "--glb-only", "--dry-run", "--max-credits", "100", "--patience", "1")
    assert answer.code == 4, answer.people
    assert service.state.creations == []


def test_an_outage_before_the_first_order_is_waited_for(cli: Cli, service: StandIn) -> None:
    service.faults.add("quote", status=503, code=5003, times=None)
    timer = threading.Timer(5.0, service.faults.clear)
    timer.start()
    answer = batch(cli, *GLB)
    timer.join()
    assert answer.code == 0, answer.people
    assert "Trying again." in answer.people
    assert charges(service) == [1, 1, 1]


def test_4_an_outage_before_the_first_order_that_lasts(cli: Cli, service: StandIn) -> None:
    service.faults.add("quote", status=503, code=5003, times=None)
    answer = batch(cli, *GLB, "--patience", "1")
    assert answer.code == 4, answer.people
    assert service.state.creations == []


def test_an_outage_before_the_first_order_is_not_waited_for_longer_than_the_command_may_take(
    cli: Cli, service: StandIn
) -> None:
    service.faults.add("quote", status=503, code=5003, times=None)
    began_s = time.monotonic()
    answer = batch(cli, *GLB, "--timeout", "2", "--patience", "300")
    assert answer.code == 4, answer.people
    assert time.monotonic() - began_s < 60
    assert service.state.creations == []


@pytest.mark.parametrize("more", [("--dry-run",), ()])
def test_a_limit_is_not_kept_by_rows_without_a_price(cli: Cli, service: StandIn, more: tuple[str, ...]) -> None:
    service.faults.add("quote", status=400, code=1004, times=None)
    answer = batch(cli, "--glb-only", "--max-credits", "20", *more)
    assert answer.code == 3, answer.people
    assert "no price of 3 rows before they are ordered" in answer.people
    assert service.state.creations == []


def test_rows_without_a_price_are_ordered_on_request(cli: Cli, service: StandIn) -> None:
    service.faults.add("quote", status=400, code=1004, times=None)
    answer = batch(cli, *GLB)
    assert answer.code == 0, answer.people
    assert charges(service) == [1, 1, 1]
