# SPDX-License-Identifier: GPL-3.0-or-later
"""
The SSE-shaped texts that the service sends over its WebSocket.

Ground floor; any thread; no ``bpy``.

A message holds lines such as ``event: update`` and ``data: {…}``. The JSON is the status object itself; older pages say
it is as the status query returns it, so with the envelope. Rules for lines: the HTML standard, "Server-sent events".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .errors import BadAnswerError
from .payloads import TaskStatus, parse_status
from .safe_json import parse_json

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""Largest message that is taken. Real ones have some kilobytes."""

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Frame:
    """One event: the state of a task, and whether the service calls it the last one."""

    status: TaskStatus
    finalized: bool


class FrameReader:
    """
    Turns messages into frames. One for each connection: an event may be spread over messages.

    Whatever cannot be understood is left out and counted; nothing is raised.

    :param key: removed from what the service says, should it repeat it.
    """

    def __init__(self, *, key: str = "") -> None:
        self._key = key
        self.malformed_count = 0
        self._event = ""
        self._data: list[str] = []
        self._data_chars = 0

    def feed(self, message: str | bytes) -> list[Frame]:
        """Return the frames that a message completes. The end of a message also ends an event that has its data."""
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
        frames: list[Frame] = []
        stripped = text.strip().lstrip("\ufeff")
        if stripped[:1] in ("{", "["):  # bare JSON, without the shape
            self._data = [stripped]
            self._finish(frames)
            return frames
        for line in _LINE_END.split(text.lstrip("\ufeff")):
            self._take(line, frames)
        if self._data and _is_json("\n".join(self._data)):
            self._finish(frames)
        return frames

    def _take(self, line: str, frames: list[Frame]) -> None:
        if not line:
            if self._data:
                self._finish(frames)
            return
        name, _colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            if self._data:  # the blank line between two events is missing
                self._finish(frames)
            self._event = value.strip().lower()[:100]
        elif name == "data":
            self._data_chars += len(value) + 1  # empty lines take memory too
            if self._data_chars > MAX_MESSAGE_BYTES:
                self._reset()
                self.malformed_count += 1
                return
            self._data.append(value)

    def _finish(self, frames: list[Frame]) -> None:
        event, text = self._event, "\n".join(self._data)
        self._reset()
        try:
            value = parse_json(text, key=self._key)
        except (ValueError, RecursionError):
            self.malformed_count += 1
            return
        for entry in value if isinstance(value, list) else [value]:
            try:
                frames.append(Frame(parse_status(entry), finalized=event == "finalized"))
            except BadAnswerError:
                self.malformed_count += 1

    def _reset(self) -> None:
        self._event = ""
        self._data = []
        self._data_chars = 0


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
