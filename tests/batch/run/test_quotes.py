# SPDX-License-Identifier: GPL-3.0-or-later
"""What no price means: a flow without one, or an outage. `python scripts/test.py tests/batch/run/test_quotes.py`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from triverse_addon.api.errors import (
    AuthenticationError,
    InvalidParametersError,
    ServiceError,
    StalledError,
    TooManyRequestsError,
    TransportError,
    TriverseError,
    UnavailableError,
    UnsupportedError,
)
from triverse_addon.api.fields import JSON
from triverse_addon.api.payloads import Quote
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.rows.row import Row
from triverse_addon.batch.run.quotes import Prices, query_prices

SENTENCE = Sentence.of("No.")
ROWS = [
    Row(number=1, line=1, flow="text-to-model", params={"prompt": "a chair"}),
    Row(number=2, line=2, flow="image-to-model", params={}),
]


def service_error(kind: type[ServiceError], code: int | None = None) -> ServiceError:
    return kind(SENTENCE, http_status=500, code=code)


def ask(error: TriverseError) -> Prices:
    """Query prices where the second row's raises ``error``."""

    def query(flow: str, params: Mapping[str, JSON]) -> Quote:
        if flow == "image-to-model":
            raise error
        return Quote(flow, params, 7, None)

    return query_prices(ROWS, query)


@pytest.mark.parametrize(
    "error",
    [
        service_error(UnavailableError),
        service_error(UnavailableError, 5003),
        service_error(UnavailableError, 5004),
        service_error(UnavailableError, 5005),
        service_error(TooManyRequestsError, 2000),
        service_error(AuthenticationError),
        StalledError(SENTENCE),
        TransportError(SENTENCE),
    ],
    ids=lambda error: f"{type(error).__name__}-{error.code}",
)
def test_an_outage_is_no_flow_without_a_price(error: TriverseError) -> None:
    with pytest.raises(type(error)):
        ask(error)


@pytest.mark.parametrize(
    "error",
    [
        service_error(InvalidParametersError, 1004),
        service_error(UnsupportedError, 2002),
    ],
    ids=lambda error: f"{type(error).__name__}-{error.code}",
)
def test_a_flow_may_have_no_price(error: TriverseError) -> None:
    assert ask(error) == Prices({1: 7}, (2,))
