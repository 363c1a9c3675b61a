# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the present inputs cost and what the account holds: asked once the inputs have been still for a moment.

Floor: third. Thread: main. No ``bpy``. The panel's ``draw()`` says what it wants to know; a tick asks the engine.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...api.payloads import Balance
from ...api.sentence import Sentence
from ...tasks.events import BalanceKnown, Quoted

#: How long the inputs must stay as they are before the service is asked.
STILL_S = 0.6
#: How long an answer holds.
FRESH_S = 600.0
#: How long to wait after an answer that was an error.
PAUSE_S = 30.0
#: Answers kept, so that going back to earlier settings shows the price at once.
KEPT = 64


@dataclass(frozen=True, slots=True)
class _Answer:
    cost_credits: int | None
    until_s: float


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    flow: str
    priced: dict[str, Any]


class Price:
    """Prices and the balance, as far as they are known."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.balance: Balance | None = None
        self.problem: Sentence | None = None
        """Why the last question was not answered."""
        self.in_preferences = False
        """Whether another key or address in the preferences would mend that."""
        self._clock = clock
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._wanted: _Question | None = None
        self._wanted_since_s = 0.0
        self._asked: dict[int, _Question] = {}
        self._balance_due_s: float | None = 0.0
        self._balance_asked = False
        self._balance_at_s = 0.0

    def want(self, flow: str, priced: Mapping[str, Any]) -> int | None:
        """
        Return the price of a request in credits if it is known; unknown or old, a later tick asks for it.

        :param priced: the values on which the price depends. Nothing else is asked with: a prompt that is half typed,
            or that came with somebody's file, is nobody's business before it is ordered.
        """
        key = json.dumps([flow, dict(priced)], sort_keys=True, default=str)
        answer = self._answers.get(key)
        is_known = answer is not None and self._clock() < answer.until_s
        if is_known or any(question.key == key for question in self._asked.values()):
            self._wanted = None
        elif self._wanted is None or self._wanted.key != key:
            self._wanted = _Question(key, flow, dict(priced))
            self._wanted_since_s = self._clock()
        return answer.cost_credits if answer is not None else None

    def want_balance(self) -> None:
        """Ask for the balance soon: something may have changed it."""
        self._balance_due_s = self._clock() + STILL_S

    def doubt_balance(self) -> None:
        """Ask for the balance soon if it was not read a moment ago: it may have been filled up elsewhere."""
        is_due = self._balance_asked or self._balance_due_s is not None
        if not is_due and self._clock() - self._balance_at_s > PAUSE_S:
            self.want_balance()

    def tick(self, engine: Any) -> None:
        """Ask the engine for what is wanted and due."""
        now_s = self._clock()
        if self._balance_due_s is not None and now_s >= self._balance_due_s and not self._balance_asked:
            self._balance_due_s, self._balance_asked = None, True
            engine.ask_balance()
        if self._wanted is not None and now_s - self._wanted_since_s >= STILL_S:
            question, self._wanted = self._wanted, None
            # Of several questions in a row the engine answers the last one only.
            self._asked = {engine.ask_quote(question.flow, question.priced): question}

    @property
    def is_waiting(self) -> bool:
        """True while an answer is on its way or a question is about to be asked."""
        due_s = self._balance_due_s
        soon = due_s is not None and due_s - self._clock() <= STILL_S
        return bool(self._asked) or self._balance_asked or soon or self._wanted is not None

    def hear_quote(self, event: Quoted) -> bool:
        """Take an answer; returns whether it answers a question of ours."""
        question = self._asked.pop(event.token, None)
        if question is None:
            return False
        if event.quote is not None:
            cost, until_s = event.quote.cost_credits, self._clock() + FRESH_S
        else:
            cost, until_s = None, self._clock() + PAUSE_S
        self.problem, self.in_preferences = event.error, event.in_preferences
        self._answers[question.key] = _Answer(cost, until_s)
        self._answers.move_to_end(question.key)
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        return True

    def hear_balance(self, event: BalanceKnown) -> None:
        """Take the balance, or that it could not be read."""
        self._balance_asked = False
        self._balance_at_s = self._clock()
        if event.balance is not None:
            self.balance, self.problem = event.balance, None
        else:
            self.problem, self.in_preferences = event.error, event.in_preferences
            self._balance_due_s = self._clock() + PAUSE_S

    def forget(self) -> None:
        """Forget all answers: another key or another service gives others."""
        self.balance = self.problem = None
        self._answers.clear()
        self._asked.clear()
        self._wanted = None
        self._balance_asked, self._balance_due_s = False, 0.0
