# SPDX-License-Identifier: GPL-3.0-or-later
"""
Each kind of request meets each fault: the task comes through, is charged once, and the key is nowhere.

One fault: ``python scripts/test.py tests/reliability/test_matrix.py -k "gzip"``. See ``cell.py`` for what is checked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.reliability.account import ACCOUNT
from tests.reliability.cell import Cell
from tests.reliability.leaks import Log
from tests.reliability.troubles import TROUBLES, Seen, Trouble
from tests.service import models
from triverse_addon.api import websocket_connection
from triverse_addon.tasks.engine import pacing, supervisor

#: Cells at a time. They wait most of the time.
AT_ONCE = 24

ACCOUNT.expect(f"`{kind}`" for trouble in TROUBLES for kind in trouble.kinds)


@pytest.fixture(scope="module")
def impatient() -> Iterator[None]:
    """Ask as seldom beside a WebSocket, and wait as long for its handshake, as fits the other waits here."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        reconcile_s = pacing.LIVE_POLL_S / 10
        for module in (pacing, supervisor):
            monkeypatch.setattr(module, "LIVE_POLL_S", reconcile_s)
        monkeypatch.setattr(websocket_connection, "OPEN_TIMEOUT_S", 5.0)
        yield


@pytest.fixture(scope="module")
def cells(
    request: pytest.FixtureRequest,
    short_waits: None,
    impatient: None,
    log: Log,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, list[tuple[Cell, Future[Seen]]]]]:
    """Start every cell of the troubles that were chosen, by the trouble's name; each test waits for its own."""
    models.ensure(["1k"])
    chosen = [
        item.callspec.params["trouble"]
        for item in request.session.items
        if getattr(item, "callspec", None) and isinstance(item.callspec.params.get("trouble"), Trouble)
    ]
    folder = tmp_path_factory.mktemp("matrix")
    pool = ThreadPoolExecutor(AT_ONCE)
    started: dict[str, list[tuple[Cell, Future[Seen]]]] = {}
    for number, trouble in enumerate(chosen):
        made = [Cell(trouble, kind, folder / f"{number}-{kind}") for kind in trouble.kinds]
        started[trouble.name] = [(cell, pool.submit(cell.run)) for cell in made]
    yield started
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_every_request_bears_it(trouble: Trouble, cells: dict[str, list[tuple[Cell, Future[Seen]]]]) -> None:
    problems = []
    for _, future in cells[trouble.name]:
        seen = future.result()
        problems += [f"{seen.kind}: {problem}" for problem in seen.problems]
        if (meant := trouble.outcome(seen.kind)) != seen.outcome:
            problems.append(f"{seen.kind}: {seen.outcome} instead of {meant}: {seen.sentence}")
    assert not problems, "\n".join(problems)
    for _, future in cells[trouble.name]:
        seen = future.result()
        ACCOUNT.add(f"`{seen.kind}`", by_button=seen.outcome != "goes on by itself")


def test_no_step_ended_in_an_exception_and_no_thread_is_left(
    cells: dict[str, list[tuple[Cell, Future[Seen]]]], log: Log
) -> None:
    for started in cells.values():
        for _, future in started:
            future.exception()
    assert log.exceptions == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("triverse-")] == []
