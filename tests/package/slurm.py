# SPDX-License-Identifier: GPL-3.0-or-later
"""
A Slurm of one node in Debian's root: munged, slurmctld and slurmd, with no cgroups and no database.

Plain Python. Linux only, root only, as the root is.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

from tests.package.engines import Machine, wait_until

_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=/tmp/slurm/munge.socket
StateSaveLocation=/tmp/slurm/state
SlurmdSpoolDir=/tmp/slurm/spool
SlurmctldPidFile=/tmp/slurm/slurmctld.pid
SlurmdPidFile=/tmp/slurm/slurmd.pid
SlurmctldLogFile=/tmp/slurm/slurmctld.log
SlurmdLogFile=/tmp/slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
KillWait=30
NodeName={host} NodeAddr=127.0.0.1 CPUs=4
PartitionName=all Nodes=ALL Default=YES State=UP
"""

_ADDRESS = """
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:
    address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton("10.77.0.1"))
    fcntl.ioctl(any, 0x8916, struct.pack("16s16s8x", b"lo:1", address))  # SIOCSIFADDR, linux/sockios.h
"""
"""
Gives the root's loopback a second address. Slurm asks the system with AI_ADDRCONFIG what it may listen on, and is told
of nothing where there is no address but 127.0.0.1.
"""


class Slurm:
    """Slurm on a machine; it ends with the machine's sandbox."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.folder = machine.folder / "tmp" / "slurm"
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        host = socket.gethostname().partition(".")[0]
        (self.folder / "slurm.conf").write_text(_CONFIGURATION.format(host=host))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self._env = {"SLURM_CONF": "/tmp/slurm/slurm.conf"}
        machine.checked(["python3", "-c", _ADDRESS])
        files = [f"--{name}=/tmp/slurm/munge.{end}" for name, end in (("key-file", "key"), ("socket", "socket"))]
        files += [f"--{name}-file=/tmp/slurm/munge.{name}" for name in ("pid", "log", "seed")]
        machine.start(["munged", "--foreground", "--force", *files], self.folder / "munged.out")
        wait_until((self.folder / "munge.socket").exists, "munged listens", 30)
        machine.start(["slurmctld", "-D"], self.folder / "slurmctld.out", self._env)
        machine.start(["slurmd", "-D"], self.folder / "slurmd.out", self._env)
        wait_until(lambda: "idle" in self.run("sinfo", "--noheader", "--format=%T")[1], f"a node is idle: {self}", 60)

    def __str__(self) -> str:
        return "".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.folder.glob("*.out")))

    def run(self, *argv: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
        """Run one of Slurm's commands; return its exit code and what it said."""
        return self._machine.run(argv, self._env | (env or {}))

    def checked(self, *argv: str | Path, env: dict[str, str] | None = None) -> str:
        """Run one of Slurm's commands, which must succeed; return what it said."""
        return self._machine.checked(argv, self._env | (env or {})).strip()

    def states(self, job: str) -> dict[str, str]:
        """The state of each element of a job array, by its number; of a plain job, under ""."""
        found = {}
        for text in self.checked("scontrol", "--oneliner", "show", "job", job).splitlines():
            number = re.search(r"ArrayTaskId=(\S+)", text)
            state = re.search(r"JobState=(\S+)", text)
            assert state is not None, text
            found[number[1] if number else ""] = state[1]
        return found

    def spool(self) -> list[Path]:
        """All files that Slurm keeps about its jobs."""
        return [path for path in self.folder.rglob("*") if path.is_file()]
