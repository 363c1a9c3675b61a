# SPDX-License-Identifier: GPL-3.0-or-later
"""
The search for the key in whatever is logged, told or written while tests run. Plain Python, no ``bpy``.

``conftest.py`` has it done for every test here.
"""

from __future__ import annotations

import hashlib
import logging
import re
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.events import PumpReport

#: What every stand-in's key looks like: so no test has to say which is its own. No form that texts give it changes this
#: part but one with every character in another form.
_KEY = re.compile(rb"standin(?:~|%7[eE]|\\u007[eE]|&#126;)[\w-]{16}")
_LARGE_BYTES = 100_000
_looked_at: dict[bytes, bool] = {}
_UNSEEN = re.compile("\u200b|\u00ad|\u2060|\ufeff".encode())


def has_key(text: str | bytes) -> bool:
    """Tell whether the key of any stand-in is in ``text``."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(data) < _LARGE_BYTES:
        return _is_found(data)
    # A model, which every test here downloads: the same bytes have the same answer.
    digest = hashlib.sha256(data).digest()
    if digest not in _looked_at:
        _looked_at[digest] = _is_found(data)
    return _looked_at[digest]


def _is_found(data: bytes) -> bool:
    return any(_KEY.search(form) is not None for form in (data, _UNSEEN.sub(b"", data), unquote_to_bytes(data)))


def files_with_key(folder: Path) -> list[Path]:
    """Return all files below ``folder`` that hold a key."""
    return [path for path in folder.rglob("*") if path.is_file() and has_key(path.read_bytes())]


class Log(logging.Handler):
    """
    Hears whatever any logger says and any engine tells.

    :ivar exceptions: that were logged, in full.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.exceptions: list[str] = []
        self._leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("aiohttp", "asyncio")):
            return  # the stand-in's own
        self.hear(f"{record.name} {record.getMessage()}")
        if record.exc_info:
            self.exceptions.append("".join(traceback.format_exception(*record.exc_info)))
            self.hear(self.exceptions[-1])

    def hear(self, said: str) -> None:
        """Note it if the key is in it."""
        if has_key(said):
            self._leaks.append(said)

    def take_leaks(self) -> list[str]:
        """Return what was said with the key in it since the last call."""
        taken, self._leaks = self._leaks, []
        return taken

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hear every event of every engine, and before an engine ends all that it can be asked for."""
        pump, stop = Engine.pump, Engine.shutdown

        def pump_and_hear(engine: Engine, *given: Any, **named: Any) -> PumpReport:
            report = pump(engine, *given, **named)
            if report.events:
                self.hear(repr(report.events))
            return report

        def hear_and_stop(engine: Engine, *given: Any, **named: Any) -> None:
            if engine._started and not engine._stopped:
                self.hear(repr((engine.settings, engine.blocked(), engine.notice_problem)))
                for record in engine.tasks():
                    self.hear(repr((record, engine.history(record.id))))
            stop(engine, *given, **named)

        monkeypatch.setattr(Engine, "pump", pump_and_hear)
        monkeypatch.setattr(Engine, "shutdown", hear_and_stop)
