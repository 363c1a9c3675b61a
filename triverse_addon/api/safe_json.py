# SPDX-License-Identifier: GPL-3.0-or-later
"""
JSON from outside.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import json

from .keys import hide_key

#: A key shorter than this is none, and to look for it would spoil whatever else has these letters.
_LEAST_KEY = 8


def parse_json(text: str | bytes, *, key: str = "") -> object:
    """
    Return what JSON text stands for, with half characters replaced, and the key in any text.

    What the service says is kept in the list of tasks, in .blend files and in reports: a service that repeats the key,
    in the input of a task for one, must not put it there.

    JSON may name one half of a UTF-16 pair (``"\\ud800"``), which Python takes and neither UTF-8, SQLite nor Blender
    can write: a task with such a prompt would end the thread that stores it.

    :raises ValueError: it is no JSON.
    :raises RecursionError: it is nested deeper than Python's stack.
    """
    return _whole(json.loads(text), key if len(key) >= _LEAST_KEY else "")


def _whole(value: object, key: str) -> object:
    if isinstance(value, str):
        value = hide_key(value, key)
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_whole(name, key): _whole(inner, key) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner, key) for inner in value]
    return value
