# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find our task on the service when the service reports that it has the order, but not the task's UUID.

Floor: first. Thread: worker. No ``bpy``.

The documentation offers no list endpoint; the WebSocket for all tasks pushes current states on connect, and a status
holds the request's ``input`` "for retry, regenerate and reconciliation".
"""

import logging
from collections.abc import Sequence
from urllib.parse import unquote

from ...api.errors import ConnectionLostError, LibraryError, TriverseError
from ...api.fields import PROMPT_NAMES
from ...api.payloads import TaskStatus
from ...api.sentence import Sentence
from ..record.record import Stage, TaskRecord, now_s
from .context import EngineContext, live_updates

log = logging.getLogger(__name__)

#: How much earlier than the oldest task ``since`` is, in seconds: it may refer to creation or update, and the clock of
#: a machine with a wrong time zone is hours fast, up to 26. Of tasks created before ``since``, nothing would be told.
SINCE_MARGIN_S = 27 * 3600.0
#: Largest number of orders that are compared; more are not active at once.
_MOST = 1000


class NotListedError(TriverseError):
    """The service's tasks cannot be listed now, so it is not known whether one of them is the order."""


def list_tasks(context: EngineContext, since_s: float | None) -> tuple[list[TaskStatus], TriverseError | None]:
    """
    Return the user's tasks as the service lists them, and why some may be missing; None if these are all.

    :param since_s: only tasks created after this time, in epoch seconds; None for all.
    :raises LibraryError: the WebSocket that tells them cannot be used in this session of Blender.
    :raises TriverseError: the tasks cannot be listed now, or the engine is closing.
    """
    settings = context.settings
    cut_off: list[TriverseError] = []
    statuses: list[TaskStatus] = live_updates().snapshot(
        settings.api_url, settings.api_key, since_s, stop=context.stop, on_cut_off=cut_off.append
    )
    if context.stop.is_set():
        # What has come by then is not all: an order must not be taken for one that the service does not have.
        raise ConnectionLostError(Sentence.of("The request was ended because the connection was closed."))
    return statuses, cut_off[0] if cut_off else None


def find_task(context: EngineContext, record: TaskRecord, *, ever: bool = False, is_there: bool = False) -> str | None:
    """
    Return the UUID of the service's task for ``record``'s order; None if no task, or more than one, matches.

    :param ever: search without a time limit, because the order may be much older than the record.
    :param is_there: the service has said that it has the order.
    :raises NotListedError: the tasks cannot be listed now.
    :raises TriverseError: requests are blocked, or the engine is closing.
    """
    context.gate.check()
    since_s = None if ever else (record.submitted_at_s or record.created_at_s) - SINCE_MARGIN_S
    try:
        statuses, cut_off = list_tasks(context, since_s)
    except LibraryError as error:
        log.info("tasks cannot be listed: %s", error)
        return None  # not in this session of Blender, so that waiting is useless
    except TriverseError as error:
        if context.stop.is_set():
            raise  # the order stays as it is, and is looked for again at the next start
        raise NotListedError(error.sentence) from None
    if cut_off is not None:
        # Only a task that names the order is certain: others that are alike may be missing.
        named = [one for one in statuses if one.input.get("client_order_id") == record.client_order_id]
        if len(named) != 1:
            raise NotListedError(cut_off.sentence)
        statuses = named
    # In this order: an order that finds its task in between is then missing from both lists, or from the second only.
    sent = [one for one in context.store.page(count=_MOST, stages=(Stage.SUBMITTING,)) if one.submitted_at_s]
    possible = [status for status in statuses if _may_be_of(record, status, context, is_there=is_there)]
    return pick(record, possible, sent, is_there=is_there)


def _may_be_of(record: TaskRecord, status: TaskStatus, context: EngineContext, *, is_there: bool) -> bool:
    order_id = status.input.get("client_order_id")
    named = context.store.find_by_order_id(order_id) if isinstance(order_id, str) and order_id else None
    if named is not None and named.id != record.id:
        return False
    return may_be_ours(record, context.store.find_by_uuid(status.task_uuid), is_there=is_there)


def may_be_ours(record: TaskRecord, other: TaskRecord | None, *, is_there: bool) -> bool:
    """
    Return whether a task of the service can be ``record``'s order, given the local record with its UUID.

    Find My Tasks may have added the order to the list as a task created elsewhere, while the answer to the order was on
    its way or lost. Treated as a different task, the order would be sent and charged a second time.

    :param other: the local record with the task's UUID; None if there is none.
    :param is_there: the service has said that it has the order. Of one that may be like another one, it says so of that
        very order only, which may have been ordered on another machine and found before it was sent from here.
    """
    if other is None or other.id == record.id:
        return True
    if other.found_at_s is None:
        return False
    if is_there and record.allow_duplicate:
        return True
    if record.submitted_at_s is None:
        return False
    # If the clock was set back since the order was sent, which came first is not known. Taken for the order, the task
    # costs nothing more.
    return other.found_at_s >= record.submitted_at_s or record.submitted_at_s > now_s()


def pick(
    record: TaskRecord, statuses: Sequence[TaskStatus], sent: Sequence[TaskRecord] = (), *, is_there: bool = False
) -> str | None:
    """
    Return the UUID of the status that belongs to ``record``'s order; None if no status, or more than one, matches.

    :param statuses: the service's tasks that come into question.
    :param sent: all orders whose task is being searched for. If there are as many identical orders as matching tasks,
        they are paired in a fixed order; which gets which does not matter. That happens when a batch contains a row
        twice and both answers were lost.
    :param is_there: the service has said that it has the order.
    :raises NotListedError: the order is a variant, and what is there may be that of another one. It is sent again,
        which is charged once, and tells whose it is. One that took another's task would leave its own without a record.
    """
    same_order = [status for status in statuses if status.input.get("client_order_id") == record.client_order_id]
    if len(same_order) == 1:
        return same_order[0].task_uuid
    alike = [status for status in statuses if status.flow_name == record.flow and _same_input(record, status)]
    if len(alike) > 1:
        # Skip earlier orders of the same request that failed and were placed again.
        alike = [status for status in alike if status.status not in ("FAILED", "CANCELLED")]
    equals = sorted(one.id for one in sent if _is_equal_request(one, record))
    if record.group and alike and (not is_there or len(alike) < len(equals)):
        raise NotListedError(
            Sentence.of("The service has one of these variants, and does not say which. The order is sent once more.")
        )
    if len(alike) > 1 and record.id in equals and len(alike) == len(equals):
        return sorted(status.task_uuid for status in alike)[equals.index(record.id)]
    return alike[0].task_uuid if len(alike) == 1 else None


def _is_equal_request(one: TaskRecord, other: TaskRecord) -> bool:
    return (one.flow, one.params, one.file_keys) == (other.flow, other.params, other.file_keys)


def _same_input(record: TaskRecord, status: TaskStatus) -> bool:
    """Return whether all values that both sides have are equal, including at least one file or prompt."""
    reported = status.input
    if any(name in reported and value != reported[name] for name, value in record.params.items()):
        return False
    values = [value for value in reported.values() if isinstance(value, str)]
    files = {name: any(_is_file(value, key) for value in values) for name, key in record.file_keys.items()}
    if any(not is_reported and name in reported for name, is_reported in files.items()):
        return False
    # If the service includes our file keys in its URLs, a URL without our key belongs to another file.
    if any(files.values()) and any(
        not is_reported and _address_of(name) in reported for name, is_reported in files.items()
    ):
        return False
    words = [record.params[name] for name in PROMPT_NAMES if name in record.params]
    return any(files.values()) or any(word in values for word in words)


def _address_of(name: str) -> str:
    """Return the name under which a status holds the URL of a file (API page: sample input)."""
    return f"{name.removesuffix('_file')}_url"


def _is_file(reported: str, key: str) -> bool:
    """Return whether a status value refers to an uploaded file, by its key or by a URL that ends with the key."""
    return reported == key or unquote(reported.partition("?")[0]).endswith(f"/{key}")
