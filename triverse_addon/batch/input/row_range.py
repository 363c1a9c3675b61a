# SPDX-License-Identifier: GPL-3.0-or-later
"""
Parse the part of a batch that ``--rows A:B`` or ``--rows A-B`` selects.

Floor: between first and second. Thread: any. No ``bpy``.
"""

import re

from ...api.errors import InputError
from ...api.sentence import Sentence
from ...api.spelling import half_width


def rows_in(text: str, count: int) -> range:
    """
    Return the row numbers that a text selects.

    "3:7" means the third to the seventh row, both included; "3:" and ":7" are open ranges; "3" is one row. "3-7" is
    how OpenJD and Slurm write a range.

    :param count: number of rows. A range is cut off at the end, so that the last chunk of a render farm may be shorter,
        or empty.
    :raises InputError: (field ``rows``) the text is invalid.
    """
    plain = re.sub(r"(?<=\d)\s*-\s*(?=\d)", ":", half_width(text), count=1)
    match = re.fullmatch(r"\s*(\d{0,18})\s*(:?)\s*(\d{0,18})\s*", plain)
    if match is None or not (match[1] or match[3]) or (not match[2] and match[3]):
        raise InputError(Sentence.of("Rows are named like 1:50, 1-50, 51: or :50, counted from 1."), field="rows")
    first = int(match[1] or 1)
    last = int(match[3] or (count if match[2] else first))
    if first < 1 or (last < first and match[3]):
        raise InputError(Sentence.of("There is no row in {rows}.", rows=text.strip()), field="rows")
    return range(first, min(last, count) + 1)
