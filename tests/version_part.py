# SPDX-License-Identifier: GPL-3.0-or-later
"""
What pytest does for ``scripts/_dev/version_cover.py``: run only the part of a suite, and record which lines it runs.

Used by ``conftest.py``. Main thread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts._dev import line_recorder, processor_time, version_suites

_RECORD = "line-record"


def add_options(parser: pytest.Parser) -> None:
    """Add the two ways to run a suite that ``scripts/test.py`` has for the versions of Blender."""
    parser.addoption("--version-part", action="store_true", help="only what may depend on the version of Blender")
    parser.addoption("--record-lines", metavar="FOLDER", help="record which lines of the package each test runs")


def configure(config: pytest.Config) -> None:
    """Do what the options ask for."""
    config.addinivalue_line("markers", f"{version_suites.REST}: a case that only the whole suite runs")
    if config.getoption("--version-part"):
        config.pluginmanager.register(_Part())
    folder = config.getoption("--record-lines")
    if folder:
        # Each worker of pytest-xdist writes a record of its own.
        own = Path(folder) / os.environ.get("PYTEST_XDIST_WORKER", "main")
        own.mkdir(parents=True, exist_ok=True)
        config.pluginmanager.register(LineRecord(own), _RECORD)


def record_of(config: pytest.Config) -> LineRecord | None:
    """Return the record that is being written; None if none was asked for."""
    found = config.pluginmanager.get_plugin(_RECORD)
    assert found is None or isinstance(found, LineRecord)
    return found


def is_rest(item: pytest.Item) -> bool:
    """Tell whether another case of the same test stands for this one in the other versions of Blender."""
    return item.get_closest_marker(version_suites.REST) is not None


class _Part:
    """Leave out what is alike in every version."""

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Take away what the suite's list names."""
        left_out = {suite: suite.left_out() for suite in version_suites.SUITES.values()}
        out = {item for item in items if is_rest(item) or _is_alike(item, left_out)}
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]


def _is_alike(item: pytest.Item, left_out: Mapping[version_suites.Suite, frozenset[str]]) -> bool:
    suite = version_suites.suite_of(item.path)
    return suite is not None and version_suites.test_of(item.nodeid) in left_out[suite]


class LineRecord:
    """Record the lines and the processor seconds of each test. The suite's ``conftest.py`` says whose lines."""

    def __init__(self, folder: Path) -> None:
        self._cases = folder / "tests.json"
        self._seconds: list[tuple[str, float]] = []
        self.folder = folder
        self.recorder = line_recorder.Recorder(folder)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count what the test and its fixtures run to the test."""
        self.recorder.begin(len(self._seconds))
        began_s = processor_time.tree_seconds()
        try:
            return (yield)
        finally:
            nodeid = version_suites.as_rest(item.nodeid) if is_rest(item) else item.nodeid
            self._seconds.append((nodeid, processor_time.tree_seconds() - began_s))

    def pytest_sessionfinish(self) -> None:
        """Write the seconds."""
        self._cases.write_text(json.dumps(self._seconds), "utf-8")
