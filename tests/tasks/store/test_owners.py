# SPDX-License-Identifier: GPL-3.0-or-later
"""
The files by which engines show each other that they run, where they cannot be written.

One: ``python scripts/test.py tests/tasks/store/test_owners.py``.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.settings import Settings
from triverse_addon.tasks.store import lease
from triverse_addon.tasks.store.errors import StoreError


@pytest.mark.parametrize(("number", "words"), [(errno.EDQUOT, "no room left"), (errno.EACCES, "Check the permissions")])
def test_where_they_cannot_be_written_the_engine_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    """The list itself may still be read there."""

    def refuses(_path: str, _flags: int) -> int:
        raise OSError(number, os.strerror(number))

    def engine() -> Engine:
        return Engine(Settings(data_dir=tmp_path, download_dir=tmp_path), None)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(lease, "opener", refuses)
        stopped = engine()
        with pytest.raises(StoreError, match=words):
            stopped.start()
    with pytest.raises(StoreError, match="closed"):
        stopped.store.page()
    later = engine()
    later.start()
    later.shutdown()
