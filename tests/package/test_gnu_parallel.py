# SPDX-License-Identifier: GPL-3.0-or-later
"""
The commands of ``docs/batch.md`` for GNU parallel, by the real one: with a Blender that is killed.

One: ``python scripts/test.py tests/package/test_gnu_parallel.py``.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.package.engines import Machine, check_whole, files_with_key, note_tried, wait_until
from tests.package.page_commands import FEW, block, has_ordered, let_go, write_rows
from tests.package.processes import below, is_at_work, read


def test_gnu_parallel(machine: Machine) -> None:
    write_rows(machine, 1, FEW + 1)
    log = machine.folder / "parallel.log"
    script = block("export FILE", machine).replace("-j 4", f"-j 2 --joblog '{machine.folder}/joblog' --resume-failed")
    env = {"TRIVERSE_API_KEY": machine.service.key}
    process = machine.start(["bash", "-c", script], log, env)
    wait_until(lambda: has_ordered(machine, 1, FEW + 1), "two parts have ordered")

    # The Blender of one part is killed; the Blender that writes its models does not outlive it for long.
    victim = part_of(machine, f"1:{FEW}")
    written = machine.folder / "props"
    wait_until(lambda: (written / "chair-1.blend").exists() and below(victim), "a child has written a model")
    children = below(victim)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not any(map(is_at_work, children)), "its children have ended", 5)
    let_go(machine)
    wait_until(lambda: process.poll() is not None, "parallel and the merge have ended")
    assert process.returncode == 1, log.read_text()
    assert "\t9\t" in (machine.folder / "joblog").read_text()  # the signal

    # The same line again does that part again, and the merge.
    code, said = machine.run(["bash", "-c", script], env)
    assert code == 0, said
    found = check_whole(machine, machine.folder / "props", 4 * FEW)
    assert files_with_key(machine) == []
    version = machine.checked(["parallel", "--version"]).split("\n")[0].split()[-1]
    how = "four parts, two at once: the Blender of one killed, the same line again with --resume-failed"
    charges = len(machine.service.state.charged())
    note_tried("GNU parallel", version, 4 * FEW, how, charges, found["counts"]["done"])


def part_of(machine: Machine, rows: str) -> int:
    """Id, on this machine, of the Blender that does these rows."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            words = read(folder / "cmdline").split("\0")
            if rows in words and words[0] == "blender" and str(machine.folder / "props.csv") in words:
                return int(folder.name)
    raise AssertionError(f"no Blender does the rows {rows}")
