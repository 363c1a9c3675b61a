# SPDX-License-Identifier: GPL-3.0-or-later
"""
Ports of this process that programs in a Debian root may reach; see ``loopback``.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

import threading
from typing import Protocol


class Follower(Protocol):
    """Who wants to know."""

    def open(self, port: int) -> None:
        """A port is open now."""

    def shut(self, port: int) -> None:
        """It is no more."""


_lock = threading.RLock()
_ports: set[int] = set()
_followers: list[Follower] = []


def opened(port: int) -> None:
    """Let the programs in all roots reach a port of this process, from now on."""
    with _lock:
        _ports.add(port)
        for follower in _followers:
            follower.open(port)


def closed(port: int) -> None:
    """Take :func:`opened` back: connections inside are refused, as they are here."""
    with _lock:
        _ports.discard(port)
        for follower in _followers:
            follower.shut(port)


def follow(follower: Follower) -> None:
    """Tell somebody of all ports that are open, and of every change."""
    with _lock:
        _followers.append(follower)
        for port in _ports:
            follower.open(port)


def leave(follower: Follower) -> None:
    """Tell somebody no more."""
    with _lock:
        _followers.remove(follower)
