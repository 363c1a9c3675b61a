# SPDX-License-Identifier: GPL-3.0-or-later
"""
Makes a request from fields by name, and an order id that is the same each time the same is sent.

Floor: between second and third. Thread: main. No ``bpy``. Reads the files that are sent, for the order id.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from ..api.errors import InputError
from ..api.flows import Flow, check, flow_named
from ..api.sentence import Sentence
from ..batch.input.order_ids import content_of, digest
from ..tasks.record import Origin, Placement, TaskRequest, is_url

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
    return TaskRequest(
        flow=flow.name,
        values=values,
        sources=sources,
        name=name,
        origin=script_origin(),
        placement=placement,
        auto_import=False,
        allow_duplicate=allow_duplicate,
        client_order_id=order_id,
    )


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


def derived_id(request: TaskRequest) -> str:
    """
    Return an order id that follows from what is sent: flow, settings, and contents of files, wherever they are.

    :raises InputError: a file cannot be read.
    """
    contents = []
    for name, source in sorted(request.sources.items()):
        try:
            contents.append(f"{name}={content_of(source)}")
        except OSError:
            raise InputError(
                Sentence.of("The file {path} is missing or empty. Choose another one.", path=source), field=name
            ) from None
    values = json.dumps(dict(request.values), sort_keys=True, ensure_ascii=True)
    return _PREFIX + digest(request.flow, values, *contents)
