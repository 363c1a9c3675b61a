# SPDX-License-Identifier: GPL-3.0-or-later
"""
Shorter waits for every test here, a search for the key after each, and the account of what was tried: see
:mod:`tests.reliability.account`.

What is shortened are lengths of time alone: polls, back-off, the wait before a refused key is tried once more, the wait
for one more task of a search, and the client's limits for slow answers.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import authorities
from tests.reliability.account import ACCOUNT
from tests.reliability.leaks import Log, files_with_key
from triverse_addon.api import backoff, client, http_session, websocket
from triverse_addon.tasks.engine import pacing, request_gate, transitions
from triverse_addon.tasks.files import resumable_download


@pytest.fixture(autouse=True, scope="module")
def short_waits() -> Iterator[None]:
    """Wait a tenth or less of what a user waits, between tries never more than a second; certificates are read once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _shorten(monkeypatch)
        authorities.read_once(monkeypatch)
        yield


def _shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (pacing, "FIRST_POLL_S"),
        (pacing, "LONGEST_POLL_S"),
        (backoff, "FIRST_S"),
        (backoff, "LONGEST_S"),
    ):
        monkeypatch.setattr(module, name, min(getattr(module, name) / 10, 1.0))
    monkeypatch.setattr(transitions, "BLOCKED_S", 0.3)
    monkeypatch.setattr(request_gate, "_KEY_RETRY_S", 0.3)
    monkeypatch.setattr(http_session, "ANSWER_DEADLINE_S", 8.0)
    for module in (client, http_session):  # the client has a name of its own for it
        monkeypatch.setattr(module, "UPLOAD_ANSWER_S", 8.0)
    monkeypatch.setattr(resumable_download, "_SLOW_AFTER_S", 1.5)
    monkeypatch.setitem(websocket.snapshot.__kwdefaults__, "quiet_s", 0.5)


@pytest.fixture(autouse=True, scope="module")
def log() -> Iterator[Log]:
    """What is logged, at every level and by every library, and what engines tell."""
    made, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(made)
    root.setLevel(logging.DEBUG)
    try:
        with pytest.MonkeyPatch.context() as monkeypatch:
            made.listen(monkeypatch)
            yield made
    finally:
        root.removeHandler(made)
        root.setLevel(level)


@pytest.fixture(autouse=True)
def no_key_anywhere(log: Log, tmp_path: Path) -> Iterator[None]:
    """After a test, look for the key in all that was logged, told and written."""
    yield
    assert log.take_leaks() == []
    assert files_with_key(tmp_path) == []


_FOLDER = Path(__file__).parent
_FULL = pytest.StashKey[bool]()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note whether every test of every module here is going to run: of a part, no table is written."""
    collected = {item.path for item in session.items}
    wanted = set(_FOLDER.glob("test_*.py"))
    session.config.stash[_FULL] = wanted <= collected and session.config.stash.get(_FULL, True)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note that a test here was left out, by ``-k`` for one."""
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.config.stash[_FULL] = False


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """
    Write the table of ``docs/reliability.md`` after a full run in which all went well.

    In CI, where nobody would commit it, another table than the committed one is a failure.
    """
    if exitstatus != 0 or not session.config.stash.get(_FULL, False):
        return
    in_ci = os.environ.get("CI", "").lower() == "true"
    if ACCOUNT.write(keep=in_ci) and in_ci:
        print("\ndocs/reliability.md is not what this run has shown. Run tests/reliability and commit it.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
