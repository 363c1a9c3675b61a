# SPDX-License-Identifier: GPL-3.0-or-later
"""
The settings of a row, kept in half the memory of a dictionary.

Floor: between first and second. Thread: any (immutable). No ``bpy``.

A batch has up to a hundred thousand rows, and all of them set the same few fields.
"""

import functools
from collections.abc import Iterator, Mapping

from ...api.fields import JSON


class RowSettings(Mapping[str, JSON]):
    """
    Values by field name.

    :param values: what to keep, in this order.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, values: Mapping[str, JSON]) -> None:
        self._names = _shared(tuple(values))
        self._values = tuple(values.values())

    def __getitem__(self, name: str) -> JSON:
        """Return the value of a field."""
        try:
            return self._values[self._names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the fields."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return the number of fields."""
        return len(self._names)

    def __repr__(self) -> str:
        return f"RowSettings({dict(self)!r})"


@functools.lru_cache(maxsize=1024)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the same object for all rows with these fields."""
    return names
