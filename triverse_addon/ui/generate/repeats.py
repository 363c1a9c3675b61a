# SPDX-License-Identifier: GPL-3.0-or-later
"""
Guards against paying twice for one wish: the rest after an order, and the question about the same order.

Floor: third. Thread: main. Imports ``bpy``. What was ordered is remembered in ``state.recent_orders``.
"""

from typing import TYPE_CHECKING

import bpy

from ..form import request as form_request
from ..state import runtime
from ..text.translate import tr

if TYPE_CHECKING:
    from ...tasks.record.record import TaskRequest


def resting_reason() -> str | None:
    """Return why the panel's button is disabled right after an order, translated, or None if it is not."""
    session = runtime.current()
    if session is None or not session.orders.is_resting:
        return None
    return tr("This was ordered a moment ago. The button rests, so that a double click orders once.")


def is_just_ordered(context: bpy.types.Context, request: "TaskRequest") -> bool:
    """Return whether the same was ordered a few seconds ago; see ``state.recent_orders``."""
    session = runtime.current()
    return session is not None and session.orders.is_repeat(form_request.fingerprint(context, request))


def report_just_ordered(operator: bpy.types.Operator, context: bpy.types.Context, request: "TaskRequest") -> bool:
    """
    Return whether a script orders the same again within seconds, and if so, report it.

    It may have been called by a button of its own, which was clicked twice. In background, nothing is clicked.
    """
    if bpy.app.background or not is_just_ordered(context, request):
        return False
    operator.report({"WARNING"}, tr("You have just ordered this. Wait some seconds to order another one."))
    return True
