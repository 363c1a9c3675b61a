# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for batches without Blender. All: ``python scripts/test.py tests/batch``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import authorities
from tests.cli.driver import CommandsHere
from tests.service.server import StandIn


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in for the service, forty times as fast, with small models."""
    with StandIn(speed=40.0, samples=("1k",)) as standin:
        yield standin


@pytest.fixture
def cli(
    tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> CommandsHere:
    """Commands against the stand-in, in this process if they are not started in one of their own."""
    authorities.read_once(monkeypatch)
    return CommandsHere(tmp_path, service, capfd)
