# SPDX-License-Identifier: GPL-3.0-or-later
"""
Cached prices of inputs and the account balance. A request is sent when the inputs did not change for a while.

Floor: third. Thread: main. No ``bpy``. The panel's ``draw()`` requests a price; a tick passes this on to the engine.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...api.payloads import Balance
from ...api.sentence import Sentence
from ...tasks.record.events import BalanceKnown, Quoted

#: Time without changes of the inputs before the service is asked, in seconds.
STILL_S = 0.6
#: Time for which a price is valid, in seconds.
FRESH_S = 600.0
#: Time before the next request after an error, in seconds.
PAUSE_S = 30.0
#: Number of cached prices, so that returning to earlier settings shows their price at once.
KEPT = 64


@dataclass(frozen=True, slots=True)
class _CachedPrice:
    cost_credits: int | None
    until_s: float


@dataclass(frozen=True, slots=True)
class _QuoteRequest:
    key: str
    flow: str
    priced: dict[str, Any]


class PriceCache:
    """
    Cache of prices and the account balance.

    :param clock: returns a monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.balance: Balance | None = None
        self.balance_at_s = float("-inf")
        """When :attr:`balance` was read, by the clock."""
        self.problem: Sentence | None = None
        """Why the last request failed, None if it did not."""
        self.in_preferences = False
        """Whether another key or address in the preferences may fix :attr:`problem`."""
        self._clock = clock
        self._answers: OrderedDict[str, _CachedPrice] = OrderedDict()
        self._wanted: _QuoteRequest | None = None
        self._wanted_since_s = 0.0
        self._aside: dict[str, _QuoteRequest] = {}
        """Prices that are requested once nothing else is, by their keys."""
        self._asked: dict[int, _QuoteRequest] = {}
        self._balance_due_s: float | None = 0.0
        self._balance_asked = False
        self._balance_at_s = 0.0

    def get_or_request(self, flow: str, priced: Mapping[str, Any], *, is_aside: bool = False) -> int | None:
        """
        Return the price of a task in credits, or None while it is unknown.

        If it is unknown or expired, a later tick requests it; an expired price is returned until then.

        :param priced: the values on which the price depends. Nothing else is sent, because a prompt that is being typed
            or came with a file is private until the task is submitted.
        :param is_aside: the price is shown beside that of the panel's inputs, and is requested after that.
        """
        key = json.dumps([flow, dict(priced)], sort_keys=True, default=str)
        answer = self._answers.get(key)
        is_known = answer is not None and self._clock() < answer.until_s
        is_asked = any(request.key == key for request in self._asked.values())
        if is_aside:
            if not (is_known or is_asked):
                self._aside[key] = _QuoteRequest(key, flow, dict(priced))
        elif is_known or is_asked:
            self._wanted = None
        elif self._wanted is None or self._wanted.key != key:
            self._wanted = _QuoteRequest(key, flow, dict(priced))
            self._wanted_since_s = self._clock()
        return answer.cost_credits if answer is not None else None

    def request_balance(self) -> None:
        """Request the balance soon, because it may have changed."""
        self._balance_due_s = self._clock() + STILL_S

    def recheck_balance(self) -> None:
        """
        Request the balance soon, unless it was read in the last ``PAUSE_S`` seconds.

        The user may have bought credits elsewhere.
        """
        is_due = self._balance_asked or self._balance_due_s is not None
        if not is_due and self._clock() - self._balance_at_s > PAUSE_S:
            self.request_balance()

    def tick(self, engine: Any) -> None:
        """Pass due requests for balance and price to the engine."""
        now_s = self._clock()
        if self._balance_due_s is not None and now_s >= self._balance_due_s and not self._balance_asked:
            self._balance_due_s, self._balance_asked = None, True
            engine.ask_balance()
        if self._wanted is not None and now_s - self._wanted_since_s >= STILL_S:
            request, self._wanted = self._wanted, None
            self._aside.pop(request.key, None)
            # The engine answers only the last of several requests.
            self._asked = {engine.ask_quote(request.flow, request.priced): request}
        elif self._aside and self._wanted is None and not self._asked:
            request = self._aside.pop(next(iter(self._aside)))
            self._asked = {engine.ask_quote(request.flow, request.priced): request}

    @property
    def is_waiting(self) -> bool:
        """True while a request is pending or will be sent soon."""
        due_s = self._balance_due_s
        soon = due_s is not None and due_s - self._clock() <= STILL_S
        return bool(self._asked) or self._balance_asked or soon or self._wanted is not None or bool(self._aside)

    def store_quote(self, event: Quoted) -> bool:
        """Store a quote or its error; return whether it answers a pending request of this cache."""
        request = self._asked.pop(event.token, None)
        if request is None:
            return False
        if event.quote is not None:
            cost, until_s = event.quote.cost_credits, self._clock() + FRESH_S
        else:
            cost, until_s = None, self._clock() + PAUSE_S
        self.problem, self.in_preferences = event.error, event.in_preferences
        self._answers[request.key] = _CachedPrice(cost, until_s)
        self._answers.move_to_end(request.key)
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        return True

    def store_balance(self, event: BalanceKnown) -> None:
        """Store the balance, or why it could not be read; then it is requested again after a pause."""
        self._balance_asked = False
        self._balance_at_s = self._clock()
        if event.balance is not None:
            self.balance, self.balance_at_s, self.problem = event.balance, self._balance_at_s, None
        else:
            self.problem, self.in_preferences = event.error, event.in_preferences
            self._balance_due_s = self._clock() + PAUSE_S

    def expire(self) -> None:
        """Ask for all prices again when they are next needed, because the service has changed them."""
        now_s = self._clock()
        self._answers = OrderedDict((key, _CachedPrice(one.cost_credits, now_s)) for key, one in self._answers.items())

    def forget(self) -> None:
        """Clear the cache, because key or service have changed."""
        self.balance = self.problem = None
        self._answers.clear()
        self._asked.clear()
        self._aside.clear()
        self._wanted = None
        self._balance_asked, self._balance_due_s = False, 0.0
