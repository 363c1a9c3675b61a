# SPDX-License-Identifier: GPL-3.0-or-later
"""
The interface between the commands and the program they run in, and its implementation without Blender.

Floor: third. Thread: main. No ``bpy``: ``blender_host`` is the implementation with Blender.
"""

from pathlib import Path
from typing import Protocol

from ..api.errors import InputError
from ..api.sentence import Sentence
from ..scripting.engine_host import EngineHost, PlainEngineHost
from ..scripting.task import Task
from ..tasks.engine.import_queue import ImportOutcome
from ..tasks.settings import Settings


class Host(EngineHost, Protocol):
    """The program that runs a command."""

    prog: str
    """How the command was called, for help texts and messages."""
    can_save_blend: bool
    """Whether models can be imported and saved as .blend."""

    def is_open(self, path: Path) -> bool:
        """Return whether ``path`` is the open .blend."""
        ...

    def begin_blend(self) -> None:
        """Prepare for :meth:`import_model`: keep the open .blend, or create an empty file."""
        ...

    def import_model(self, task: Task) -> ImportOutcome:
        """Import a model next to those imported since :meth:`begin_blend`, and call the handlers of scripts."""
        ...

    def save_blend(self, path: Path) -> None:
        """
        Save the file.

        :raises SaveError: the file cannot be written.
        """
        ...


class PlainHost(PlainEngineHost):
    """
    The `Host` for Python without Blender: everything but .blend files.

    :param prog: how the command was called.
    """

    can_save_blend = False

    def __init__(self, prog: str) -> None:
        self.prog = prog

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings, from the environment only.

        :param data: the folder given with ``--data``, which is required.
        :param offline: whether ``--offline`` was given.
        :raises InputError: ``data`` is missing.
        """
        if not data:
            raise InputError(
                Sentence.of("Without Blender there is no usual folder for tasks. Name one with --data DIR."),
                field="data",
            )
        return super().settings(data, offline=offline)

    def is_open(self, path: Path) -> bool:
        """Return False: no file can be open."""
        return False

    def begin_blend(self) -> None:
        """Raise an error: never called, since ``can_save_blend`` is False."""
        raise NotImplementedError

    def import_model(self, task: Task) -> ImportOutcome:
        """Raise an error: never called, since ``can_save_blend`` is False."""
        raise NotImplementedError

    def save_blend(self, path: Path) -> None:
        """Raise an error: never called, since ``can_save_blend`` is False."""
        raise NotImplementedError
