# SPDX-License-Identifier: GPL-3.0-or-later
"""
Choose the part of a suite that depends on the version of Blender, and check that it is enough.

No floor (development only). The suites are in ``version_suites.py``: ``bpy`` is ``tests/blender`` in Blender's module,
``window`` is ``tests/gui`` in real Blenders. Chosen are the cheapest tests which, with those about versions, run every
line that the whole suite runs of functions that work with Blender, in the child Blender too. Of windows only lines
count that ``tests/blender`` does not run: those have run in five versions, from the oldest on.

    python -m scripts._dev.version_cover choose bpy      run the whole suite on two versions, and write its list
    python -m scripts._dev.version_cover choose bpy --record FOLDER     the same from records that are there
    python -m scripts._dev.version_cover check bpy --record FOLDER      lines that only left-out tests run: none, or 1
    python -m scripts._dev.version_cover choose window --record FOLDER --bpy FOLDER

``scripts/test.py`` checks it in the same way each time a suite runs whole. It fails when lines were added that only
left-out tests run. By chance of time, a line can run under one test today and under another tomorrow: two records make
that rare.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .cache import REPO
from .line_recorder import PACKAGE, records
from .version_suites import BPY, SUITES, WINDOWS, Suite, is_rest, test_of

_HEADER = """\
# Tests that the versions of Blender which run only a part of the suite leave out. Written by
# python -m scripts._dev.version_cover choose {name}
"""

Line = tuple[str, int]
"""A module of the package, a line."""


@dataclass
class Ran:
    """What a test function did in a record, all its cases together. ``seconds`` are those of the processors."""

    seconds: float = 0.0
    lines: set[Line] = field(default_factory=set)


Record = dict[str, Ran]
"""By test: ``test_file.py::test_name``."""


def read(folder: Path) -> Record:
    """Read a record that pytest has written with ``--record-lines``: each of its processes has a folder in it."""
    record: Record = {}
    for written in sorted(folder.glob("*/tests.json")):
        # One entry a case; several cases are one test.
        cases: list[tuple[str, float]] = [tuple(case) for case in json.loads(written.read_text("utf-8"))]
        for nodeid, seconds in cases:
            record.setdefault(test_of(nodeid), Ran()).seconds += seconds
        for number, module, line in records(written.parent):
            if number < len(cases):
                record[test_of(cases[number][0])].lines.add((module, line))
    return record


def without(record: Record, known: Record) -> Record:
    """Return a record without the lines that another one has."""
    lines = set().union(*(ran.lines for ran in known.values()))
    return {test: Ran(ran.seconds, ran.lines - lines) for test, ran in record.items()}


def missed(record: Record, tests: Iterable[str]) -> dict[Line, list[str]]:
    """Return the lines that only these tests run, each with the tests that run it."""
    out = frozenset(tests)
    kept: set[Line] = set().union(*(ran.lines for test, ran in record.items() if test not in out))
    answer: dict[Line, list[str]] = {}
    for test in sorted(out & record.keys()):
        for line in record[test].lines - kept:
            answer.setdefault(line, []).append(test)
    return answer


def choose(found: Sequence[Record], always: frozenset[str]) -> set[str]:
    """Return the cheapest tests found which, with those of ``always``, run in each record all that the suite runs."""
    part = set(always)
    seconds: dict[str, float] = {}
    lines: dict[str, set[tuple[int, Line]]] = {}
    for number, record in enumerate(found):
        for test, ran in record.items():
            seconds[test] = max(seconds.get(test, 0.0), ran.seconds)
            lines.setdefault(test, set()).update((number, line) for line in ran.lines)
    wanted = set().union(*lines.values()) - set().union(*(lines[test] for test in part if test in lines))
    while wanted:
        # What gives most lines a second; a test of no length costs its set-up.
        best = max(lines, key=lambda test: (len(lines[test] & wanted) / (seconds[test] + 0.02), test))
        part.add(best)
        wanted -= lines[best]
    for test in sorted(part - always, key=lambda test: (-seconds[test], test)):
        others = set().union(*(lines[other] for other in part if other != test and other in lines))
        if lines[test] <= others:
            part.remove(test)
    return part


def show(lines: Mapping[Line, Sequence[str]]) -> str:
    """Return the lines with their text and the tests that run them."""
    texts: list[str] = []
    for (module, number), tests in sorted(lines.items()):
        text = (PACKAGE / module).read_text("utf-8").splitlines()[number - 1].strip()
        texts.append(f"{module}:{number}: {text}    [{', '.join(tests[:3])}]")
    return "\n".join(texts)


def check(suite: Suite, record: Record) -> str:
    """Return a sentence and the lines if a record has lines that only tests left out elsewhere run; otherwise ''."""
    lines = missed(record, suite.left_out() | set(filter(is_rest, record)))
    if not lines:
        return ""
    return (
        f"{len(lines)} lines that work with Blender run on one version only: name a test of theirs in no line of "
        f"{suite.alike.relative_to(REPO)}, or write it anew (python -m scripts._dev.version_cover choose "
        f"{suite.name}).\n{show(lines)}"
    )


def problems(records: Mapping[Suite, Record]) -> dict[Suite, str]:
    """
    Check the suites of which a run has records, and return what is wrong, by suite.

    Without a record of BPY, nothing is said of windows: which of their lines other versions have run is not known.
    """
    records = dict(records)
    windows = records.pop(WINDOWS, None)
    if windows is not None and BPY in records:
        records[WINDOWS] = without(windows, records[BPY])
    found = {suite: check(suite, record) for suite, record in records.items()}
    return {suite: problem for suite, problem in found.items() if problem}


def _record(suite: Suite, version: str) -> Path:
    """Run a suite whole, and return the folder of its record."""
    from . import layers, venvs

    folder = Path(tempfile.mkdtemp(prefix="triverse-lines-"))
    recipe, options = (venvs.BPY[version], []) if suite is BPY else (venvs.DEV, layers.window_options(version))
    command = [str(venvs.ensure(recipe)), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--record-lines={folder}"]
    if subprocess.run([*command, *options, suite.folder], cwd=REPO, check=False).returncode:
        sys.exit("The suite failed: what its tests run is not known.")
    return folder


def _write(suite: Suite, found: Sequence[Record]) -> None:
    found = [{test: ran for test, ran in record.items() if not is_rest(test)} for record in found]
    tests = set().union(*found)
    part = choose(found, frozenset(filter(suite.is_on_every_version, tests)))
    # A record of the part that versions run (--version-part) chooses in it: what was left out before stays out.
    before = {test for test in suite.left_out() - tests if suite.exists(test) and not suite.is_on_every_version(test)}
    names = "".join(f"{test}\n" for test in sorted(before | tests - part))
    suite.alike.write_text(_HEADER.format(name=suite.name) + names, "utf-8")
    whole_s, part_s = (sum(found[0][test].seconds for test in some if test in found[0]) for some in (tests, part))
    print(f"{len(part)} of {len(tests)} tests run on every version: {part_s:.0f} of {whole_s:.0f} processor seconds.")


def main() -> int:
    """Choose or check, as asked."""
    parser = argparse.ArgumentParser(description="Choose the part of a suite that every version of Blender runs.")
    parser.add_argument("action", choices=("choose", "check"))
    parser.add_argument("suite", choices=tuple(SUITES))
    parser.add_argument("--record", type=Path, action="append", default=[], help="folder of a record; may be repeated")
    parser.add_argument("--bpy", type=Path, help="folder of a record of the suite bpy, for windows")
    options = parser.parse_args()
    suite = SUITES[options.suite]
    folders = options.record or [_record(suite, version) for version in suite.recorded]
    found = [read(folder) for folder in folders]
    if suite is WINDOWS:
        known = read(options.bpy or _record(BPY, BPY.recorded[0]))
        found = [without(record, known) for record in found]
    if options.action == "choose":
        _write(suite, found)
        return 0
    faults = list(filter(None, (check(suite, record) for record in found)))
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
