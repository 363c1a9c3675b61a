# SPDX-License-Identifier: GPL-3.0-or-later
"""
An app timer that drives the engines of scripts in a window, where they do not use the panel's.

Floor: between second and third. Thread: main. Imports ``bpy``.
"""

import functools
import logging
from typing import Protocol

import bpy

from ..api.unexpected_errors import UNFORESEEN
from . import write_access

_log = logging.getLogger(__name__)

#: Interval between two ticks, in seconds.
_STEP_S = 0.1
#: Time budget of one tick on the main thread, in seconds: a quarter of a frame at 60 Hz.
_BUDGET_S = 0.004


class Driven(Protocol):
    """A connection to an engine that this timer drives."""

    def drive(self, budget_s: float) -> None:
        """Process what the engine's threads report."""
        ...


_driven: list[Driven] = []


def add(connection: Driven) -> None:
    """Drive the engine of ``connection`` from now on."""
    write_access.register()
    _driven.append(connection)
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_STEP_S, persistent=True)


def remove(connection: Driven) -> None:
    """Drive its engine no longer."""
    if connection in _driven:
        _driven.remove(connection)


def _tick() -> float | None:
    for connection in tuple(_driven):
        try:
            write_access.call(functools.partial(connection.drive, _BUDGET_S))
        except UNFORESEEN:
            # Blender removes a timer that raises, and the tasks of all scripts would stop.
            _log.exception("A tick failed")
    return _STEP_S if _driven else None
