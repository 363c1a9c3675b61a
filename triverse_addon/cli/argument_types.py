# SPDX-License-Identifier: GPL-3.0-or-later
"""
Types of argparse for numbers. They accept the same spellings as table files.

Floor: third. Thread: any. No ``bpy``.
"""

import argparse
from collections.abc import Callable
from decimal import Decimal

from ..api.spelling import AmbiguousNumberError, number


def whole(low: int, high: int | None = None, *, of: str = "") -> Callable[[str], int]:
    """
    Return an argparse type for an integer.

    :param low: smallest allowed value.
    :param high: largest allowed value; None for no limit.
    :param of: text for the error message that names what is counted, such as " of credits".
    """
    within = f" from {low} to {high}" if high is not None else f" above {low - 1}" if low else ""

    def read(text: str) -> int:
        found = _number(text)
        if found is None or found != found.to_integral_value() or found < low or (high is not None and found > high):
            raise argparse.ArgumentTypeError(f"it must be a whole number{of}{within}")
        return int(found)

    return read


def seconds(text: str) -> float:
    """Parse a duration in seconds for argparse. It must be greater than 0."""
    found = _number(text)
    if found is None or not 0 < found < Decimal("1e12"):
        raise argparse.ArgumentTypeError("it must be a number of seconds above 0")
    return float(found)


def _number(text: str) -> Decimal | None:
    try:
        return number(text)
    except AmbiguousNumberError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
