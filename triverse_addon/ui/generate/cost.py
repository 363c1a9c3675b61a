# SPDX-License-Identifier: GPL-3.0-or-later
"""
Credits: the price of a task request and the account balance, and their texts.

Floor: third. Thread: main. Imports ``bpy``. Reads memory. A later tick requests unknown values.
"""

from typing import TYPE_CHECKING

import bpy

from .. import settings
from ..form import inputs
from ..state import runtime
from ..translate import tr

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record import TaskRequest

#: The service's public documentation has no link to a page for buying credits, and names its dashboard without a link.
#: This page of the documentation is about keys and leads to the dashboard.
_ACCOUNT_PAGE = "https://docs.triverse.ai/getting-started/authentication"


def known_cost(request: "TaskRequest") -> int | None:
    """Return the price of a request in credits, or None while it is unknown; a later tick requests it."""
    session = runtime.current()
    if session is None:
        if settings.api_key() and not settings.is_offline():
            runtime.request_start()
        return None
    if not session.may_ask:
        return None
    flow = inputs.PANEL_FLOWS[request.flow]
    priced = {field.name: request.values.get(field.name) for field in flow.params if field.priced}
    return session.price.get_or_request(flow.name, priced)


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
    return tr("This costs {cost} credits, and you have {balance}.", cost=cost, balance=session.price.balance.balance)


def price(cost: int) -> str:
    """Return a translated text with ``cost`` in credits, and with the balance if it is known."""
    session = runtime.current()
    if session is None or session.price.balance is None:
        return tr("Costs {cost} credits.", cost=cost)
    return tr("Costs {cost} credits. You have {balance}.", cost=cost, balance=session.price.balance.balance)


def draw_price(layout: bpy.types.UILayout, request: "TaskRequest", count: int = 1) -> None:
    """
    Draw the price of a dialog's tasks if it is known, in the theme's colour for errors if the balance is too low.

    :param count: number of tasks with the same price.
    """
    one = known_cost(request)
    if one is None:
        return
    # Blender cannot disable a dialog's button, so the operator checks the balance again in execute().
    is_short = insufficient_credits(request, count) is not None
    row = layout.row()
    row.alert = is_short
    row.label(text=price(one * count), translate=False, icon="ERROR" if is_short else "NONE")


def confirmation(request: "TaskRequest") -> tuple[str, str] | None:
    """
    Return title and message of the confirmation before a request is submitted, or None if none is needed.

    If the preferences set a limit, an unknown price counts as above the limit.

    :param of_panel: whether the panel's inputs are submitted. The price of others is unknown.
    """
    limit = settings.preferences().ask_above_credits
    if not limit:
        return None
    cost = known_cost(request)
    if cost is None:
        return tr("Generate at an Unknown Price?"), tr("The service has not said yet what this costs.")
    if cost <= limit:
        return None
    session = runtime.current()
    title = tr("Generate for {cost} Credits?", cost=cost)
    if session is None or session.price.balance is None:
        return title, tr("The service charges them when the model is done.")
    balance = session.price.balance.balance
    return title, tr("You have {balance} credits. The service charges them when the model is done.", balance=balance)


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
