# SPDX-License-Identifier: GPL-3.0-or-later
"""An order whose answer was lost, and a key that is changed before it is sent again. Plain Python, no ``bpy``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import Driver, running
from triverse_addon.api import backoff
from triverse_addon.tasks.record.record import Stage

OTHER = "key-of-the-other-account-0123456789"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setattr(backoff, "FIRST_S", backoff.FIRST_S / 40)
    with StandIn(speed=40.0, samples=("1k",)) as standin:
        yield standin


def lost(driver: Driver, service: StandIn) -> str:
    """Place an order that is made, and whose answer never comes; it is then tried again in vain. Return our id."""
    answer = service.faults.add("create", reset_after=True)
    hold = service.faults.add("create", reset_before=True, times=None)
    task_id = driver.submit("a red chair")
    driver.until(lambda: answer.hits and hold.hits)
    return task_id


def use_key(driver: Driver, service: StandIn, key: str) -> None:
    driver.engine.configure(dataclasses.replace(driver.engine.settings, api_key=key))
    service.faults.clear()


def test_it_is_not_sent_to_another_account(service: StandIn, tmp_path: Path) -> None:
    other = service.state.add_user(OTHER, credits=1000, name="other")
    with running(service, tmp_path) as driver:
        task_id = lost(driver, service)
        use_key(driver, service, OTHER)
        record = driver.reaches(task_id, Stage.FAILED, Stage.IMPORTED)
        assert record.stage is Stage.FAILED
        assert "with another key" in str(record.error)
        assert not record.is_final
        # With the key of before, it is the order that was made.
        use_key(driver, service, service.key)
        driver.engine.retry(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert (other.charged, other.frozen) == (0, 0)
    assert list(service.state.charged_per_order().values()) == [1]


def test_a_key_that_was_renewed_goes_on_after_retry(service: StandIn, tmp_path: Path) -> None:
    """The mark cannot tell a new key of the same account from that of another one: the user can."""
    with running(service, tmp_path) as driver:
        task_id = lost(driver, service)
        renewed = "a-new-key-of-the-same-account-0123456789"
        service.state.users[renewed] = service.state.user
        use_key(driver, service, renewed)
        driver.reaches(task_id, Stage.FAILED)
        driver.engine.retry(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert list(service.state.charged_per_order().values()) == [1]


def test_the_key_itself_is_nowhere_in_the_list(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit(), Stage.IMPORTED)
    assert 0 < len(record.sent_with) <= 6
    assert record.sent_with not in service.key
    assert not any(service.key.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
