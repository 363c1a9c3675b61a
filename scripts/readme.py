# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the tables of README.md that follow from the code: ``python scripts/readme.py``. A test checks that it was done.

No floor (development only). Standard library and ``triverse_addon.api`` only. Never imports ``bpy``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from triverse_addon.api.flows import FLOWS, Field, Flow
from triverse_addon.cli.arguments import option_name

README = Path(__file__).resolve().parents[1] / "README.md"


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


TABLES = {"flows": flows_table}


def with_tables(text: str) -> str:
    """``text`` with what lies between each pair of markers written anew.

    Raises:
        KeyError: a marker names no table.
    """

    def fill(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{TABLES[match[1]]()}\n<!-- /{match[1]} -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", fill, text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
