# SPDX-License-Identifier: GPL-3.0-or-later
"""
Several orders of the same wish, to choose one of the results.

Floor: first. Thread: any. No ``bpy``.

Each variant is an order of its own, with an order number of its own. What they have in common is a group id. All of
them are stored in one transaction before the first is sent, so a crash leaves either none or the whole group, and each
of its orders goes on by itself.
"""

import dataclasses

from .order_endings import variant_order_id
from .provenance import name_for, numbered_name
from .record import TaskRequest, new_id

#: The most variants of one wish.
MOST = 8


def variants_of(request: TaskRequest, count: int) -> list[TaskRequest]:
    """
    Return ``count`` requests for the same wish, as one group; the request itself if ``count`` is 1.

    They are equal on purpose, so the service must not take one for a repetition of another.

    :param request: its ``client_order_id`` is continued for each variant, if it has one.
    """
    if count == 1:
        return [request]
    group = new_id()
    name = request.name or name_for(request.values, request.sources, request.flow)
    return [
        dataclasses.replace(
            request,
            name=numbered_name(name, number),
            allow_duplicate=True,
            client_order_id=variant_order_id(request.client_order_id, number),
            group=group,
            variant=number,
            variants=count,
        )
        for number in range(1, count + 1)
    ]
