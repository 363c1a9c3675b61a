# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long layers and test files took when they were run last, kept in the development cache for the next run.

No floor (development only). Main thread. Never imports ``bpy``.
"""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .cache import dev_cache

MEASURED_S = {
    "window-sid": 1672.0,
    "bpy-5.2.3": 1668.0,
    "plain": 1303.0,
    "package": 911.0,
    "window-trixie": 724.0,
    "bpy-5.0.1": 359.0,
    "bpy-5.3.0": 307.0,
    "bpy-4.5.15": 297.0,
    "bpy-4.2.23": 278.0,
    "reliability": 258.0,
    "lint": 82.0,
}
"""Of the layers, on two cores, with four at a time: what holds where they have not run yet."""


@dataclass(frozen=True)
class Timed:
    """One test of a report: its file, its whole name, its seconds with set-up and clean-up."""

    file: str
    name: str
    seconds: float


def timed(case: ElementTree.Element) -> Timed:
    """Read one test case of a JUnit report."""
    file = case.get("file") or ""
    return Timed(file, f"{file}::{case.get('name')}", float(case.get("time") or 0.0))


def layer_seconds() -> dict[str, float]:
    """Return the seconds of each layer, as far as they are known."""
    return MEASURED_S | _stored("layers")


def file_seconds() -> dict[str, float]:
    """Return the seconds of each plain test file that has been run here."""
    return _stored("files")


def by_file(tests: Iterable[Timed]) -> dict[str, float]:
    """Add up the seconds of the tests of each file."""
    sums: dict[str, float] = {}
    for test in tests:
        sums[test.file] = sums.get(test.file, 0.0) + test.seconds
    return sums


def keep(layers: Mapping[str, float], tests: Iterable[Timed]) -> None:
    """Remember the seconds of layers that ran as a whole, and of the plain test files that did."""
    known = {"layers": _stored("layers") | dict(layers), "files": _stored("files") | by_file(tests)}
    path = dev_cache() / _NAME
    unfinished = path.with_name(f"{_NAME}.{os.getpid()}")
    unfinished.write_text(json.dumps(known, indent=1, sort_keys=True), "utf-8")
    unfinished.replace(path)


_NAME = "test-seconds.json"


def _stored(part: str) -> dict[str, float]:
    try:
        stored = json.loads((dev_cache() / _NAME).read_text("utf-8"))
        return {str(name): float(seconds) for name, seconds in stored[part].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}  # not measured yet, or cut short: the order is a matter of time only
