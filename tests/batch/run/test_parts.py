# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch in parts, as farms run it: one check for all, a share of the limit for each, libraries that share no disk.

One: ``python scripts/test.py tests/batch/run/test_parts.py``.
"""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.batch.files import png, write
from tests.cli.driver import Answer, Cli
from tests.service.server import StandIn
from triverse_addon.batch.results import report as report_module
from triverse_addon.cli.batch_progress import BatchProgressPrinter
from triverse_addon.cli.errors import Terminated
from triverse_addon.cli.host import PlainHost
from triverse_addon.cli.main import run

GLB = ("--glb-only", "--yes")
ROWS = "name,prompt,polygon_limit,catalog\n" + "".join(f"Chair {n},chair {n},1000,Props/{n % 2}\n" for n in range(1, 7))


def batch(cli: Cli, *more: str, text: str = ROWS) -> Answer:
    """Run a batch of ``text`` without Blender."""
    write(cli.folder / "rows.csv", text)
    return cli.run("batch", "rows.csv", "--library", "lib", "--glb-only", *more)


def report(library: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((library / "batch-report.json").read_bytes())
    return found


def price(cli: Cli, text: str = ROWS) -> int:
    (quote,) = batch(cli, "--dry-run", text=text).of("quote")
    return int(quote["cost_credits"])


def charges(service: StandIn) -> list[int]:
    return list(service.state.charged_per_order().values())


# -----------------------------------------------------------------------------
# The check and its parts


def test_parts_order_what_the_check_agreed_to(cli: Cli, service: StandIn) -> None:
    total = price(cli)
    assert batch(cli, "--dry-run", "--record", "--max-credits", str(total)).code == 0
    assert service.state.creations == []
    for rows in ("1:2", "3:4", "5:"):
        answer = batch(cli, "--checked", "--rows", rows)
        assert answer.code == 0, answer.people
    assert charges(service) == [1] * 6
    assert service.state.user.charged == total
    assert batch(cli, "--merge").code == 0


def test_a_failed_check_ends_every_part_with_its_sentence(cli: Cli, service: StandIn) -> None:
    limit = str(price(cli) - 1)
    assert batch(cli, "--dry-run", "--record", "--max-credits", limit).code == 3
    # A farm that would wait for ever behind a failed task is told by the parts.
    assert batch(cli, "--dry-run", "--record", "--max-credits", limit, "--failed-ok").code == 0
    answer = batch(cli, "--checked", "--rows", "1:2")
    assert answer.code == 3, answer.people
    assert f"more than the {limit} credits" in answer.people
    assert service.state.creations == []


def test_a_check_of_bad_rows_is_recorded(cli: Cli, service: StandIn) -> None:
    bad = ROWS + "Bad,a bad one,many,\n"
    assert batch(cli, "--dry-run", "--record", "--failed-ok", text=bad).code == 0
    answer = batch(cli, "--checked", "--rows", "1:2")
    assert answer.code == 2, answer.people
    assert "The check of this batch has ended with 2" in answer.people
    assert service.state.creations == []


def test_without_a_check_nothing_is_ordered(cli: Cli, service: StandIn) -> None:
    answer = batch(cli, "--checked", "--rows", "1:2")
    assert answer.code == 2
    assert "--dry-run --record" in answer.people
    assert batch(cli, "--dry-run", "--record").code == 0
    for damaged in ('{"exit_code": 7}', "[", '{"exit_code": 0, "message": "", "max_credits": -1, "prices": {}}'):
        (file,) = (cli.folder / "lib" / ".triverse" / "checks").iterdir()
        file.write_text(damaged)
        assert batch(cli, "--checked", "--rows", "1:2").code == 2
    assert service.state.creations == []


def test_a_row_that_came_after_the_check_is_not_ordered_under_a_limit(cli: Cli, service: StandIn) -> None:
    assert batch(cli, "--dry-run", "--record", "--max-credits", "100000").code == 0
    answer = batch(cli, "--checked", "--rows", "7:", text=ROWS + "Late,a late one,1000,\n")
    assert answer.code == 2
    assert "Line 8" in answer.people
    assert service.state.creations == []


def test_tables_of_one_name_in_several_folders_have_a_check_each(cli: Cli, service: StandIn) -> None:
    tables = {"shot1": ROWS, "shot2": ROWS.replace("Chair", "Table").replace("chair", "table")}

    def part(shot: str, *more: str) -> Answer:
        folder = cli.folder / shot
        folder.mkdir(exist_ok=True)
        write(folder / "rows.csv", tables[shot])
        return cli.run("batch", f"{shot}/rows.csv", "--library", "lib", "--glb-only", *more)

    assert part("shot1", "--dry-run", "--record", "--max-credits", "1", "--failed-ok").code == 0
    assert part("shot2", "--dry-run", "--record").code == 0
    answer = part("shot1", "--checked", "--rows", "1:3")
    assert answer.code == 3, "the check of the other table has found nothing wrong, and has no limit"
    assert service.state.creations == []
    assert part("shot2", "--checked", "--rows", "1:2").code == 0
    assert part("shot1", "--dry-run", "--record", "--max-credits", "100000").code == 0
    for shot in ("shot2", "shot1"):
        answer = part(shot, "--checked", "--rows", "3:4")
        assert answer.code == 0, answer.people
    assert charges(service) == [1] * 6


def test_a_price_that_rose_after_the_check_is_not_paid(cli: Cli, service: StandIn) -> None:
    total = price(cli)
    assert batch(cli, "--dry-run", "--record", "--max-credits", str(total * 10)).code == 0
    # The same identity, at another price: what the service asks has changed since.
    (file,) = (cli.folder / "lib" / ".triverse" / "checks").iterdir()
    found = json.loads(file.read_text())
    found["prices"] = {order: credits - 1 for order, credits in found["prices"].items()}
    file.write_text(json.dumps(found))
    answer = batch(cli, "--checked", "--rows", "1:3")
    assert answer.code == 3, answer.people
    assert "the check has agreed to" in answer.people
    assert service.state.creations == []


# -----------------------------------------------------------------------------
# Libraries that share no disk


def test_parts_that_never_shared_a_disk_are_united(cli: Cli, service: StandIn) -> None:
    # Two names that become one name of a file, in two parts that do not know of each other.
    text = ROWS.replace("Chair 4", "chair-1").replace("Chair 5,", "A lamp,")
    machines = []
    for number, rows in enumerate(("1:3", "4-6")):
        machine = Cli(cli.folder / f"machine-{number}", service)
        machine.folder.mkdir()
        answer = batch(machine, "--rows", rows, "--apart", "--yes", text=text)
        assert answer.code == 0, answer.people
        machines.append(machine)
        assert not list((machine.folder / "lib").glob("*.glb"))
    for machine in machines:  # as the farm brings its parts together
        shutil.copytree(machine.folder / "lib", cli.folder / "lib", dirs_exist_ok=True)
    answer = batch(cli, "--merge", text=text)
    assert answer.code == 0, answer.people
    found = report(cli.folder / "lib")
    assert found["counts"] == {"done": 6}
    files = [row["files"]["glb"] for row in found["rows"]]
    assert len(set(files)) == 6
    for row in found["rows"]:
        assert all((cli.folder / "lib" / file).is_file() for file in row["files"].values())
    catalogs = (cli.folder / "lib" / "blender_assets.cats.txt").read_text()
    assert catalogs.count(":Props/0:") == catalogs.count(":Props/1:") == 1
    assert charges(service) == [1] * 6
    # Again, and a part again: nothing is ordered, nothing is lost.
    before = sorted(path.name for path in (cli.folder / "lib").glob("*.glb"))
    assert batch(cli, "--rows", "1:3", "--apart", "--yes", text=text).code == 0
    assert batch(cli, "--merge", text=text).code == 0
    assert sorted(path.name for path in (cli.folder / "lib").glob("*.glb")) == before
    assert charges(service) == [1] * 6


def test_a_part_that_did_not_arrive_whole_is_completed_by_the_next_run(cli: Cli, service: StandIn) -> None:
    """A model that a copy had left out was "done" for good, without its file."""
    for rows in ("1:3", "4:6"):
        assert batch(cli, "--rows", rows, "--apart", "--yes").code == 0
    (cli.folder / "lib" / ".triverse" / "parts" / "rows-1-3" / "chair-2.glb").unlink()
    for _ in range(2):
        answer = batch(cli, "--merge")
        assert answer.code == 1, answer.people
        assert report(cli.folder / "lib")["counts"] == {"done": 5, "open": 1}
    assert batch(cli, "--yes").code == 0
    assert (cli.folder / "lib" / "chair-2.glb").is_file()
    assert batch(cli, "--merge").code == 0
    assert charges(service) == [1] * 6


def test_what_is_in_the_library_is_not_made_again_in_a_part(cli: Cli, service: StandIn) -> None:
    assert batch(cli, "--yes").code == 0
    shutil.rmtree(cli.data)
    sent = len(service.state.requests)
    assert batch(cli, "--rows", "1:4", "--apart", "--yes").code == 0
    assert len(service.state.requests) == sent


def test_a_catalog_of_the_user_and_one_of_a_part_under_one_path(cli: Cli, service: StandIn) -> None:
    (cli.folder / "lib").mkdir()
    own = "VERSION 1\n\nfd3d6f4e-7a3c-4b8e-9d47-3a3b8b6f9e11:Props:Props\n"
    (cli.folder / "lib" / "blender_assets.cats.txt").write_text(own)
    assert batch(cli, "--rows", "1:2", "--apart", "--yes", text=ROWS.replace("Props/0", "Props")).code == 0
    for _ in range(2):
        assert batch(cli, "--merge", text=ROWS.replace("Props/0", "Props")).code == 1  # the other rows are not there
    found = (cli.folder / "lib" / "blender_assets.cats.txt").read_text()
    assert found.startswith(own)
    assert found.count(":Props:") == 2, "the part's assets are in the one, the user's in the other"


@pytest.mark.parametrize(
    "wrong", [("--apart",), ("--record",), ("--record", "--dry-run", "--rows", "1"), ("--checked", "--dry-run")]
)
def test_options_that_do_not_go_together(cli: Cli, wrong: tuple[str, ...]) -> None:
    assert batch(cli, *wrong).code == 2


# -----------------------------------------------------------------------------
# Stopped


def test_after_sigterm_nothing_is_sent_while_the_report_is_written(
    cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.faults.add("create", delay_answer_s=0.2, times=None)
    for name, value in cli.env.items():
        monkeypatch.setenv(name, value)
    seen = []

    def show(self: BatchProgressPrinter, *shown: object) -> None:
        if len(service.state.creations) >= 4:
            raise Terminated

    def write_slowly(target: Path, found: object) -> None:
        before = len(service.state.creations)
        time.sleep(3)
        seen.append((before, len(service.state.creations)))

    monkeypatch.setattr(BatchProgressPrinter, "show", show)
    monkeypatch.setattr(report_module, "write", write_slowly)
    text = "name,prompt,polygon_limit\n" + "".join(f"Chair {n},chair {n},1000\n" for n in range(40))
    rows = write(cli.folder / "rows.csv", text)
    argv = ["batch", str(rows), "--glb-only", "--yes", "--jobs", "40", "--data", str(cli.data)]
    assert run(argv, PlainHost("test")) == 143
    ((before, after),) = seen
    assert after - before <= 2, "only what the two senders had in hand"
    assert after < 20
    assert len(service.state.creations) == after


def test_sigterm_is_heard_while_uploads_get_no_answer(cli: Cli, service: StandIn) -> None:
    service.faults.add("upload_image", delay_answer_s=600.0, times=None)
    for number in range(4):
        png(cli.folder / "pictures" / f"{number}.png", shade=number)
    write(cli.folder / "rows.csv", "image\n" + "".join(f"pictures/{number}.png\n" for number in range(4)))
    answer = cli.interrupt_at("uploading", "batch", "rows.csv", "--library", "lib", *GLB, by=signal.SIGTERM)
    assert answer.code == 143, answer.people  # long before the service answers, which ends the test's patience
    assert report(cli.folder / "lib")["counts"] == {"open": 4}
    assert service.state.creations == []
    service.faults.clear()
    assert cli.run("batch", "rows.csv", "--library", "lib", *GLB).code == 0
    assert charges(service) == [1] * 4


# -----------------------------------------------------------------------------
# Merges that find nothing, or tell of too little


def test_a_merge_of_some_rows_is_refused(cli: Cli, service: StandIn) -> None:
    """The report of all rows took the place of that of the part, and the library got none."""
    assert batch(cli, "--yes", "--rows", "1:2").code == 0
    part = cli.folder / "lib" / ".triverse" / "reports" / "rows-1-2.json"
    before = part.read_bytes()
    answer = batch(cli, "--merge", "--rows", "1:2")
    assert answer.code == 2
    assert "Write --merge without --rows" in answer.people
    assert part.read_bytes() == before


@pytest.mark.parametrize("option", ["--retry-failed", "--dry-run"])
def test_what_a_merge_would_ignore_is_refused(cli: Cli, service: StandIn, option: str) -> None:
    answer = batch(cli, "--merge", option)
    assert answer.code == 2
    assert "Write --merge without --retry-failed and --dry-run" in answer.people
    assert not (cli.folder / "lib").exists()
    assert service.state.requests == []


def test_a_merge_with_other_settings_says_that_these_are_other_rows(cli: Cli, service: StandIn) -> None:
    hint = "Give --merge the --set and --batch-id"
    assert batch(cli, "--yes", "--batch-id", "2", "--rows", "1:2").code == 0
    answer = batch(cli, "--merge")
    assert answer.code == 1
    assert hint in answer.people
    answer = batch(cli, "--merge", "--batch-id", "2")
    assert report(cli.folder / "lib")["counts"] == {"done": 2, "open": 4}
    assert hint not in answer.people


def test_a_merge_tells_of_files_that_are_gone_and_of_rows_that_were_changed(cli: Cli, service: StandIn) -> None:
    assert batch(cli, "--yes").code == 0
    (cli.folder / "lib" / "chair-2.glb").unlink()
    text = ROWS.replace("Chair 5,", "Armchair,")
    answer = batch(cli, "--merge", text=text)
    assert answer.code == 1, answer.people
    found = report(cli.folder / "lib")
    assert {row["name"]: row["error"] for row in found["rows"] if row["state"] == "open"} == dict.fromkeys(
        ("Chair 2", "Armchair"),
        "Its files are missing, or were made for other columns. Run the batch again to make them.",
    )
    assert batch(cli, "--yes", text=text).code == 0
    assert batch(cli, "--merge", text=text).code == 0
    assert charges(service) == [1] * 6


def test_a_part_behind_the_last_row_says_so_and_nothing_else(cli: Cli) -> None:
    """The last chunk of a render farm may be empty."""
    answer = batch(cli, "--rows", "7:9")
    assert answer.code == 0
    assert answer.people.startswith("0 rows: ")
    assert len(answer.people.splitlines()) == 1
