# SPDX-License-Identifier: GPL-3.0-or-later
"""What a price is asked with: settings that have a price, and nobody's words. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Connect
from tests.api.raw_server import RawServer, Visit, answering, body_of
from triverse_addon.api.errors import InvalidParametersError
from triverse_addon.api.fields import JSON, Field, Kind
from triverse_addon.api.flows import FLOWS, priced_params
from triverse_addon.api.payloads import Quote
from triverse_addon.batch.rows.row import Row
from triverse_addon.batch.run.quotes import query_prices

pytestmark = pytest.mark.kind("price-privacy")

SECRET = "hush-hush"
PRICE = {"code": 0, "data": {"flow_name": "f", "params": {}, "cost_credits": 7, "available_credits": 100}}


def filled(field: Field) -> JSON:
    """A value for a field, with a secret wherever free words fit."""
    values: Mapping[Kind, JSON] = {Kind.INT: field.minimum or 2, Kind.BOOL: True, Kind.LIST: [SECRET]}
    if field.priced and field.kind is Kind.TEXT:
        return field.default
    return values.get(field.kind, field.choices[0] if field.kind is Kind.CHOICE else f"{SECRET} {field.name}")


def asked(server: RawServer) -> list[dict[str, Any]]:
    return [json.loads(body_of(request)) for request in server.requests]


@pytest.mark.parametrize("flow", FLOWS)
def test_only_what_has_a_price_is_sent(connect: Connect, flow: str) -> None:
    with RawServer(answering(PRICE)) as server:
        params = {field.name: filled(field) for field in FLOWS[flow].fields}
        assert connect(server).quote(flow, params).cost_credits == 7
    [body] = asked(server)
    names = {name for field in FLOWS[flow].params if field.priced for name in field.wire_names}
    assert body == {"flow_name": flow, "params": {name: body["params"][name] for name in names}}
    assert SECRET.encode() not in b"".join(server.requests)


def needing(*names: str) -> Any:
    """A service that wants these fields for a price."""

    def serve(visit: Visit) -> None:
        while request := visit.read_request():
            params = json.loads(body_of(request))["params"]
            if all(params.get(name) for name in names):
                visit.answer(PRICE)
            else:
                visit.answer({"code": 1004, "message": f"{names[0]} is required"}, status="400 Bad Request")

    return serve


@pytest.mark.parametrize("flow", ["text-to-model", "text-to-mesh", "text-to-texture", "image-generation"])
def test_a_service_that_wants_words_gets_ours(connect: Connect, flow: str) -> None:
    with RawServer(needing("prompt")) as server:
        given: dict[str, JSON] = {"prompt": f"{SECRET} car", "polygon_limit": 5000}
        assert connect(server).quote(flow, given).cost_credits == 7
    first, second = asked(server)
    assert first["params"] == priced_params(flow, given)
    assert set(second["params"]) - set(first["params"]) <= {"prompt", "text_prompt"}
    assert len(second["params"]["prompt"]) >= 3
    assert SECRET.encode() not in b"".join(server.requests)


def test_what_words_cannot_help_is_refused_once(connect: Connect) -> None:
    with RawServer(needing("image_file")) as server, pytest.raises(InvalidParametersError):
        connect(server).quote("image-to-model", {"turbo": True})
    assert len(asked(server)) == 1
    with RawServer(needing("something_else")) as server, pytest.raises(InvalidParametersError):
        connect(server).quote("text-to-model", {"turbo": True})
    assert len(asked(server)) == 1


def test_a_batch_asks_without_words_too() -> None:
    questions: list[tuple[str, Mapping[str, JSON]]] = []

    def ask(flow: str, params: Mapping[str, JSON]) -> Quote:
        questions.append((flow, params))
        return Quote(flow, params, 7, None)

    rows = [
        Row(number=number, line=number, flow="text-to-model", params={"prompt": f"{SECRET} {number}"})
        for number in (1, 2)
    ]
    assert query_prices(rows, ask).total == 14
    assert questions == [("text-to-model", {})]


def test_no_module_asks_for_a_price_past_the_client() -> None:
    """The client is where words are left out: there is one place that names the address."""
    package = Path(__file__).parents[2] / "triverse_addon"
    places = [path.name for path in package.rglob("*.py") if "}/tasks/pricing/quote" in path.read_text("utf-8")]
    assert places == ["client.py"]
