# SPDX-License-Identifier: GPL-3.0-or-later
"""
The command from end to end, against the stand-in, without Blender: once in a process of its own, elsewhere in this
one.

One: ``python scripts/test.py tests/batch/run/test_run.py``.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.batch.files import write
from tests.cli.driver import Answer, Cli
from tests.service import models
from tests.service.server import StandIn

ROWS = "name,prompt,polygon_limit,catalog\nChair,a chair,1000,Props/Chairs\nTable,a table,1000,\nLamp,a lamp,1000,\n"
GLB = ("--glb-only", "--yes")


def batch(cli: Cli, *more: str, text: str = ROWS) -> Answer:
    """Run a batch of ``text``."""
    write(cli.folder / "rows.csv", text)
    return cli.run("batch", "rows.csv", *more)


def library(cli: Cli) -> Path:
    return cli.folder / "rows-library"


def report(cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((library(cli) / "batch-report.json").read_bytes())
    return found


def charges(service: StandIn) -> list[int]:
    return list(service.state.charged_per_order().values())


def test_a_batch_and_the_same_command_again(cli: Cli, service: StandIn) -> None:
    write(cli.folder / "rows.csv", ROWS)
    answer = cli.finish(cli.start("batch", "rows.csv", *GLB))
    assert answer.code == 0, answer.people
    for name in ("chair", "table", "lamp"):
        assert (library(cli) / f"{name}.glb").read_bytes() == models.glb_path("1k").read_bytes()
        assert (library(cli) / "thumbnails" / f"{name}.png").is_file()
    assert charges(service) == [1, 1, 1]
    found = report(cli)
    assert found["counts"] == {"done": 3}
    assert found["credits"] == found["credits_of_this_run"] == service.state.user.charged
    assert [row["files"]["glb"] for row in found["rows"]] == ["chair.glb", "table.glb", "lamp.glb"]
    assert "Props/Chairs" in (library(cli) / "blender_assets.cats.txt").read_text()
    assert "chair.glb" in (library(cli) / "contact-sheet.html").read_text()
    assert [line["state"] for line in answer.of("result")] == ["done"] * 3
    assert answer.of("progress")[-1]["done"] == 3
    assert {line["stage"] for line in cli.run("list").of("task")} == {"imported"}
    assert not service.state.leaks
    assert cli.files_with(service.key) == []

    sent = len(service.state.requests)
    again = batch(cli, *GLB)
    assert again.code == 0
    assert report(cli)["credits_of_this_run"] == 0
    assert len(service.state.requests) == sent, "there is nothing to ask the service for"


def test_a_row_more_costs_a_row_more(cli: Cli, service: StandIn) -> None:
    batch(cli, *GLB)
    answer = batch(cli, *GLB, text=ROWS + "Stool,a stool,1000,\n")
    assert answer.code == 0
    assert answer.of("quote")[0]["rows"] == 1
    assert charges(service) == [1, 1, 1, 1]


def test_another_name_costs_nothing(cli: Cli, service: StandIn) -> None:
    batch(cli, *GLB)
    answer = batch(cli, "--glb-only", text=ROWS.replace("Table,a", "Desk,a").replace("Props/Chairs", "Seats"))
    assert answer.code == 0, answer.people
    assert charges(service) == [1, 1, 1]
    assert {row["name"] for row in report(cli)["rows"]} == {"Chair", "Desk", "Lamp"}
    assert (report(cli)["credits_of_this_run"], report(cli)["credits"]) == (0, service.state.user.charged)


def test_a_file_that_is_gone_from_the_library_is_written_anew(cli: Cli, service: StandIn) -> None:
    batch(cli, *GLB)
    (library(cli) / "table.glb").unlink()
    assert batch(cli, "--glb-only").code == 0
    assert (library(cli) / "table.glb").is_file()
    # And when the tasks' own folder was emptied too, it is fetched again.
    (library(cli) / "table.glb").unlink()
    for model in cli.data.rglob("model.glb"):
        model.unlink()
    assert batch(cli, "--glb-only").code == 0
    assert (library(cli) / "table.glb").is_file()
    assert charges(service) == [1, 1, 1]


def test_another_machine_goes_on_with_the_same_library(cli: Cli, service: StandIn) -> None:
    service.settings.on_same_order = "conflict"
    service.state.clock.speed = 0.2
    assert batch(cli, *GLB, "--timeout", "4").code == 5
    service.state.clock.speed = 40.0
    cli.data = cli.folder / "other-machine"
    answer = batch(cli, "--glb-only")
    assert answer.code == 0, answer.people
    assert charges(service) == [1, 1, 1]


def test_a_library_that_was_lost_costs_nothing(cli: Cli, service: StandIn) -> None:
    batch(cli, *GLB)
    library(cli).rename(cli.folder / "elsewhere")
    assert batch(cli, "--glb-only").code == 0
    assert charges(service) == [1, 1, 1]


def test_under_another_identity_everything_is_ordered_anew(cli: Cli, service: StandIn) -> None:
    batch(cli, *GLB)
    assert batch(cli, *GLB, "--batch-id", "spring").code == 0
    assert charges(service) == [1] * 6
    assert (library(cli) / "chair.glb").is_file()
    assert len(list(library(cli).glob("chair_*.glb"))) == 1


def test_a_line_that_is_written_twice_is_two_models(cli: Cli, service: StandIn) -> None:
    service.settings.duplicate_window_s = 100_000.0
    answer = batch(cli, *GLB, text="prompt,polygon_limit\na chair,1000\na chair,1000\n")
    assert answer.code == 0, answer.people
    assert charges(service) == [1, 1]
    assert {path.name for path in library(cli).glob("*.glb")} == {"a-chair.glb", "a-chair-2.glb"}


# -----------------------------------------------------------------------------
# Failures


def test_failed_rows_are_left_until_they_are_asked_for(cli: Cli, service: StandIn) -> None:
    text = ROWS + "Bad,a thing that must fail,1000,\nWorse,a forbidden thing,1000,\n"
    answer = batch(cli, *GLB, text=text)
    assert answer.code == 1
    assert report(cli)["counts"] == {"done": 3, "failed": 2}
    assert [row["error"] != "" for row in report(cli)["rows"]] == [False, False, False, True, True]
    assert batch(cli, *GLB, text=text).code == 1
    assert len(charges(service)) == 4
    answer = batch(cli, *GLB, "--retry-failed", text=text)
    assert answer.code == 1
    assert answer.of("quote")[0]["rows"] == 2
    assert set(charges(service)) == {1}
    assert len(charges(service)) == 5, "what was refused was not charged; what failed is a new order"
    assert service.state.user.charged == report(cli)["credits"]


def test_failed_rows_may_be_left_to_the_report(cli: Cli, service: StandIn) -> None:
    text = "prompt,polygon_limit\na chair,1000\nmust fail,1000\n"
    answer = batch(cli, *GLB, "--failed-ok", text=text)
    assert answer.code == 0, answer.people
    assert report(cli)["counts"] == {"done": 1, "failed": 1}
    assert batch(cli, *GLB, "--merge", "--failed-ok", text=text).code == 0
    assert batch(cli, *GLB, "--merge", text=text).code == 1
    more = text + "a lamp,1000\n"
    assert batch(cli, *GLB, "--merge", "--failed-ok", text=more).code == 1, "a row that is not there yet has not failed"


def test_retry_failed_leaves_the_others_alone(cli: Cli, service: StandIn) -> None:
    text = "prompt,polygon_limit\nmust fail,1000\n"
    batch(cli, *GLB, text=text)
    answer = batch(cli, *GLB, "--retry-failed", text=text + "a chair,1000\n")
    assert [line["state"] for line in answer.of("result")] == ["failed", "open"]
    last = answer.of("progress")[-1]
    assert (last["done"], last["failed"]) == (0, 1), "one was left alone, and has not failed"
    assert "Without --retry-failed, the command goes on with what is not done." in answer.people
    assert "The same command tries the failed rows again." in answer.people
    assert not any(made.body["prompt"] == "a chair" for made in service.state.creations)


@pytest.mark.parametrize("word", ["corrupt", "emptyglb", "nofile", "cancel"])
def test_a_bad_model_is_one_failed_row(cli: Cli, service: StandIn, word: str) -> None:
    answer = batch(cli, *GLB, text=f"prompt,polygon_limit\na chair,1000\na thing {word},1000\n")
    assert answer.code == 1, answer.people
    assert [line["state"] for line in answer.of("result")] == ["done", "failed"]


# -----------------------------------------------------------------------------
# Before anything is sent


def test_bad_rows_are_all_told_and_nothing_is_sent(cli: Cli, service: StandIn) -> None:
    answer = batch(cli, *GLB, text="prompt,polygon_limit,image\nab,5,\na chair,1000,nowhere.png\na lamp,1000,\n")
    assert answer.code == 2
    assert [(line["line"], line["column"]) for line in answer.of("problem")] == [
        (2, "prompt"),
        (2, "polygon_limit"),
        (3, "prompt"),
        (3, "image"),
    ]
    assert len(answer.people.strip().splitlines()) == 5
    assert service.state.requests == []
    assert not cli.data.exists()
    assert not library(cli).exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "Add --glb-only"),
        (("--glb-only",), "Add --yes, or --max-credits N"),
        (("--glb-only", "--rows", "2:1"), "no row in 2:1"),
        (("--glb-only", "--rows", ""), "Write --rows as A:B"),
        (("--glb-only", "--set", "height=2"), "takes Blender"),
        (("--glb-only", "--set", "height"), "COLUMN=VALUE"),
        (("--glb-only", "--merge"), "No batch has written"),
    ],
)
def test_2_what_cannot_be_done(cli: Cli, service: StandIn, more: tuple[str, ...], words: str) -> None:
    answer = batch(cli, *more)
    assert answer.code == 2
    assert words in answer.people
    assert service.state.creations == []


def test_a_dry_run_shows_the_price_and_changes_nothing(cli: Cli, service: StandIn) -> None:
    answer = batch(cli, "--glb-only", "--dry-run")
    assert answer.code == 0
    assert [line["left"] for line in answer.of("row")] == ["order"] * 3
    (quote,) = answer.of("quote")
    assert quote == {
        "type": "quote",
        "rows": 3,
        "cost_credits": 60,
        "rows_without_price": 0,
        "available_credits": 10_000,
    }
    assert len(service.state.seen("quote")) == 1, "one quote for equal settings"
    assert service.state.creations == []
    assert not cli.data.exists()
    assert not library(cli).exists()


@pytest.mark.parametrize("more", [(), ("--max-credits", "100")])
def test_3_a_dry_run_without_a_key_checks_all_rows(cli: Cli, service: StandIn, more: tuple[str, ...]) -> None:
    del cli.env["TRIVERSE_API_KEY"]
    answer = batch(cli, "--glb-only", "--dry-run", *more)
    assert answer.code == 3
    assert [line["left"] for line in answer.of("row")] == ["order"] * 3
    assert service.state.requests == []


def test_3_a_price_that_the_service_does_not_tell_keeps_no_limit(cli: Cli, service: StandIn) -> None:
    service.faults.add("quote", status=400, code=1004, times=None)
    for how in ("--dry-run", "--yes"):
        answer = batch(cli, "--glb-only", how, "--max-credits", "100")
        assert answer.code == 3, answer.people
        assert "--max-credits cannot be kept" in answer.people
    assert service.state.creations == []


def test_a_dry_run_tells_what_is_too_dear(cli: Cli, service: StandIn) -> None:
    assert batch(cli, "--glb-only", "--dry-run", "--max-credits", "59").code == 3
    assert batch(cli, "--glb-only", "--dry-run", "--max-credits", "60").code == 0
    assert service.state.creations == []


@pytest.mark.parametrize("more", [("--dry-run",), ("--yes",)])
def test_catalogs_that_cannot_be_read_are_told_before_the_price(
    cli: Cli, service: StandIn, more: tuple[str, ...]
) -> None:
    library(cli).mkdir()
    (library(cli) / "blender_assets.cats.txt").write_text("VERSION 2\n")
    answer = batch(cli, "--glb-only", *more)
    assert answer.code == 2, answer.people
    assert "written by a newer Blender (VERSION 2)" in answer.people
    assert service.state.requests == []
    assert [path.name for path in library(cli).iterdir()] == ["blender_assets.cats.txt"]


@pytest.mark.parametrize(("typed", "code", "made"), [("y\n", 0, 3), ("n\n", 130, 0), ("\n", 130, 0), ("", 130, 0)])
def test_a_person_is_asked(cli: Cli, service: StandIn, typed: str, code: int, made: int) -> None:
    write(cli.folder / "rows.csv", ROWS)
    own, theirs = os.openpty()
    process = cli.start("batch", "rows.csv", "--glb-only", stdin=theirs)
    os.close(theirs)
    try:
        said = ""
        assert process.stderr is not None
        while "[y/N]" not in said:
            letter = process.stderr.read(1)
            assert letter, said
            said += letter
        assert "3 rows cost 60 credits. You have 10,000." in said
        assert service.state.creations == []
        # Nothing but Ctrl-D, as a terminal sends it.
        os.write(own, typed.encode() or b"\x04")
        answer = cli.finish(process)
    finally:
        os.close(own)
    assert answer.code == code, answer.people
    assert ("Nothing was ordered." in answer.people) is (made == 0)
    assert len(charges(service)) == made
    if made == 0:
        assert answer.people.splitlines()[-1] == "Nothing was ordered.", "and nobody has interrupted anything"
        assert answer.of("error") == [{"type": "error", "exit_code": 130, "message": "Nothing was ordered."}]


def test_rows_beyond_the_end_are_nothing_to_do(cli: Cli, service: StandIn) -> None:
    answer = batch(cli, *GLB, "--rows", "4:9")
    assert answer.code == 0
    assert service.state.creations == []


@pytest.mark.parametrize(("limit", "code", "made"), [("59", 3, 0), ("60", 0, 3)])
def test_no_more_than_was_allowed(cli: Cli, service: StandIn, limit: str, code: int, made: int) -> None:
    assert batch(cli, "--glb-only", "--max-credits", limit).code == code
    assert len(charges(service)) == made


def test_a_service_that_takes_more_than_it_quoted_is_stopped(cli: Cli, service: StandIn) -> None:
    service.faults.add("quote", body='{"code": 0, "data": {"flow_name": "text-to-model", "cost_credits": 10}}')
    answer = batch(cli, "--glb-only", "--max-credits", "50", "--jobs", "1")
    assert answer.code == 3, answer.people
    assert service.state.user.charged <= 50
    assert report(cli)["counts"] == {"account": 1, "done": 2}


def test_too_few_credits_order_nothing(cli: Cli, service: StandIn) -> None:
    service.state.user.balance = 50
    answer = batch(cli, *GLB)
    assert answer.code == 3
    assert "10 credits are missing" in answer.people
    assert service.state.creations == []


def test_credits_that_run_out_on_the_way(cli: Cli, service: StandIn) -> None:
    service.faults.add("balance", body='{"code": 0, "data": {"balance": 1000, "frozen": 0}}')
    service.state.user.balance = 45
    answer = batch(cli, *GLB, "--jobs", "1")
    assert answer.code == 3, answer.people
    assert report(cli)["counts"] == {"account": 1, "done": 2}
    service.state.user.balance = 100
    answer = batch(cli, *GLB, "--retry-failed")
    assert answer.code == 0, answer.people
    assert len(charges(service)) == 3


def test_the_same_command_goes_on_when_there_are_credits_again(cli: Cli, service: StandIn) -> None:
    """Nothing is wrong with the rows that were under way when the credits ran out. They counted as failed for good."""
    service.faults.add("balance", body='{"code": 0, "data": {"balance": 1000, "frozen": 0}}')
    service.state.user.balance = 25
    answer = batch(cli, *GLB, "--jobs", "3")
    assert answer.code == 3, answer.people
    assert report(cli)["counts"] == {"account": 2, "done": 1}
    assert "The same command goes on" in answer.people
    service.state.user.balance = 30
    answer = batch(cli, *GLB)
    assert answer.code == 3, answer.people
    assert "2 rows cost 40 credits. You have 30." in answer.people
    service.state.user.balance = 100
    answer = batch(cli, *GLB)
    assert answer.code == 0, answer.people
    assert len(charges(service)) == 3
    assert batch(cli, *GLB).code == 0
    assert len(charges(service)) == 3


# -----------------------------------------------------------------------------
# Within limits


def test_no_more_than_so_many_at_once(cli: Cli, service: StandIn) -> None:
    service.settings.max_active = 2
    text = "prompt,polygon_limit\n" + "".join(f"chair {number},1000\n" for number in range(8))
    answer = batch(cli, *GLB, "--jobs", "2", text=text)
    assert answer.code == 0, answer.people
    assert not [made for made in service.state.creations if made.refused_code == 2000], "the queue was never full"
    assert max(line["under_way"] for line in answer.of("progress")) <= 2


def test_a_full_queue_is_waited_for(cli: Cli, service: StandIn) -> None:
    service.settings.max_active = 1
    assert batch(cli, *GLB, "--jobs", "3").code == 0
    assert charges(service) == [1, 1, 1]


def test_some_rows_only_and_then_the_merge(cli: Cli, service: StandIn) -> None:
    assert batch(cli, *GLB, "--rows", "1:2").code == 0
    chunk = json.loads((library(cli) / ".triverse" / "reports" / "rows-1-2.json").read_bytes())
    assert [row["number"] for row in chunk["rows"]] == [1, 2]
    assert not (library(cli) / "batch-report.json").exists()
    answer = batch(cli, "--glb-only", "--merge")
    assert answer.code == 1
    assert report(cli)["counts"] == {"done": 2, "open": 1}
    batch(cli, *GLB, "--rows", "3:")
    sent = len(service.state.requests)
    assert batch(cli, "--glb-only", "--merge").code == 0
    assert report(cli)["counts"] == {"done": 3}
    assert len(service.state.requests) == sent
    assert (library(cli) / "contact-sheet.html").is_file()


# -----------------------------------------------------------------------------
# Ends


def test_3_a_wrong_key(cli: Cli, service: StandIn) -> None:
    cli.env["TRIVERSE_API_KEY"] = "another"
    assert batch(cli, *GLB).code == 3
    assert not library(cli).exists()


def test_3_a_key_that_is_taken_back_on_the_way(cli: Cli, service: StandIn) -> None:
    service.faults.add("create", status=401, times=None, envelope=False)
    answer = batch(cli, *GLB)
    assert answer.code == 3, answer.people
    service.faults.clear()
    assert batch(cli, *GLB).code == 0
    assert charges(service) == [1, 1, 1]


def test_4_a_service_that_stays_away(cli: Cli, service: StandIn) -> None:
    service.faults.add("create", status=503, code=5003, times=None)
    answer = batch(cli, *GLB, "--patience", "3")
    assert answer.code == 4, answer.people
    assert report(cli)["counts"] == {"service": 3}
    service.faults.clear()
    assert batch(cli, *GLB).code == 0
    assert charges(service) == [1, 1, 1]


def test_4_online_access_is_off(cli: Cli, service: StandIn) -> None:
    cli.env["TRIVERSE_API_URL"] = "https://triverse.invalid/api/v1"
    assert batch(cli, *GLB, "--offline").code == 4
    assert not library(cli).exists()


def test_5_the_time_is_over(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    answer = batch(cli, *GLB, "--timeout", "3")
    assert answer.code == 5, answer.people
    assert report(cli)["counts"] == {"timed out": 3}
    service.state.clock.speed = 40.0
    assert batch(cli, "--glb-only").code == 0
    assert charges(service) == [1, 1, 1]


def test_130_interrupted_and_the_same_command_again(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    write(cli.folder / "rows.csv", ROWS)
    answer = cli.interrupt_at("waiting", "batch", "rows.csv", *GLB)
    assert answer.code == 130, answer.people
    assert report(cli)["counts"] == {"open": 3}
    assert report(cli)["exit_code"] == 130, "not 0, which says that all rows are in the library"
    assert "The same command goes on with what is not done." in answer.people
    assert answer.people.splitlines()[-1] == "Interrupted. Tasks that were sent go on."
    assert "resume" not in answer.people, "it writes nothing into the library"
    service.state.clock.speed = 40.0
    assert batch(cli, *GLB).code == 0
    assert charges(service) == [1, 1, 1]


def test_143_terminated_by_a_farm_and_the_same_command_again(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    write(cli.folder / "rows.csv", ROWS)
    began_s = time.monotonic()
    answer = cli.interrupt_at("waiting", "batch", "rows.csv", *GLB, "--rows", "1:2", by=signal.SIGTERM)
    assert time.monotonic() - began_s < 30
    assert answer.code == 143, answer.people
    assert "Terminated. Tasks that were sent go on" in answer.people
    assert "Traceback" not in answer.people
    part = json.loads((library(cli) / ".triverse" / "reports" / "rows-1-2.json").read_bytes())
    assert part["counts"] == {"open": 2}
    assert part["exit_code"] == 143
    assert not list(library(cli).rglob("*.part"))
    service.state.clock.speed = 40.0
    assert batch(cli, *GLB).code == 0
    assert charges(service) == [1, 1, 1]


def test_1_a_library_that_cannot_be_written(cli: Cli, service: StandIn) -> None:
    (cli.folder / "file").touch()
    answer = batch(cli, *GLB, "--library", "file")
    assert answer.code == 2, answer.people
    assert service.state.creations == []
