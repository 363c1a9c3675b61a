# SPDX-License-Identifier: GPL-3.0-or-later
"""
Where words go: JSON lines to stdout for programs, everything else to stderr for people.

Floor: third. Thread: main. No ``bpy``.
"""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from ..api.display_text import escaped_json, shown
from ..api.errors import TriverseError
from ..api.sentence import Sentence
from ..tasks.record import TaskRecord
from .exit_codes import Exit


class Output:
    """
    The one place that writes. What is not seen of a text, and might be obeyed by a terminal, is written as an escape.

    :param programs: stream for JSON lines; None when ``--json`` was not given.
    :param people: stream for sentences and progress.
    """

    def __init__(self, *, programs: TextIO | None, people: TextIO) -> None:
        self._programs = programs
        self.people = people
        self._on_line = ""

    def say(self, words: Sentence | str) -> None:
        """Tell people one line."""
        self.clear()
        print(shown(str(words)), file=self.people, flush=True)

    def ask(self, words: str) -> None:
        """Ask people something; the answer is typed on the same line."""
        self.clear()
        self.people.write(shown(words))
        self.people.flush()

    def line(self, words: str) -> None:
        """Show ``words`` on a line that the next call writes over; for a terminal."""
        words = shown(words)
        rest = " " * (len(self._on_line) - len(words))
        self.people.write(f"\r{words}{rest}")
        self.people.flush()
        self._on_line = words

    def clear(self) -> None:
        """Take the line of :meth:`line` away."""
        if self._on_line:
            self.people.write("\r" + " " * len(self._on_line) + "\r")
            self.people.flush()
            self._on_line = ""

    def emit(self, kind: str, **fields: object) -> None:
        """Tell programs one object: ``{"type": kind, …}``."""
        if self._programs is not None:
            words = json.dumps({"type": kind, **fields}, ensure_ascii=True)
            print(escaped_json(words), file=self._programs, flush=True)

    def error(self, error: TriverseError, code: Exit) -> None:
        """Tell both why the command ends."""
        self.say(error.sentence)
        if error.suggestion:
            self.say(error.suggestion)
        self.emit(
            "error",
            exit_code=int(code),
            message=str(error.sentence),
            suggestion=error.suggestion,
            code=error.code,
            field=getattr(error, "field", None),
        )


def task_fields(record: TaskRecord) -> dict[str, object]:
    """Return what a JSON line says of a task. Nothing of it can hold the key: a record does not know it."""
    return {
        "id": record.id,
        "task_uuid": record.task_uuid,
        "flow": record.flow,
        "name": record.name,
        "stage": str(record.stage),
        "status": record.service_status or None,
        "progress": record.progress,
        "queue_position": record.queue_position,
        "cost_credits": record.cost_credits,
        "created_at_s": record.created_at_s,
        "triangles": record.triangles,
        "model_path": record.model_path or None,
        "preview_path": record.preview_path or None,
        "note": None if record.note is None else str(record.note),
        "error": None if record.error is None else str(record.error),
        "error_code": record.error_code,
    }


class ShownFormatter(logging.Formatter):
    """Formats what is logged like everything else that a terminal shows."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record, each of its lines as it may be shown; of an exception its kind, and no traceback."""
        kind = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
        return "\n".join(map(shown, record.getMessage().splitlines())) + kind


@contextlib.contextmanager
def shown_logs(name: str) -> Iterator[None]:
    """
    Tell people the warnings that are logged while this lasts.

    :param name: of the logger, and of all below it.
    """
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(ShownFormatter())
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextlib.contextmanager
def own_stdout() -> Iterator[TextIO]:
    """
    Keep stdout for JSON lines alone while this lasts: what Blender, its importers and libraries print goes to stderr.

    Blender prints from C too, so the file descriptor itself is turned, not only ``sys.stdout``.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with os.fdopen(os.dup(kept), "w", encoding="utf-8", newline="\n") as stream:
            yield stream
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
