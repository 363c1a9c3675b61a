# SPDX-License-Identifier: GPL-3.0-or-later
"""
Prices and balance, asked for at the service; the same for scripts and for commands.

Floor: between second and third. Thread: any that may wait for the network. No ``bpy``.
"""

from collections.abc import Mapping

from ..api.flows import check, flow_named
from ..api.payloads import Balance, Quote
from ..tasks.engine.context import make_client
from ..tasks.settings import Settings
from .readiness import check_ready


def quote(settings: Settings, flow_name: str, fields: Mapping[str, object]) -> Quote:
    """
    Return the price of a task.

    :param fields: the flow's settings; required ones may be missing.
    :raises TriverseError: a value cannot be used, or the service was not reached.
    """
    values = check(flow_named(flow_name).name, fields, partial=True)
    check_ready(settings)
    with make_client(settings) as client:
        return client.quote(flow_name, values)


def balance(settings: Settings) -> Balance:
    """
    Return the account's API credits.

    :raises TriverseError: the service was not reached, or rejects the key.
    """
    check_ready(settings)
    with make_client(settings) as client:
        return client.balance()
