# SPDX-License-Identifier: GPL-3.0-or-later
"""
The engine of the panel, which scripts share where the add-on is switched on.

Floor: between second and third. Thread: main. No ``bpy``. The ui, which is above, offers its session here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..api.errors import TriverseError
from ..api.sentence import Sentence

if TYPE_CHECKING:
    from typing import Protocol

    from ..tasks.engine.engine import Engine
    from .callbacks import Callbacks
    from .engine_host import EngineHost

    class PanelSession(Protocol):
        """What scripts need of the panel's session."""

        @property
        def engine(self) -> "Engine":
            """The started engine."""
            ...

        def tick(self, budget_s: float, *, may_import: bool = True) -> bool:
            """Process the engine's events, and call :func:`tick` here."""
            ...


#: Returns the session, started if need be; None while the add-on is not registered.
_start: "Callable[[], PanelSession] | None" = None
_callbacks: "Callbacks | None" = None


def offer(start: "Callable[[], PanelSession]") -> None:
    """Offer the panel's session to scripts."""
    global _start
    _start = start


def withdraw() -> None:
    """Offer it no longer, because the add-on is switched off."""
    global _start
    _start = None


def tick(engine: "Engine") -> None:
    """Call the functions of scripts whose tasks have changed. Called at each tick of the session."""
    if _callbacks is not None:
        _callbacks.tick(engine)


def is_busy() -> bool:
    """Return whether a batch of a script runs, so that ticks are needed at short intervals."""
    return _callbacks is not None and _callbacks.is_busy


def end() -> None:
    """End the batches of scripts, because the session ends. Called before its engine stops."""
    if _callbacks is not None:
        _callbacks.end()


def connection() -> "PanelConnection | None":
    """
    Return a connection to the panel's engine, which is started if need be; None if the add-on is not registered.

    :raises TriverseError: the session cannot be started.
    """
    if _start is None:
        return None
    _session()
    return PanelConnection()


def _session() -> "PanelSession":
    if _start is None:
        raise TriverseError(Sentence.of("Triverse is switched off in this Blender."))
    return _start()


class PanelConnection:
    """
    The panel's engine, as scripts use it. In a window the panel's timers drive it.

    The session may be another one later: the list can be moved to another folder.
    """

    def __init__(self) -> None:
        from .callbacks import Callbacks  # for the first script; register() imports this module

        global _callbacks
        if _callbacks is None:
            _callbacks = Callbacks()
        self.callbacks = _callbacks

    @property
    def engine(self) -> "Engine":
        """
        The started engine.

        :raises TriverseError: the add-on was switched off, or the session cannot be started.
        """
        return _session().engine

    @property
    def host(self) -> "EngineHost":
        """Blender."""
        from .blender_engine_host import BlenderEngineHost  # imports bpy

        return BlenderEngineHost()

    def drive(self, budget_s: float) -> None:
        """Run a tick of the session, without imports: a script imports its models itself."""
        _session().tick(budget_s, may_import=False)

    def close(self) -> None:
        """Do nothing: the engine is the panel's."""
