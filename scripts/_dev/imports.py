# SPDX-License-Identifier: GPL-3.0-or-later
"""
Who imports whom: for each folder of the package its rooms, the arrows between them, those that go up, and circles.

    python scripts/_dev/imports.py               a line for each folder
    python scripts/_dev/imports.py --arrows      and below it every arrow that goes up, with the imports behind it

No floor (development only). Never imports ``bpy``, nor the add-on: the files are parsed.

A room is what lies in a folder: a module, or a folder inside it with all that is in it. An arrow is drawn from a room
to another when any import leads from the one to the other, wherever it stands: one in a function or for types alone
says as well that the one cannot be understood without the other. An ``__init__`` counts only if it imports something.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PACKAGE = REPO / "triverse_addon"
INIT = "__init__"

#: The floors of a folder, the lowest first; rooms of one floor may import each other, as long as that is no circle.
FLOORS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "": (("api",), ("tasks",), ("batch",), ("scene",), ("scripting",), ("ui", "cli"), (INIT,)),
    "tasks": (
        ("machine_memory", "version", "work_limits"),
        ("record",),
        ("converter", "files"),
        ("glb", "preparer", "store"),
        ("settings",),
        ("engine",),
    ),
    "batch": (
        ("outside_files",),
        ("rows",),
        ("library",),
        ("input",),
        ("run",),
        ("results",),
    ),
    "scene": (
        ("host", "worker"),
        ("capture", "child"),
        ("importing",),
    ),
    "ui": (
        ("away", "lazy_modules", "rna"),
        ("text",),
        ("preference_values",),
        ("settings",),
        ("form",),
        ("state", "translations"),
        ("viewport",),
        ("timers",),
        ("setup",),
        ("batch", "generate", "task_list"),
        (INIT,),
    ),
}
#: Folders whose modules import each other by their plain names: a child Blender runs them as scripts.
PLAIN = ("scene.worker",)


@dataclass(frozen=True, order=True)
class Import:
    """One import: the modules at both ends, dotted within the package, and where it stands."""

    source: str
    target: str
    line: int


@dataclass(frozen=True)
class Folder:
    """
    The rooms of one folder.

    Args:
        name: dotted within the package, "" for the package itself.
        arrows: the imports behind each arrow, from the first room to the second.
        circles: rooms that can reach each other, each circle in the order of the alphabet.
    """

    name: str
    rooms: tuple[str, ...]
    arrows: Mapping[tuple[str, str], tuple[Import, ...]]
    circles: tuple[tuple[str, ...], ...]

    def upward(self) -> dict[tuple[str, str], tuple[Import, ...]]:
        """The arrows that go from a floor to one above it."""
        floors = {room: number for number, rooms in enumerate(FLOORS.get(self.name, ())) for room in rooms}
        return {
            (source, target): found
            for (source, target), found in self.arrows.items()
            if source in floors and target in floors and floors[source] < floors[target]
        }


def read(package: Path = PACKAGE) -> list[Import]:
    """Return every import of one module of the package by another."""
    paths = {_dotted(path, package): path for path in sorted(package.rglob("*.py"))}
    found = []
    for name, path in paths.items():
        inside = name if path.stem == INIT else name.rpartition(".")[0]
        for line, target in _targets(ast.parse(path.read_text("utf-8")), inside, paths):
            if target != name:
                found.append(Import(name, target, line))
    return sorted(set(found))


def _dotted(path: Path, package: Path) -> str:
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == INIT else parts)


def _targets(tree: ast.Module, inside: str, known: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The modules of the package that a module in the folder ``inside`` imports, with the line of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and inside in PLAIN:
            names = [f"{inside}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name) for name in names if name in known)
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        parts = inside.split(".") if inside else []
        parts = parts[: len(parts) - node.level + 1] + (node.module.split(".") if node.module else [])
        base = ".".join(parts)
        for alias in node.names:
            whole = f"{base}.{alias.name}" if base else alias.name
            if whole in known:
                yield node.lineno, whole
            elif base in known:
                yield node.lineno, base


def folders(imports: Iterable[Import], package: Path = PACKAGE) -> list[Folder]:
    """Return every folder of the package that holds more than one room."""
    imports = list(imports)
    modules = [_dotted(path, package) for path in sorted(package.rglob("*.py"))]
    homes = sorted({""} | {_dotted(path, package) for path in package.rglob(f"{INIT}.py")})
    found = [_folder(home, modules, imports) for home in homes]
    return [folder for folder in found if len(folder.rooms) > 1]


def _folder(home: str, modules: Iterable[str], imports: Iterable[Import]) -> Folder:
    arrows: dict[tuple[str, str], list[Import]] = {}
    for one in imports:
        source, target = _room(home, one.source), _room(home, one.target)
        if source and target and source != target:
            arrows.setdefault((source, target), []).append(one)
    rooms = {room for module in modules if (room := _room(home, module)) and room != INIT}
    rooms |= {room for arrow in arrows for room in arrow}
    kept = {arrow: tuple(found) for arrow, found in sorted(arrows.items())}
    return Folder(home, tuple(sorted(rooms)), kept, circles(kept))


def _room(home: str, module: str) -> str:
    """The room of a folder that a module is in; "" if it is elsewhere."""
    if module == home:
        return INIT
    if home and not module.startswith(f"{home}."):
        return ""
    return module.removeprefix(f"{home}.").partition(".")[0] if home else module.partition(".")[0]


def circles(arrows: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Return the sets of two and more that can reach each other along the arrows, the largest first."""
    onward: dict[str, set[str]] = {}
    for source, target in arrows:
        onward.setdefault(source, set()).add(target)
    reached = {start: _reached(start, onward) for start in onward}
    found = {
        tuple(sorted(other for other in reached[start] if start in reached.get(other, ())))
        for start in onward
        if start in reached[start]
    }
    return tuple(sorted(found, key=lambda circle: (-len(circle), circle)))


def _reached(start: str, onward: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(onward[start])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += onward.get(one, ())
    return found


def module_circles(imports: Iterable[Import]) -> tuple[tuple[str, ...], ...]:
    """Return the circles of single modules, in whatever folders they are."""
    return circles({(one.source, one.target) for one in imports})


def main() -> int:
    """Print the figures. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Who imports whom in the package.")
    parser.add_argument("--arrows", action="store_true", help="print every arrow that goes up")
    arguments = parser.parse_args()
    imports = read()
    print(f"{'folder':<20}{'rooms':>7}{'arrows':>8}{'upward':>8}{'circles':>9}")
    for folder in folders(imports):
        upward = folder.upward()
        name = folder.name.replace(".", "/") or PACKAGE.name
        print(f"{name:<20}{len(folder.rooms):>7}{len(folder.arrows):>8}{len(upward):>8}{len(folder.circles):>9}")
        for circle in folder.circles:
            print(f"    circle: {', '.join(circle)}")
        for (source, target), found in upward.items() if arguments.arrows else ():
            print(f"    upward: {source} -> {target}")
            for one in found:
                print(f"        {one.source}:{one.line} imports {one.target}")
    for circle in module_circles(imports):
        print(f"modules in a circle: {', '.join(circle)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
