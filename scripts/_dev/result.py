# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a layer of tests gave, as read from pytest's report.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from . import timings, version_cover, version_suites


@dataclass
class Result:
    """
    What a layer gave: counts, the log of a failure, why it could not run.

    ``seconds`` is how long it took, ``cpu_s`` how long its processes computed meanwhile.
    """

    name: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    log: str = ""
    not_run: str = ""
    skipped: list[str] = field(default_factory=list)
    cases: dict[str, set[str]] = field(default_factory=dict)
    counted: dict[str, dict[str, int]] = field(default_factory=dict)
    tests: list[timings.Timed] = field(default_factory=list)
    records: dict[version_suites.Suite, version_cover.Record] = field(default_factory=dict)

    def count(self, report: Path) -> None:
        """Add up what pytest's JUnit report says of each case."""
        for case in ElementTree.parse(report).iter("testcase"):
            skip = case.find("skipped")
            self.tests.append(timings.timed(case))
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed += 1
            elif skip is not None:
                self.skipped.append(f"{case.get('classname')}.{case.get('name')}: {skip.get('message')}")
            else:
                self.passed += 1
                self._note_kind(case)

    def _note_kind(self, case: ElementTree.Element) -> None:
        """Note a passed test as a case of its kinds, and what it counted (of several layers, the most)."""
        properties = [(entry.get("name"), entry.get("value") or "") for entry in case.iter("property")]
        for slug in (value for name, value in properties if name == "kind"):
            self.cases.setdefault(slug, set()).add(f"{case.get('classname')}.{case.get('name')}")
            for value in (value for name, value in properties if name == "counted"):
                what, _, number = value.rpartition("=")
                numbers = self.counted.setdefault(slug, {})
                numbers[what] = max(numbers.get(what, 0), int(number))
