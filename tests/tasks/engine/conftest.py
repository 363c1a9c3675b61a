# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine against the stand-in that a test names, and what it must have left in order afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import Driver, files_with, running


@pytest.fixture
def driver(service: StandIn, tmp_path: Path) -> Iterator[Driver]:
    with running(service, tmp_path) as made:
        yield made
    assert service.state.leaks == []
    assert files_with(tmp_path, service.key) == []
