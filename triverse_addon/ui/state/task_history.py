# SPDX-License-Identifier: GPL-3.0-or-later
"""
Data for the details of the selected task in addition to its record: its history, and small copies of its pictures.

Floor: third. Thread: main. Imports ``bpy`` through ``translate`` only. ``draw()`` requests data; a tick reads it from
the store.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...api.calendar import local_text
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..text.translate import translate

if TYPE_CHECKING:
    from ...scene.child.preview_pixels import PreviewPixels
    from ...scene.child.source_thumbnails import SourcePicture, SourceThumbnails
    from ...tasks.engine.engine import Engine
    from ...tasks.record.record import TaskRecord

#: Least time between two looks at the file of a picture that is shown, in seconds.
_LOOK_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """
    An entry of a task's history.

    :ivar at: date and time, in local time; "" if the history could not be read.
    :ivar level: "INFO", "WARNING" or "ERROR".
    """

    at: str
    level: str
    sentence: Sentence

    @property
    def text(self) -> str:
        """Translated text, into the language of now: it may be another one than when the history was read."""
        return translate(self.sentence)


class Details:
    """
    The history of one task at a time, small copies of input pictures, and what the large preview shows.

    :param pictures: makes small copies of the pictures that tasks were made from; None if not available.
    :param previews: fetches pictures for the large preview; None if not available.
    """

    def __init__(self, pictures: "SourceThumbnails | None", previews: "PreviewPixels | None" = None) -> None:
        self.pictures = pictures
        self.previews = previews
        self._wanted: tuple[str, int] | None = None
        self._read: tuple[str, int] | None = None
        self._lines: tuple[HistoryLine, ...] = ()
        self._looked_at_s: dict[str, float] = {}

    def history(self, record: "TaskRecord") -> tuple[HistoryLine, ...]:
        """Return the history of a task as last read, and request a read if it may be outdated. For drawing."""
        wanted = (record.id, record.revision)
        if wanted != self._read:
            self._wanted = wanted
        return self._lines if self._read is not None and self._read[0] == record.id else ()

    def picture(self, source: str) -> str | None:
        """
        Return the path of the small copy of a picture, and request it if it does not exist. For drawing.

        :param source: path of the picture.
        :returns: "" if there is no copy, None while it is being made.
        """
        if self.pictures is None:
            return ""
        self.pictures.request(source)
        return self.pictures.path(source)

    def source_picture(self, source: str) -> "SourcePicture | None":
        """Return what is known of the picture at ``source``, and request it if it is not known. For drawing."""
        if self.pictures is None:
            return None
        self.pictures.request(source)
        return self.pictures.picture(source)

    def look_again(self, source: str) -> None:
        """Request that the picture at ``source``, which is known, is read again. At most every two seconds."""
        now_s = time.monotonic()
        if self.pictures is not None and now_s - self._looked_at_s.get(source, 0.0) > _LOOK_AGAIN_S:
            self._looked_at_s = {source: now_s} | {
                other: at_s for other, at_s in self._looked_at_s.items() if now_s - at_s < _LOOK_AGAIN_S
            }
            self.pictures.look_again(source)

    @property
    def is_waiting(self) -> bool:
        """True while a requested history or picture is not available yet."""
        makers = (self.pictures, self.previews)
        return self._wanted is not None or any(maker is not None and maker.is_waiting for maker in makers)

    def tick(self, engine: "Engine") -> bool:
        """Read the requested history from the store; return whether history or pictures have changed."""
        changed = False
        for maker in (self.pictures, self.previews):
            if maker is not None and maker.take_results():
                changed = True
        if self._wanted is not None:
            self._read, self._wanted = self._wanted, None
            lines = read(engine, self._read[0])
            changed = changed or lines != self._lines
            self._lines = lines
        return changed

    def close(self) -> None:
        """End the threads that make pictures."""
        for maker in (self.pictures, self.previews):
            if maker is not None:
                maker.close()


def read(engine: "Engine", task_id: str) -> tuple[HistoryLine, ...]:
    """Return the whole history of a task, oldest first. Reads the store, so it must not be called while drawing."""
    try:
        history = engine.history(task_id)
    except TriverseError as error:
        return (HistoryLine("", "ERROR", error.sentence),)
    return tuple(HistoryLine(moment(line.at_s), line.level, line.sentence) for line in history)


def moment(at_s: float) -> str:
    """Return a time, in seconds since the epoch, as local date and time."""
    return local_text(at_s, "%Y-%m-%d %H:%M:%S")
