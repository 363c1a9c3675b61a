# SPDX-License-Identifier: GPL-3.0-or-later
"""One value checked against its field.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from .errors import InputError
from .fields import JSON, Field, Kind
from .sentence import Sentence


def check_value(field: Field, value: object) -> JSON:
    """Return the value as it is sent.

    :raises InputError: with the field's name: of the wrong kind, out of range, too short.
    """
    return _VALUE_CHECKS[field.kind](field, value)


def _text(field: Field, value: object) -> JSON:
    if not isinstance(value, str):
        raise _wrong(field, Sentence.of("{field} must be text.", field=field.label))
    text = value.strip()
    if len(text) < field.min_length:
        raise _wrong(
            field,
            Sentence.of("{field} must have at least {count} characters.", field=field.label, count=field.min_length),
        )
    return text


def _whole_number(field: Field, value: object) -> JSON:
    number: float | None = None
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = int(value) if isinstance(value, (int, str)) else value
        except ValueError:
            number = None
    if number is None or not math.isfinite(number) or number != int(number):
        raise _wrong(field, Sentence.of("{field} must be a whole number.", field=field.label))
    low, high = field.minimum, field.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise _wrong(
            field,
            Sentence.of(
                "{field} must be from {minimum} to {maximum}.",
                field=field.label,
                minimum="" if low is None else low,
                maximum="" if high is None else high,
            ),
        )
    return int(number)


_SWITCH_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def _switch(field: Field, value: object) -> JSON:
    if isinstance(value, bool):
        return value
    known = _SWITCH_WORDS.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
    if known is None:
        raise _wrong(field, Sentence.of("{field} must be true or false.", field=field.label))
    return known


def _choice(field: Field, value: object) -> JSON:
    for choice in field.choices:
        if str(value).strip().lower() == choice.lower():
            return choice
    raise _wrong(
        field, Sentence.of("{field} must be one of: {choices}.", field=field.label, choices=", ".join(field.choices))
    )


def _list(field: Field, value: object) -> JSON:
    entries: list[object]
    if isinstance(value, str):
        entries = [part.strip() for part in value.split(",") if part.strip()]
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping)):
        entries = list(value)
    else:
        entries = [value]
    checked: list[JSON] = []
    for entry in entries:
        if not isinstance(entry, (str, int, float)) or (isinstance(entry, float) and not math.isfinite(entry)):
            raise _wrong(field, Sentence.of("{field} must be a list of words or numbers.", field=field.label))
        checked.append(_number_or_word(entry) if isinstance(entry, str) else entry)
    return checked


def _number_or_word(text: str) -> int | float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number == int(number) else number


def _wrong(field: Field, sentence: Sentence) -> InputError:
    return InputError(sentence, field=field.name)


_VALUE_CHECKS = {
    Kind.TEXT: _text,
    Kind.INT: _whole_number,
    Kind.BOOL: _switch,
    Kind.CHOICE: _choice,
    Kind.LIST: _list,
}
