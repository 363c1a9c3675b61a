# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for scripts: the stand-in, and Triverse opened on it in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import authorities
from tests.service.server import StandIn
from triverse_addon import scripting


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in for the service, forty times as fast."""
    with StandIn(speed=40.0) as standin:
        yield standin


@pytest.fixture
def triverse(tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[scripting.Triverse]:
    """Triverse on the stand-in, with a data folder of the test."""
    authorities.read_once(monkeypatch)
    with scripting.open(data=tmp_path / "data", key=service.key, url=service.url) as opened:
        yield opened
