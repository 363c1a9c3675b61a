# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tasks' floor: waits are a fortieth of what a user sees, so that each test takes moments."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests import authorities
from triverse_addon.api import backoff, websocket
from triverse_addon.tasks.engine import pacing
from triverse_addon.tasks.store import connection

# Hypothesis measures time by itself, which only tells of a busy machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll and try again forty times as often, and listen a quarter as long whether the service names more tasks."""
    monkeypatch.setitem(websocket.snapshot.__kwdefaults__, "quiet_s", 0.5)
    for module, name in (
        (pacing, "FIRST_POLL_S"),
        (pacing, "LONGEST_POLL_S"),
        (backoff, "FIRST_S"),
        (backoff, "LONGEST_S"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name) / 40)


@pytest.fixture(autouse=True)
def authorities_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare every thread of every engine the reading of certificates."""
    authorities.read_once(monkeypatch)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run all tests of the store with the rollback journal too, which takes the log's place on a network."""
    is_of_the_log = "torn_log" in metafunc.function.__name__
    if metafunc.module.__name__.rpartition(".")[2].startswith("test_store") and not is_of_the_log:
        metafunc.parametrize("journal", ["log", "journal"], indirect=True)


@pytest.fixture(autouse=True)
def journal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the store's database is kept in this process."""
    kind = str(getattr(request, "param", "log"))
    if kind == "journal":
        monkeypatch.setattr(connection, "is_on_network", lambda _folder: True)
    return kind
