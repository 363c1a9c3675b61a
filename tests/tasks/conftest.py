# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tasks' floor: waits are a tenth of what a user sees, so that each test takes moments."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from triverse_addon.tasks import waits

# Hypothesis measures time by itself, which only tells of a busy machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll and try again ten times as often."""
    for name in ("FIRST_POLL_S", "LONGEST_POLL_S", "_FIRST_RETRY_S", "_LONGEST_RETRY_S"):
        monkeypatch.setattr(waits, name, getattr(waits, name) / 10)
