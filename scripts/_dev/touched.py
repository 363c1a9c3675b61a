# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which plain test files the changed files touch: by imports, read from the source, nearest first.

No floor (development only). Any thread. Nothing is imported, so never ``bpy``.
"""

from __future__ import annotations

import ast
import functools
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from .cache import REPO

ROOTS = ("triverse_addon", "tests", "scripts")
BUDGET_S = 40.0
"""Of tests in a quick run, as they were measured: with the start of pytest it stays below a minute."""
UNKNOWN_S = 5.0
"""Of a test file that was never run here."""
LONG_UNKNOWN = ("tests/reliability/", "tests/fuzz/")
"""Folders whose files take longer than the budget until they are measured."""


@dataclass(frozen=True)
class Imports:
    """What a module imports: at once, and in functions that may never be called; as files of the checkout."""

    at_once: frozenset[str]
    later: frozenset[str]


def changed_files() -> list[str]:
    """Return what differs from ``HEAD`` in the checkout, and what git does not know yet."""
    known = _git("diff", "--name-only", "--no-renames", "HEAD")
    new = _git("ls-files", "--others", "--exclude-standard")
    return sorted({*known, *new})


def _git(*arguments: str) -> list[str]:
    answer = subprocess.run(["git", *arguments, "-z"], cwd=REPO, capture_output=True, check=True)
    return [name for name in answer.stdout.decode("utf-8", "surrogateescape").split("\0") if name]


def sources() -> dict[str, str]:
    """Return the text of every Python file of the checkout that a test may import, by its path."""
    files = (path for root in ROOTS for path in sorted((REPO / root).rglob("*.py")))
    return {path.relative_to(REPO).as_posix(): path.read_text("utf-8") for path in files}


def imports_of(path: str, texts: Mapping[str, str]) -> Imports:
    """Return what a file imports. An import of a package's module imports the package, too."""
    at_once: set[str] = set()
    later: set[str] = set()
    for names, is_at_once in _imported(ast.parse(texts[path]), path):
        for name in names:
            (at_once if is_at_once else later).update(_files_of(name, texts))
    return Imports(frozenset(at_once - {path}), frozenset(later - at_once - {path}))


def _imported(tree: ast.Module, path: str) -> Iterator[tuple[list[str], bool]]:
    """Dotted names of each import, and whether it is made at once. What only types need is left out."""
    todo: list[tuple[ast.AST, bool]] = [(tree, True)]
    while todo:
        node, is_at_once = todo.pop()
        if isinstance(node, ast.Import):
            yield [alias.name for alias in node.names], is_at_once
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            yield [base, *(f"{base}.{alias.name}" for alias in node.names)], is_at_once
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            todo += [(child, is_at_once) for child in node.orelse]
            continue
        inside = is_at_once and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        todo += [(child, inside) for child in ast.iter_child_nodes(node)]


def _absolute(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = PurePosixPath(path).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _files_of(name: str, texts: Mapping[str, str]) -> set[str]:
    """The file of a module and those of the packages it is in; of a name in a module, nothing."""
    parts = name.split(".")
    path = "/".join(parts)
    if f"{path}.py" not in texts and f"{path}/__init__.py" not in texts:
        return set()
    packages = ("/".join([*parts[:depth], "__init__.py"]) for depth in range(1, len(parts) + 1))
    return {file for file in (*packages, f"{path}.py") if file in texts}


def distances(changed: Iterable[str], texts: Mapping[str, str], tests: Sequence[str]) -> dict[str, int]:
    """Return how many imports lie between each touched test file and the nearest changed file.

    A test file is touched if it, or what it imports through however many files, has changed. A file of tests or scripts
    that names a changed file which may be read or started instead of imported (a document, the manifest, a script), or
    the folder of such a file that is not Python, counts as changed, too.

    Args:
        changed: paths within the checkout.
        texts: of all Python files, by path.
        tests: paths of the test files to choose from.
    """
    wanted = set(changed)
    named = {name for path in wanted for name in _names(path)}
    readers = (path for path in texts if not path.startswith("triverse_addon/"))
    wanted |= {path for path in readers if any(name in texts[path] for name in named)}
    edges = functools.cache(lambda path: imports_of(path, texts))
    found = {test: _distance(test, wanted, edges, texts) for test in tests}
    return {test: distance for test, distance in found.items() if distance is not None}


def _names(path: str) -> list[str]:
    """How a file names one that it reads or starts."""
    name = PurePosixPath(path).name
    if path.endswith(".py"):
        return [name] if path.startswith("scripts/") and name != "__init__.py" else []
    return [name, *(f'"{folder}"' for folder in PurePosixPath(path).parts[:-1])]


def _distance(test: str, wanted: set[str], edges: Callable[[str], Imports], texts: Mapping[str, str]) -> int | None:
    """Breadth first. A package on the way to one of its modules runs its top level alone, none of its functions."""
    conftests = (f"{folder}/conftest.py" for folder in PurePosixPath(test).parents)
    start = [test, *(path for path in conftests if path in texts)]
    seen = dict.fromkeys(start, 0)
    queue = deque(start)
    while queue:
        path = queue.popleft()
        if path in wanted:
            return seen[path]
        imports = edges(path)
        is_package = path.endswith("/__init__.py")
        for other in imports.at_once if is_package else imports.at_once | imports.later:
            if other not in seen:
                seen[other] = seen[path] + 1
                queue.append(other)
    return None


def within_budget(
    found: Mapping[str, int], seconds: Mapping[str, float], budget_s: float = BUDGET_S
) -> tuple[list[str], list[str]]:
    """Choose the nearest tests that fit into the budget, the shorter of equally near ones first.

    Returns:
        The files to run and those that are left for a longer run, each sorted.
    """

    def expected_s(test: str) -> float:
        unknown_s = budget_s if test.startswith(LONG_UNKNOWN) else UNKNOWN_S
        return seconds.get(test, unknown_s)

    chosen: list[str] = []
    left = budget_s
    for test in sorted(found, key=lambda test: (found[test], expected_s(test), test)):
        if expected_s(test) <= left:
            chosen.append(test)
            left -= expected_s(test)
    return sorted(chosen), sorted(found.keys() - set(chosen))


def choose(tests: Sequence[str], seconds: Mapping[str, float], say: Callable[[str], None]) -> list[str]:
    """Return the test files of a quick run, out of ``tests``, and say which touched ones it leaves out."""
    always = ["tests/test_floors.py"]
    texts = sources()
    found = distances(changed_files(), texts, [test for test in tests if test not in always])
    chosen, left = within_budget(found, seconds)
    if left:
        say(f"Touched as well, but not run for lack of time: {' '.join(left)}")
    return [*always, *chosen]
