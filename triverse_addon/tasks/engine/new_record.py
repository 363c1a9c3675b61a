# SPDX-License-Identifier: GPL-3.0-or-later
"""
Turn a request into the record of a new task, after checking it.

Floor: first. Thread: any. No ``bpy``.
"""

import os

from ...api.flows import check, flow_named, yields_glb
from ..preparer import Preparer, check_request_sources
from ..record.provenance import name_for, short_name
from ..record.record import TaskRecord, TaskRequest, is_url, new_id, now_s


def record_of_request(request: TaskRequest, preparer: Preparer | None, api_url: str) -> TaskRecord:
    """
    Return the record of a new task.

    :param preparer: converts sources that cannot be sent unchanged; None where they are uploaded unchanged.
    :param api_url: the address of the service.
    :raises InputError: a field has an invalid value.
    """
    flow = flow_named(request.flow)
    params = dict(request.values) if request.is_checked else check(request.flow, request.values)
    sources = {name: str(source) for name, source in request.sources.items() if str(source).strip()}
    check_request_sources(flow, sources, preparer, api_url)
    record_id = new_id()
    gives_model = yields_glb(flow, params)
    return TaskRecord(
        id=record_id,
        flow=flow.name,
        name=short_name(request.name) or name_for(params, sources, flow.name),
        params=params,
        sources={name: source if is_url(source) else os.path.abspath(source) for name, source in sources.items()},
        client_order_id=request.client_order_id or record_id,
        allow_duplicate=request.allow_duplicate,
        created_at_s=now_s(),
        auto_import=request.auto_import and gives_model,
        convert=request.convert and gives_model,
        origin=request.origin,
        placement=request.placement,
        group=request.group,
        variant=request.variant,
        variants=request.variants,
    )
