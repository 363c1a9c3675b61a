# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices are asked for once the inputs are still, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, make_panel
from tests.service import flows
from tests.service.server import StandIn
from triverse_addon.api.http_session import HttpSession, Request
from triverse_addon.api.payloads import Balance, Quote
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.events import BalanceKnown, Quoted, TaskChanged
from triverse_addon.tasks.record.record import TaskRecord
from triverse_addon.ui.form import request
from triverse_addon.ui.generate import cost as generate_cost
from triverse_addon.ui.state.price_cache import FRESH_S, PAUSE_S, STILL_S, PriceCache
from triverse_addon.ui.state.recent_orders import RecentOrders


class Asked:
    """Notes what is asked."""

    def __init__(self) -> None:
        self.quotes: list[tuple[str, dict[str, object]]] = []
        self.balances = 0

    def ask_quote(self, flow: str, values: dict[str, object]) -> int:
        self.quotes.append((flow, dict(values)))
        return len(self.quotes)

    def ask_balance(self) -> None:
        self.balances += 1


class Clock:
    """A clock that stands until it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def world() -> tuple[PriceCache, Asked, Clock]:
    clock = Clock()
    return PriceCache(clock), Asked(), clock


def quoted(token: int, cost: int) -> Quoted:
    return Quoted(token, Quote("text-to-model", {}, cost, None))


def test_nothing_is_asked_while_a_slider_moves() -> None:
    price, asked, clock = world()
    for limit in range(1000, 1010):
        assert price.get_or_request("text-to-model", {"polygon_limit": limit}) is None
        clock.now_s += STILL_S / 2
        price.tick(asked)
    assert asked.quotes == []
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    price.tick(asked)
    assert asked.quotes == [("text-to-model", {"polygon_limit": 1009})]


def test_an_answer_is_remembered_for_its_inputs_only() -> None:
    price, asked, clock = world()
    for turbo, cost in ((False, 100), (True, 60)):
        price.get_or_request("text-to-model", {"turbo": turbo})
        clock.now_s += STILL_S + 0.01
        price.tick(asked)
        assert price.is_waiting
        assert price.store_quote(quoted(len(asked.quotes), cost))
    assert price.get_or_request("text-to-model", {"turbo": False}) == 100
    assert price.get_or_request("text-to-model", {"turbo": True}) == 60
    assert price.get_or_request("text-to-mesh", {"turbo": True}) is None
    assert len(asked.quotes) == 2


@pytest.mark.kind("price-privacy")
@pytest.mark.parametrize("flow", ["text-to-model", "text-to-mesh"])
def test_a_drawn_panel_asks_for_the_price_without_a_word_of_the_prompt(
    ui: ModuleType, connected: StandIn, monkeypatch: pytest.MonkeyPatch, tick_until: Callable[..., Any], flow: str
) -> None:
    """The prompt may be half typed, or have come with somebody's .blend."""
    asked: list[Request] = []
    send = HttpSession.json

    def send_and_note(http_session: HttpSession, request: Request) -> Any:
        asked.append(request)
        return send(http_session, request)

    monkeypatch.setattr(HttpSession, "json", send_and_note)
    given = bpy.context.scene.triverse
    given.flow = flow
    given.shared.prompt = "hush-hush: the new car"
    given.shared.negative_prompt = "hush-hush: the old one"

    def price() -> int | None:
        make_panel()
        return generate_cost.known_cost(request.draft(bpy.context))

    assert tick_until(price) > 0
    given.shared.prompt = "hush-hush: the new cars"
    assert price() > 0, "words do not change the price"
    quotes = [request for request in asked if request.url.endswith("/quote")]
    assert len(quotes) == 1
    assert set(quotes[0].json["params"]) <= {"polygon_limit", "texture_size", "turbo"}
    assert "hush" not in repr(asked)


def test_what_the_panel_and_a_dialog_show_is_asked_once() -> None:
    price, asked, clock = world()
    price.get_or_request("prompt-optimization", {}, is_aside=True)
    price.get_or_request("prompt-optimization", {})
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    price.store_quote(quoted(1, 1))
    price.tick(asked)
    assert price.get_or_request("prompt-optimization", {}) == 1
    assert asked.quotes == [("prompt-optimization", {})]


def test_an_answer_to_an_earlier_question_is_no_price() -> None:
    price, asked, clock = world()
    price.get_or_request("text-to-model", {"turbo": False})
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    price.get_or_request("text-to-model", {"turbo": True})
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    assert not price.store_quote(quoted(1, 100)), "the engine answers the last question only, and may answer late"
    assert price.store_quote(quoted(2, 60))
    assert price.get_or_request("text-to-model", {"turbo": True}) == 60


def test_an_error_is_no_price_and_is_tried_again_later() -> None:
    price, asked, clock = world()
    price.get_or_request("text-to-model", {})
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    price.store_quote(Quoted(1, None, Sentence.of("No.")))
    assert price.problem == Sentence.of("No.")
    for wait_s, questions in ((PAUSE_S / 2, 1), (PAUSE_S, 2)):
        clock.now_s += wait_s
        assert price.get_or_request("text-to-model", {}) is None
        clock.now_s += STILL_S + 0.01
        price.tick(asked)
        assert len(asked.quotes) == questions


def test_an_old_price_is_shown_and_asked_for_again() -> None:
    price, asked, clock = world()
    price.get_or_request("text-to-model", {})
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    price.store_quote(quoted(1, 100))
    clock.now_s += FRESH_S + 1
    assert price.get_or_request("text-to-model", {}) == 100
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    assert len(asked.quotes) == 2


def test_an_order_that_costs_more_than_was_shown_is_told_once_and_prices_are_asked_again() -> None:
    price, asked, clock = world()
    price.get_or_request("text-to-model", {})
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    price.store_quote(quoted(1, 20))
    orders = RecentOrders(clock)
    orders.add("chair", ("one", "two"), 20)
    for cost in (None, 20, 60, 60):
        chair = TaskRecord(id="one", client_order_id="order", flow="text-to-model", name="Chair", cost_credits=cost)
        orders.heed(TaskChanged(chair), price)
        assert price.get_or_request("text-to-model", {}) == 20
        clock.now_s += STILL_S + 0.01
        price.tick(asked)
        assert len(asked.quotes) == (2 if cost == 60 else 1)
    orders.heed(TaskChanged(replace(chair, id="two")), price)
    assert [str(notice.sentence) for notice in orders.pending_notices] == [
        "“Chair” costs 60 credits, and not 20 as was shown: the service has changed its prices."
    ]


def test_a_dearer_order_is_told_in_the_panel_and_its_price_shown(
    here: Any, tick_until: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The panel went on to show the old price for ten minutes, however often it was charged another."""
    bpy.context.scene.triverse.shared.prompt = "A chair tris:1k"

    def known() -> int | None:
        make_panel()
        return generate_cost.known_cost(request.draft(bpy.context))

    tick_until(lambda: known() == 20)
    quote = flows.quote
    monkeypatch.setattr(flows, "quote", lambda flow, params: (quote(flow, params)[0], 60))
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    tick_until(lambda: known() == 60)
    assert "costs 60 credits, and not 20 as was shown" in str(here.notices[-1].sentence)


def test_the_balance_is_asked_for_once_for_several_reasons() -> None:
    price, asked, clock = world()
    price.tick(asked)
    price.store_balance(BalanceKnown(Balance(500, 20)))
    for _ in range(3):
        price.request_balance()
    clock.now_s += STILL_S + 0.01
    price.tick(asked)
    price.tick(asked)
    assert asked.balances == 2
    assert price.balance == Balance(500, 20)
    assert price.is_waiting
    price.store_balance(BalanceKnown(Balance(400, 120)))
    assert not price.is_waiting


def test_a_balance_in_doubt_is_asked_for_again_after_a_while() -> None:
    price, asked, clock = world()
    price.tick(asked)
    price.store_balance(BalanceKnown(Balance(3, 0)))
    for _ in range(5):
        price.recheck_balance()
        clock.now_s += STILL_S + 0.01
        price.tick(asked)
    assert asked.balances == 1, "it was read a moment ago"
    clock.now_s += PAUSE_S
    for _ in range(5):
        price.recheck_balance()
        clock.now_s += STILL_S + 0.01
        price.tick(asked)
    assert asked.balances == 2
    price.store_balance(BalanceKnown(Balance(1000, 0)))
    assert price.balance == Balance(1000, 0)
