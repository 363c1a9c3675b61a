# SPDX-License-Identifier: GPL-3.0-or-later
"""
The account at the end of a run: what each layer gave, how long it took, and what could not run.

No floor (development only). Main thread. Never imports ``bpy``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .result import Result

_SLOWEST_SHOWN = 10


def show(results: Sequence[Result], took_s: float, busy_s: float | None = None) -> int:
    """Print it, and return the exit code. ``busy_s``: how long the processors worked, if that is known."""
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    print(f"\n{'layer':<16}{'passed':>8}{'failed':>8}{'seconds':>9}{'cpu seconds':>13}")
    for result in results:
        counts = f"{result.passed:>8}{result.failed:>8}{result.seconds:>9.0f}{result.cpu_s:>13.0f}"
        print(f"{result.name:<16}{counts}")
    slowest = sorted(
        ((test.seconds, result.name, test.name) for result in results for test in result.tests), reverse=True
    )
    if slowest:
        print("The slowest tests:")
    for seconds, layer, test in slowest[:_SLOWEST_SHOWN]:
        print(f"{seconds:>8.1f} s  {layer}  {test}")
    for result in results:
        for line in result.skipped:
            print(f"Left out in {result.name}: {line}")
    for result in results:
        if result.not_run:
            print(f"Could not run {result.name}: {result.not_run}")
    if not passed + failed:
        print("No test ran.")
    worked_s = sum(result.cpu_s for result in results) if busy_s is None else busy_s
    used = worked_s / max(took_s * (os.cpu_count() or 1), 1.0)
    print(f"All together took {took_s / 60:.0f} minutes; the processors were used to {used:.0%}.")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0
