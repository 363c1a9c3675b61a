# SPDX-License-Identifier: GPL-3.0-or-later
"""
What happens to a batch meanwhile: a second run of it, an edited file, edited catalogs, a library that is moved away.

One: ``python scripts/test.py tests/batch/run/test_rivals.py``.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.batch.files import write
from tests.cli.driver import LIMIT_S, Cli
from tests.service.server import StandIn

GLB = ("--glb-only", "--yes")
HEADER = "name,prompt,polygon_limit,catalog\n"


def rows(count: int) -> str:
    return HEADER + "".join(f"Chair {n},chair {n},1000,Props/Chairs\n" for n in range(1, count + 1))


def library(cli: Cli) -> Path:
    return cli.folder / "rows-library"


def charges(service: StandIn) -> list[int]:
    return list(service.state.charged_per_order().values())


def wait_until(look: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Look again until it is true; the process must still be running."""
    ends_at_s = time.monotonic() + LIMIT_S
    while not look():
        assert process.poll() is None
        assert time.monotonic() < ends_at_s
        time.sleep(0.01)


@pytest.mark.parametrize(("is_one_machine", "on_same_order"), [(True, "payload"), (False, "conflict")])
def test_two_runs_at_once_pay_once(cli: Cli, service: StandIn, is_one_machine: bool, on_same_order: str) -> None:
    service.settings.on_same_order = on_same_order
    service.settings.duplicate_window_s = 100_000.0
    other = Cli(cli.folder, service)
    if not is_one_machine:
        other.data = cli.folder / "other-machine"
    write(cli.folder / "rows.csv", rows(8))
    runs = [one.start("batch", "rows.csv", *GLB, "--jobs", "4") for one in (cli, other)]
    answers = [cli.finish(run) for run in runs]
    assert [answer.code for answer in answers] == [0, 0], [answer.people for answer in answers]
    assert charges(service) == [1] * 8
    assert {path.name for path in library(cli).glob("*.glb")} == {f"chair-{n}.glb" for n in range(1, 9)}
    assert [[line["state"] for line in answer.of("result")] for answer in answers] == [["done"] * 8] * 2


def test_file_and_catalogs_are_edited_meanwhile(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    write(cli.folder / "rows.csv", rows(3))
    process = cli.start("batch", "rows.csv", *GLB)
    wait_until(lambda: len(service.state.charged()) == 3, process)

    write(cli.folder / "rows.csv", rows(4).replace("Chair 1,chair 1,1000,Props/Chairs\n", ""))
    catalogs = library(cli) / "blender_assets.cats.txt"
    before = catalogs.read_text()
    mine = "3b6e0a4e-6f5f-4a5e-9d3c-9d9f0b6a7a11:Mine:Mine"
    edited = before.replace(":Props/Chairs:Props-Chairs", ":Seats:Seats") + f"# my own\r\n{mine}\n"
    catalogs.write_bytes(edited.encode())
    service.state.clock.speed = 40.0
    answer = cli.finish(process)

    # The run goes on with what it had read; what the user wrote meanwhile is as the user wrote it.
    assert answer.code == 0, answer.people
    assert [line["name"] for line in answer.of("result")] == ["Chair 1", "Chair 2", "Chair 3"]
    assert catalogs.read_bytes() == edited.encode()

    # And the next run orders what is new in the file. The renamed catalog is not made again.
    answer = cli.run("batch", "rows.csv", *GLB)
    assert answer.code == 0, answer.people
    assert answer.of("quote")[0]["rows"] == 1
    assert charges(service) == [1] * 4
    assert catalogs.read_bytes() == edited.encode()


def test_a_library_that_is_moved_between_two_runs(cli: Cli, service: StandIn) -> None:
    write(cli.folder / "rows.csv", rows(2))
    assert cli.run("batch", "rows.csv", *GLB).code == 0
    library(cli).rename(cli.folder / "elsewhere")
    cli.data = cli.folder / "other-machine"
    sent = len(service.state.requests)
    answer = cli.run("batch", "rows.csv", "--glb-only", "--library", "elsewhere")
    assert answer.code == 0, answer.people
    assert len(service.state.requests) == sent, "it knows its rows wherever it lies"


def test_what_was_paid_and_did_not_come_is_not_ordered_again_by_another_machine(cli: Cli, service: StandIn) -> None:
    for kind in ("asset", "download", "url"):
        service.faults.add(kind, html=True, times=None)
    write(cli.folder / "rows.csv", rows(1))
    assert cli.run("batch", "rows.csv", *GLB).code != 0
    service.faults.clear()
    cli.data = cli.folder / "other-machine"
    answer = cli.run("batch", "rows.csv", "--glb-only", "--retry-failed")
    assert answer.code == 0, answer.people
    assert charges(service) == [1]


def test_what_the_service_failed_is_ordered_anew_by_another_machine(cli: Cli, service: StandIn) -> None:
    write(cli.folder / "rows.csv", "name,prompt,polygon_limit\nChair,a chair that will fail,1000\n")
    assert cli.run("batch", "rows.csv", *GLB).code != 0
    assert len(service.state.tasks) == 1
    cli.data = cli.folder / "other-machine"
    assert cli.run("batch", "rows.csv", *GLB, "--retry-failed").code != 0
    assert len(service.state.tasks) == 2, "it was not charged, and another order is what was asked for"


def test_a_library_that_is_moved_away_meanwhile(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    write(cli.folder / "rows.csv", rows(3))
    process = cli.start("batch", "rows.csv", *GLB)
    wait_until(lambda: len(service.state.charged()) == 3, process)
    # The orders are noted in the library a moment after they were accepted.
    wait_until(lambda: len(list(library(cli).glob(".triverse/rows/*.json"))) == 3, process)
    library(cli).rename(cli.folder / "elsewhere")
    service.state.clock.speed = 40.0
    answer = cli.finish(process)
    assert answer.code == 1, answer.people
    assert "cannot be written" in answer.people
    assert not library(cli).exists()

    again = cli.run("batch", "rows.csv", "--glb-only", "--library", "elsewhere")
    assert again.code == 0, again.people
    assert charges(service) == [1] * 3
    assert len(list((cli.folder / "elsewhere").glob("*.glb"))) == 3
    found = json.loads((cli.folder / "elsewhere" / "batch-report.json").read_bytes())
    assert found["counts"] == {"done": 3}


def test_another_machine_orders_what_was_refused_for_want_of_credits(cli: Cli, service: StandIn) -> None:
    service.faults.add("create", status=400, code=2010, after=1, times=None)
    write(cli.folder / "rows.csv", rows(3))
    assert cli.run("batch", "rows.csv", *GLB).code == 3
    service.faults.clear()
    cli.data = cli.folder / "other-machine"
    answer = cli.run("batch", "rows.csv", *GLB)
    assert answer.code == 0, answer.people
    assert charges(service) == [1] * 3
