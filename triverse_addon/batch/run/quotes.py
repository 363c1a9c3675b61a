# SPDX-License-Identifier: GPL-3.0-or-later
"""
The price of a batch: one quote for each kind of request, regardless of the number of rows.

Floor: between first and second. Thread: any that may wait for the network. No ``bpy``.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ...api.errors import AuthenticationError, ServiceError, TooManyRequestsError, UnavailableError
from ...api.fields import JSON
from ...api.flows import priced_params
from ...api.payloads import Quote
from ..rows.row import Row

#: Queries a price at the service, given the flow and the settings that the price depends on.
QuoteQuery = Callable[[str, Mapping[str, JSON]], Quote]


@dataclass(frozen=True, slots=True)
class Prices:
    """
    The quoted prices of rows.

    :ivar by_row: price in credits by row number; rows without a known price are missing.
    :ivar unknown: numbers of the rows without a known price.
    """

    by_row: Mapping[int, int] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """Total price of all rows whose price is known, in credits."""
        return sum(self.by_row.values())


def query_prices(rows: Iterable[Row], query: QuoteQuery) -> Prices:
    """
    Query the prices of rows. The queries are free and create no tasks.

    :raises AuthenticationError: the key was rejected.
    :raises UnavailableError: the service is down.
    :raises TooManyRequestsError: the service is busy.
    :raises TransportError: the service was not reached.
    """
    known: dict[str, int | None] = {}
    by_row: dict[int, int] = {}
    unknown: list[int] = []
    for row in rows:
        params = priced_params(row.flow, row.params)
        key = json.dumps([row.flow, params], sort_keys=True)
        if key not in known:
            known[key] = _query_price(query, row.flow, params)
        price = known[key]
        if price is None:
            unknown.append(row.number)
        else:
            by_row[row.number] = price
    return Prices(by_row, tuple(unknown))


def _query_price(query: QuoteQuery, flow: str, params: Mapping[str, JSON]) -> int | None:
    try:
        return query(flow, params).cost_credits
    except (AuthenticationError, UnavailableError, TooManyRequestsError):
        raise
    except ServiceError:
        # Undocumented flows may have no price before they are ordered.
        return None
