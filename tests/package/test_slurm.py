# SPDX-License-Identifier: GPL-3.0-or-later
"""
The commands of ``docs/batch.md`` for Slurm, by a real one: elements are cancelled, or run into their time limit.

One: ``python scripts/test.py tests/package/test_slurm.py``.
"""

from __future__ import annotations

import re

from tests.package.engines import Machine, check_whole, files_with_key, note_tried, wait_until
from tests.package.page_commands import FEW, block, has_ordered, let_go, write_rows
from tests.package.slurm import Slurm


def test_slurm(machine: Machine) -> None:
    slurm, folder = Slurm(machine), machine.folder
    write_rows(machine, 1, FEW + 1)
    key_file = machine.home / ".triverse-key"
    key_file.write_bytes(machine.key_file.read_bytes())
    key_file.chmod(0o600)
    (folder / "batch.sh").write_text(block("#!/bin/sh\n#SBATCH", machine))
    commands = block("job=$(sbatch", machine)

    def submit(array: str) -> tuple[str, str]:
        """Submit elements and the merge as the page does; return the ids of both jobs."""
        script = commands.replace("--parsable ", f"--parsable --array={array} ")
        said = slurm.checked("sh", "-ec", f"cd '{folder}'; {script}echo array $job")
        merge, array_job = re.fullmatch(r"Submitted batch job (\d+)\narray (\d+)", said).groups()  # type: ignore[union-attr]
        return array_job, merge

    def said_by(job: str) -> str:
        return (folder / f"slurm-{job}.out").read_text(errors="replace")

    # Two elements at once, both held up at the service: one is cancelled, the other runs into its time limit.
    job, merge = submit("0-3%2")
    wait_until(lambda: has_ordered(machine, 1, FEW + 1), "two elements have ordered")
    assert sorted(slurm.states(job).values()) == ["PENDING", "RUNNING", "RUNNING"]
    slurm.checked("scontrol", "update", f"jobid={job}_1", "EndTime=now+1")
    slurm.checked("scancel", f"{job}_0")
    wait_until(lambda: slurm.states(job)["1"] == "TIMEOUT", "an element has run into its time limit", 90)
    assert slurm.states(job)["0"] == "CANCELLED"
    for element in (0, 1):
        log = said_by(f"{job}_{element}")
        assert "Terminated. Tasks that were sent go on" in log, log
        assert "Report: " in log
        assert "Traceback" not in log
        assert "\r" not in log
    # The merge of the page follows all elements, however they ended, and says what is missing.
    wait_until(lambda: slurm.states(merge)[""] in ("FAILED", "COMPLETED"), "the merge has ended")
    assert slurm.states(merge)[""] == "FAILED", said_by(merge)
    assert {slurm.states(job)[element] for element in "23"} == {"COMPLETED"}

    # Only what is missing is submitted again: every row once.
    let_go(machine)
    job, merge = submit("0,1")
    wait_until(lambda: slurm.states(merge)[""] in ("FAILED", "COMPLETED"), "the second merge has ended")
    assert slurm.states(merge)[""] == "COMPLETED", said_by(merge) + said_by(f"{job}_0")
    found = check_whole(machine, folder / "props", 4 * FEW)
    assert [path for path in files_with_key(machine) if path != key_file] == []
    version = slurm.checked("sinfo", "--version").split()[-1]
    how = "array of four, two at once: one cancelled by scancel, one ended by its time limit, both submitted again"
    charges = len(machine.service.state.charged())
    note_tried("Slurm", version, 4 * FEW, how, charges, found["counts"]["done"])


def test_a_key_that_is_exported_where_sbatch_is_called_is_kept_by_slurm(machine: Machine) -> None:
    # What the page warns of, and why a job reads the key itself.
    slurm = Slurm(machine)
    given = {"TRIVERSE_API_KEY": machine.service.key}
    slurm.checked("sbatch", "--chdir=/tmp", "--hold", "--wrap", "true", env=given)
    wait_until(lambda: files_with_key(machine), "Slurm has saved the job", 30)
    assert all(path.is_relative_to(slurm.folder / "state") for path in files_with_key(machine))
