# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``docs/batch.md`` for farms, cut down to what a machine for tests should do, and rows for them."""

from __future__ import annotations

import re
from pathlib import Path

from scripts._dev.cache import REPO
from tests.package.engines import Machine

PAGE = (REPO / "docs" / "batch.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
#: Rows of an element in these tests instead of 25.
FEW = 3


def block(start: str, machine: Machine) -> str:
    """A block of the page, with this machine's folder for ``/srv``, and with few rows an element."""
    (found,) = [text for text in BLOCKS if text.startswith(start)]
    found = found.replace("/srv/", f"{machine.folder}/").replace("* 25", f"* {FEW}")
    return found.replace("+ 24", f"+ {FEW - 1}").replace("seq 1 25 1000", f"seq 1 {FEW} {4 * FEW}")


def write_rows(machine: Machine, *held: int) -> Path:
    """Four elements' rows, of which some stay at the service until the test lets them go."""
    path = machine.write_rows(4 * FEW, "props.csv")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for row in held:
        lines[row] = lines[row].replace(f",chair {row - 1},", f",chair {row - 1} hold,")
    path.write_text("".join(lines), "utf-8")
    return path


def has_ordered(machine: Machine, *rows: int) -> bool:
    """Whether the service has these rows, which are held."""
    prompts = {str(task.params.get("prompt")) for task in list(machine.service.state.tasks.values())}
    return {f"chair {row - 1} hold" for row in rows} <= prompts


def let_go(machine: Machine) -> None:
    """End the tasks that are held."""
    for task in list(machine.service.state.tasks.values()):
        if "hold" in str(task.params.get("prompt")) and not task.settled:
            machine.service.state.finish(task.uuid)
