# SPDX-License-Identifier: GPL-3.0-or-later
"""
Makes a request from fields by name, an order id that is the same each time the same is sent, and the order itself.

Floor: between second and third. Thread: main. No ``bpy``. Reads the files that are sent, for the order id.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.errors import InputError
from ..api.flows import Flow, check, flow_named
from ..api.sentence import Sentence
from ..api.urls import check_order_id
from ..batch.input.order_ids import content_of, digest
from ..tasks.record.order_endings import can_be_first
from ..tasks.record.record import FAILED_STAGES, Origin, Placement, TaskRecord, TaskRequest, is_url
from ..tasks.record.variants import MOST, variants_of

if TYPE_CHECKING:
    from ..tasks.engine.engine import Engine

#: ``Origin.session`` of tasks from scripts; no window uses this value.
SCRIPT_ORIGIN = "script"
_PREFIX = "script_"


def request_for(
    flow_name: str,
    fields: Mapping[str, object],
    *,
    name: str = "",
    order_id: str = "",
    allow_duplicate: bool = False,
    placement: Placement,
) -> TaskRequest:
    """
    Return the request for a flow with these fields.

    :param fields: the flow's settings, and paths or public URLs of its sources.
    :param name: the task's name; "" to take it from the prompt or the file.
    :param order_id: identifies the order; "" for a new one.
    :param allow_duplicate: the user wants another model from an equal request.
    :param placement: where the model is placed.
    :raises InputError: a field is unknown, or its value cannot be used.
    """
    flow = flow_named(flow_name)
    names = {field.name for field in flow.sources}
    given = {_field_name(flow, one): value for one, value in fields.items()}
    sources = {one: _source(one, value) for one, value in given.items() if one in names and value}
    values = check(flow.name, {one: value for one, value in given.items() if one not in names})
    if not isinstance(name, str):
        raise InputError(Sentence.of("{field} must be text.", field="name"), field="name")
    return TaskRequest(
        flow=flow.name,
        values=values,
        sources=sources,
        name=name,
        origin=script_origin(),
        placement=placement,
        auto_import=False,
        allow_duplicate=allow_duplicate,
        client_order_id=_own_id(order_id) if order_id else "",
    )


def check_count(count: int) -> None:
    """
    Check how many variants of one wish are to be ordered.

    :raises InputError: (field ``count``) so many cannot be.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise InputError(Sentence.of("From 1 to {most} variants of one wish can be ordered.", most=MOST), field="count")


def order(engine: "Engine", request: TaskRequest, count: int = 1) -> list[TaskRecord]:
    """
    Order several variants of one wish as one group. Those that were ordered before are taken up, and not paid again.

    :param request: its order id, continued for each variant, tells which were ordered before; "" orders all anew.
    :param count: how many; 1 is the request as it is.
    :returns: the variants in their order.
    :raises TriverseError: the request was rejected, or the store cannot be written. Nothing was sent.
    """
    requests = variants_of(request, count)
    ids = [one.client_order_id for one in requests]
    known = {one: record for one in ids if one and (record := engine.find_by_order_id(one)) is not None}
    group = next((record.group for record in known.values()), "")
    new = [dataclasses.replace(one, group=group or one.group) for one in requests if one.client_order_id not in known]
    made = iter(engine.submit_all(new) if new else [])
    if group:
        engine.extend_group(group, count)
    return [taken_up(engine, known[one]) if one in known else next(made) for one in ids]


def taken_up(engine: "Engine", record: TaskRecord) -> TaskRecord:
    """Return an earlier task of the same request, which goes on if it has stopped."""
    from ..tasks.engine.import_queue import files_are_there  # lazy import: loads the engine

    if record.stage in FAILED_STAGES:
        return engine.retry(record.id)
    if record.has_result and not files_are_there(record):
        engine.redownload(record.id)
    elif not record.has_result and not record.following:
        engine.resume_following(record.id)
    return engine.get(record.id) or record


def _own_id(order_id: str) -> str:
    """
    Return the ``client_order_id`` for the order id that a script has chosen.

    One under which the orders that follow from it would not be found again is replaced by a hash.

    :raises InputError: (field ``order_id``) it cannot be an order id.
    """
    check_order_id(order_id, field="order_id")
    return order_id if can_be_first(order_id) else _PREFIX + digest(order_id)


def script_origin() -> Origin:
    """Return the origin of tasks from scripts: they belong to no file."""
    return Origin(session=SCRIPT_ORIGIN)


def _field_name(flow: Flow, name: str) -> str:
    """Return the field's own name for one of its names; an unknown name, which is refused later, unchanged."""
    try:
        return flow.field(name).name
    except KeyError:
        return name


def _source(name: str, value: object) -> str:
    if not isinstance(value, str | Path):
        raise InputError(Sentence.of("{field} takes a path or an address.", field=name), field=name)
    text = str(value)
    return text if is_url(text) else os.path.abspath(Path(text).expanduser())


def derived_id(request: TaskRequest, prefix: str = _PREFIX) -> str:
    """
    Return an order id that follows from what is sent: flow, settings, and contents of files, wherever they are.

    :param prefix: what it begins with: orders of scripts and of commands are none of each other's.
    :raises InputError: a file cannot be read.
    """
    contents = []
    for name, source in sorted(request.sources.items()):
        try:
            contents.append(f"{name}={content_of(source)}")
        except (OSError, ValueError):  # a path with a null character is a ValueError
            raise InputError(
                Sentence.of("The file {path} is missing or empty. Choose another one.", path=source), field=name
            ) from None
    values = json.dumps(dict(request.values), sort_keys=True, ensure_ascii=True)
    return prefix + digest(request.flow, values, *contents)
