# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which task of the service is ours, when it says that it has an order and not under which uuid.

Floor: first. Thread: worker. No ``bpy``.

The documentation offers no list endpoint; the WebSocket for all tasks pushes current states on connect, and a status
holds the request's ``input`` "for retry, regenerate and reconciliation".
"""

import logging
from collections.abc import Sequence
from urllib.parse import unquote

from ...api.errors import TriverseError
from ...api.payloads import TaskStatus
from ..record import Stage, TaskRecord
from .context import Shared, live_updates

log = logging.getLogger(__name__)

#: Clocks differ, and ``since`` may mean created or updated: rather too many tasks than one too few. Seconds.
_MARGIN_S = 3600.0
#: More orders than this are not under way at once.
_MOST = 1000


def find_task(shared: Shared, record: TaskRecord, *, ever: bool = False) -> str | None:
    """
    Return the uuid of the task on the service that is ``record``'s order; None if none or several could be.

    :param ever: it may have been ordered long before the record was made.
    :raises TriverseError: the gate lets nothing through.
    """
    shared.gate.check()
    settings = shared.settings
    since_s = None if ever else (record.submitted_at_s or record.created_at_s) - _MARGIN_S
    try:
        statuses = live_updates().snapshot(settings.api_url, settings.api_key, since_s, stop=shared.stop)
    except TriverseError as error:
        log.info("tasks could not be listed: %s", error)
        return None
    # In this order: what finds its task in between is then missing from both, or from the second alone.
    sent = [one for one in shared.store.page(count=_MOST, stages=(Stage.SUBMITTING,)) if one.submitted_at_s]
    possible = [status for status in statuses if may_be_ours(record, shared.store.by_uuid(status.task_uuid))]
    return pick(record, possible, sent)


def may_be_ours(record: TaskRecord, other: TaskRecord | None) -> bool:
    """
    Tell whether a task of the service can be ``record``'s order, by what the list has under its uuid.

    Find My Tasks may have brought the order to the list as a task made elsewhere, while its answer was on its way or
    lost: taken for another one, it would be ordered and charged a second time.
    """
    if other is None or other.id == record.id:
        return True
    sent_at_s = record.submitted_at_s
    return other.found_at_s is not None and sent_at_s is not None and other.found_at_s >= sent_at_s


def pick(record: TaskRecord, statuses: Sequence[TaskStatus], sent: Sequence[TaskRecord] = ()) -> str | None:
    """
    Return the uuid of the status that is ``record``'s order; None if none or several could be.

    :param sent: orders whose task is looked for too. Where there are as many of the very same as there are tasks, each
        is somebody's, and whose does not matter: a batch may have a line twice, and the answers of both were lost.
    """
    same_order = [status for status in statuses if status.input.get("client_order_id") == record.client_order_id]
    if len(same_order) == 1:
        return same_order[0].task_uuid
    alike = [status for status in statuses if status.flow_name == record.flow and _same_input(record, status)]
    if len(alike) > 1:
        # Earlier orders of the same that failed, and were ordered anew.
        alike = [status for status in alike if status.status not in ("FAILED", "CANCELLED")]
    if len(alike) > 1:
        equals = sorted(one.id for one in sent if _asks_the_same(one, record))
        if record.id in equals and len(alike) == len(equals):
            return sorted(status.task_uuid for status in alike)[equals.index(record.id)]
    return alike[0].task_uuid if len(alike) == 1 else None


def _asks_the_same(one: TaskRecord, other: TaskRecord) -> bool:
    return (one.flow, one.params, one.file_keys) == (other.flow, other.params, other.file_keys)


def _same_input(record: TaskRecord, status: TaskStatus) -> bool:
    """Tell whether everything that both sides name is equal, and that includes what makes the task its own."""
    told = status.input
    if any(name in told and value != told[name] for name, value in record.params.items()):
        return False
    values = [value for value in told.values() if isinstance(value, str)]
    files = {name: any(_is_file(value, key) for value in values) for name, key in record.file_keys.items()}
    if any(not is_told and name in told for name, is_told in files.items()):
        return False
    # Where the service tells our keys in its addresses, an address without ours is that of another file.
    if any(files.values()) and any(not is_told and _address_of(name) in told for name, is_told in files.items()):
        return False
    words = [record.params[name] for name in ("prompt", "text_prompt") if name in record.params]
    return any(files.values()) or any(word in values for word in words)


def _address_of(name: str) -> str:
    """Return under which name a status tells the address of a file (API page: sample input)."""
    return f"{name.removesuffix('_file')}_url"


def _is_file(told: str, key: str) -> bool:
    """Tell whether a status names an uploaded file, by its key or by an address that ends with it."""
    return told == key or unquote(told.partition("?")[0]).endswith(f"/{key}")
