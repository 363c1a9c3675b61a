# SPDX-License-Identifier: GPL-3.0-or-later
"""
Choose the part of the bpy suite that depends on the version of Blender, and check that it is enough.

No floor (development only). One version runs all of ``tests/blender``. The others run its version-dependent part: the
tests about versions, files and the importer (``on_every_version``), and the cheapest others that together still run
every line that the whole suite runs of functions that work with Blender, in the child Blender too. The file
``tests/blender/alike_everywhere.txt`` lists the rest, so that a new test runs on every version until it was looked at.

    python -m scripts._dev.version_cover choose     run the whole suite on two versions, and write the file
    python -m scripts._dev.version_cover choose --record FOLDER     the same from records that are there
    python -m scripts._dev.version_cover check --record FOLDER      lines that only tests of the file run: none, or 1

``scripts/test.py`` checks it in the same way each time the suite runs whole. It fails when lines were added that only
tests of the file run. By chance of time, a line can run under one test today and under another tomorrow: two records
make that rare.
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import functools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .cache import REPO
from .line_recorder import PACKAGE, records

SUITE = REPO / "tests" / "blender"
ALIKE = SUITE / "alike_everywhere.txt"
_HEADER = """\
# Tests that the versions of Blender which run only a part of the suite leave out. Written by
# python -m scripts._dev.version_cover choose
"""
RECORDED = ("5.2.3", "5.3.0")
"""The versions whose lines are recorded for the choice: those that run on Python 3.12 or newer."""
ABOUT_VERSIONS = (
    "test_asset_libraries.py",
    "test_child_environment.py",
    "test_corpus.py",
    "test_filled_meshes.py",
    "test_geometry.py",
    "test_half_models.py",
    "test_readable_models.py",
    "test_scene_convert.py",
    "test_scene_extensions.py",
    "test_scene_importer.py",
    "test_ui_register.py",
    "test_upright.py",
    "test_written_blend.py",
)
"""Files that always run everywhere: what Blender's importer makes of models, what is written into files, what differs
between versions, and that the add-on can be switched on."""

REST = "rest"
"""Marks cases of a test for which others stand in the versions that run only a part."""

Line = tuple[str, int]
"""A module of the package, a line."""


@dataclass
class Ran:
    """What a test function did in a record, all its cases together."""

    seconds: float = 0.0
    lines: set[Line] = field(default_factory=set)


Record = dict[str, Ran]
"""By test: ``test_file.py::test_name``."""


def test_of(nodeid: str) -> str:
    """Return the test of a case, by its node id in pytest: ``test_file.py::test_name``."""
    return nodeid.partition("[")[0].rpartition("/")[2]


def as_rest(nodeid: str) -> str:
    """Return the node id under which a case that is marked as REST is recorded: as one of a test of its own."""
    return f"{nodeid.partition('[')[0]} ({REST})[{nodeid.partition('[')[2]}"


def is_rest(test: str) -> bool:
    """Tell whether a test of a record is the cases that are marked as REST."""
    return test.endswith(f" ({REST})")


def left_out() -> frozenset[str]:
    """Return the tests that the file lists."""
    if not ALIKE.exists():
        return frozenset()
    return frozenset(line for line in ALIKE.read_text("utf-8").splitlines() if line and not line.startswith("#"))


def on_every_version(test: str) -> bool:
    """Tell whether a test is about versions or files of theirs, by its name or by what it asks."""
    file, _, name = test.partition("::")
    if any(fnmatch.fnmatch(file, pattern) for pattern in ABOUT_VERSIONS) or "version" in name.split("_"):
        return True
    return name in asking_for_the_version((SUITE / file).read_text("utf-8"))


@functools.cache
def asking_for_the_version(source: str) -> frozenset[str]:
    """Return what in a test file asks which version this is, by itself or by the fixtures and names that it uses."""
    uses: dict[str, set[str]] = {}
    asking: set[str] = set()
    for node in ast.parse(source).body:
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = {node.name}
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        used |= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        # What is done to the whole module, or around each of its tests.
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        everywhere = names == {"pytestmark"} or any("autouse=True" in ast.unparse(one) for one in decorators)
        for name in {"*"} if everywhere else names:
            uses.setdefault(name, {"*"} - {name}).update(used)
            if "app.version" in ast.unparse(node):
                asking.add(name)
    while new := {name for name, used in uses.items() if name not in asking and used & asking}:
        asking |= new
    return frozenset(asking)


def exists(test: str) -> bool:
    """Tell whether there is a test of this name."""
    file, _, name = test.partition("::")
    path = SUITE / file
    return path.exists() and re.search(rf"^def {name}\(", path.read_text("utf-8"), re.MULTILINE) is not None


def read(folder: Path) -> Record:
    """Read a record that pytest has written with ``--record-lines``."""
    # One entry a case; several cases are one test.
    cases: list[tuple[str, float]] = [tuple(case) for case in json.loads((folder / "tests.json").read_text("utf-8"))]
    record: Record = {}
    for nodeid, seconds in cases:
        record.setdefault(test_of(nodeid), Ran()).seconds += seconds
    for number, module, line in records(folder):
        if number < len(cases):
            record[test_of(cases[number][0])].lines.add((module, line))
    return record


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


def check(folder: Path) -> str:
    """Return a sentence and the lines if a record has lines that only tests left out elsewhere run; otherwise ''."""
    record = read(folder)
    lines = missed(record, left_out() | set(filter(is_rest, record)))
    if not lines:
        return ""
    return (
        f"{len(lines)} lines that work with Blender run on one version only: name a test of theirs in no line of "
        f"{ALIKE.relative_to(REPO)}, or write it anew (python -m scripts._dev.version_cover choose).\n{show(lines)}"
    )


def _record(version: str, folder: Path) -> int:
    from . import venvs

    python = venvs.ensure(venvs.BPY[version])
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--record-lines={folder}", "tests/blender"]
    return subprocess.run(command, cwd=REPO, check=False).returncode


def _write(found: Sequence[Record]) -> None:
    found = [{test: ran for test, ran in record.items() if not is_rest(test)} for record in found]
    tests = set().union(*found)
    part = choose(found, frozenset(filter(on_every_version, tests)))
    # A record of the part that versions run (--version-part) chooses in it: what was left out before stays out.
    before = {test for test in left_out() - tests if exists(test) and not on_every_version(test)}
    ALIKE.write_text(_HEADER + "".join(f"{test}\n" for test in sorted(before | tests - part)), "utf-8")
    whole_s, part_s = (sum(found[0][test].seconds for test in some if test in found[0]) for some in (tests, part))
    print(f"{len(part)} of {len(tests)} tests run on every version: {part_s:.0f} of {whole_s:.0f} s.")


def main() -> int:
    """Choose or check, as asked."""
    parser = argparse.ArgumentParser(description="Choose the part of tests/blender that every version runs.")
    parser.add_argument("action", choices=("choose", "check"))
    parser.add_argument("--record", type=Path, action="append", default=[], help="folder of a record; may be repeated")
    options = parser.parse_args()
    folders: list[Path] = options.record
    if not folders:
        folders = [Path(tempfile.mkdtemp(prefix="triverse-lines-")) for _ in RECORDED]
        if any(_record(version, folder) for version, folder in zip(RECORDED, folders, strict=True)):
            print("The suite failed: what its tests run is not known.")
            return 1
    if options.action == "choose":
        _write([read(folder) for folder in folders])
        return 0
    problems = [problem for problem in map(check, folders) if problem]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
