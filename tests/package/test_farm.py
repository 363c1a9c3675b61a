# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch on a farm: Flamenco's job type script is run as Flamenco runs it, and the very commands that it authored are
executed with several Blenders at once, each another machine with a home of its own, against one service.

One: ``python scripts/test.py tests/package/test_farm.py``.
"""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scripts._dev.cache import REPO, dev_cache
from scripts._dev.profiles import copy_profile
from scripts._dev.sandbox import Sandbox
from scripts._dev.window import Blender, run_background
from tests.batch.files import png
from tests.service.server import StandIn

SCRIPT = REPO / "scripts" / "flamenco" / "triverse_batch.js"
AUTHOR = Path(__file__).with_name("flamenco_author.js")
SETTINGS: dict[str, Any] = {"batch_file": "/shared/rows.csv", "library": "/shared/library", "rows": 60}


@functools.cache
def author() -> subprocess.Popen[str]:
    """The one Node for all jobs. To start one for each took ten times as long as all that it does."""
    node = shutil.which("node")
    assert node, "Flamenco's job types are JavaScript: this test needs Node.js (on Debian: apt install nodejs)."
    command = [node, AUTHOR, SCRIPT]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    atexit.register(process.communicate)  # it ends with its input
    return process


def authored(**settings: object) -> dict[str, Any]:
    """The job type and the tasks of a job with these settings."""
    process = author()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(SETTINGS | settings) + "\n")
    process.stdin.flush()
    found: dict[str, Any] = json.loads(process.stdout.readline())
    if "error" in found:
        raise ValueError(found["error"])
    return found


def arguments(task: dict[str, Any]) -> list[str]:
    (command,) = task["commands"]
    assert command["name"] == "exec"
    assert command["parameters"].keys() == {"exe", "args"}
    assert command["parameters"]["exe"] == "{blender}"
    assert all(isinstance(word, str) for word in command["parameters"]["args"])
    return list(command["parameters"]["args"])


# -----------------------------------------------------------------------------
# What it authors


def test_the_settings_are_what_flamenco_knows() -> None:
    job_type = authored()["jobType"]
    assert job_type["label"] == "Triverse Batch"
    known = {"key", "type", "subtype", "choices", "propargs", "description", "default", "eval", "evalInfo"}
    known |= {"visible", "required", "editable"}
    for setting in job_type["settings"]:
        assert setting.keys() <= known
        assert setting["type"] in ("string", "int32", "float", "bool")
        assert setting.get("subtype", "file_path") in ("file_path", "dir_path", "file_name", "hashed_file_path")
        assert setting.get("visible", "visible") in ("visible", "hidden", "submission", "web")
        assert setting["description"]


def test_the_rows_are_counted_as_blender_would(tmp_path: Path) -> None:
    (setting,) = [one for one in authored()["jobType"]["settings"] if one["key"] == "rows"]
    file = tmp_path / "rows.csv"
    file.write_text('prompt\n"a chair\nwith legs"\n\na table\n', encoding="utf-8-sig")

    class Settings:
        batch_file = str(file)

    assert eval(setting["eval"], {"settings": Settings, "abspath": Path}) == 2


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("prompt;name\na;b\nc;d\n", "utf-16", 2),
        ('{"prompt": "a"}\n\n{"prompt": "b"}\n', "utf-8", 2),
        ('{\n "prompt": "a",\n "x": {}\n}\n{\n "prompt": "b"\n}\n', "utf-8", 2),
        ('\n[{"prompt": "a"}, {"prompt": "b"}, {"prompt": "["}]', "utf-8-sig", 3),
        ("prompt\n", "utf-8", 1),
    ],
)
def test_the_rows_of_any_file_are_counted(tmp_path: Path, text: str, encoding: str, count: int) -> None:
    file = tmp_path / "rows"
    file.write_text(text, encoding=encoding)
    assert counted(file) == count


def test_the_pictures_of_a_folder_are_counted(tmp_path: Path) -> None:
    assert counted(tmp_path) == 1
    for name in ("a.png", "b.png", "more/c.png"):
        png(tmp_path / name)
    assert counted(tmp_path) == 3


def counted(file: Path) -> int:
    """What Flamenco's add-on counts, which hands the expression these names as globals."""
    (setting,) = [one for one in authored()["jobType"]["settings"] if one["key"] == "rows"]

    class Settings:
        batch_file = str(file)

    count: int = eval(setting["eval"], {"settings": Settings, "abspath": Path}, {})
    return count


def test_relative_paths_are_made_absolute_or_refused() -> None:
    job_type = authored()["jobType"]
    hidden = {one["key"]: one["eval"] for one in job_type["settings"] if one.get("visible") == "hidden"}
    assert hidden == {
        "absolute_batch_file": "str(abspath(settings.batch_file))",
        "absolute_library": "str(abspath(settings.library))",
    }
    given = {"batch_file": "//rows.csv", "library": "//library"}
    tasks = authored(**given, absolute_batch_file="/srv/a b/rows.csv", absolute_library="/srv/it's/library")["tasks"]
    for task in tasks:
        assert arguments(task)[5:8] == ["/srv/a b/rows.csv", "--library", "/srv/it's/library"]
    with pytest.raises(ValueError, match=r"batch_file is //rows\.csv, .* absolute path"):
        authored(**given)
    with pytest.raises(ValueError, match="data_folder is //data"):
        authored(data_folder="//data")


def test_an_older_flamenco_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs Flamenco 3\.6 or newer"):
        authored(without="shellSplit")


def test_a_failed_check_is_told_by_the_chunks() -> None:
    check, *chunks, merge = map(arguments, authored(rows=400, max_credits=5)["tasks"])
    # The check itself never fails, or a job of more than ten tasks would wait behind it for ever.
    assert {"--dry-run", "--record", "--failed-ok"} <= set(check)
    for words in chunks:
        assert "--checked" in words
        assert "--yes" not in words
    assert "--checked" not in merge


@pytest.mark.parametrize(
    ("rows", "size", "ranges"),
    [
        (60, 25, ["1:25", "26:50", "51:"]),
        (50, 25, ["1:25", "26:"]),
        (1, 25, ["1:"]),
        (3, 1, ["1:1", "2:2", "3:"]),
        (60.0, "30", ["1:30", "31:"]),
    ],
)
def test_the_chunks_cover_all_rows_once(rows: object, size: object, ranges: list[str]) -> None:
    tasks = authored(rows=rows, chunk_size=size)["tasks"]
    check, *chunks, merge = tasks
    assert {task["type"] for task in tasks} == {"blender"}
    assert [words[words.index("--rows") + 1] for words in map(arguments, chunks)] == ranges
    assert check["dependencies"] == []
    assert all(chunk["dependencies"] == [check["name"]] for chunk in chunks)
    assert merge["dependencies"] == [chunk["name"] for chunk in chunks]
    assert len({task["name"] for task in tasks}) == len(tasks)
    assert "--dry-run" in arguments(check)
    assert "--merge" in arguments(merge)


def test_its_options_reach_the_commands() -> None:
    tasks = authored(
        max_credits=500, jobs=7, retry_failed=True, data_folder="/var/tmp/t", options='--set "name=A B" --glb-only'
    )["tasks"]
    check, chunk, *_, merge = map(arguments, tasks)
    for words in (check, chunk, merge):
        at = words.index("--data")
        assert words[at : at + 5] == ["--data", "/var/tmp/t", "--set", "name=A B", "--glb-only"]
    assert check[check.index("--max-credits") + 1] == "500"
    assert chunk[chunk.index("--jobs") + 1] == "7"
    assert "--retry-failed" in check
    assert "--retry-failed" in chunk
    assert "--retry-failed" not in merge


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"chunk_size": -1}, {"library": ""}, {"batch_file": ""}, {"rows": "x"}])
def test_a_job_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        authored(**wrong)


# -----------------------------------------------------------------------------
# What the workers do


class Farm:
    """Workers with homes of their own that run a job's tasks, as many at once as there are workers."""

    def __init__(self, blender: Blender, profile: Path, folder: Path, service: StandIn, workers: int) -> None:
        self._blender = blender
        self._env = {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}
        self.shared = folder / "shared"
        self.shared.mkdir()
        self.homes = []
        for number in range(workers):
            place = folder / f"worker-{number}"
            place.mkdir()
            self.homes.append(copy_profile(profile, place / "home"))

    def run(self, home: Path, words: Sequence[str]) -> None:
        """Have a worker run a task."""
        answer = run_background(self._blender, home, words, env=self._env, shares=[self.shared])
        said = answer.stdout.decode() + answer.stderr.decode()
        assert answer.returncode == 0, said
        assert "Traceback" not in said, said

    def run_and_lose(self, home: Path, words: Sequence[str], until: Any) -> None:
        """Have a worker begin a task and switch the machine off."""
        sandbox = Sandbox(self._blender.root, home.parent, [REPO, dev_cache(), self.shared])
        try:
            process = sandbox.popen(
                [self._blender.program, *words], {"HOME": str(home)} | self._env, subprocess.DEVNULL
            )
            ends_at_s = time.monotonic() + 240
            while not until():
                assert time.monotonic() < ends_at_s
                assert process.poll() is None
                time.sleep(0.02)
        finally:
            sandbox.close()

    def run_job(self, tasks: Sequence[dict[str, Any]]) -> None:
        """Run tasks when those they depend on are done, on whichever worker is free."""
        done: set[str] = set()
        left = list(tasks)
        free = list(self.homes)
        with ThreadPoolExecutor(len(self.homes)) as pool:
            running = {}
            while left or running:
                for task in [task for task in left if set(task["dependencies"]) <= done]:
                    if not free:
                        break
                    left.remove(task)
                    home = free.pop()
                    running[task["name"]] = (home, pool.submit(self.run, home, arguments(task)))
                for name, (home, future) in list(running.items()):
                    if future.done():
                        future.result()
                        done.add(name)
                        free.append(home)
                        del running[name]
                time.sleep(0.02)


def test_four_workers_make_one_library(blender: Blender, profile: Path, tmp_path: Path) -> None:
    with StandIn(speed=20, samples=("1k",), on_same_order="conflict", max_active=10) as service:
        farm = Farm(blender, profile, tmp_path, service, workers=4)
        lines = ["name,prompt,polygon_limit,catalog,height"]
        lines += [f"Chair {n},chair {n},1000,Props/{n % 5},0.9" for n in range(1, 19)]
        lines += ["Chair 1,another chair,1000,Other,0.5", "Chair 1,one more chair,1000,Other,0.5"]
        (farm.shared / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        library = farm.shared / "library"
        tasks = authored(batch_file=str(farm.shared / "rows.csv"), library=str(library), rows=20, chunk_size=5)["tasks"]

        # The first worker dies with rows ordered; whoever gets its chunk then has never heard of them.
        farm.run(farm.homes[0], arguments(tasks[0]))
        farm.run_and_lose(farm.homes[0], arguments(tasks[1]), lambda: len(service.state.charged()) >= 3)
        shutil.rmtree(farm.homes[0])
        copy_profile(profile, farm.homes[0])
        farm.run_job(tasks)

        assert set(service.state.charged_per_order().values()) == {1}
        assert len(service.state.charged()) == 20
        assert not service.state.leaks
        found = json.loads((library / "batch-report.json").read_bytes())
        assert found["counts"] == {"done": 20}
        assert found["exit_code"] == 0
        assert found["credits"] == service.state.user.charged
        files = [row["files"]["blend"] for row in found["rows"]]
        assert len(set(files)) == 20
        assert {path.name for path in library.glob("*.blend")} == set(files)
        assert (library / "contact-sheet.png").stat().st_size > 10_000
        catalogs = (library / "blender_assets.cats.txt").read_text().splitlines()
        paths = [line.split(":")[1] for line in catalogs if line.count(":") == 2 and not line.startswith("#")]
        assert sorted(paths) == ["Other", "Props", *(f"Props/{n}" for n in range(5))]

        # Any task again is safe: nothing is ordered, nothing is written anew.
        before = {path: path.stat().st_mtime_ns for path in library.glob("*.blend")}
        farm.run_job(tasks)
        assert len(service.state.charged()) == 20
        assert {path: path.stat().st_mtime_ns for path in library.glob("*.blend")} == before
    assert [path for path in tmp_path.rglob("*") if path.is_file() and service.key.encode() in path.read_bytes()] == []
