# SPDX-License-Identifier: GPL-3.0-or-later
"""
Credits: the price of a task request and the account balance, and their texts.

Floor: third. Thread: main. Imports ``bpy``. Reads memory. A later tick requests unknown values.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from ...api.flows import FLOWS
from .. import settings
from ..state import runtime
from ..text.translate import tr
from ..timers import open_dialog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord, TaskRequest
    from ..state.spending import Sums

#: The service's public documentation has no link to a page for buying credits, and names its dashboard without a link.
#: This page of the documentation is about keys and leads to the dashboard.
_ACCOUNT_PAGE = "https://docs.triverse.ai/getting-started/authentication"


def known_cost(request: "TaskRequest", *, is_aside: bool = False) -> int | None:
    """
    Return the price of a request in credits, or None while it is unknown; a later tick requests it.

    :param is_aside: see :meth:`state.price_cache.PriceCache.get_or_request`.
    """
    session = runtime.current()
    if session is None:
        if settings.api_key() and not settings.is_offline():
            runtime.request_start()
        return None
    if not session.may_ask:
        return None
    flow = FLOWS[request.flow]
    priced = {field.name: request.values.get(field.name) for field in flow.params if field.priced}
    return session.price.get_or_request(flow.name, priced, is_aside=is_aside)


def insufficient_credits(request: "TaskRequest", count: int = 1) -> str | None:
    """
    Return a translated message if the balance is known to be too low for a request, else None.

    :param count: number of tasks with the same price.
    """
    session = runtime.current()
    one = known_cost(request)
    if session is None or one is None or session.price.balance is None or session.price.balance.balance >= one * count:
        return None
    cost = one * count
    # The user may have bought credits: read the balance again, so that the button is enabled without an action here.
    session.price.recheck_balance()
    return tr(
        "This costs {cost} {cost|credit|credits}, and you have {balance}.",
        cost=cost,
        balance=session.price.balance.balance,
    )


def price(cost: int) -> str:
    """Return a translated text with ``cost`` in credits, and with the balance if it is known."""
    session = runtime.current()
    if session is None or session.price.balance is None:
        return tr("Costs {cost} {cost|credit|credits}.", cost=cost)
    return tr(
        "Costs {cost} {cost|credit|credits}. You have {balance}.", cost=cost, balance=session.price.balance.balance
    )


def draw_price(layout: bpy.types.UILayout, request: "TaskRequest", count: int = 1, *, is_repeat: bool = False) -> None:
    """
    Draw the price of a dialog's tasks, or that it is not known yet; as an error if the balance is too low.

    The dialog is the question, so what another question would say is drawn in it too.

    :param count: number of tasks with the same price.
    :param is_repeat: the same was ordered a moment ago.
    """
    if is_repeat:
        layout.label(text="You have just ordered this.", icon="ERROR")
    open_dialog.follows(lambda: _shown(request))
    one = known_cost(request)
    if one is None:
        layout.label(text="The service has not said yet what this costs.")
        return
    # Blender cannot disable a dialog's button, so the operator checks the balance again in execute().
    is_short = insufficient_credits(request, count) is not None
    row = layout.row()
    row.alert = is_short
    row.label(text=price(one * count), translate=False, icon="ERROR" if is_short else "NONE")
    limit, sums = settings.preferences().monthly_limit, _shown_sums()
    if limit and sums is not None and sums.month.credits + one * count > limit:
        layout.label(
            text=tr("That is above your limit of {limit} {limit|credit|credits} a month.", limit=limit), translate=False
        )


def _shown(request: "TaskRequest") -> object:
    """Return what :func:`draw_price` shows that may change by itself."""
    session = runtime.current()
    balance = session.price.balance if session is not None else None
    sums = _shown_sums() if settings.preferences().monthly_limit else None
    return known_cost(request, is_aside=True), balance, sums


def _shown_sums() -> "Sums | None":
    """Return what was spent, as read last, and request it. For drawing."""
    session = runtime.current()
    if session is None:
        return None
    from ..state import query  # lazy import, as in runtime

    session.spending.request(query.open_file())
    return session.spending.sums


def confirmation(
    request: "TaskRequest", count: int = 1, *, is_repeat: bool = False, must_show_price: bool = False
) -> tuple[str, str] | None:
    """
    Return title and message of the question before a request is submitted, or None if none is needed.

    If the preferences set a limit, an unknown price counts as above the limit.

    :param count: number of tasks that one press makes, with the same price.
    :param is_repeat: the same was ordered a moment ago.
    :param must_show_price: ask whenever the price is unknown.
    """
    one = known_cost(request)
    cost = one * count if one is not None else None
    return question(cost, is_repeat=is_repeat, must_show_price=must_show_price)


def question(cost: int | None, *, is_repeat: bool = False, must_show_price: bool = False) -> tuple[str, str] | None:
    """Return the question of :func:`confirmation` before an order of ``cost`` credits; None if that is unknown."""
    if is_repeat:
        return tr("You have just ordered this. Another one?"), _price_or_unknown(cost)
    if (over := above_monthly_limit(cost)) is not None:
        return over
    limit = settings.preferences().ask_above_credits
    if not limit and not must_show_price:
        return None
    if cost is None:
        return tr("Generate at an Unknown Price?"), tr("The service has not said yet what this costs.")
    if not limit or cost <= limit:
        return None
    session = runtime.current()
    title = tr("Generate for {cost} {cost|Credit|Credits}?", cost=cost)
    if session is None or session.price.balance is None:
        return title, tr("The service charges them when the model is done.")
    balance = session.price.balance.balance
    return title, tr(
        "You have {balance} {balance|credit|credits}. The service charges them when the model is done.", balance=balance
    )


def cost_again(records: "Iterable[TaskRecord]") -> int | None:
    """
    Return what it costs to try tasks again, or None if the price of one is unknown; a later tick requests it.

    Only what is ordered again costs credits.
    """
    from ...tasks.engine.retry import orders_again, request_from  # lazy import, as in runtime

    total = 0
    for record in records:
        if not orders_again(record) or record.flow not in FLOWS:
            continue
        one = record.cost_credits
        if one is None:
            one = known_cost(request_from(record), is_aside=True)
        if one is None:
            return None
        total += one
    return total


def _price_or_unknown(cost: int | None) -> str:
    return tr("The service has not said yet what this costs.") if cost is None else price(cost)


def above_monthly_limit(cost: int | None) -> tuple[str, str] | None:
    """Return title and message of the question if an order would exceed the limit of the month, else None."""
    session, limit = runtime.current(), settings.preferences().monthly_limit
    if not limit or session is None:
        return None
    try:
        spent = session.spending.this_month(session.engine)
    except TriverseError:
        # What cannot be read is no reason to order unasked.
        return tr("Generate above the Monthly Limit?"), tr("What was spent this month cannot be read now.")
    if spent + (cost or 0) <= limit and cost is not None:
        return None
    if cost is None:
        return tr("Generate at an Unknown Price?"), tr(
            "{spent} of {limit} {limit|credit was|credits were} spent this month, and the service "
            "has not said yet what this costs.",
            spent=spent,
            limit=limit,
        )
    return tr("Generate above the Monthly Limit?"), tr(
        "{spent} of {limit} {limit|credit was|credits were} spent this month, and this costs {cost}.",
        spent=spent,
        limit=limit,
        cost=cost,
    )


class TRIVERSE_OT_open_account(bpy.types.Operator):
    """Open the page about API keys in a web browser. From there it goes on to your account"""

    bl_idname = "triverse.open_account"
    bl_label = "Keys and Credits"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the page in the web browser."""
        bpy.ops.wm.url_open(url=_ACCOUNT_PAGE)
        return {"FINISHED"}


CLASSES = (TRIVERSE_OT_open_account,)
