# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests of the stand-in itself. Plain Python, no ``bpy``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.standin.caller import Caller


@pytest.fixture(scope="session", autouse=True)
def sample() -> None:
    models.ensure(["20k"])


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A stand-in whose time stands still but for `advance`."""
    with StandIn(speed=0, usual_sample="20k") as s:
        yield s


@pytest.fixture
def caller(standin: StandIn) -> Caller:
    return Caller(standin)
