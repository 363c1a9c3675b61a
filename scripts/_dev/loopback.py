# SPDX-License-Identifier: GPL-3.0-or-later
"""
The only network that programs in a Debian root see: their own loopback, and on it ports of this process.

No floor (development only). Any thread. Never imports ``bpy``. Linux only, and root.

A root has a network namespace of its own. For each port that this process has named in ``ports`` (the stand-in's, the
window driver's), a socket listens inside under the same number, and what comes there is handed on: a socket belongs to
the namespace of the thread that makes it, whoever uses it afterwards. No tool, no address and no route is needed for
that, and nothing but these ports can be reached.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from typing import TypeVar

from . import ports

_CLONE_NEWNET = 0x40000000  # linux/sched.h
_SIOCSIFFLAGS = 0x8914  # linux/sockios.h
_IFF_UP = 1  # linux/if.h
_PIECE_BYTES = 256 * 1024
_AT_ONCE_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: close with a reset."""

_Made = TypeVar("_Made")


class Door:
    """The way out of one root.

    Args:
        pid: a process in the root's network namespace.
    """

    def __init__(self, pid: int) -> None:
        self._namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._listening: dict[int, socket.socket] = {}
        self._inside(_bring_up_loopback)
        ports.follow(self)

    def open(self, port: int) -> None:
        """Listen inside for what goes to a port of this process."""
        if port in self._listening:
            return
        listening = self._inside(lambda: socket.create_server(("127.0.0.1", port), backlog=128))
        self._listening[port] = listening
        threading.Thread(target=_accept, args=(listening, port), name=f"door-{port}", daemon=True).start()

    def shut(self, port: int) -> None:
        """Listen no more. Connections that stand go on until this process ends them."""
        listening = self._listening.pop(port, None)
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()

    def close(self) -> None:
        """Shut all."""
        ports.leave(self)
        for port in tuple(self._listening):
            self.shut(port)
        os.close(self._namespace)

    def _inside(self, work: Callable[[], _Made]) -> _Made:
        """Do something in the root's network: in a thread that ends with it, for a thread has but one network."""
        made: list[_Made] = []
        failed: list[OSError] = []

        def enter() -> None:
            try:
                if ctypes.CDLL(None, use_errno=True).setns(self._namespace, _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
                made.append(work())
            except OSError as error:
                failed.append(error)

        thread = threading.Thread(target=enter, name="door-inside")
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return made[0]


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _accept(listening: socket.socket, port: int) -> None:
    while True:
        try:
            inside, _ = listening.accept()
        except OSError:  # shut
            return
        try:
            outside = socket.create_connection(("127.0.0.1", port))
        except OSError:
            _reset(inside)
            continue
        ended: list[bool] = []
        for source, target in ((inside, outside), (outside, inside)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_hand_on, args=(source, target, ended), name="door-hand-on", daemon=True).start()


def _hand_on(source: socket.socket, target: socket.socket, ended: list[bool]) -> None:
    """Hand on what comes, the end of it, and a reset as a reset. Who ends last closes both."""
    try:
        while piece := source.recv(_PIECE_BYTES):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        _reset(source)
        _reset(target)
    ended.append(True)
    if len(ended) == 2:
        source.close()
        target.close()


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE_RESET)
        # Ends a read that is under way, and tells the other side nothing yet: closing then does, with the reset.
        one.shutdown(socket.SHUT_RD)
    one.close()
