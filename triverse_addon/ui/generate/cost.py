# SPDX-License-Identifier: GPL-3.0-or-later
"""
Credits: what a task costs, what the account holds, and the words for both.

Floor: third. Thread: main. Imports ``bpy``. Reads memory; what is not known yet is asked for by a later tick.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.flows import Flow
from .. import settings
from ..form import inputs
from ..state import runtime
from ..translate import words

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: The service's public documentation names no page for buying credits, and its dashboard by name only: this page of it
#: speaks of keys and leads there.
_ACCOUNT_PAGE = "https://docs.triverse.ai/getting-started/authentication"


def known_cost(context: bpy.types.Context, flow: Flow | None = None) -> int | None:
    """
    Return what the panel's inputs cost, in credits, if it is known; else it is asked for soon.

    :param flow: with the settings of this flow; None: of the one that the panel shows.
    """
    here = runtime.current()
    if here is None:
        if settings.api_key() and not settings.is_offline():
            runtime.wish()
        return None
    if not here.may_ask:
        return None
    given = context.scene.triverse
    flow = flow or inputs.chosen_flow(given)
    values = inputs.values(given, flow)
    priced = {field.name: values.get(field.name) for field in flow.params if field.priced}
    return here.price.want(flow.name, priced)


def lack(context: bpy.types.Context, flow: Flow | None = None, count: int = 1) -> str | None:
    """
    Return that the credits are known not to do for the panel's inputs, in words; else None.

    :param flow: see :func:`known_cost`.
    :param count: of tasks.
    """
    here = runtime.current()
    one = known_cost(context, flow)
    if here is None or one is None or here.price.balance is None or here.price.balance.balance >= one * count:
        return None
    cost = one * count
    # Filled up meanwhile, the button must come back by itself.
    here.price.doubt_balance()
    return words("This costs {cost} credits, and you have {balance}.", cost=cost, balance=here.price.balance.balance)


def price(cost: int) -> str:
    """Return what something costs, and what there is to pay it with as far as that is known, in words."""
    here = runtime.current()
    if here is None or here.price.balance is None:
        return words("Costs {cost} credits.", cost=cost)
    return words("Costs {cost} credits. You have {balance}.", cost=cost, balance=here.price.balance.balance)


def draw_price(
    layout: bpy.types.UILayout, context: bpy.types.Context, flow: Flow | None = None, count: int = 1
) -> None:
    """
    Draw what a dialog's tasks cost, once that is known, and in the colour of errors when the credits will not do.

    :param flow: of the tasks; None: the one that the panel shows.
    """
    one = known_cost(context, flow)
    if one is None:
        return
    # Blender has no way to grey the dialog's button: it is refused when it is pressed.
    is_short = lack(context, flow, count) is not None
    row = layout.row()
    row.alert = is_short
    row.label(text=price(one * count), translate=False, icon="ERROR" if is_short else "NONE")


def question(context: bpy.types.Context) -> tuple[str, str] | None:
    """
    Return the question to ask before the panel's inputs are ordered, as title and message; None for none.

    With a limit in the preferences, a price that is not known counts as one above it.
    """
    limit = settings.preferences().ask_above_credits
    if not limit:
        return None
    cost = known_cost(context)
    if cost is None:
        return words("Generate at an Unknown Price?"), words("The service has not said yet what this costs.")
    if cost <= limit:
        return None
    here = runtime.current()
    title = words("Generate for {cost} Credits?", cost=cost)
    if here is None or here.price.balance is None:
        return title, words("The service charges them when the model is done.")
    balance = here.price.balance.balance
    return title, words("You have {balance} credits. The service charges them when the model is done.", balance=balance)


class TRIVERSE_OT_open_account(bpy.types.Operator):
    """Open the page about API keys in a web browser. From there it goes on to your account"""

    bl_idname = "triverse.open_account"
    bl_label = "Keys and Credits"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open it."""
        bpy.ops.wm.url_open(url=_ACCOUNT_PAGE)
        return {"FINISHED"}


CLASSES = (TRIVERSE_OT_open_account,)
