# SPDX-License-Identifier: GPL-3.0-or-later
"""
Parses JSON of the service and makes its strings safe to store.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import json

from .keys import hide_key

#: Shorter keys are ignored: replacing them would damage other texts that contain these letters.
_LEAST_KEY = 8


def parse_json(text: str | bytes, *, key: str = "") -> object:
    r"""
    Return the value of a JSON text, with lone surrogates and the API key replaced in all its strings.

    Texts of the service are stored in the list of tasks, in .blend files and in reports. If the service repeats the
    key, for instance in the input of a task, it must not get there.

    JSON may contain a lone surrogate (``"\ud800"``), which Python accepts but which cannot be written as UTF-8, to
    SQLite or by Blender: a task with such a prompt would end the thread that stores it.

    :param key: the API key; "" if there is none to replace.
    :raises ValueError: the text is no valid JSON.
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
