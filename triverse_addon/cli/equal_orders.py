# SPDX-License-Identifier: GPL-3.0-or-later
"""
Takes up what an earlier, equal command has ordered and did not bring to its end, instead of ordering it again.

Floor: third. Thread: main. No ``bpy``. Reads the files that are sent, for the order id.

The order id of a command begins with a hash of what is sent, and ends with a random part: an equal command whose model
was delivered orders, and pays for, another one.
"""

import dataclasses

from ..api.sentence import Sentence
from ..scripting.order import derived_id, taken_up
from ..tasks.engine.engine import Engine
from ..tasks.preparer import is_made_of
from ..tasks.record.record import UNFINISHED, Stage, TaskRecord, TaskRequest, new_id
from .origin import CLI_ORIGIN, is_for_a_file
from .output import Output

#: Begins the order ids of single orders of commands. With hash and random part, an id has 57 of the 64 characters that
#: the service allows.
_PREFIX = "single_"
_RANDOM_CHARS = 8


def ordered(engine: Engine, request: TaskRequest, output: Output) -> TaskRecord:
    """
    Return the task for a request: that of an earlier, equal command that is not settled, otherwise a new one.

    :raises TriverseError: the request was rejected, or the service took it for a repetition before.
    """
    if request.allow_duplicate:
        return engine.submit(request)
    wish = derived_id(request, _PREFIX)
    found = _unsettled_order(engine, request, wish)
    if found is None:
        order_id = f"{wish}-{new_id()[:_RANDOM_CHARS]}"
        return engine.submit(dataclasses.replace(request, client_order_id=order_id))
    if not found.is_paid and found.is_unfinished:
        output.say("An equal order that was not accepted before is kept; it goes on.")
        return found
    output.say("An equal order of before goes on, and is not paid again; --allow-duplicate orders another.")
    return taken_up(engine, found)


def refused_as_repetition(record: TaskRecord) -> Sentence | None:
    """Return what to do where the service took an order for a repetition of another; None if it did not."""
    if record.stage is not Stage.FAILED or record.is_paid or not record.allow_duplicate:
        return None
    return Sentence.of(
        "The service takes this for a repetition of a task sent a moment ago. Add --allow-duplicate to order it once "
        "more on purpose."
    )


def is_kept_back(record: TaskRecord) -> bool:
    """Return whether a task has failed for a reason that can be mended, so that it goes on and is not paid again."""
    return record.stage is Stage.FAILED and not record.is_final


def _unsettled_order(engine: Engine, request: TaskRequest, wish: str) -> TaskRecord | None:
    """
    Return the order of an earlier, equal command whose model was not delivered yet.

    Such a command was interrupted, or failed with "no key", "service not reachable" or "no room on the disk". Whoever
    repeats it wants, and pays for, one model.
    """
    for record in engine.store.find_by_order_prefix(f"{wish}-"):
        was_never_saved = record.stage is Stage.READY and is_for_a_file(record)
        if record.stage in UNFINISHED or is_kept_back(record) or was_never_saved:
            return record
    return _unaccepted_order(engine, request)


def _unaccepted_order(engine: Engine, request: TaskRequest) -> TaskRecord | None:
    """Return an equal order that the service has not accepted yet; an earlier version's, whose id tells nothing."""
    for record in engine.store.unfinished():
        wanted = (record.flow, record.params, record.sources.keys()) == (
            request.flow,
            request.values,
            request.sources.keys(),
        )
        wanted = wanted and all(is_made_of(record.sources[name], source) for name, source in request.sources.items())
        if wanted and record.is_unfinished and not record.is_paid and record.origin.session == CLI_ORIGIN:
            return record
    return None
