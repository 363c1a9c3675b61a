# SPDX-License-Identifier: GPL-3.0-or-later
"""
Closing Blender while a batch asks for its price, on a network that neither answers nor refuses.

One: ``python scripts/test.py tests/scripting/test_closing.py``.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from urllib3.util import connection

from triverse_addon.scripting.batch_worker import Worker
from triverse_addon.tasks.settings import Settings

#: A net against a hang; nothing counts on it.
LIMIT_S = 10.0


def test_a_connection_that_is_never_made_does_not_delay_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither looking up a name nor connecting can be interrupted."""
    is_connecting, is_over = threading.Event(), threading.Event()

    def connects(*_given: Any, **_named: Any) -> Any:
        is_connecting.set()
        is_over.wait()
        raise OSError("unreachable")

    monkeypatch.setattr(connection, "create_connection", connects)
    settings = Settings(
        api_key="tv-key-of-a-test", api_url="http://127.0.0.1:9/api/v1", data_dir=tmp_path, download_dir=tmp_path
    )
    engine: Any = SimpleNamespace(settings=settings)
    worker = Worker(engine, None, lambda: pytest.fail("no model is written"))
    asks = threading.Thread(target=worker.query_offer, args=((), settings), daemon=True)
    try:
        asks.start()
        assert is_connecting.wait(LIMIT_S)
        worker.cancel()
        asks.join(LIMIT_S)
        assert not asks.is_alive()
    finally:
        is_over.set()
