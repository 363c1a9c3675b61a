# SPDX-License-Identifier: GPL-3.0-or-later
"""
The rules of the house, read from the source: floors, imports, headers, docstrings, lengths.

Plain Python, no ``bpy``: the files are parsed, not imported.
"""

from __future__ import annotations

import ast
import functools
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts._dev import imports as graph

REPO = Path(__file__).resolve().parents[1]
PACKAGE = REPO / "triverse_addon"
FLOORS = {"api": 0, "tasks": 1, "batch": 2, "scene": 3, "scripting": 4, "ui": 5, "cli": 5}
WITHOUT_BPY = ("api", "tasks", "batch")
BLENDER_MODULES = {"bpy", "bpy_extras", "bl_ui", "bmesh", "gpu", "mathutils"}
MOST_LINES = 500
MOST_LINES_SHIPPED = 399
HEADER = "# SPDX-License-Identifier: GPL-3.0-or-later"

SHIPPED = sorted(PACKAGE.rglob("*.py"))
EVERY = sorted(path for folder in ("triverse_addon", "tests", "scripts") for path in (REPO / folder).rglob("*.py"))


def named(path: Path) -> str:
    """The path within the checkout, as a test's name."""
    return path.relative_to(REPO).as_posix()


def floor_of(path: Path) -> str:
    """The floor's folder; empty for the package's own ``__init__``."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


class Seen(NamedTuple):
    """What the rules ask of a module: few words, where its tree would be a thousand times as large.

    Args:
        imports: every one, wherever it stands: line, dots before the name, name (``from . import x`` gives ``x``).
        prints: the lines of calls of ``print``.
        bare: the lines of handlers that catch everything.
    """

    imports: tuple[tuple[int, int, str], ...]
    prints: tuple[int, ...]
    bare: tuple[int, ...]
    is_told: bool


def is_told(tree: ast.Module) -> bool:
    """Whether a module says what it is for. A folder's mark without a line of code has nothing to say."""
    return bool(ast.get_docstring(tree)) or not tree.body


@functools.cache
def look(source: str) -> Seen:
    """Parse a module, once for all rules, and walk through it."""
    tree = ast.parse(source)
    imports: list[tuple[int, int, str]] = []
    prints, bare = [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += ((node.lineno, 0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports.append((node.lineno, node.level, node.module))
        elif isinstance(node, ast.ImportFrom):
            imports += ((node.lineno, node.level, alias.name) for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            bare.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            prints.append(node.lineno)
    return Seen(tuple(imports), tuple(prints), tuple(bare), is_told(tree))


def faults_of_floors(path: Path, source: str) -> list[str]:
    """Imports that a module of the package must not make."""
    floor = floor_of(path)
    depth = len(path.relative_to(PACKAGE).parts)
    faults = []
    for line, dots, name in look(source).imports:
        top = name.partition(".")[0]
        if dots == 0 and top == "triverse_addon":
            faults.append(f"line {line}: {name} is imported by its absolute name; installed, the package has another")
        if dots == 0 and top in BLENDER_MODULES and floor in WITHOUT_BPY:
            faults.append(f"line {line}: {floor} imports {name}")
        if dots == depth and top in FLOORS and floor and FLOORS[top] > FLOORS[floor]:
            faults.append(f"line {line}: {floor} imports {top}, which is above it")
        if dots > depth:
            faults.append(f"line {line}: the import leaves the package")
    return faults


def faults_of_style(path: Path, source: str) -> list[str]:
    """Prints outside the command line, and handlers that catch everything."""
    seen = look(source)
    faults = [f"line {line}: a bare except" for line in seen.bare]
    if floor_of(path) != "cli":
        faults += [f"line {line}: print() outside cli/" for line in seen.prints]
    return faults


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_a_floor_imports_only_what_is_below(path: Path) -> None:
    assert faults_of_floors(path, path.read_text(encoding="utf-8")) == []


def module_of(path: Path) -> str:
    """The name of a module of the package."""
    return ".".join(path.relative_to(REPO).with_suffix("").parts)


def test_a_module_without_bpy_is_checked_strictly() -> None:
    settings = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    strict = next(one for one in settings["tool"]["mypy"]["overrides"] if one.get("disallow_untyped_defs"))["module"]
    plain = [
        module_of(path)
        for path in SHIPPED
        if floor_of(path) in ("scene", "cli")
        and path.stem != "__init__"
        and not {name.partition(".")[0] for _, dots, name in look(path.read_text(encoding="utf-8")).imports if not dots}
        & BLENDER_MODULES
    ]
    assert len(plain) > 20
    assert set(plain) - set(strict) == set()


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_nothing_is_printed_and_nothing_caught_blindly(path: Path) -> None:
    assert faults_of_style(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", EVERY, ids=named)
def test_a_module_has_its_licence_says_what_it_is_and_is_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    assert lines, "An empty file: it has no licence line."
    # A script may begin with a #! line.
    assert HEADER in lines[:2]
    is_shipped = PACKAGE in path.parents
    # The walk is for the other rules, and takes longer than all else here.
    assert look(source).is_told if is_shipped else is_told(ast.parse(source)), "The module has no docstring."
    # A table of translations is as long as the add-on has texts, and nothing but that.
    most_lines = MOST_LINES_SHIPPED if is_shipped else MOST_LINES
    assert len(lines) <= most_lines or path.parent.name == "translations"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("api/x.py", "import bpy"),
        ("tasks/x.py", "def f():\n    from mathutils import Vector"),
        ("api/x.py", "from ..tasks.store import Store"),
        ("tasks/x.py", "from .. import scene"),
        ("scene/x.py", "def f():\n    from ..ui import panels"),
        ("ui/x.py", "from triverse_addon.api import client"),
        ("api/x.py", "from ...elsewhere import thing"),
    ],
)
def test_the_rules_of_floors_see_a_fault(name: str, source: str) -> None:
    assert len(faults_of_floors(PACKAGE / name, source)) == 1


@pytest.mark.parametrize(
    ("name", "source"), [("ui/x.py", "print('x')"), ("cli/x.py", "try:\n    pass\nexcept:\n    pass")]
)
def test_the_rules_of_style_see_a_fault(name: str, source: str) -> None:
    assert len(faults_of_style(PACKAGE / name, source)) == 1


def test_what_is_allowed_passes() -> None:
    assert faults_of_floors(PACKAGE / "ui/x.py", "import bpy\nfrom ..tasks import engine\nfrom . import text") == []
    assert faults_of_floors(PACKAGE / "tasks/x.py", "from ..api.client import Client\nimport sqlite3") == []
    assert faults_of_style(PACKAGE / "cli/x.py", "print('x')\ntry:\n    pass\nexcept ValueError:\n    pass") == []


# -----------------------------------------------------------------------------
# Inside the floors


@functools.cache
def found() -> tuple[graph.Import, ...]:
    """Return all imports of the package: not while the tests are collected, which each process of them does."""
    return tuple(graph.read())


@functools.cache
def folders() -> dict[str, graph.Folder]:
    """Return its folders by their names."""
    return {folder.name: folder for folder in graph.folders(found())}


@pytest.mark.parametrize("name", graph.FLOORS, ids=lambda name: name or "package")
def test_every_room_of_a_folder_has_its_floor(name: str) -> None:
    rooms = [room for floor in graph.FLOORS[name] for room in floor]
    assert sorted(rooms) == sorted({*folders()[name].rooms, *(room for room in rooms if room == graph.INIT)})


def test_the_package_has_the_same_floors_here_and_there() -> None:
    assert {room: number for number, rooms in enumerate(graph.FLOORS[""][:-1]) for room in rooms} == FLOORS


def test_nothing_goes_up_or_round_inside_the_floors() -> None:
    for folder in folders().values():
        assert folder.upward() == {}, folder.name
        assert folder.circles == (), folder.name
    assert graph.module_circles(found()) == ()


def test_what_a_child_runs_imports_nothing_else_of_the_package() -> None:
    """A child has no add-on: the modules lie beside each other, and that is all they have."""
    reached = {one.target for one in found() if one.source.startswith("scene.worker.")}
    assert {"scene.worker.gltf_import", "scene.worker.job_loop"} <= reached
    assert {target for target in reached if not target.startswith("scene.worker.")} == set()


def test_the_graph_sees_what_goes_up_and_round(tmp_path: Path) -> None:
    package = tmp_path / "package"
    sources = {
        "__init__": "",
        "ui/__init__": "def register():\n    from .state import rows",
        "ui/translate": "import bpy",
        "ui/form/__init__": "",
        "ui/form/inputs": "def f():\n    from ..state import rows\n    from ..translate import translate",
        "ui/state/__init__": "",
        "ui/state/rows": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import pager",
        "ui/state/pager": "from .rows import sync\nfrom ... import ui",
        "scene/__init__": "",
        "scene/worker/__init__": "",
        "scene/worker/one": "import json, two",
        "scene/worker/two": "",
    }
    for name, source in sources.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    read = graph.read(package)
    assert graph.Import("scene.worker.one", "scene.worker.two", 1) in read
    homes = {folder.name: folder for folder in graph.folders(read, package)}
    assert set(homes) == {"", "ui", "ui.state", "scene.worker"}
    assert list(homes["ui"].upward()) == [("form", "state"), ("state", graph.INIT)]
    assert homes["ui"].circles == ((graph.INIT, "state"),)
    assert homes["ui.state"].circles == (("pager", "rows"),)
    assert graph.module_circles(read) == (("ui", "ui.state.pager", "ui.state.rows"),)
    assert graph.circles([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "f"), ("f", "e")]) == (
        ("a", "b", "c"),
        ("e", "f"),
    )


OVERRIDES = {
    "scene/capture/image_sources.py": "pasting needs an Image Editor",
    "scene/worker/window_context.py": "only where the context has no window",
    "ui/task_list/place_operators.py": "a function that keeps the interpreter's lock",
    "ui/timers/status_bar.py": "a function that keeps the interpreter's lock",
}


def overriding(source: str) -> list[ast.With]:
    """The with statements that override the context, in one of their expressions."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.With) and any("temp_override(" in ast.unparse(item) for item in node.items)
    ]


def calls_in(node: ast.With) -> list[str]:
    return [ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)]


def test_only_known_places_override_the_context() -> None:
    """With Python 3.11, an operator inside an override crashes Blender now and then while other threads run."""
    sources = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in SHIPPED}
    assert {name for name, source in sources.items() if "temp_override(" in source} == set(OVERRIDES)
    for name, source in sources.items():
        for node in overriding(source):
            operators = [call for call in calls_in(node) if call.startswith("bpy.ops.")]
            assert not operators, f"{name}:{node.lineno} calls {operators} inside an override"


def test_an_operator_inside_an_override_is_seen() -> None:
    (node,) = overriding("with bpy.context.temp_override(window=window):\n    bpy.ops.ed.undo_push()\n")
    assert calls_in(node) == ["bpy.context.temp_override", "bpy.ops.ed.undo_push"]
