# SPDX-License-Identifier: GPL-3.0-or-later
"""
The prices of a batch, before anything is ordered: asked with patience, held against the limit, agreed to.

Floor: third. Thread: main, which may block on the network here. No ``bpy``.
"""

import argparse
import time
from collections.abc import Sequence

from ..api.errors import (
    ConnectError,
    ConnectionLostError,
    StalledError,
    TooManyRequestsError,
    TriverseError,
    UnavailableError,
)
from ..api.payloads import Balance
from ..api.sentence import Sentence
from ..batch.rows.row import Row
from ..batch.run.plan import PlannedRow, RowAction
from ..batch.run.quotes import Prices
from ..batch.run.request import query_prices_and_balance
from ..scripting.errors import OverBudgetError
from .batch_agreement import Agreement
from .batch_printer import BatchPrinter
from .exit_codes import Exit, for_error
from .host import Host
from .output import Output
from .setup import open_client, ready_to_send

#: Interval in seconds between two attempts to get the prices during an outage.
_QUERY_PAUSE_S = 5.0
#: Errors that pass by themselves.
_OUTAGES = (ConnectError, ConnectionLostError, StalledError, TooManyRequestsError, UnavailableError)


class PriceCheck:
    """
    The prices of one batch.

    :param started_s: ``time.monotonic()`` at the start of the command.
    """

    def __init__(self, args: argparse.Namespace, host: Host, output: Output, started_s: float) -> None:
        self._args = args
        self._host = host
        self._output = output
        self._print = BatchPrinter(output)
        self._started_s = started_s

    def confirm(self, billable: Sequence[Row], limit: int | None) -> Prices:
        """
        Get the prices, and the user's confirmation.

        :param billable: the rows that may cost credits.
        :param limit: what they may cost together; None for no limit.
        :return: the prices that were agreed to.
        :raises TriverseError: the price exceeds a limit or the balance, or nobody can be asked.
        :raises Declined: the user does not confirm.
        """
        prices = self._affordable(billable, limit)
        while self._is_attended:
            self._print.confirm(
                "Order them?",
                "Nothing was ordered.",
                Sentence.of("Cannot ask for confirmation: stdin is not a terminal. Add --yes, or --max-credits N."),
            )
            # The question may have stood there for hours.
            now, _ = self._query(billable)
            if now.total <= prices.total:
                break
            self._output.say("The service has changed its prices meanwhile.")
            prices = self._affordable(billable, limit)
        return prices

    def _affordable(self, billable: Sequence[Row], limit: int | None) -> Prices:
        prices, balance = self._query(billable)
        self._print.quote(len(billable), prices, balance.balance)
        if self._is_attended and prices.unknown:
            self._output.say("For those without a price there is no limit.")
        self._check_limit(prices, limit)
        if prices.total > balance.balance:
            raise OverBudgetError(
                Sentence.of(
                    "{missing} {missing|credit is|credits are} missing, and nothing was ordered. Add API credits, or "
                    "choose fewer rows with --rows.",
                    missing=prices.total - balance.balance,
                )
            )
        return prices

    def agreed_limit(self, prices: Prices, limit: int | None) -> int | None:
        """
        Return what the run may cost. If the service becomes dearer meanwhile, what a person agreed to is the limit.

        :param limit: what was given on the command line; None for no limit.
        """
        return prices.total if self._is_attended else limit

    def dry_run(self, planned: Sequence[PlannedRow]) -> Agreement:
        """
        Show the rows and their price.

        :return: what was found.
        :raises TriverseError: nothing could be ordered like this.
        """
        limit = self._args.max_credits
        self._print.planned_rows(planned)
        billable = [one for one in planned if one.is_billable]
        by_row = {}
        try:
            if billable:
                prices, balance = self._query([one.row for one in billable])
                self._print.quote(len(billable), prices, balance.balance)
                self._check_limit(prices, limit)
                by_row = dict(prices.by_row)
        except OverBudgetError:
            raise
        except TriverseError as error:
            # Under a limit, an unknown price is no consent; and with this key, nothing could be ordered.
            if limit is not None or for_error(error) is Exit.ACCOUNT:
                raise
            self._output.say(Sentence.of("The price is not known: {reason}", reason=self._output.text(error.sentence)))
        self._output.say("Nothing was sent." if not billable else "Nothing was ordered.")
        # What is under way or failed costs nothing here; where the task is not known, it is ordered under the same
        # identity, which the service does not charge again.
        known = {one.order_id: by_row.get(one.row.number, 0) for one in planned if one.action is not RowAction.NOTHING}
        return Agreement(max_credits=limit, prices=known)

    @property
    def _is_attended(self) -> bool:
        """Whether a person agrees at the terminal."""
        args = self._args
        return not (args.yes or args.checked or args.record) and args.max_credits is None

    def _query(self, billable: Sequence[Row]) -> tuple[Prices, Balance]:
        settings = ready_to_send(self._args, self._host)
        # A person at a terminal is told at once. Without one, a minute's outage must not end a farm's job.
        ends_at_s = time.monotonic() + (0.0 if self._is_attended else self._args.patience)
        if self._args.timeout is not None:
            ends_at_s = min(ends_at_s, self._started_s + self._args.timeout)
        while True:
            try:
                with open_client(settings) as client:
                    prices, balance = query_prices_and_balance(billable, client)
                return prices, balance
            except _OUTAGES as error:
                if time.monotonic() >= ends_at_s:
                    raise
                self._output.say(Sentence.of("{reason} Trying again.", reason=self._output.text(error.sentence)))
                time.sleep(min(_QUERY_PAUSE_S, max(0.0, ends_at_s - time.monotonic())))

    def _check_limit(self, prices: Prices, limit: int | None) -> None:
        if limit is None:
            return
        if prices.unknown:
            raise OverBudgetError(
                Sentence.of(
                    "The service tells no price of {count} {count|row before it is|rows before they are} ordered, so "
                    "--max-credits cannot be kept. Nothing was ordered.",
                    count=len(prices.unknown),
                )
            )
        if prices.total > limit:
            text = "That is more than the {limit} {limit|credit|credits} of --max-credits. Nothing was ordered."
            if self._args.checked:
                text = "That is more than the {limit} {limit|credit|credits} that the check has agreed to. "
                text += "Nothing was ordered."
            raise OverBudgetError(Sentence(text, {"limit": limit}))
