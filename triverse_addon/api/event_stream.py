# SPDX-License-Identifier: GPL-3.0-or-later
"""
Parser for the messages in SSE format that the service sends over its WebSocket.

Ground floor; any thread; no ``bpy``.

A message contains lines such as ``event: update`` and ``data: {…}``. The JSON is the status object itself; older pages
of the documentation say that it is the response of the status query, so with the envelope. The lines follow the HTML
standard, "Server-sent events".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .errors import BadAnswerError
from .payloads import TaskStatus, parse_status
from .safe_json import parse_json

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""Maximum size of a message. Real ones have some kilobytes."""

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Frame:
    """One event: the status of a task, and whether the service marks it as the last one."""

    status: TaskStatus
    finalized: bool


class FrameReader:
    """
    Parses messages into frames. Use one reader per connection, because an event may span messages.

    Data that cannot be parsed is skipped and counted in ``malformed_count``; nothing is raised.

    :param key: the API key, which is removed from the texts if the service repeats it.
    """

    def __init__(self, *, key: str = "") -> None:
        self._key = key
        self.malformed_count = 0
        self._event = ""
        self._data: list[str] = []
        self._data_chars = 0

    def feed(self, message: str | bytes) -> list[Frame]:
        """Return the frames that this message completes. Its end also ends an event whose JSON is complete."""
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
        frames: list[Frame] = []
        stripped = text.strip().lstrip("\ufeff")
        if stripped[:1] in ("{", "["):  # bare JSON, not in SSE format
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
            if self._data:  # no blank line between two events
                self._finish(frames)
            self._event = value.strip().lower()[:100]
        elif name == "data":
            self._data_chars += len(value) + 1  # empty lines use memory too
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
