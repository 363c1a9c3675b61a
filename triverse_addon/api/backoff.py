# SPDX-License-Identifier: GPL-3.0-or-later
"""
The delay between two tries of something that failed: the only back-off of the package.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import random

FIRST_S = 1.0
LONGEST_S = 60.0


def backoff_s(
    failures: int, retry_after_s: float | None = None, *, first_s: float | None = None, longest_s: float | None = None
) -> float:
    """
    Return the delay before the next try, in seconds: doubled with each failure, limited, with random jitter.

    The jitter keeps many tasks that failed together from being tried again together.

    :param failures: number of failures in a row.
    :param retry_after_s: the service's ``Retry-After``, in seconds; the delay is never shorter.
    :param first_s: longest delay after the first failure; `FIRST_S` by default.
    :param longest_s: limit of the delay; `LONGEST_S` by default.
    """
    first_s = FIRST_S if first_s is None else first_s
    longest_s = LONGEST_S if longest_s is None else longest_s
    delay_s = min(first_s * 2.0 ** min(max(failures - 1, 0), 16), longest_s)
    return max(delay_s * random.uniform(0.75, 1.0), retry_after_s or 0.0)
