# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a batch of many models runs: rows a minute, memory, CPU a row, threads, file handles, WebSockets.

    python scripts/bench/batch.py --rows 1000
    python scripts/bench/batch.py --children

No floor (development only). Main thread. Never imports ``bpy``. Linux only: it reads ``/proc``.

The real command, ``scripts/triverse.py batch``, is run under the bpy module against the stand-in (a process of its
own, fast enough not to be what is waited for), with models of 20,000 triangles and three 1k maps. Every second the
command and its child Blenders are looked at, until the command has ended: also while the contact sheets are drawn. The
delivered files are deleted meanwhile, to spare the disk.

It ends with 1 if the command failed, or if after the first hundred rows (or half of fewer) its memory or that of the
children that write models grew by more than `GOAL_MB`, if it had more than `GOAL_MORE` threads or file handles above
the steady state (the most from then to half of the time to the last row), or if there was more than one WebSocket, or
not one charge a row. The child that draws the sheets does other work, and is only told of. It also ends with 1 if
after the first hundred rows fewer than `GOAL_RATE` were done in a minute, or a row took more than `GOAL_CPU_S` of the
command's processor time.

``--children`` measures what reusing a child Blender brings: the same models written by one child after another, and by
one child for all; it ends with 1 above `GOAL_REUSED` of the time. Not a test.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

#: Memory may grow by so much after the first hundred rows.
GOAL_MB = 50.0
#: So many threads or file handles may be added to those of the steady state: requests that meet by chance.
GOAL_MORE = 5
#: Rows a minute, and processor time of the command for each.
GOAL_RATE = 800.0
GOAL_CPU_S = 0.02
#: Share of the time that a model takes with a child of its own.
GOAL_REUSED = 1 / 3
SAMPLE = "20k"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure a batch.")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--bpy", default="5.0.1", help="version of the bpy module")
    parser.add_argument("--children", action="store_true", help="measure reused children instead")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    options = parser.parse_args()

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code
    from bench.machine import machine

    from tests.service import models

    models.ensure([SAMPLE])
    python = venvs.ensure(venvs.BPY[options.bpy])
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        if options.children:
            return measure_children(python, Path(name), min(options.rows, 40))
        return measure_batch(python, Path(name), options.rows, options.jobs, options.writers)


# -----------------------------------------------------------------------------
# The whole command


@dataclass(frozen=True)
class Look:
    """What was seen of the command at one moment. Children are all processes below it."""

    at_s: float
    done: int
    own_mb: float
    children_mb: float
    threads: int
    files: int
    own_cpu_s: float
    children_cpu_s: float


def measure_batch(python: Path, folder: Path, rows: int, jobs: int, writers: int) -> int:
    """Run a batch of ``rows`` and print what was seen."""
    from bench.service import Service

    lines = ["name,prompt,polygon_limit,catalog"]
    lines += [f"Model {number},model number {number},20000,Bench/{number % 10}" for number in range(1, rows + 1)]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with Service(speed=20, credits=10**7) as service:
        env = {**os.environ, "TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}
        command = [python, REPO / "scripts" / "triverse.py", "batch", folder / "rows.csv", "--yes", "--json"]
        command += ["--jobs", str(jobs), "--writers", str(writers), "--data", folder / "data"]
        began_s = time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)), env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        watch = Watch(process, folder / "data" / "models")
        looks = watch.until_ended()
        seconds = time.monotonic() - began_s
        told = service.counts()
    if process.returncode:
        print(watch.people[-3000:])
        return 1
    sizes = [file.stat().st_size for file in (folder / "rows-library").glob("*.blend")]
    print(f"{len(sizes)} .blend files of {statistics.median(sizes) / 1e6:.1f} MB")
    return report(looks, rows=rows, seconds=seconds, told=told)


class Watch:
    """Reads what the command says, and looks at its processes every second."""

    def __init__(self, process: subprocess.Popen[str], models: Path) -> None:
        self._process = process
        self._models = models
        self._done = 0
        self.people = ""
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._hear)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            told = json.loads(line)
            if told["type"] == "progress":
                self._done = told["done"]

    def _hear(self) -> None:
        for line in self._process.stderr or ():
            self.people += line

    def until_ended(self) -> list[Look]:
        """Look until the process has ended."""
        began_s = time.monotonic()
        looks: list[Look] = []
        children_cpu: dict[int, float] = {}
        while self._process.poll() is None:
            done = self._done
            stats = {pid: stat(pid) for pid in below(self._process.pid)}
            for pid, (cpu_s, _) in stats.items():
                children_cpu[pid] = max(cpu_s, children_cpu.get(pid, 0.0))
            own_cpu_s, own_mb = stat(self._process.pid)
            look = Look(
                time.monotonic() - began_s,
                done,
                own_mb,
                sum(mb for _, mb in stats.values()),
                count(f"/proc/{self._process.pid}/task"),
                count(f"/proc/{self._process.pid}/fd"),
                own_cpu_s,
                sum(children_cpu.values()),
            )
            # One that ends at this very moment has no memory any more.
            if own_mb and look.threads and look.files:
                looks.append(look)
            self._spare_the_disk()
            time.sleep(1.0)
        for reader in self._readers:
            reader.join()
        return looks

    def _spare_the_disk(self) -> None:
        """Delete what was delivered a while ago: by then it lies in the library."""
        for model in self._models.glob("*/model.glb"):
            if time.time() - model.stat().st_mtime > 300:
                model.unlink(missing_ok=True)


def stat(pid: int) -> tuple[float, float]:
    """CPU time in seconds, and memory that is the process's own, in MB; 0 for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    except (OSError, ValueError):
        return 0.0, 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS, (resident - shared) * PAGE_BYTES / 1e6


def below(pid: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    ahead = [pid]
    while ahead:
        parent = ahead.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                children = [int(word) for word in task.read_text().split()]
            except OSError:
                continue
            found += children
            ahead += children
    return found


def count(folder: str) -> int:
    """How many entries a folder of ``/proc`` has."""
    try:
        return len(os.listdir(folder))
    except OSError:
        return 0


def report(looks: list[Look], *, rows: int, seconds: float, told: dict[str, int]) -> int:
    """Print the numbers; 1 if one is beyond its goal."""
    working = [look for look in looks if look.done < rows]
    drawing = [look for look in looks if look.done >= rows]
    last = working[-1]
    settled = [look for look in working if look.done >= min(100, rows // 2)]
    first = settled[0]
    row_s = (last.at_s - first.at_s) / max(1, last.done - first.done)
    sheets_s = seconds - last.at_s
    print(f"{rows} rows in {seconds:.0f} s: {rows / seconds * 60:.0f} rows a minute, the last {sheets_s:.0f} s of it")
    print("for the report and the contact sheets")
    print(
        f"steady, after the first {first.done}: {60 / row_s:.0f} rows a minute, {row_s:.3f} s a row; goal at least "
        f"{GOAL_RATE:.0f} a minute"
    )
    own_cpu_s = last.own_cpu_s / rows
    print(
        f"CPU: {own_cpu_s:.3f} s a row of the command, goal {GOAL_CPU_S:g} s; {last.children_cpu_s / rows:.3f} s of "
        "its children"
    )
    half = max(1, len(settled) // 2)
    parts = (settled[:half], settled[half:], drawing)
    print(f"looked at {len(looks)} times, {len(drawing)} of them while report and contact sheets were written")
    beyond = []
    if 60 / row_s < GOAL_RATE:
        beyond.append("rows a minute")
    if own_cpu_s > GOAL_CPU_S:
        beyond.append("CPU of the command")
    own = [look.own_mb for look in (*settled, *drawing)]
    base_mb = statistics.median(own[: max(1, len(settled) // 10)])
    growth_mb = max(own) - base_mb
    print(
        f"memory of the command: {base_mb:.0f} MB after the first {first.done} rows, {last.own_mb:.0f} MB at the last, "
        f"at most {max(own):.0f} MB until its end; grown by {growth_mb:.0f} MB at most, goal {GOAL_MB:.0f} MB"
    )
    if growth_mb > GOAL_MB:
        beyond.append("memory of the command")
    for name, of, goal, counted in (
        # Who draws the sheets is another child, at other work.
        ("memory of its children, MB", "children_mb", GOAL_MB, parts[1]),
        ("threads", "threads", GOAL_MORE, (*parts[1], *drawing)),
        ("file handles", "files", GOAL_MORE, (*parts[1], *drawing)),
    ):
        steady, later, drawn = (max((getattr(look, of) for look in part), default=0) for part in parts)
        print(
            f"{name}: at most {steady:.0f} in the first half, {later:.0f} in the second, {drawn:.0f} while the sheets "
            f"were drawn; goal at most {goal:.0f} more than in the first half"
        )
        if any(getattr(look, of) > steady + goal for look in counted):
            beyond.append(name)
    print(
        f"requests: {told['status']} status, {told['ws']} WebSockets, {told['create']} orders, "
        f"{told['charged']} charged"
    )
    if told["ws"] > 1:
        beyond.append("WebSockets")
    if told["charged"] != rows:
        beyond.append("charges")
    minutes, sheet_minutes = row_s * 10_000 / 60, sheets_s / rows * 10_000 / 60
    print(
        f"10,000 rows, reckoned from this and not measured: {minutes:.0f} min, {sheet_minutes:.0f} min for the sheets"
    )
    print(f"beyond the goals: {', '.join(beyond)}" if beyond else "within all goals")
    return 1 if beyond else 0


# -----------------------------------------------------------------------------
# Children, reused or not


def measure_children(python: Path, folder: Path, number: int) -> int:
    """Write the same models with a child for each, and with one for all, by turns; print both."""
    from tests.service import models
    from triverse_addon.batch.library.asset_writer import AssetJob
    from triverse_addon.scene.child.library_writer import ChildAssetWriter

    command = (str(python), str(REPO / "triverse_addon" / "scene" / "worker" / "library_worker.py"), "--")
    times_s: dict[int, list[float]] = {1: [], number: []}
    for turn in range(2):
        for most, spent in times_s.items():
            library = folder / f"{turn}-{most}"
            library.mkdir()
            writer = ChildAssetWriter(command, folder / "work", jobs_per_child=most)
            for index in range(number):
                job = AssetJob(
                    models.glb_path(SAMPLE), models.preview_path(SAMPLE), library, f"m{index}", "Model", description="x"
                )
                began_s = time.perf_counter()
                writer(job, threading.Event())
                spent.append(time.perf_counter() - began_s)
            writer.close()
            shutil.rmtree(library)
    alone, reused = (statistics.median(times) for times in times_s.values())
    whole_alone, whole_reused = (sum(times) / len(times) for times in times_s.values())
    print(f"a child for each model: median {alone:.2f} s, mean {whole_alone:.2f} s a model ({len(times_s[1])} models)")
    print(f"one child for {number}: median {reused:.2f} s, mean {whole_reused:.2f} s a model")
    share = whole_reused / whole_alone
    verdict = "met" if share <= GOAL_REUSED else "MISSED"
    print(f"reused, a model takes {share:.0%} of the time (goal {GOAL_REUSED:.0%}: {verdict})")
    return 0 if share <= GOAL_REUSED else 1


if __name__ == "__main__":
    sys.exit(main())
