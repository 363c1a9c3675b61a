# SPDX-License-Identifier: GPL-3.0-or-later
"""
Waits for the network no longer than until a stop event.

Floor: between second and third. Thread: any but the main thread. No ``bpy``.

Looking up a name and making a connection cannot be interrupted, and may take half a minute each where the network
neither answers nor refuses. Blender would wait for that when it is closed.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from ..api.sentence import Sentence
from ..tasks.converter import ConvertStopped

_Result = TypeVar("_Result")

#: Interval of looking at the stop event, in seconds.
_LOOK_S = 0.05


def until_stopped(work: Callable[[], _Result], stop: threading.Event) -> _Result:
    """
    Run ``work`` on a thread of its own, and return its result.

    :raises ConvertStopped: ``stop`` was set first. What ``work`` still does then has no effect.
    :raises BaseException: what ``work`` raises.
    """
    answer: Future[_Result] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 -- raised again where the result is asked for
            answer.set_exception(error)

    threading.Thread(target=run, name="triverse-batch-query", daemon=True).start()
    while not stop.is_set():
        if wait([answer], _LOOK_S).done:
            return answer.result()
    raise ConvertStopped(Sentence.of("The batch is ending."))
