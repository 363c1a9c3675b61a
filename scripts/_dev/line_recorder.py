# SPDX-License-Identifier: GPL-3.0-or-later
"""
Record which lines of the package run under which test, in the process of pytest and in the Pythons that it starts.

No floor (development only). Any thread. Standard library only, and nothing of this package: it runs inside the bpy
environments, as a script in the child processes, and in each Blender of a Debian root (:func:`write_site_hook`). Needs
Python 3.12, whose ``sys.monitoring`` costs next to nothing.

Recorded are only lines of functions that work with Blender: what those ask of it, each version may answer in its own
way. What runs at import runs in every version. Each record is a line of the file ``lines``: test, module, line number.
A process appends it at once, because many children are killed.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import mmap
import os
import re
import runpy
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

#: First version of Python with ``sys.monitoring``.
LEAST_PYTHON = (3, 12)
PACKAGE = Path(__file__).resolve().parents[2] / "triverse_addon"
_CHECKOUT = f"{PACKAGE.as_posix()}/"
#: Where the package lies once Blender has installed it as an extension of whichever repository.
_INSTALLED = re.compile(r"/extensions/\w+/triverse/")
#: Floors without Blender (``tests/test_floors.py``): what they call a context is none of Blender's.
_WITHOUT_BLENDER = ("api/", "batch/", "tasks/")
#: Every function of these folders counts, they are the scripts of the child Blender; but for modules of plain Python.
_OF_THE_CHILD = ("scene/worker/",)
_MODULES_OF_BLENDER = frozenset({"blf", "bmesh", "bpy", "gpu", "mathutils", "numpy"})
_BLENDER_NAMES = frozenset({"bpy", "bpy_extras", "bl_ui", "bmesh", "gpu", "mathutils", "context", "layout"})
#: Missing in older Pythons, in which nothing is recorded.
_MONITORING: Any = getattr(sys, "monitoring", None)
_NUMBER = struct.Struct("=q")
_SITE_HOOK = """\
import importlib.util, pathlib

_spec = importlib.util.spec_from_file_location("triverse_line_recorder", {recorder!r})
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.Recorder(pathlib.Path({folder!r})).start()
"""


def counted_lines(source: str, *, every_function: bool = False) -> set[int]:
    """
    Return the lines inside functions that name something of Blender's, or are given it.

    :param every_function: count the lines of all functions.
    """
    tree = ast.parse(source)
    of_blender = {
        node
        for cls in ast.walk(tree)
        if isinstance(cls, ast.ClassDef) and any("bpy" in ast.unparse(base) for base in cls.bases)
        for node in cls.body
    }
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (every_function or node in of_blender or _has_blender(node)):
            found.update(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _has_blender(function: ast.FunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in _BLENDER_NAMES:
            return True
        if isinstance(node, ast.arg) and (node.arg in _BLENDER_NAMES or "bpy" in ast.unparse(node.annotation or node)):
            return True
    return False


@functools.cache
def lines_of(module: str) -> frozenset[int]:
    """Return the counted lines of a file of the package, named by its path in it."""
    if module.startswith(_WITHOUT_BLENDER):
        return frozenset()
    source = (PACKAGE / module).read_text("utf-8")
    of_the_child = module.startswith(_OF_THE_CHILD) and _imports_blender(source)
    return frozenset(counted_lines(source, every_function=of_the_child))


def _imports_blender(source: str) -> bool:
    """Tell whether a module imports something of Blender's, or numpy, of which each version has another."""
    nodes = [*ast.walk(ast.parse(source))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return any(name.partition(".")[0] in _MODULES_OF_BLENDER for name in names)


def module_of(file: str) -> str:
    """Return a file of the package by its path in it, of the checkout or an extension; otherwise an empty text."""
    path = file.replace(os.sep, "/")
    if path.startswith(_CHECKOUT):
        return path.removeprefix(_CHECKOUT)
    _, *installed = _INSTALLED.split(path, maxsplit=1)
    return installed[0] if installed else ""


def _all_lines(path: Path) -> dict[str, frozenset[int]]:
    """
    Return the counted lines of the whole package, from a file that the first process writes.

    No file is read once a test runs: there are tests that watch which files are opened.
    """
    if not path.exists():
        modules = (module.relative_to(PACKAGE).as_posix() for module in PACKAGE.rglob("*.py"))
        path.write_text(json.dumps({module: sorted(lines_of(module)) for module in modules}), "utf-8")
    stored = json.loads(path.read_text("utf-8"))
    return {module: frozenset(lines) for module, lines in stored.items()}


class Recorder:
    """
    Write a record of each counted line of this process and of the Pythons that it starts.

    :param folder: folder of the record, the same for all processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = _all_lines(folder / "counted.json")
        shared = os.open(folder / "now", os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(shared, _NUMBER.size)
        self._now = mmap.mmap(shared, _NUMBER.size)
        os.close(shared)
        self._out = os.open(folder / "lines", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._unwritten = b""
        self._seen_now = -1
        # By identity: code of two files is equal where its text and its place are the same. Kept, so that no other code
        # gets its id.
        self._modules: dict[int, tuple[CodeType, str]] = {}

    def begin(self, test: int) -> None:
        """Count what runs from now on, in every process, to the test of this number."""
        self._now[:] = _NUMBER.pack(test)

    def start(self) -> None:
        """Start to record."""
        events = _MONITORING.events
        _MONITORING.use_tool_id(_MONITORING.COVERAGE_ID, "triverse")
        _MONITORING.register_callback(_MONITORING.COVERAGE_ID, events.PY_START, self._on_start)
        _MONITORING.register_callback(_MONITORING.COVERAGE_ID, events.LINE, self._on_line)
        _MONITORING.set_events(_MONITORING.COVERAGE_ID, events.PY_START)

    def _on_start(self, code: CodeType, _offset: int) -> Any:
        known = self._modules.get(id(code))
        if known is None:
            known = self._modules[id(code)] = (code, self._counted(code))
            if known[1]:
                _MONITORING.set_local_events(_MONITORING.COVERAGE_ID, code, _MONITORING.events.LINE)
        if not known[1]:
            return _MONITORING.DISABLE
        (now,) = _NUMBER.unpack(self._now)
        if now != self._seen_now:
            self._seen_now = now
            _MONITORING.restart_events()
        return None

    def _counted(self, code: CodeType) -> str:
        """Return the module of a code object that has counted lines; otherwise an empty text."""
        module = module_of(code.co_filename)
        counted = self._lines.get(module, frozenset())
        return module if counted.intersection(line for *_, line in code.co_lines()) else ""

    def _on_line(self, code: CodeType, line: int) -> Any:
        (now,) = _NUMBER.unpack(self._now)
        self._unwritten += f"{now} {self._modules[id(code)][1]} {line}\n".encode()
        # A test may let no file grow beyond a few bytes for a while; what then remains goes with the next line.
        with contextlib.suppress(OSError):
            self._unwritten = self._unwritten[os.write(self._out, self._unwritten) :]
        return _MONITORING.DISABLE

    def follow_children(self) -> None:
        """Start every Python by way of this file, which records before it does what it was started for."""
        original = subprocess.Popen.__init__
        recorder, folder = os.path.abspath(__file__), str(self._folder)

        def started(popen: Any, args: Any, *rest: Any, **options: Any) -> None:
            if not isinstance(args, str | bytes | os.PathLike):
                words = [os.fspath(word) for word in args]
                if len(words) > 1 and words[0] == sys.executable and (words[1] == "-c" or words[1].endswith(".py")):
                    args = [words[0], recorder, folder, *words[1:]]
            original(popen, args, *rest, **options)

        subprocess.Popen.__init__ = started  # type: ignore[method-assign, assignment]


def records(folder: Path) -> Iterator[tuple[int, str, int]]:
    """Yield test number, module and line of each counted line of a record. The last may be cut short."""
    with (folder / "lines").open(encoding="utf-8") as file:
        for text in file:
            test, module, line = text.split()
            if int(line) in lines_of(module):
                yield int(test), module, int(line)


def _run(words: list[str]) -> None:
    """Do what ``python WORDS`` does."""
    if words[0] == "-c":
        sys.argv[:] = ["-c", *words[2:]]
        sys.path[0] = ""
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    else:
        sys.argv[:] = words
        sys.path[0] = str(Path(words[0]).resolve().parent)
        runpy.run_path(words[0], run_name="__main__")


def write_site_hook(folder: Path) -> Path:
    """
    Write a ``sitecustomize.py``, which a Python runs before all else, that records from then on; and return its path.

    A Blender of a Debian root runs that too, and so do its child Blenders, whose environment and arguments stay as they
    are.
    """
    hook = folder / "sitecustomize.py"
    text = _SITE_HOOK.format(recorder=os.path.abspath(__file__), folder=str(folder))
    hook.write_text(text, "utf-8")
    # A Python keeps its bytecode in the root, and knows it by time and size: those of two records are often the same.
    time_s = zlib.crc32(text.encode())
    os.utime(hook, (time_s, time_s))
    return hook


def main(words: Iterable[str]) -> None:
    """Record in a child process: the folder of the record, then what the Python was started with."""
    folder, *rest = words
    recorder = Recorder(Path(folder))
    recorder.start()
    recorder.follow_children()
    _run(rest)


if __name__ == "__main__":
    main(sys.argv[1:])
