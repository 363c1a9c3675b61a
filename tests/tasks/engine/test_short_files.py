# SPDX-License-Identifier: GPL-3.0-or-later
"""
Models that end early where no length was sent with them, so that only their own header tells.

One: ``python scripts/test.py tests/tasks/engine/test_short_files.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.api.client import Client
from triverse_addon.tasks.record.record import Stage

#: More than a header, less than the model.
SHORT_BYTES = 600


def end_early(patch: pytest.MonkeyPatch, times: int, *, told: bool = False) -> list[str]:
    """
    End the first models early, as a proxy that speaks HTTP/1.0 may; return the addresses that were asked for.

    :param told: the server says that length itself.
    """
    asked: list[str] = []
    open_asset, read_file = Client.open_asset, Client.read_file

    def open_without_length(client: Client, url: str, **named: Any) -> Any:
        response = open_asset(client, url, **named)
        if "preview" not in url:
            asked.append(url)
            response.headers.pop("Content-Length", None)
            if told and len(asked) <= times:
                response.headers["Content-Length"] = str(SHORT_BYTES)
        return response

    def read_some(client: Client, response: Any, chunk_bytes: int) -> Iterator[bytes]:
        pieces = read_file(client, response, chunk_bytes)
        if "preview" in response.url or len(asked) > times:
            yield from pieces
        else:
            yield b"".join(pieces)[:SHORT_BYTES]

    patch.setattr(Client, "open_asset", open_without_length)
    patch.setattr(Client, "read_file", read_some)
    return asked


def test_a_model_that_ends_early_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = end_early(monkeypatch, 2)
    with StandIn(speed=40, samples=("1k",)) as service, running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit("a stone well tris:1k"), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert len(asked) == 3
    assert Path(record.model_path).stat().st_size > SHORT_BYTES


def test_a_model_that_always_ends_early_fails_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = end_early(monkeypatch, 99)
    with StandIn(speed=40, samples=("1k",)) as service, running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit("a stone well tris:1k"), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.FAILED
    assert record.failed_stage is Stage.DOWNLOADING
    assert not record.is_final
    assert len(asked) == 3


def test_a_model_that_is_as_long_as_the_server_says_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = end_early(monkeypatch, 99, told=True)
    with StandIn(speed=40, samples=("1k",)) as service, running(service, tmp_path) as driver:
        driver.reaches(driver.submit("a stone well tris:1k"), Stage.IMPORTED, Stage.FAILED)
    assert len(asked) == 1
