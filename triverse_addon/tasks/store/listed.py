# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads what a printed list shows of a task, in a fifth of the time of the whole record.

Floor: first. Thread: any. No ``bpy``.
"""

import json
from collections.abc import Sequence
from typing import Any

from ...api.calendar import is_in_calendar
from ...api.sentence import Sentence
from ..record.listed_task import ListedTask
from ..record.record import Stage
from . import codec

_STAGES = {str(stage): stage for stage in Stage}
_FIELDS = frozenset(ListedTask.__annotations__)
#: Name in the JSON -> name of the listed field.
_IN_JSON = {stored: name for stored, name in codec.FIELD_OF.items() if name in _FIELDS}

_CREATED = codec.COLUMNS.index("created_at_s")
_AFTER_UUID = (str, str, str, str, float, float, int, int, str)
#: The types in a row that is not damaged, with and without a UUID.
_SOUND = frozenset({(str, str, *_AFTER_UUID), (str, type(None), *_AFTER_UUID)})


def from_row(row: Sequence[Any]) -> ListedTask:
    """
    Return what is listed of a row of the columns :data:`rows.SELECT`.

    :raises ValueError: a listed field is damaged.
    """
    values = dict(zip(codec.COLUMNS, row, strict=False))
    try:
        data = json.loads(row[-1]) if isinstance(row[-1], str) else None
    except RecursionError:
        raise ValueError("the row is nested beyond measure") from None
    if not isinstance(data, dict):
        raise ValueError("the row holds no record")
    if tuple(map(type, row)) in _SOUND and is_in_calendar(row[_CREATED]):
        # All but a few rows of a long list: each of the ten columns needs no check of its own.
        values["following"] = bool(values["following"])
        values |= codec.in_range({_IN_JSON[stored]: data[stored] for stored in data.keys() & _IN_JSON.keys()})
    else:
        values = codec.checked(data, values, _FIELDS)
    if (stage := _STAGES.get(values["stage"])) is None:
        raise ValueError("the row has no stage")
    values["stage"] = stage
    for name in ("error", "status_note"):
        if values.get(name) is not None:
            values[name] = Sentence.from_json(values[name])
    return ListedTask(values)
