# SPDX-License-Identifier: GPL-3.0-or-later
"""Deadlines of many requests in one thread: each is called or lifted, and nothing is left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from triverse_addon.api.deadlines import Deadlines

WAIT_S = 20.0


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    made = Deadlines()
    yield made
    made.close()


def running() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "triverse-deadline"]


def test_the_one_that_passes_first_is_called_first(deadlines: Deadlines) -> None:
    called: list[str] = []
    over = threading.Event()
    deadlines.set(0.2, lambda: (called.append("second"), over.set()))
    deadlines.set(0.0, lambda: called.append("first"))
    assert over.wait(WAIT_S)
    assert called == ["first", "second"]


def test_one_that_was_lifted_is_not_called(deadlines: Deadlines) -> None:
    called: list[str] = []
    over = threading.Event()
    deadlines.lift(deadlines.set(0.05, lambda: called.append("lifted")))
    deadlines.set(0.1, over.set)
    assert over.wait(WAIT_S)
    assert not called
    deadlines.lift(12345)  # unknown, or long over


def test_many_take_one_thread_and_closing_ends_it() -> None:
    before = len(running())
    deadlines = Deadlines()
    called: list[int] = []
    for number in range(100):
        deadlines.set(600.0, lambda number=number: called.append(number))
    assert len(running()) == before + 1
    deadlines.close()
    assert len(running()) == before
    assert not called
    deadlines.set(0.0, lambda: called.append(-1))  # of a request that is cancelled anyway
    assert len(running()) == before


def test_a_thread_that_had_nothing_left_is_started_again(deadlines: Deadlines) -> None:
    for _ in range(3):
        over = threading.Event()
        deadlines.set(0.0, over.set)
        assert over.wait(WAIT_S)
