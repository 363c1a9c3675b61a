# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads what a printed list shows of a task, in a third of the time of the whole record.

Floor: first. Thread: any. No ``bpy``.
"""

import json
from collections.abc import Sequence
from typing import Any

from ...api.sentence import Sentence
from ..listed_task import ListedTask
from ..record import Stage
from . import codec

_STAGES = {str(stage): stage for stage in Stage}


_FIELDS = frozenset(ListedTask.__annotations__)


def from_row(row: Sequence[Any]) -> ListedTask:
    """
    Return what is listed of a row of the columns :data:`rows.SELECT`.

    :raises ValueError: a listed field is damaged.
    """
    columns = dict(zip(codec.COLUMNS, row, strict=False))
    try:
        data = json.loads(row[-1]) if isinstance(row[-1], str) else None
    except RecursionError:
        raise ValueError("the row is nested beyond measure") from None
    if not isinstance(data, dict):
        raise ValueError("the row holds no record")
    values = codec.checked(data, columns, _FIELDS)
    if (stage := _STAGES.get(values["stage"])) is None:
        raise ValueError("the row has no stage")
    values["stage"] = stage
    for name in ("error", "status_note"):
        if values.get(name) is not None:
            values[name] = Sentence.from_json(values[name])
    return ListedTask(values)
