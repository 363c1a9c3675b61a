# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads single values of the service's responses, in any of the forms that they were documented in.

Ground floor; any thread; no ``bpy``. Except where it says so, a function raises nothing, whatever the input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from .errors import BadAnswerError, InputError
from .sentence import Sentence
from .urls import check_task_uuid, clean


def missing(name: str) -> BadAnswerError:
    """Return the error about an essential value that is missing."""
    return BadAnswerError(
        Sentence.of("The answer of the service could not be understood: {name} is missing. Try again later.", name=name)
    )


def as_object(value: object) -> Mapping[str, object] | None:
    """Return a JSON object; None for anything else."""
    return value if isinstance(value, Mapping) else None


def first_of(data: Mapping[str, object], *names: str) -> object:
    """Return the first value under one of these names that is not None; None without one."""
    return next((data[name] for name in names if data.get(name) is not None), None)


def text_of(data: Mapping[str, object], *names: str) -> str | None:
    """Return the first value under one of these names as clean text; None if it is neither text nor a whole number."""
    value = first_of(data, *names)
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return clean(str(value) if isinstance(value, str) else _digits(value)) or None
    return None


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python converts to text
        return ""


def task_uuid_of(data: Mapping[str, object]) -> str | None:
    """Return the valid UUID of a task under any of its names; None without one."""
    for name in ("task_uuid", "taskId", "taskUuid", "task_id"):
        value = data.get(name)
        if isinstance(value, str):
            try:
                return check_task_uuid(value)
            except InputError:
                continue
    return None


def required_uuid(data: Mapping[str, object]) -> str:
    """
    Return the UUID of a task under any of its names.

    :raises BadAnswerError: there is none.
    """
    found = task_uuid_of(data)
    if found is None:
        raise missing("task_uuid")
    return found


def as_status(value: object) -> str | None:
    """Return a status in capitals; None if it is no text or empty."""
    word = clean(value, 40).upper() if isinstance(value, str) else ""
    return {"CANCELED": "CANCELLED"}.get(word, word) or None


def as_number(value: object) -> float | None:
    """Return a finite number, also from text; None for anything else."""
    if isinstance(value, (bool, int, float, str)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None
    return None


def as_credits(value: object) -> int | None:
    """Return a number of credits, rounded up; None for anything else."""
    number = as_number(value)
    return None if number is None else math.ceil(number)


def as_progress(value: object) -> int | None:
    """Return progress in percent, 0 to 100; None for anything else."""
    number = as_number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return None if number is None else int(min(max(number, 0.0), 100.0))


def as_time(value: object) -> float | None:
    """Return epoch seconds of an ISO 8601 text (UTC if it has no zone) or of a number (milliseconds above 1e11)."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    number = as_number(value)
    if number is None or isinstance(value, bool) or not 0 < number < 1e14:
        return None
    return number / 1000 if number > 1e11 else number


def as_urls(value: object) -> tuple[str, ...]:
    """Return the URLs of one text or a list; empty for anything else."""
    entries = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(
        entry.strip()
        for entry in entries
        if isinstance(entry, str) and entry.strip().lower().startswith(("https://", "http://")) and len(entry) <= 16384
    )


def as_header_name(value: object) -> str | None:
    """Return a header name that is safe to send: it must begin with ``x-``, so that it cannot replace one of ours."""
    name = value.strip() if isinstance(value, str) else ""
    return name if name.isascii() and name[:2].lower() == "x-" and name.replace("-", "").isalnum() else None
