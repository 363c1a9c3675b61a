# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients for servers that a test makes up. Plain Python, no ``bpy``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import authorities
from tests.api.certificates import Authority
from tests.api.raw_server import KEY, RawServer
from triverse_addon.api.client import Client

Connect = Callable[[RawServer], Client]


# Hypothesis measures time by itself, which only tells of a busy machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def authorities_read_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare every client the reading of certificates, where the test is not about them."""
    if request.path.name not in ("test_tls.py", "test_tls_socket.py", "test_addresses.py"):
        authorities.read_once(monkeypatch)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that no system knows."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def good(authority: Authority) -> Path:
    """A file with a certificate of it, and its key, for this machine."""
    return authority.issue("IP:127.0.0.1,DNS:localhost")


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make a client for a server; closed at the end of the test."""
    made: list[Client] = []

    def make(server: RawServer) -> Client:
        made.append(Client(server.url, KEY, version="1.2.3", connect_timeout_s=5, read_timeout_s=5))
        return made[-1]

    yield make
    for client in made:
        client.close()
