# SPDX-License-Identifier: GPL-3.0-or-later
"""
The orders of the last minutes, so that a double click is one order.

Floor: third. Thread: main. No ``bpy``.

After an order, the panel's button rests for :data:`REST_S`. For :data:`ASK_S`, the same order is asked about when it
comes from a click or a key, and refused when a script sends it without saying so. What is sent several times by one
press (variations, several pictures) is submitted without asking here in between, and noted afterwards.

An order that costs more than was shown is told once, and prices are asked for again.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...api.sentence import Sentence
from ...tasks.record.events import Event, Notice, TaskChanged

if TYPE_CHECKING:
    from .price_cache import PriceCache

#: Time after an order in which the panel's button does nothing, in seconds. The longest double click is shorter.
REST_S = 1.0
#: Time after an order in which the same order is asked about, in seconds.
ASK_S = 10.0
#: Number of orders that are remembered.
_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Order:
    at_s: float
    credits: int | None
    task_ids: tuple[str, ...]


class RecentOrders:
    """
    Remembers what was ordered in this Blender, by a text that is the same for the same order.

    :param clock: returns a monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._orders: OrderedDict[str, _Order] = OrderedDict()
        self.pending_notices: deque[Notice] = deque()
        """Notices that the session has not shown yet."""
        self._rests_until_s = float("-inf")
        self._was_resting = False

    def add(self, order: str, task_ids: tuple[str, ...], credits: int | None) -> None:
        """
        Note an order that was submitted.

        :param order: see ``form.request.fingerprint``.
        :param task_ids: the tasks that were made for it.
        :param credits: the known price of one of them; None if unknown.
        """
        self._rests_until_s = self._clock() + REST_S
        self._was_resting = True
        self._orders[order] = _Order(self._clock(), credits, task_ids)
        self._orders.move_to_end(order)
        while len(self._orders) > _KEPT:
            self._orders.popitem(last=False)

    @property
    def is_resting(self) -> bool:
        """Whether an order was submitted a moment ago, so that another press is part of a double click."""
        return self._clock() < self._rests_until_s

    def is_repeat(self, order: str) -> bool:
        """Return whether the same was ordered a few seconds ago, so that it is asked about."""
        known = self._orders.get(order)
        return known is not None and self._clock() - known.at_s < ASK_S

    def is_known(self, order: str) -> bool:
        """Return whether the same was ordered earlier, so that it is ordered once more on purpose."""
        return order in self._orders

    def prices(self) -> dict[str, int]:
        """Return the prices of the remembered tasks, by their ids: the service names them only when it has accepted."""
        return {
            task_id: order.credits
            for order in self._orders.values()
            if order.credits is not None
            for task_id in order.task_ids
        }

    def heed(self, event: Event, prices: "PriceCache") -> None:
        """
        Compare what a task costs with the price that was shown.

        :param prices: asked for again if it was another one.
        """
        if not isinstance(event, TaskChanged) or (cost := event.record.cost_credits) is None:
            return
        for order, known in self._orders.items():
            if event.record.id not in known.task_ids or known.credits is None or known.credits == cost:
                continue
            self._orders[order] = replace(known, credits=cost)
            prices.expire()
            if cost > known.credits:
                told = Sentence.of(
                    "“{name}” costs {cost} {cost|credit|credits}, and not {shown} as was shown: the service has "
                    "changed its prices.",
                    name=event.record.name,
                    cost=cost,
                    shown=known.credits,
                )
                self.pending_notices.append(Notice("WARNING", told, event.record.id))
            return

    def tick(self) -> bool:
        """Return True once when the rest is over, so that the button is redrawn."""
        if self._was_resting and not self.is_resting:
            self._was_resting = False
            return True
        return False
