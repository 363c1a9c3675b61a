# SPDX-License-Identifier: GPL-3.0-or-later
"""What is computed in a thread beside the child's main thread: its result, its errors, and no thread to be had."""

from __future__ import annotations

import threading

import pytest

from triverse_addon.scene.worker.beside import Beside, threads


def test_the_result_is_that_of_a_thread() -> None:
    assert Beside(lambda: threading.current_thread().name).result() == "beside"


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def work() -> int:
        raise MemoryError("too large")

    beside = Beside(work)
    for _ in range(2):
        with pytest.raises(MemoryError, match="too large"):
            beside.result()


def test_without_a_thread_it_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    beside = Beside(lambda: threading.current_thread().name, threads())
    assert beside.result() == threading.current_thread().name


def test_threads_are_kept() -> None:
    pool = threads()
    numbers = {Beside(threading.get_ident, pool).result() for _ in range(50)}
    assert threading.get_ident() not in numbers
    assert len(numbers) <= 8
