# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the tables of the documentation that follow from the code: ``python scripts/docs.py``. Tests check that it was
done.

    docs/flows.md           the flows and the options of each
    docs/architecture.md    the operators, and where each is
    docs/batch.md           the farm engines that tests have run, from what they have written into docs/tried

No floor (development only). Standard library and ``triverse_addon.api`` only. Never imports ``bpy``.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from triverse_addon.api.flows import FLOWS, Field, Flow
from triverse_addon.cli.arguments import option_name

REPO = Path(__file__).resolve().parents[1]
UI = REPO / "triverse_addon" / "ui"


# -----------------------------------------------------------------------------
# Flows


def flows_table() -> str:
    """The flows, with the options of each."""
    rows = ["| Flow | What it does | Options of `generate` |", "|---|---|---|"]
    for flow in FLOWS.values():
        rows.append(f"| `{flow.name}` | {flow.description}{_mark(flow)} | {' '.join(map(_option, flow.fields))} |")
    return "\n".join(rows)


def _mark(flow: Flow) -> str:
    return " ¹" if flow.experimental else ""


def _option(field: Field) -> str:
    shown = f"`{option_name(field)}`"
    return f"**{shown}**" if field.required else shown


# -----------------------------------------------------------------------------
# Operators


@dataclass(frozen=True, order=True)
class Operator:
    """One operator of the add-on: ``bl_idname``, ``bl_label``, its file in ``ui``, the first line of its tooltip."""

    idname: str
    label: str
    place: str
    tooltip: str


def operators() -> list[Operator]:
    """The operators of the add-on, by their names."""
    return sorted(
        operator
        for path in sorted(UI.rglob("*.py"))
        for operator in operators_in(path.read_text(encoding="utf-8"), path.relative_to(UI).as_posix())
    )


def operators_in(source: str, place: str) -> Iterator[Operator]:
    """The operators that a module of ``ui`` defines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name.startswith("TRIVERSE_OT_"):
            texts = _texts(node)
            tooltip = (ast.get_docstring(node) or texts.get("bl_description", "")).partition("\n")[0]
            yield Operator(texts["bl_idname"], texts["bl_label"], place, tooltip)


def _texts(node: ast.ClassDef) -> dict[str, str]:
    """The literal texts among the attributes of a class."""
    found = {}
    for line in node.body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str):
            found.update({target.id: line.value.value for target in line.targets if isinstance(target, ast.Name)})
    return found


def operators_table() -> str:
    """The operators, with what their buttons say and where they are."""
    rows = ["| Operator | Name | File in `ui/` | Tooltip |", "|---|---|---|---|"]
    rows += [f"| `{one.idname}` | {one.label} | `{one.place}` | {one.tooltip} |" for one in operators()]
    return "\n".join(rows)


# -----------------------------------------------------------------------------
# Farm engines


def tried_table() -> str:
    """The farm engines that tests have run; ``tests/package/engines.py`` writes a file for each."""
    rows = ["| Engine | Version | Rows | Stopped, and how | Charges | Lost rows |", "|---|---|---:|---|---:|---:|"]
    for path in sorted((REPO / "docs" / "tried").glob("*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        rows.append("| {engine} | {version} | {rows} | {how} | {charges} | {lost} |".format(**one))
    return "\n".join(rows)


# -----------------------------------------------------------------------------
# Pages

TABLES: Mapping[str, Callable[[], str]] = {
    "flows": flows_table,
    "operators": operators_table,
    "tried": tried_table,
}
_IN = {"flows": "flows.md", "operators": "architecture.md", "tried": "batch.md"}
PAGES = {name: REPO / "docs" / page for name, page in _IN.items()}
"""The page that each table is in."""


def with_tables(text: str) -> str:
    """``text`` with what lies between each pair of markers written again.

    Raises:
        KeyError: a marker names no table.
    """

    def fill(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{TABLES[match[1]]()}\n<!-- /{match[1]} -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", fill, text, flags=re.DOTALL)


if __name__ == "__main__":
    for page in PAGES.values():
        page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
