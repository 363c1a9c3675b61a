# SPDX-License-Identifier: GPL-3.0-or-later
"""
What ``scripts/bench/batch.py`` says of what it has seen: within the goals, or beyond which. Nothing is measured here.

One: ``python scripts/test.py tests/batch/test_bench.py``.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "batch.py"
ROWS = 200
#: Three looks a second: 5 rows each, then ten while the sheets are drawn.
LOOKS = 51
RIGHT = {"status": 0, "ws": 1, "create": ROWS, "charged": ROWS}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module; it adds to ``sys.path``, which is put back."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("bench_batch", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_batch", module)
    spec.loader.exec_module(module)
    return module


def report(bench: ModuleType, counts: dict[str, int], changes: dict[int, dict[str, Any]]) -> int:
    """Its exit code when all is steady but for ``changes`` at some of the looks."""
    looks = []
    for number in range(LOOKS):
        steady = bench.Look(number / 3, min(ROWS, number * 5), 130.0, 170.0, 20, 45, number * 0.09, number * 0.4)
        looks.append(dataclasses.replace(steady, **changes.get(number, {})))
    code: int = bench.report(looks, rows=ROWS, seconds=LOOKS / 3, told=counts)
    return code


@pytest.mark.parametrize(
    ("counts", "changes", "beyond"),
    [
        ({}, {}, ""),
        # Before the first hundred rows nothing is steady yet.
        ({}, {5: {"own_mb": 300.0, "threads": 90, "files": 200, "children_mb": 900.0}}, ""),
        ({}, {39: {"own_mb": 179.0, "threads": 25, "files": 50, "children_mb": 219.0}}, ""),
        ({}, {39: {"own_mb": 181.0}}, "memory of the command"),
        ({}, {LOOKS - 1: {"own_mb": 181.0}}, "memory of the command"),
        ({}, {39: {"children_mb": 221.0}}, "memory of its children, MB"),
        ({}, {LOOKS - 1: {"children_mb": 400.0}}, ""),
        ({}, {39: {"threads": 26}}, "threads"),
        ({}, {LOOKS - 1: {"threads": 26}}, "threads"),
        ({}, {39: {"files": 51}}, "file handles"),
        ({}, {LOOKS - 1: {"files": 51}}, "file handles"),
        ({}, {39: {"at_s": 17.0}}, "rows a minute"),
        ({}, {39: {"own_cpu_s": 4.1}}, "CPU of the command"),
        ({"ws": 2}, {}, "WebSockets"),
        ({"charged": ROWS + 1}, {}, "charges"),
    ],
)
def test_it_says_what_is_beyond_its_goals(
    bench: ModuleType,
    capsys: pytest.CaptureFixture[str],
    counts: dict[str, int],
    changes: dict[int, dict[str, Any]],
    beyond: str,
) -> None:
    assert report(bench, RIGHT | counts, changes) == (1 if beyond else 0)
    said = capsys.readouterr().out.strip().splitlines()
    assert said[-1] == (f"beyond the goals: {beyond}" if beyond else "within all goals")
