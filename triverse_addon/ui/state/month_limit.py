# SPDX-License-Identifier: GPL-3.0-or-later
"""
The limit of the month in the middle of a batch: when it is set or reached there, nothing more is ordered.

Floor: third. Thread: main. Imports no ``bpy``.
"""

import time
from collections.abc import Callable

from ...api.errors import TriverseError
from ...api.sentence import Sentence

#: Time between two reads of what was spent, in seconds. What the batch itself orders meanwhile is added.
_AGAIN_S = 1.0


class MonthLimit:
    """
    Refuses the orders of a run that would exceed the limit of the month, unless the user has agreed to that.

    :param spent: returns the credits that were spent this month, see :meth:`.spending.SpendingReader.this_month`.
    :param limit: returns the limit as it is set now; 0 for none.
    :param agreed: the limit that the user has agreed to exceed when the run was started, else None.
    :param clock: returns a monotonic time in seconds.
    """

    def __init__(
        self,
        spent: Callable[[], int],
        limit: Callable[[], int],
        agreed: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spent = spent
        self._limit = limit
        self._agreed = agreed
        self._clock = clock
        self._known = 0
        self._read_again_s = float("-inf")

    def refusal(self, price: int, ordered: int, unanswered: int) -> Sentence | None:
        """
        Return why an order is refused, or None if it is not.

        :param price: what it costs, as far as that is known.
        :param ordered: the price of everything that the run has ordered.
        :param unanswered: the part of it whose price the service has not confirmed.
        """
        limit = self._limit()
        if not limit or (self._agreed is not None and limit >= self._agreed):
            return None
        if (now_s := self._clock()) >= self._read_again_s:
            try:
                self._known = self._spent() + unanswered - ordered
            except TriverseError:
                # What cannot be read is no reason to order unasked.
                return Sentence.of("What was spent this month cannot be read now.")
            self._read_again_s = now_s + _AGAIN_S
        spent = self._known + ordered
        if spent + price <= limit:
            return None
        return Sentence.of(
            "{spent} of {limit} {limit|credit was|credits were} spent this month, so the batch orders nothing more. "
            "Start it again if you want to exceed your limit.",
            spent=spent,
            limit=limit,
        )
