# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the details of the chosen task need beside its record: its history, and its pictures in small.

Floor: third. Thread: main. Imports ``bpy`` through ``translate`` only. ``draw()`` says what it wants; a tick reads it
from the store.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...api.calendar import local_text
from ...api.errors import TriverseError
from ..translate import say

if TYPE_CHECKING:
    from ...scene.child.source_thumbnails import SmallPictures
    from ...tasks.engine.engine import Engine
    from ...tasks.record import TaskRecord


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened: when, in local time, "INFO", "WARNING" or "ERROR", and what, in words."""

    at: str
    level: str
    text: str


class Details:
    """
    The history of one task at a time.

    :param pictures: makes small copies of the pictures that tasks were made from; None where nothing can.
    """

    def __init__(self, pictures: "SmallPictures | None") -> None:
        self.pictures = pictures
        self._wanted: tuple[str, int] | None = None
        self._read: tuple[str, int] | None = None
        self._lines: tuple[Line, ...] = ()

    def history(self, record: "TaskRecord") -> tuple[Line, ...]:
        """Return what happened to a task as far as it was read, and have the rest read soon. For drawing."""
        wanted = (record.id, record.revision)
        if wanted != self._read:
            self._wanted = wanted
        return self._lines if self._read is not None and self._read[0] == record.id else ()

    def picture(self, source: str) -> str | None:
        """Return the small copy of a source picture, "" if there is none, None while it is made. For drawing."""
        if self.pictures is None:
            return ""
        self.pictures.ask(source)
        return self.pictures.path(source)

    @property
    def is_waiting(self) -> bool:
        """True while something that was wanted is not there."""
        return self._wanted is not None or (self.pictures is not None and self.pictures.is_waiting)

    def tick(self, engine: "Engine") -> bool:
        """Read what was wanted; returns whether something is new."""
        changed = self.pictures.hear() if self.pictures is not None else False
        if self._wanted is not None:
            self._read, self._wanted = self._wanted, None
            lines = read(engine, self._read[0])
            changed = changed or lines != self._lines
            self._lines = lines
        return changed

    def stop(self) -> None:
        """End the thread that makes pictures."""
        if self.pictures is not None:
            self.pictures.stop()


def read(engine: "Engine", task_id: str) -> tuple[Line, ...]:
    """Return everything that happened to a task, oldest first. Reads the store: not for drawing."""
    try:
        history = engine.history(task_id)
    except TriverseError as error:
        return (Line("", "ERROR", say(error.sentence)),)
    return tuple(Line(moment(line.at_s), line.level, say(line.sentence)) for line in history)


def moment(at_s: float) -> str:
    """Return a time, in seconds since the epoch, as date and time of this place."""
    return local_text(at_s, "%Y-%m-%d %H:%M:%S")
