# SPDX-License-Identifier: GPL-3.0-or-later
"""
The limits of a run: concurrent tasks, credits, duration, and how long the service may be unavailable.

Floor: between first and second. Thread: main. No ``bpy``.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...api.responses import TOO_MANY_REQUESTS
from ...api.sentence import Sentence
from ...tasks.engine.engine import Engine
from ...tasks.engine.request_gate import BlockReason
from ...tasks.record.record import TaskRecord
from .outcome import RowResult

#: Largest number of concurrent tasks; more would only wait in the service's queue.
MAX_CONCURRENT_TASKS = 1000
#: The result of a run whose requests are all blocked; any other reason is one of this machine.
_RESULT_OF_BLOCK = {BlockReason.KEY: RowResult.ACCOUNT, BlockReason.ONLINE: RowResult.SERVICE}
#: Interval at which the service is checked for an outage, in seconds.
_SERVICE_CHECK_S = 1.0
#: See :class:`Budget`.
Refusal = Callable[[int, int, int], Sentence | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The limits of a run.

    :ivar jobs: largest number of tasks that are active at the service at once.
    :ivar writers: largest number of models that are written at once.
    :ivar max_credits: see :class:`Budget`.
    :ivar patience_s: how long the service may be unavailable, or the list of tasks not be written, before the run ends,
        in seconds.
    :ivar timeout_s: longest duration of the run, in seconds; None for no limit.
    :ivar refusal: see :class:`Budget`.
    """

    jobs: int = 8
    writers: int = 1
    max_credits: int | None = None
    patience_s: float = 600.0
    timeout_s: float | None = None
    refusal: Refusal | None = None


class Budget:
    """
    The credits that a run has ordered, and whether the limit allows one more order.

    The service names the price of an order with its answer. Until then the quoted price stands for it, raised as those
    of the orders that were answered. Rows without a quoted price are neither limited nor counted against the limit.

    :param limit: largest total of the rows with a quoted price, in credits; None for no limit.
    :param prices: row number -> quoted price in credits.
    :param refusal: gets the price of an order, that of everything that was ordered, and the part of it without an
        answer; returns why it is refused for a reason outside this run, or None.
    """

    def __init__(
        self,
        limit: int | None,
        prices: Mapping[int, int],
        refusal: Refusal | None = None,
    ) -> None:
        self._limit = limit
        self._prices = prices
        self._refusal = refusal
        self._answered: dict[int, int] = {}
        """Price of each row whose order was answered, by row number."""
        self._unanswered: set[int] = set()
        """Numbers of the rows that were ordered, or are being ordered, and not answered yet."""
        self._answered_total = self._unanswered_total = self._unpriced_total = 0
        """Sums, so that none is computed for each of a hundred thousand rows: the last is of rows without a quote."""
        self._price_factor = 1.0
        """Largest ratio of real to quoted price, at least 1."""

    @property
    def ordered_credits(self) -> int:
        """Known price of everything that this run has ordered, in credits."""
        return self._answered_total + self._unanswered_total + self._unpriced_total

    def must_wait(self, number: int) -> bool:
        """
        Return whether this row is not to be ordered before what was ordered is answered.

        While there is room for twice the price of those without an answer, orders need not wait for each other. So of a
        rise up to twice the price, one order at most is a surprise that the limit does not hold.
        """
        if self._unanswered and self._refused(number) is not None:
            return True  # what is unanswered may cost nothing yet; only what was answered ends a run
        if self._limit is None or number not in self._prices or not self._unanswered_total:
            return False
        return self._answered_total + 2 * self._at_stake(number) > self._limit

    def over_limit(self, number: int) -> Sentence | None:
        """Return the error message if the limit does not allow to order this row; None if it does."""
        if self._limit is None or number not in self._prices:
            return self._refused(number)
        if self._answered_total + self._at_stake(number) <= self._limit:
            return self._refused(number)
        return Sentence.of(
            "More than the {limit} {limit|credit that was|credits that were} allowed would be spent.", limit=self._limit
        )

    def _refused(self, number: int) -> Sentence | None:
        if self._refusal is None:
            return None
        return self._refusal(self._prices.get(number, 0), self.ordered_credits, self._unanswered_total)

    def _at_stake(self, number: int) -> float:
        """Return what the orders without an answer may cost together with this row, which has a quoted price."""
        return (self._unanswered_total + self._prices[number]) * self._price_factor

    def reserve(self, number: int) -> None:
        """Add the quoted price of a row that is being ordered."""
        self._unanswered.add(number)
        self._unanswered_total += self._prices.get(number, 0)

    def release(self, number: int) -> None:
        """Subtract the price of a row that was not ordered after all."""
        if number in self._unanswered:
            self._unanswered.discard(number)
            self._unanswered_total -= self._prices.get(number, 0)

    def answer(self, number: int, credits: int | None) -> None:
        """
        Replace the quoted price of a row by the real one. Ignored for rows that this run has not ordered.

        :param credits: None if the answer has not named it, or the order has failed.
        """
        quoted = self._prices.get(number, 0)
        if number in self._unanswered:
            self.release(number)
            before = 0
        elif number not in self._answered or credits is None:
            return
        else:
            before = self._answered[number]
        self._answered[number] = price = quoted if credits is None else credits
        if number not in self._prices:
            self._unpriced_total += price - before
            return
        self._answered_total += price - before
        self._price_factor = max(self._price_factor, price / quoted if quoted else 1.0)


class LimitsCheck:
    """
    Checks whether a run has to end: at its time limit, when requests are blocked, or after a long outage.

    An outage is one of the service, or of the disk with the list of tasks.

    :param started_s: ``time.monotonic()`` at the start of the run.
    """

    def __init__(self, engine: Engine, limits: Limits, started_s: float) -> None:
        self._engine = engine
        self._limits = limits
        self._started_s = started_s
        self._outage_since_s: float | None = None
        self._unstored_since_s: float | None = None
        self._service_checked_s = float("-inf")

    def reason_to_end(self, records: Sequence[TaskRecord]) -> tuple[RowResult, Sentence] | None:
        """
        Return the result of the unfinished rows and the reason, if the run has to end now; else None.

        :param records: the active tasks.
        """
        now_s = time.monotonic()
        timeout_s = self._limits.timeout_s
        if timeout_s is not None and now_s - self._started_s >= timeout_s:
            return RowResult.TIMED_OUT, Sentence.of("The time is over. What was ordered goes on at the service.")
        if now_s - self._service_checked_s < _SERVICE_CHECK_S:
            return None
        self._service_checked_s = now_s
        block, sentence = self._engine.blocked()
        if block is not BlockReason.NONE and sentence is not None:
            return _RESULT_OF_BLOCK.get(block, RowResult.STOPPED), sentence
        return self._long_unstored(now_s) or self._long_outage(records, now_s)

    def _long_unstored(self, now_s: float) -> tuple[RowResult, Sentence] | None:
        reason = self._engine.unstored()
        if reason is None:
            self._unstored_since_s = None
        elif self._unstored_since_s is None:
            self._unstored_since_s = now_s
        elif now_s - self._unstored_since_s >= self._limits.patience_s:
            return RowResult.STOPPED, reason
        return None

    def _long_outage(self, records: Sequence[TaskRecord], now_s: float) -> tuple[RowResult, Sentence] | None:
        notes = [
            record.status_note for record in records if record.attempts and record.status_note != TOO_MANY_REQUESTS
        ]
        reasons = [note for note in notes if note is not None]
        if not reasons or len(reasons) < len(records):
            self._outage_since_s = None
        elif self._outage_since_s is None:
            self._outage_since_s = now_s
        elif now_s - self._outage_since_s >= self._limits.patience_s:
            return RowResult.SERVICE, reasons[0]
        return None
