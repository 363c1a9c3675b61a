# SPDX-License-Identifier: GPL-3.0-or-later
"""
The engine that scripts use, and who drives it: the panel's timers, a timer of its own, or the script's waits.

Floor: between second and third. Thread: main. Imports ``bpy`` only where Blender runs it.
"""

import sys
from typing import TYPE_CHECKING, Protocol

from .callbacks import Callbacks
from .errors import WouldBlockError

if TYPE_CHECKING:
    from ..tasks.engine.engine import Engine
    from .engine_host import EngineHost

#: Seconds that the engine's threads get to stop; interrupted work is resumed next time.
_STOP_S = 3.0


class Connection(Protocol):
    """An engine with a driver."""

    callbacks: Callbacks

    @property
    def engine(self) -> "Engine":
        """The started engine."""
        ...

    @property
    def host(self) -> "EngineHost":
        """The program that the engine runs in."""
        ...

    def drive(self, budget_s: float) -> None:
        """Process what the engine's threads report, and call the functions of scripts. Imports nothing."""
        ...

    def close(self) -> None:
        """Stop the engine, if it was started for the script."""
        ...


class OwnConnection:
    """
    An engine of the script's own.

    :param engine: started by :meth:`start`, and stopped by :meth:`close`.
    """

    def __init__(self, engine: "Engine", host: "EngineHost") -> None:
        self.engine = engine
        self.host = host
        self.callbacks = Callbacks()

    def start(self) -> None:
        """
        Start the engine, and in a window a timer that drives it.

        :raises StoreError: the store cannot be opened.
        """
        self.engine.start()
        if in_window():
            from . import window_timer  # imports bpy

            window_timer.add(self)

    def drive(self, budget_s: float) -> None:
        """Process what the engine's threads report, and call the functions of scripts."""
        self.engine.pump(budget_s)
        self.callbacks.tick(self.engine)

    def close(self) -> None:
        """Stop the engine. Unfinished work goes on at the next start."""
        if in_window():
            from . import window_timer

            window_timer.remove(self)
        self.callbacks.end()
        self.engine.shutdown(_STOP_S)


def in_window() -> bool:
    """Return whether this is a Blender with windows, whose main thread must not wait."""
    bpy = sys.modules.get("bpy")
    return bpy is not None and not bpy.app.background


def check_may_wait(call: str, instead: str) -> None:
    """
    Check that the main thread may wait here.

    :param call: what the script has called.
    :param instead: what it can use in a window.
    :raises WouldBlockError: this is a Blender with windows.
    """
    if in_window():
        raise WouldBlockError(call, instead)
