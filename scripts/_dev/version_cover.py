# SPDX-License-Identifier: GPL-3.0-or-later
"""
What only one part of the bpy suite runs of the package: which lines a version of Blender misses when it leaves that
part out.

No floor (development only). Python 3.11 or newer; standard library only, for it runs inside the bpy environments too.
``layers.py`` leaves out of some versions the files of ``ALIKE_EVERYWHERE``; this is how that list was chosen.

    python -m scripts._dev.version_cover record lines.json     run tests/blender on 5.0.1 and note who runs what
    python -m scripts._dev.version_cover show lines.json       lines that only the files left out run: none, or exit 1
    python -m scripts._dev.version_cover show lines.json test_shelf.py ...     the same for other files

Counted are lines of functions that have Blender in their hands: what they ask of it may be answered by each version in
its own way. What runs at import, every version runs. Lines of the child Blenders are not seen. Watched tests take three
times as long; one that fails for that is to be recorded alone.
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from .cache import REPO

PACKAGE = REPO / "triverse_addon"
BLENDER_NAMES = frozenset({"bpy", "bpy_extras", "bl_ui", "bmesh", "gpu", "mathutils", "context", "layout"})
_OUTPUT = "TRIVERSE_VERSION_COVER"
"""The variable that names the file to write, in the pytest that is watched."""

Lines = dict[str, dict[str, set[int]]]
"""Test file: module of the package: lines that ran."""


# ---------------------------------------------------------------------------------------------------------------------
# The record: a pytest plugin


class _Recorder:
    """Notes each line of the package that runs, in any thread, under the test file that is being run."""

    def __init__(self) -> None:
        self.by_test_file: dict[str, set[tuple[str, int]]] = {}
        self._now: set[tuple[str, int]] = set()
        self._prefix = str(PACKAGE) + os.sep

    def begin(self, test_file: str) -> None:
        self._now = self.by_test_file.setdefault(test_file, set())

    def on_call(self, frame: FrameType, event: str, argument: object) -> Any:
        # Most calls are of other code: they are not followed line by line.
        return self._on_line if frame.f_code.co_filename.startswith(self._prefix) else None

    def _on_line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            self._now.add((frame.f_code.co_filename, frame.f_lineno))
        return self._on_line

    def write(self, path: Path) -> None:
        result: dict[str, dict[str, list[int]]] = {}
        for test_file, seen in self.by_test_file.items():
            modules: dict[str, list[int]] = {}
            for name, line in sorted(seen):
                modules.setdefault(Path(name).relative_to(REPO).as_posix(), []).append(line)
            result[test_file] = modules
        path.write_text(json.dumps(result))


_recorder = _Recorder()


def pytest_configure(config: pytest.Config) -> None:
    """Start to watch."""
    threading.settrace(_recorder.on_call)
    sys.settrace(_recorder.on_call)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what the test and its fixtures run under its file."""
    _recorder.begin(item.path.name)
    sys.settrace(_recorder.on_call)  # a test may have taken it away
    return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was noted; here, for the older modules leave the process before it is unconfigured."""
    sys.settrace(None)
    _recorder.write(Path(os.environ[_OUTPUT]))


# ---------------------------------------------------------------------------------------------------------------------
# The answer


def counted_lines(source: str) -> set[int]:
    """Lines inside those functions that have Blender in their hands: its modules, its context, a layout, its data."""
    tree = ast.parse(source)
    of_blender = {
        node
        for cls in ast.walk(tree)
        if isinstance(cls, ast.ClassDef) and any("bpy" in ast.unparse(base) for base in cls.bases)
        for node in cls.body
    }
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node in of_blender or _has_blender(node)):
            found.update(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _has_blender(function: ast.FunctionDef) -> bool:
    """Tell whether a function names something of Blender's, or is given it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in BLENDER_NAMES:
            return True
        if isinstance(node, ast.arg) and (node.arg in BLENDER_NAMES or "bpy" in ast.unparse(node.annotation or node)):
            return True
    return False


def only_in(lines: Lines, left_out: frozenset[str], counted: Mapping[str, set[int]]) -> Lines:
    """The ``counted`` lines that no file runs but those left out, by the test file that runs them."""
    kept: dict[str, set[int]] = {}
    for test_file, modules in lines.items():
        if test_file not in left_out:
            for module, numbers in modules.items():
                kept.setdefault(module, set()).update(numbers)
    answer: Lines = {}
    for test_file in sorted(left_out & lines.keys()):
        for module, numbers in sorted(lines[test_file].items()):
            alone = (numbers & counted.get(module, set())) - kept.get(module, set())
            if alone:
                answer.setdefault(test_file, {})[module] = alone
    return answer


def _record(output: Path) -> int:
    from . import venvs

    python = venvs.ensure(venvs.BPY["5.0.1"])
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "scripts._dev.version_cover"]
    environment = os.environ | {_OUTPUT: str(output.resolve()), "PYTHONPATH": str(REPO)}
    environment.pop("TRIVERSE_API_KEY", None)
    return subprocess.run([*command, "tests/blender"], cwd=REPO, env=environment, check=False).returncode


def _show(recorded: Path, names: list[str]) -> int:
    from .layers import ALIKE_EVERYWHERE

    stored = json.loads(recorded.read_text())
    lines: Lines = {
        test: {module: set(numbers) for module, numbers in modules.items()} for test, modules in stored.items()
    }
    patterns = names or list(ALIKE_EVERYWHERE)
    left_out = frozenset(test for test in lines if any(fnmatch.fnmatch(test, pattern) for pattern in patterns))
    modules = {module for by_module in lines.values() for module in by_module}
    counted = {module: counted_lines((REPO / module).read_text("utf-8")) for module in modules}
    answer = only_in(lines, left_out, counted)
    for test_file, by_module in answer.items():
        print(f"{test_file}: {sum(map(len, by_module.values()))} lines")
        for module, numbers in by_module.items():
            texts = (REPO / module).read_text("utf-8").splitlines()
            for number in sorted(numbers):
                print(f"    {module}:{number}: {texts[number - 1].strip()}")
    print(f"{len(left_out)} files left out; {sum(len(n) for m in answer.values() for n in m.values())} lines")
    return 1 if answer else 0


def main() -> int:
    """Record or show, as asked."""
    parser = argparse.ArgumentParser(description="Show what only some files of tests/blender run of the package.")
    parser.add_argument("action", choices=("record", "show"))
    parser.add_argument("file", type=Path, help="the record: written by record, read by show")
    parser.add_argument("names", nargs="*", help="test files to leave out, as patterns (default: layers.py's list)")
    options = parser.parse_args()
    return _record(options.file) if options.action == "record" else _show(options.file, options.names)


if __name__ == "__main__":
    sys.exit(main())
