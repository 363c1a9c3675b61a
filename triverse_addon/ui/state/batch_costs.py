# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a run of a batch costs, as far as it is known, and whether the user has confirmed it.

Floor: third. Thread: main; an :class:`Offer` is made on the batch's thread. Imports no ``bpy``.
"""

from ...batch.rows.row import Row
from ...batch.run.plan import PlannedRow
from ...batch.run.resume import SavedBatch
from ...batch.run.row_table import RowTable
from ...scripting.batch_worker import Offer


class BatchCosts:
    """The costs of the batch, as a part of the :class:`~.batch_session.BatchSession`."""

    checked: RowTable | None
    """The rows of the file; None before it was checked."""
    offer: Offer | None
    """Price and balance, or why they are unknown; None before the service was asked."""
    saved: SavedBatch | None
    """The unfinished batch, which can be resumed without another confirmation."""

    def billable(self, *, retry: bool = False) -> list[PlannedRow]:
        """
        Return the rows of a run that may cost credits.

        :param retry: a run that retries the failed rows only.
        """
        if self.checked is None:
            return []
        return self.checked.billable_retries if retry else self.checked.billable

    @property
    def is_resuming(self) -> bool:
        """True if a run would resume an unfinished batch."""
        return self.saved is not None and self.checked is not None and self.checked.has_work

    @property
    def priced_rows(self) -> tuple[Row, ...]:
        """The rows whose prices are asked for: those that may cost credits, now or when they are tried again."""
        billable = (*self.billable(), *self.billable(retry=True))
        return tuple({one.row.number: one.row for one in billable}.values())

    def shown_prices(self, *, retry: bool = False) -> dict[int, int]:
        """Return the known prices of the rows of a run that may cost credits, by their numbers."""
        if self.offer is None or self.offer.prices is None:
            return {}
        prices = self.offer.prices.by_row
        numbers = (one.row.number for one in self.billable(retry=retry))
        return {number: prices[number] for number in numbers if number in prices}

    def cost(self, *, retry: bool = False) -> int | None:
        """
        Return the known price of a run in credits, without rows whose price the service does not quote.

        :returns: None while the price is unknown.
        """
        billable = self.billable(retry=retry)
        if not billable:
            return 0
        if self.offer is None or self.offer.prices is None:
            return None
        return sum(self.shown_prices(retry=retry).values())

    def unknown_count(self, *, retry: bool = False) -> int:
        """Return the number of rows whose price the service does not quote in advance."""
        if self.offer is None or self.offer.prices is None:
            return 0
        return sum(one.row.number not in self.offer.prices.by_row for one in self.billable(retry=retry))

    def is_agreed(self) -> bool:
        """
        Return whether the user has already confirmed the costs of a run, because it resumes an unfinished batch.

        True if neither the whole price, nor that of any row, nor the set of rows that may cost credits exceeds what was
        confirmed. Of the whole price a part may be spent already.
        """
        cost = self.cost()
        if self.saved is None or self.checked is None or cost is None:
            return False
        rows = self.row_prices()
        return (
            cost <= self.saved.credits
            and self.saved.agreed.issuperset(one.order_id for one in self.checked.billable)
            and all(price <= self.saved.prices.get(order_id, price) for order_id, price in rows.items())
        )

    def row_prices(self, *, retry: bool = False) -> dict[str, int]:
        """Return the known prices of the rows of a run that may cost credits, by their order ids."""
        prices = self.shown_prices(retry=retry)
        return {one.order_id: prices[one.row.number] for one in self.billable(retry=retry) if one.row.number in prices}
