# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests and scripts name of the package is there: imported names, code in strings, and targets of patches."""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).parents[1]
#: A file with a package of its own that is made up, or names of modules that are.
INVENTED = {"tests/test_touched.py", "tests/cli/test_terminal.py", "tests/test_names.py"}
FILES = sorted(
    path
    for folder in ("tests", "scripts")
    for path in (REPO / folder).rglob("*.py")
    if path.relative_to(REPO).as_posix() not in INVENTED
)


def module_file(dotted: str) -> Path | None:
    path = REPO.joinpath(*dotted.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)


@functools.cache
def names_of(path: Path) -> frozenset[str]:
    """All names that a module defines or imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return frozenset(found)


def is_there(dotted: str) -> bool:
    """Whether this is a module or folder of the package, a name of a module, or an attribute of such a name."""
    if module_file(dotted) is not None or REPO.joinpath(*dotted.split(".")).is_dir():
        return True
    parts = dotted.split(".")
    for count in (len(parts) - 1, len(parts) - 2):
        if (path := module_file(".".join(parts[:count]))) is not None:
            return parts[count] in names_of(path)
    return False


def named(code: str) -> Iterator[str]:
    """The dotted names of the package that code imports, that its strings are, and that code in its strings imports."""
    # In the code that runs in a window, the package has the name that it is installed by.
    for node in ast.walk(ast.parse(code.replace("{UI}", "triverse_addon.ui"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("triverse_addon"):
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"triverse_addon(\.\w+)+", node.value) and not node.value.endswith((".py", ".json")):
                yield node.value
            elif found := re.findall(r"modules\[[\"'](triverse_addon[\w.]+)[\"']\](\.\w+)?", node.value):
                yield from (module + name for module, name in found)
            elif "import" in node.value and "triverse_addon" in node.value:
                try:
                    yield from named(textwrap.dedent(node.value))
                except SyntaxError:
                    pass


def test_what_is_named_of_the_package_is_there() -> None:
    gone = {
        path.relative_to(REPO).as_posix(): names
        for path in FILES
        if (names := [name for name in named(path.read_text(encoding="utf-8")) if not is_there(name)])
    }
    assert gone == {}


def test_a_name_that_is_gone_is_noticed() -> None:
    code = 'patch("triverse_addon.api.backoff.GONE_S")\nrun("""\n    from triverse_addon.tasks.record import Gone\n""")'
    assert [name for name in named(code) if not is_there(name)] == [
        "triverse_addon.api.backoff.GONE_S",
        "triverse_addon.tasks.record.Gone",
    ]
