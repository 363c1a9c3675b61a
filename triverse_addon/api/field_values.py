# SPDX-License-Identifier: GPL-3.0-or-later
"""
Validation of a single value against its field.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal

from .display_text import plain_name
from .errors import InputError
from .fields import JSON, Field, Kind
from .sentence import Sentence
from .spelling import AmbiguousNumberError, half_width, number, yes_or_no


def check_value(field: Field, value: object) -> JSON:
    """
    Return the value in the form in which it is sent.

    :raises InputError: (the field's name) the value has the wrong type, is out of range, or is too short.
    """
    return _VALUE_CHECKS[field.kind](field, value)


def _text(field: Field, value: object) -> JSON:
    if not isinstance(value, str):
        raise _wrong(field, Sentence.of("{field} must be text.", field=field.label))
    text = value.strip()
    # What is copied from web pages has spaces that nobody sees: a cell with one looks empty, and was ordered.
    if len(plain_name(text)) < field.min_length:
        raise _wrong(
            field,
            Sentence.of("{field} must have at least {count} characters.", field=field.label, count=field.min_length),
        )
    return text


def _whole_number(field: Field, value: object) -> JSON:
    found = to_number(field, value)
    if found is None or found != found.to_integral_value():
        raise _wrong(field, Sentence.of("{field} must be a whole number.", field=field.label))
    low, high = field.minimum, field.maximum
    if (low is not None and found < low) or (high is not None and found > high):
        raise _wrong(
            field,
            Sentence.of(
                "{field} must be from {minimum} to {maximum}.",
                field=field.label,
                minimum="" if low is None else low,
                maximum="" if high is None else high,
            ),
        )
    return int(found)


def to_number(field: Field, value: object, *, decimal_mark: str = "") -> Decimal | None:
    """
    Return a value as a number; None if it is none.

    :param decimal_mark: see :func:`spelling.number`.
    :raises InputError: (the field's name) the text is ambiguous.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        try:
            return number(value, decimal_mark=decimal_mark)
        except AmbiguousNumberError as error:
            raise _wrong(field, error.sentence(field.label)) from None
    found = Decimal(value)
    return found if found.is_finite() else None


def _switch(field: Field, value: object) -> JSON:
    if isinstance(value, bool):
        return value
    known = yes_or_no(str(value)) if isinstance(value, (str, int, float)) else None
    if known is None:
        raise _wrong(field, Sentence.of("{field} must be true or false.", field=field.label))
    return known


def _choice(field: Field, value: object) -> JSON:
    for choice in field.choices:
        if half_width(str(value)).strip().lower() == choice.lower():
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
