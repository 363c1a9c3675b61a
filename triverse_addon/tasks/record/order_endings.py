# SPDX-License-Identifier: GPL-3.0-or-later
"""
The endings with which the orders that follow from a first one are named: its retries, and the variants of one request.

Floor: first. Thread: any. No ``bpy``.
"""

import hashlib
import re

#: Longest ``client_order_id`` that the service takes.
ID_CHARS = 64
#: Longest ``client_order_id`` to which each ending can be added without cutting it off.
MOST_CHARS_BEFORE = 56
#: Length of the hash that stands for an order id without room for the ending of a variant.
_HASH_CHARS = 32


def next_order_id(order_id: str) -> str:
    """Return the ``client_order_id`` of the next retry: ``x`` -> ``x_r2`` -> ``x_r3``, at most 64 characters."""
    match = re.fullmatch(r"(.*)_r(\d+)", order_id)
    stem, times = (match[1], int(match[2])) if match else (order_id, 1)
    suffix = f"_r{times + 1}"
    return stem[: ID_CHARS - len(suffix)] + suffix


def is_order_or_retry(order_id: str, first_id: str) -> bool:
    """Return whether ``order_id`` is ``first_id``, or that of one of its retries."""
    return order_id == first_id or re.fullmatch(re.escape(first_id) + r"_r\d+", order_id) is not None


def variant_order_id(first_id: str, number: int) -> str:
    """Return the ``client_order_id`` of the variant with this number; "" if the first one has none."""
    ending = f"_v{number}"
    if first_id and len(first_id) + len(ending) > ID_CHARS:
        # Cut off, it could be that of another request.
        first_id = hashlib.sha256(first_id.encode()).hexdigest()[:_HASH_CHARS]
    return first_id + ending if first_id else ""


def can_be_first(order_id: str) -> bool:
    """
    Return whether the orders that follow from ``order_id`` are found again by its name.

    Not so if it has an ending itself, as it could be that of a retry of another order, nor if it has no room for one.
    """
    return len(order_id) <= MOST_CHARS_BEFORE and re.fullmatch(r".*_[rv][0-9]*", order_id) is None
