# SPDX-License-Identifier: GPL-3.0-or-later
"""
Several variants of one wish, ordered by one command: their price for all before, and each paid once.

Floor: third. Thread: main, which may block on the network here. No ``bpy``.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from ..api.sentence import Sentence
from ..scripting import credits
from ..scripting.errors import OverBudgetError
from ..scripting.order import derived_id, order
from ..tasks.engine.engine import Engine
from ..tasks.record.record import FAILED_STAGES, TaskRecord, TaskRequest
from ..tasks.record.variants import variants_of
from ..tasks.settings import Settings
from .errors import UsageError
from .output import Output

#: Begins the order ids of variants that commands have ordered.
_PREFIX = "command_"


def check_output_holds(path: Path | None, count: int) -> None:
    """
    Check that the output file can hold so many models.

    :raises UsageError: it cannot.
    """
    if count > 1 and path is not None and path.suffix.lower() == ".glb":
        raise UsageError(Sentence.of("A .glb file takes one model. Name a .blend file, or leave out --count."))


def say_price(settings: Settings, flow: str, values: Mapping[str, object], count: int, output: Output) -> int | None:
    """
    Ask for the price of so many tasks, and print it.

    :param values: settings of the flow.
    :returns: the credits that would be left, below 0 if some are missing; None if the service does not tell.
    :raises TriverseError: the service was not reached.
    """
    found = credits.quote(settings, flow, values)
    total, available = found.cost_credits * count, found.available_credits
    if count == 1:
        output.say(Sentence.of("This costs {credits} {credits|credit|credits}.", credits=total))
    else:
        text = "{count} variants cost {credits} {credits|credit|credits}, {each} each."
        output.say(Sentence(text, {"count": count, "credits": total, "each": found.cost_credits}))
    if available is not None:
        output.say(Sentence.of("You have {credits} {credits|credit|credits}.", credits=available))
    output.emit(
        "quote",
        flow=found.flow_name,
        cost_credits=total,
        available_credits=available,
        count=count,
        params=dict(found.params),
    )
    return None if available is None else available - total


def order_all(
    engine: Engine, request: TaskRequest, count: int, settings: Settings, output: Output, *, anew: bool
) -> list[TaskRecord]:
    """
    Order variants of a wish. Those that an earlier, equal command has ordered go on, and cost nothing again.

    :param request: the wish, without an order id.
    :param anew: order and pay for all of them, whatever was ordered before.
    :returns: the variants in their order.
    :raises OverBudgetError: the account has too few credits for all that are to be ordered; nothing was ordered.
    :raises TriverseError: the request was rejected, or the service was not reached.
    """
    if not anew:
        request = dataclasses.replace(request, client_order_id=derived_id(request, _PREFIX))
    ids = [one.client_order_id for one in variants_of(request, count)]
    known = [engine.find_by_order_id(one) if one else None for one in ids]
    billable = sum(record is None or record.stage in FAILED_STAGES for record in known)
    if billable < count:
        text = "{count} of these variants {count|was|were} ordered before; {count|it goes|they go} on, and "
        text += "{count|costs|cost} nothing again."
        output.say(Sentence(text, {"count": count - billable}))
    if billable:
        left = say_price(settings, request.flow, request.values, billable, output)
        if left is not None and left < 0:
            raise OverBudgetError(
                Sentence.of(
                    "{missing} {missing|credit is|credits are} missing, and nothing was ordered. Add API credits.",
                    missing=-left,
                )
            )
    return order(engine, request, count)
