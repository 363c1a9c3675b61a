# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a batch costs: one quote for each kind of request, however many rows there are.

Floor: between first and second. Thread: one that may wait for the network. No ``bpy``.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ...api.errors import AuthenticationError, ServiceError
from ...api.fields import JSON
from ...api.flows import priced_params
from ...api.payloads import Quote
from ..row import Row

#: Asks the service for a price: flow and the settings it depends on in, quote out.
AskQuote = Callable[[str, Mapping[str, JSON]], Quote]


@dataclass(frozen=True, slots=True)
class Prices:
    """
    The quoted price of rows.

    :ivar by_row: credits by the row's number; rows whose price the service does not tell are missing.
    :ivar unknown: numbers of the rows whose price is not known.
    """

    by_row: Mapping[int, int] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """Credits of all rows whose price is known."""
        return sum(self.by_row.values())


def ask_prices(rows: Iterable[Row], ask: AskQuote) -> Prices:
    """
    Ask what rows cost; free, and creates nothing.

    :raises AuthenticationError: the key was refused.
    :raises TransportError: the service was not reached.
    """
    known: dict[str, int | None] = {}
    by_row: dict[int, int] = {}
    unknown: list[int] = []
    for row in rows:
        what = priced_params(row.flow, row.params)
        key = json.dumps([row.flow, what], sort_keys=True)
        if key not in known:
            known[key] = _ask(ask, row.flow, what)
        price = known[key]
        if price is None:
            unknown.append(row.number)
        else:
            by_row[row.number] = price
    return Prices(by_row, tuple(unknown))


def _ask(ask: AskQuote, flow: str, what: Mapping[str, JSON]) -> int | None:
    try:
        return ask(flow, what).cost_credits
    except AuthenticationError:
        raise
    except ServiceError:
        # Flows that the documentation does not describe may have no price before they are ordered.
        return None
