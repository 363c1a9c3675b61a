# SPDX-License-Identifier: GPL-3.0-or-later
"""
Forty rows with every kind of bad row and every kind of fault, killed three times at random: it ends complete, and no
row was charged twice.

The faults, all of which must have been met in the end:

- orders: refused key (401 although the order was made), answer lost, connection reset before and after the work, 500,
  503, 429, an error page and garbage although the order was made, a redirect and a gzip bomb although it was made, a
  gzip bomb, an order that arrives long after its sender gave up or was killed, no answer;
- uploads: 429, answer lost;
- models: reset and end in mid-file, expired address, error page with 200, redirect to another host, to plain http and
  in a circle, gzip bomb, stall in mid-file;
- addresses of files: 503; previews: 404; WebSocket: closed, frames that make no sense;
- the service down: before the command begins, and while its tasks are under way.

Not counted: a status may answer 500 and with an error page too, but is seldom asked for, since the WebSocket tells; and
further orders are refused with 401 as well, if any is sent after the first.

A refused key ends a run with exit code 3, a service that is down at the start with 4. The same command goes on then.

One: ``python scripts/test.py tests/batch/run/test_killed.py``. The moments of the kills come from a seed, which a
failure shows; ``TRIVERSE_SEED=N`` runs one again.
"""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.batch.files import glb, png
from tests.cli.driver import LIMIT_S, Cli
from tests.service import models
from tests.service.faults import Fault
from tests.service.server import StandIn

#: What becomes of a row by the words in its prompt, see ``tests/service/state.py``.
BAD_ENDS = {
    "must fail": "failed by the service",
    "cancel": "cancelled by the service",
    "a forbidden thing": "refused",
    "nofile": "without a file",
    "corrupt": "a corrupt model",
    "emptyglb": "an empty model",
    "badmagic": "no model at all",
    "shortglb": "a model that is cut off",
    "unsupported": "a model that Blender cannot read",
}
KILLS = 3
#: Runs until the test ends it, so that no run is complete before the last kill.
HELD = "a table hold"
#: The kind of the last row alone, by which its order is told from all others: it gets no answer before the last run.
UNANSWERED = "texture-model"


def rows(folder: Path) -> list[dict[str, str]]:
    """Forty rows: good ones from words, pictures and a model, two that are equal, and every kind of bad end."""
    found = [{"prompt": f"chair number {number}", "catalog": f"Props/{number % 3}"} for number in range(20)]
    found += [{"prompt": "the same lamp"}, {"prompt": "the same lamp"}, {"name": "Ünïcode 椅子", "prompt": "a stool"}]
    for number in range(5):
        png(folder / "pictures" / f"{number}.png", shade=number)
        found.append({"image": f"pictures/{number}.png"})
    found.append({"prompt": HELD})
    found.append({"prompt": "a bench queue:30"})
    found += [{"prompt": f"a thing {word}"} for word in BAD_ENDS]
    png(folder / "pictures" / "paint.png", shade=200)
    glb(folder / "plain.glb")
    found.append({"image": "pictures/paint.png", "model": "plain.glb"})
    assert len(found) == 40
    return [{"polygon_limit": "1000"} | row for row in found]


def write_rows(path: Path, found: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(name for row in found for name in row))
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(found)


def refuse_the_key(service: StandIn) -> tuple[Fault, Fault]:
    """After some orders the key is not taken any more; the first order that is told so was made all the same."""
    made = service.faults.add("create", after=4, processed=True, status=401)
    return made, service.faults.add("create", after=4, status=401, envelope=False, times=None)


def add_faults(service: StandIn) -> list[Fault]:
    """Some of each kind on the way of forty rows; the service is slow to answer, refuses, breaks off, loses answers."""
    add = service.faults.add
    # Not counted: nobody may ask.
    add("status", after=1, status=500, code=5005, times=2)
    add("status", after=3, html=True, status=502, times=2)
    return [
        add("create", after=2, reset_after=True, times=3),
        add("create", after=4, status=500, code=5004, times=2),
        add("create", after=6, status=503, code=5003, times=2),
        add("create", after=8, reset_before=True, times=2),
        add("create", after=10, status=429, code=2000, retry_after="1", times=2),
        add("create", after=12, processed=True, html=True, status=502, times=2),
        add("create", after=14, processed=True, garbage=True, times=2),
        add("create", after=15, processed=True, gzip_bomb_mb=48),
        add("create", after=16, gzip_bomb_mb=48),
        add("create", after=17, processed=True, redirect="other_host"),
        # Whoever sent it has given up or was killed when the service takes it up.
        add("create", after=18, latency_s=600.0),
        add("create", path=UNANSWERED, delay_answer_s=600.0, times=None),
        add("upload_image", status=429, code=2000, times=2),
        add("upload_image", after=1, reset_after=True),
        add("url", status=503, code=5003, times=2),
        add("asset", after=1, reset_at_byte=50_000, times=2),
        add("asset", after=3, truncate_at_byte=5_000, times=2),
        add("asset", after=5, expired=True, times=2),
        add("asset", after=7, html=True, status=200),
        add("asset", after=9, redirect="other_host", times=2),
        add("preview", after=2, status=404, times=2),
        add("ws", close_at_frame=3, times=2),
        add("ws", garbage=True),
    ]


def add_faults_on_a_model(service: StandIn, uuid: str) -> list[Fault]:
    """What the download of one model meets, one after the other, until it comes by a redirect."""
    faults: list[dict[str, Any]] = [
        {"stall_at_byte": 50_000},
        {"redirect": "http"},
        {"redirect": "loop", "times": 6},
        {"gzip_bomb_mb": 48},
        {"redirect": "other_host"},
    ]
    return [service.faults.add("asset", path=uuid, **fault) for fault in faults]


class Run:
    """The command in a process of its own, and what it said."""

    def __init__(self, cli: Cli, *more: str) -> None:
        self.process = cli.start("batch", "rows.csv", "--glb-only", "--yes", "--jobs", "8", *more)
        self.lines: list[dict[str, Any]] = []
        self.people = ""
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._hear, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.lines.append(json.loads(line))

    def _hear(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.people += line

    @property
    def done(self) -> int:
        """Rows that are over, as last told."""
        told = [line for line in self.lines if line["type"] == "progress"]
        return told[-1]["done"] + told[-1]["failed"] if told else 0

    def kill_after(self, rows: int, seconds: float) -> None:
        """Kill it without a chance to tidy up, some time after so many rows are over."""
        ends_at_s = time.monotonic() + LIMIT_S
        while self.done < rows and self.process.poll() is None:
            assert time.monotonic() < ends_at_s, self.people
            time.sleep(0.005)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL, self.people

    def until(self, look: Callable[[], object]) -> None:
        """Wait until ``look()`` is true, while it goes on."""
        ends_at_s = time.monotonic() + LIMIT_S
        while not look():
            assert time.monotonic() < ends_at_s, self.people
            assert self.process.poll() is None, self.people
            time.sleep(0.005)

    def has_noted(self, words: str, after: int) -> bool:
        """Whether it has said so of a task, after so many lines."""
        return any(words in (line["note"] or "") for line in self.lines[after:] if line["type"] == "task")

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        try:
            code = self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(self.people) from None
        for thread in self._threads:
            thread.join()
        assert "Traceback" not in self.people, self.people
        return code


def held(service: StandIn) -> str:
    """The uuid of the task that is held, "" before it is ordered."""
    return next((task.uuid for task in list(service.state.tasks.values()) if task.params.get("prompt") == HELD), "")


def obstruct(library: Path) -> Path | None:
    """Lay a folder where the model of a row that was begun is to be written, if there is such a row."""
    for file in sorted((library / ".triverse" / "rows").glob("*.json")):
        entry = json.loads(file.read_bytes())
        target = library / f"{entry['stem']}.glb"
        if entry["stem"].startswith("chair-number") and entry["state"] in ("claimed", "ordered"):
            target.mkdir()
            return target
    return None


@pytest.mark.timeout(900)
def test_forty_rows_with_every_kind_of_trouble_killed_three_times(cli: Cli, service: StandIn) -> None:
    seed = int(os.environ.get("TRIVERSE_SEED", "0")) or random.randrange(1, 10**6)
    print(f"TRIVERSE_SEED={seed}")
    chance = random.Random(seed)
    # What a repeated order is answered is not documented, so each of the three is tried by chance.
    service.settings.on_same_order = chance.choice(["payload", "conflict", "named"])
    service.settings.duplicate_window_s = 100_000.0
    found = rows(cli.folder)

    # Bad rows first: every problem is told with its line, and nothing is sent.
    bad = [{"prompt": "ab"}, {"prompt": "a chair", "polygon_limit": "many"}, {"image": "nowhere.png"}, {"name": "x"}]
    (cli.folder / "broken.png").write_bytes(b"no picture")
    bad += [{"prompt": "a chair", "flow": "sculpture"}, {"image": "broken.png"}, {"prompt": "#REF!"}]
    write_rows(cli.folder / "rows.csv", [*found, *bad])
    refused = Run(cli)
    assert refused.wait() == 2
    assert [line["line"] for line in refused.lines if line["type"] == "problem"] == list(range(42, 49))
    assert service.state.requests == []

    write_rows(cli.folder / "rows.csv", found)
    library = cli.folder / "rows-library"

    # A service that is down before anything begins, and a key that is taken back on the way, end the command in words.
    with service.down():
        away = Run(cli, "--patience", "1")
        assert away.wait() == 4, away.people
    assert "Triverse cannot be reached" in away.people
    assert service.state.creations == []
    # Once it was told, the command sends no order more, unless another was answered at the same time.
    first_refusal, more_refusals = refuse_the_key(service)
    faults = [first_refusal, *add_faults(service)]
    refused = Run(cli)
    assert refused.wait() == 3, refused.people
    results = [line for line in refused.lines if line["type"] == "result"]
    assert {line["state"] for line in results} <= {"account", "done"}
    told = [line["error"] for line in results if line["state"] == "account"]
    assert told
    assert all("Triverse does not accept the API key" in words for words in told)
    assert "The same command goes on" in refused.people
    service.faults.remove(more_refusals.id)

    in_the_way: Path | None = None
    for kill in range(KILLS):
        Run(cli).kill_after(rows=kill * 9 + chance.randrange(8), seconds=chance.random())
        assert set(service.state.charged_per_order().values()) == {1}
        in_the_way = in_the_way or obstruct(library)
    assert in_the_way is not None
    # Orders of those that were killed arrive now.
    for fault in faults:
        if fault.latency_s:
            fault.release()

    last = Run(cli)
    last.until(lambda: held(service))
    faults += add_faults_on_a_model(service, held(service))
    last.until(lambda: any(line["type"] == "task" and line["task_uuid"] == held(service) for line in last.lines))
    said = len(last.lines)  # before the service is down: it may be said while it goes down
    with service.down():
        last.until(lambda: last.has_noted("Triverse cannot be reached", said))
    (unanswered,) = (fault for fault in faults if fault.path == UNANSWERED)
    before = unanswered.hits
    service.state.finish(held(service))
    last.until(lambda: unanswered.hits > before)
    # This one is given up by the command itself, and sent again: then it is answered.
    unanswered.times = unanswered.hits
    assert last.wait() == 1, last.people
    assert [str(fault.to_json()) for fault in faults if not fault.hits] == [], "all were met"

    told = json.loads((library / "batch-report.json").read_bytes())["rows"]
    assert [row["number"] for row in told] == list(range(1, 41))
    ends = {row["number"]: row["state"] for row in told}
    bad_ends = [
        number for number, row in enumerate(found, 1) if any(word in row.get("prompt", "") for word in BAD_ENDS)
    ]
    assert len(bad_ends) == len(BAD_ENDS)
    # Without Blender, a model that only Blender refuses is delivered.
    unreadable = [number for number in bad_ends if "unsupported" in found[number - 1]["prompt"]]
    (obstructed,) = [row for row in told if "cannot be written" in row["error"]]
    assert obstructed["state"] == "failed"
    for row in told:
        if row is obstructed:
            continue
        if row["number"] in bad_ends and row["number"] not in unreadable:
            assert (row["state"], bool(row["error"])) == ("failed", True), row
        elif row["number"] not in unreadable:
            assert row["state"] == "done", row
            assert (library / row["files"]["glb"]).read_bytes() == models.glb_path("1k").read_bytes()
    assert len({row["files"]["glb"] for row in told if row["state"] == "done"}) == list(ends.values()).count("done")

    # One charge for each row but the one that the service refused, and nobody paid for what failed.
    charged = service.state.charged_per_order()
    assert set(charged.values()) == {1}
    assert len(charged) == 39
    assert len({order for order in charged if order and order.endswith("_r2")}) == 0
    prices = {task.client_order_id: task.cost for task in service.state.tasks.values() if task.outcome == "SUCCESS"}
    assert service.state.user.charged == sum(prices.values())
    assert service.state.user.frozen == 0
    assert not service.state.leaks
    assert cli.files_with(service.key) == []
    # The catalogs are whole.
    catalogs = (library / "blender_assets.cats.txt").read_text().splitlines()
    assert sorted(line.split(":")[1] for line in catalogs if line.count(":") == 2 and line[0] != "#") == [
        "Props",
        "Props/0",
        "Props/1",
        "Props/2",
    ]

    # And the failed ones alone, again: each is one new order, but for those that were paid.
    in_the_way.rmdir()
    again = Run(cli, "--retry-failed")
    assert again.wait() == 1
    assert in_the_way.read_bytes() == models.glb_path("1k").read_bytes()
    charged = service.state.charged_per_order()
    assert set(charged.values()) == {1}
    assert {order for order in charged if order and order.endswith("_r2")} <= set(charged)
    assert len(charged) == 39 + 2, "the failed and the cancelled row"
