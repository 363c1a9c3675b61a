# SPDX-License-Identifier: GPL-3.0-or-later
"""
The job bundle for Open Job Description, run by its own command: checked, cancelled in mid-work, and run again.

One: ``python scripts/test.py tests/package/test_openjd.py``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts._dev import venvs
from scripts._dev.cache import REPO
from scripts._dev.window import Blender
from tests.batch.files import glb, png
from tests.package.engines import Machine, check_whole, files_with_key, note_tried, wait_until
from tests.service.server import StandIn

BUNDLE = REPO / "scripts" / "openjd" / "triverse_batch"
PREPARE = REPO / "scripts" / "openjd" / "prepare.py"
KEY = REPO / "scripts" / "openjd" / "triverse_key.yaml"
ROWS = 8


def prepare(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PREPARE, *arguments], capture_output=True, text=True, check=False)


def read(path: Path) -> dict[str, object]:
    """A file that prepare.py wrote, which is JSON."""
    found: dict[str, object] = json.loads(path.read_text("utf-8"))
    return found


# -----------------------------------------------------------------------------
# What is submitted


def test_pictures_and_models_of_the_rows_travel(tmp_path: Path) -> None:
    chair, plain = png(tmp_path / "pictures" / "a chair's.png"), tmp_path / "plain.glb"
    glb(plain)
    table = "name,image,model,prompt\nA,pictures/a chair's.png,,\nB,,plain.glb,red\nC,https://example.com/c.png,,\n"
    (tmp_path / "rows.csv").write_text(table)
    options = ("--set", "tags=a 'b'", "--max-credits", "50", "--retry-failed", "--options", "--glb-only")
    answer = prepare(tmp_path / "rows.csv", "--library", tmp_path / "lib", "--bundle", tmp_path / "job", *options)
    assert answer.returncode == 0, answer.stderr
    (references,) = read(tmp_path / "job" / "asset_references.yaml").values()
    assert isinstance(references, dict)
    assert references["inputs"]["filenames"] == sorted([str(chair), str(plain)])
    (values,) = read(tmp_path / "job" / "parameter_values.yaml").values()
    assert isinstance(values, list)
    found = {one["name"]: one["value"] for one in values}
    assert found["Rows"] == 3
    assert found["MaxCredits"] == 50
    assert found["RetryFailed"] == "yes"
    assert found["BatchFile"] == str(tmp_path / "rows.csv")
    words = subprocess.run(
        ["xargs", "printf", "%s\n"], input=found["Options"], capture_output=True, text=True, check=True
    )
    assert words.stdout.splitlines() == ["--glb-only", "--set", "tags=a 'b'"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("{place}/chair.png", "place of this machine"),
        ("gone.png", "There is no file"),
        ("../chair.png", "outside the folder"),
    ],
)
def test_what_no_worker_would_find_is_refused(tmp_path: Path, cell: str, said: str) -> None:
    place = tmp_path / "job files"
    png(place / "chair.png")
    png(tmp_path / "chair.png")
    (place / "rows.csv").write_text("image\n" + cell.format(place=place) + "\n")
    answer = prepare(place / "rows.csv", "--library", tmp_path / "lib", "--bundle", tmp_path / "job")
    assert answer.returncode == 2
    assert said in answer.stderr
    assert not (tmp_path / "job").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--bundle", "rows.csv"), "The folder rows.csv cannot be written (File exists)"),
        (("--bundle", "job", "--options", "--set 'a=b"), "has no end: --set 'a=b"),
    ],
)
def test_what_cannot_be_prepared_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("prompt\na lamp\n")
    answer = prepare("rows.csv", "--library", "lib", *arguments)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert not Path("job").exists()


def script() -> str:
    """The script of the template's steps."""
    lines = (BUNDLE / "template.yaml").read_text("utf-8").splitlines()
    first = lines.index("          data: |") + 1
    last = next(number for number in range(first, len(lines)) if not lines[number].startswith(" " * 12))
    return "\n".join(line[12:] for line in lines[first:last]) + "\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", []),
        ("--set 'tags=a b' --glb-only", ["--set", "tags=a b", "--glb-only"]),
        ("--glb-only --set author=Bob's", None),
        ("--glb-only --set 'tags=a\nb'", None),
    ],
)
def test_options_are_split_or_refused(tmp_path: Path, options: str, words: list[str] | None) -> None:
    """What could not be split was left out, and the rest was ordered without it."""
    (tmp_path / "run.sh").write_text(script())
    blender = tmp_path / "blender"
    blender.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    blender.chmod(0o755)
    given = ["check", tmp_path, blender, "rows.csv", "lib", options, "no", "0"]
    answer = subprocess.run(["bash", tmp_path / "run.sh", *given], capture_output=True, text=True, check=False)
    if words is None:
        assert (answer.returncode, answer.stdout) == (2, "")
        assert "Nothing is ordered" in answer.stderr
        return
    assert answer.returncode == 0, answer.stderr
    found = answer.stdout.splitlines()
    assert found[found.index("--data") + 2 :] == [*words, "--dry-run", "--record"]


# -----------------------------------------------------------------------------
# By the real command


def openjd(machine: Machine, *arguments: str | Path) -> tuple[list[str | Path], dict[str, str]]:
    """The command, as a machine in the root runs it, and the environment for it."""
    code = "import sys; from openjd.cli import main; sys.exit(main())"
    return ["python3", "-c", code, *arguments], {"PYTHONPATH": str(venvs.ensure_for("3.13", venvs.OPENJD))}


def job(machine: Machine, *more: str) -> tuple[list[str | Path], dict[str, str]]:
    """The whole job, from check to merge, of the machine's rows."""
    values = read(machine.folder / "job" / "parameter_values.yaml")["parameterValues"]
    assert isinstance(values, list)
    given = {one["name"]: str(one["value"]) for one in values}
    (machine.folder / "values.json").write_text(json.dumps(given))
    template = machine.folder / "job" / "template.yaml"
    where = ("-p", f"file://{machine.folder}/values.json", "-p", f"TriverseKeyFile={machine.key_file}")
    return openjd(machine, "run", template, "--run-dependencies", *where, "--environment", KEY, *more)


def test_a_job_is_cancelled_in_mid_work_and_run_again(blender: Blender, profile: Path, tmp_path: Path) -> None:
    with (
        StandIn(speed=20, samples=("1k",), on_same_order="conflict", max_active=6) as service,
        Machine(blender, profile, tmp_path / "a machine's disk", service) as machine,
    ):
        for file in (BUNDLE / "template.yaml", KEY):
            argv, env = openjd(machine, "check", file)
            assert "passes validation checks" in machine.checked(argv, env)
        rows, library = machine.write_rows(ROWS), machine.folder / "library"
        bundle = (
            "--library",
            library,
            "--bundle",
            machine.folder / "job",
            "--chunk-size",
            "5",
            "--max-credits",
            "5000",
        )
        assert prepare(rows, *bundle).returncode == 0

        # Cancelled while a part is under way: the engine tells Blender to end, and it does.
        log = machine.folder / "first.log"
        argv, env = job(machine, "--step", "Merge")
        process = machine.start(argv, log, env)
        wait_until(lambda: len(service.state.charged()) >= 3 or process.poll() is not None, "rows are ordered")
        assert process.poll() is None, log.read_text()
        os.kill(machine.sandbox.pid_of(process), signal.SIGTERM)
        wait_until(lambda: process.poll() is not None, "the session has ended", 30)
        said = log.read_text()
        assert process.returncode != 0, said
        assert "notify then terminate" in said
        assert "Terminated. Tasks that were sent go on" in said
        assert "Traceback" not in said
        assert machine.blenders() == []
        ordered = len(service.state.charged())
        assert ordered < ROWS

        # Run again, as a farm requeues it: whoever gets it has another session, and knows the orders of the first.
        code, said = machine.run(*job(machine, "--step", "Merge"))
        assert code == 0, said
        assert "rows were taken over from the libraries of parts" in said
        found = check_whole(machine, library, ROWS)
        assert files_with_key(machine) == []
        assert service.key not in said
        assert "TRIVERSE_API_KEY=****" in said or "********" in said
        version = machine.checked(*openjd(machine, "--version")).split()[-1]
        how = f"a part with {ordered} orders cancelled (notify, then terminate), run again"
        note_tried("openjd-cli", version, ROWS, how, len(service.state.charged()), found["counts"]["done"])


def test_a_check_that_fails_ends_the_job(blender: Blender, profile: Path, tmp_path: Path) -> None:
    with (
        StandIn(speed=20, samples=("1k",)) as service,
        Machine(blender, profile, tmp_path / "machine", service) as machine,
    ):
        rows, library = machine.write_rows(4), machine.folder / "library"
        bundle = ("--library", library, "--bundle", machine.folder / "job", "--max-credits", "1")
        assert prepare(rows, *bundle).returncode == 0
        code, said = machine.run(*job(machine, "--step", "Merge"))
        assert code != 0
        assert "more than the 1 credit of --max-credits" in said
        assert service.state.creations == []
