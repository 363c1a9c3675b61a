# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a table. One: ``python scripts/test.py tests/batch/input/test_csv.py``."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.batch.input.csv_table import _text_lines


@given(st.text(alphabet='ab,"\r\n\v\f\x1c\x85\u2028'))
def test_lines_end_where_those_of_a_file_do(text: str) -> None:
    assert list(_text_lines(text)) == list(io.StringIO(text, newline=""))
