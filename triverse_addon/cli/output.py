# SPDX-License-Identifier: GPL-3.0-or-later
"""
Output of the commands: JSON lines to stdout for programs, everything else to stderr for users.

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
from ..tasks.record.command_words import in_command_words
from ..tasks.record.listed_task import ListedTask
from ..tasks.record.record import TaskRecord
from .exit_codes import Exit

#: Number of lines that :meth:`Output.in_pieces` hands over at a time.
_PIECE = 500
#: Made once: ``json.dumps`` copies its arguments for each of the lines.
_encoded = json.JSONEncoder(ensure_ascii=True).encode


class Output:
    """
    Writes all output. Invisible characters, which could control a terminal, are written as escapes.

    No method fails because a stream cannot be written: a run does not end because nobody reads its progress.

    :param programs: stream for JSON lines; None without ``--json``.
    :param people: stream for messages and progress.
    :param led_to: where stdout was led, if not to a terminal or the same as ``people``; None with ``--json``.
    """

    def __init__(self, *, programs: TextIO | None, people: TextIO, led_to: TextIO | None = None) -> None:
        self._programs = programs
        self.people = people
        self._led_to = led_to
        self.again = "run the same command again"
        """What a user of this command does where one of the panel presses Retry."""
        self._current_line = ""
        self._held: dict[TextIO, list[str]] | None = None
        """The lines that were not handed over yet; None where each is handed over at once."""

    @contextlib.contextmanager
    def in_pieces(self) -> Iterator[None]:
        """Hand over many lines at a time while the context lasts: one by one, that takes longer than to make them."""
        self._held = {}
        try:
            yield
        finally:
            held, self._held = self._held, None
            for stream, lines in held.items():
                self._print("\n".join(lines), stream)

    def _print(self, text: str, stream: TextIO) -> None:
        if self._held is not None:
            lines = self._held.setdefault(stream, [])
            lines.append(text)
            if len(lines) < _PIECE:
                return
            text = "\n".join(self._held.pop(stream))
        _write(text + "\n", stream)

    def say(self, text: Sentence | str) -> None:
        """Print one line for users."""
        self.clear()
        self._print(shown(text if isinstance(text, str) else self.text(text)), self.people)

    def product(self, text: str) -> None:
        """Print the lines that a command was called for, also into the file or program that stdout was led to."""
        for line in text.splitlines():
            self.say(line)
            if self._led_to is not None:
                self._print(shown(line), self._led_to)

    def manual(self, text: str) -> None:
        """Print the help: for users, or into the file or program that stdout was led to, such as a pager or grep."""
        for line in text.splitlines():
            self._print(shown(line), self._led_to or self.people)

    def text(self, sentence: Sentence) -> str:
        """Return a sentence as the command says it: without buttons of the panel."""
        return str(in_command_words(sentence, self.again))

    def ask(self, text: str) -> None:
        """Print a question; the answer is typed on the same line."""
        self.clear()
        _write(shown(text), self.people)

    def line(self, text: str) -> None:
        """Print ``words`` on a line that the next call overwrites. Only for a terminal."""
        text = shown(text)
        rest = " " * (len(self._current_line) - len(text))
        _write(f"\r{text}{rest}", self.people)
        self._current_line = text

    def clear(self) -> None:
        """Erase the line printed by :meth:`line`."""
        if self._current_line:
            _write("\r" + " " * len(self._current_line) + "\r", self.people)
            self._current_line = ""

    def emit(self, kind: str, **fields: object) -> None:
        """Print one JSON object for programs: ``{"type": kind, …}``."""
        if self._programs is not None:
            self._print(escaped_json(_encoded({"type": kind, **fields})), self._programs)

    def error(self, error: TriverseError, code: Exit) -> None:
        """Print why the command ends, for users and for programs."""
        self.say(error.sentence)
        if error.suggestion:
            self.say(error.suggestion)
        self.emit(
            "error",
            exit_code=int(code),
            message=self.text(error.sentence),
            suggestion=error.suggestion,
            code=error.code,
            field=getattr(error, "field", None),
        )

    def task_fields(self, record: TaskRecord | ListedTask) -> dict[str, object]:
        """Return the fields of a task for a JSON line. They cannot contain the key, which is not part of a record."""
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
            "result_files": list(record.result_files),
            "result_text": record.result_text or None,
            "note": None if record.status_note is None else self.text(record.status_note),
            "error": None if record.error is None else self.text(record.error),
            "error_code": record.error_code,
        }


class ShownFormatter(logging.Formatter):
    """Formats log messages with the same escapes as all terminal output."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the log record with each line escaped. Of an exception only the type is shown, no traceback."""
        kind = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
        return "\n".join(map(shown, record.getMessage().splitlines())) + kind


@contextlib.contextmanager
def shown_logs(name: str) -> Iterator[None]:
    """
    Print logged warnings to users while the context lasts.

    :param name: name of the logger, whose child loggers are included.
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


def _write(text: str, stream: TextIO) -> None:
    """Write text at once. If a stream cannot be written, this and all that follows goes nowhere."""
    try:
        print(text, end="", file=stream, flush=True)
    except OSError:  # its reader has ended, or its disk is full
        _discard(stream)


def _discard(stream: TextIO) -> None:
    """
    Lead a stream to the null device.

    What it still holds goes there too; otherwise Python would try to write that when it ends, and change the exit code.
    """
    with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
        descriptors = {stream.fileno()}
        if 2 in descriptors and os.path.sameopenfile(1, 2):
            descriptors.add(1)  # a copy, see own_stdout
        for descriptor in descriptors:
            os.dup2(nowhere.fileno(), descriptor)
        stream.flush()


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        _discard(stream)


def _open_if_closed(descriptor: int) -> None:
    """Lead a standard stream that was closed to the null device. The next opened file would take its number."""
    try:
        os.fstat(descriptor)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != descriptor:
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


@contextlib.contextmanager
def own_stdout() -> Iterator[TextIO]:
    """
    Reserve stdout for JSON lines while the context lasts. Everything else that is printed there goes to stderr.

    Blender, its importers and libraries print from C too, so the file descriptor is redirected, not only
    ``sys.stdout``. If stdout or stderr is closed, what is written to it goes nowhere.
    """
    for descriptor in (1, 2):
        _open_if_closed(descriptor)
    if sys.stdout is None:
        # Whatever has its number now, it is not stdout.
        with open(os.devnull, "w", encoding="utf-8") as stream:
            yield stream
        return
    _flush(sys.stdout)
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with os.fdopen(os.dup(kept), "w", encoding="utf-8", newline="\n") as stream:
            yield stream
    finally:
        _flush(sys.stdout)
        os.dup2(kept, 1)
        os.close(kept)


def is_led_elsewhere(stdout: TextIO, people: TextIO) -> bool:
    """Return whether what is written to stdout comes neither to a terminal nor where ``people`` goes."""
    try:
        return not stdout.isatty() and not os.path.sameopenfile(stdout.fileno(), people.fileno())
    except (OSError, ValueError):  # no file of the system, as in a test or in an embedding program
        return False


@contextlib.contextmanager
def people_stream() -> Iterator[TextIO]:
    """Return stderr, or the null device if stderr is closed. Nothing is left in it for the end of Python to write."""
    if sys.stderr is None:
        with open(os.devnull, "w", encoding="utf-8") as stream:
            yield stream
        return
    try:
        yield sys.stderr
    finally:
        _flush(sys.stderr)
