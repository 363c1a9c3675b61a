# SPDX-License-Identifier: GPL-3.0-or-later
"""
Drags a link from "a browser" or a file from "a file manager" into a window, by the protocol of the X desktop (XDND 5):
run inside a root, with Python.

    python3 drag_source.py X Y LINK

A link that begins with "file:" is a file. It owns the drag's selection, tells the window below X, Y of a drag that
comes, waits until it would take it, drops, and hands out the link when it is asked for. Prints ``dropped``; exit code 1
with a reason if the window does not want it.
"""

import ctypes
import sys
import time

TYPES = ("text/x-moz-url", "text/plain")
"""What browsers offer for a link, among others. Of "text/uri-list", Blender takes only files here (GHOST for X11)."""
TYPES_OF_FILE = ("text/uri-list",)
LIMIT_S = 60.0
_CLIENT_MESSAGE, _SELECTION_REQUEST, _SELECTION_NOTIFY = 33, 30, 31
_ATOM, _ANY = 4, 0

X = ctypes.CDLL("libX11.so.6")
_Id, _Display = ctypes.c_ulong, ctypes.c_void_p
X.XOpenDisplay.restype = _Display
X.XDefaultRootWindow.restype = X.XInternAtom.restype = X.XCreateSimpleWindow.restype = _Id


class Message(ctypes.Structure):
    """XClientMessageEvent."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", _Id), ("send_event", ctypes.c_int), ("display", _Display),
        ("window", _Id), ("message_type", _Id), ("format", ctypes.c_int), ("data", ctypes.c_long * 5),
    ]  # fmt: skip


class Request(ctypes.Structure):
    """XSelectionRequestEvent."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", _Id), ("send_event", ctypes.c_int), ("display", _Display),
        ("owner", _Id), ("requestor", _Id), ("selection", _Id), ("target", _Id), ("property", _Id), ("time", _Id),
    ]  # fmt: skip


class Notify(ctypes.Structure):
    """XSelectionEvent."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", _Id), ("send_event", ctypes.c_int), ("display", _Display),
        ("requestor", _Id), ("selection", _Id), ("target", _Id), ("property", _Id), ("time", _Id),
    ]  # fmt: skip


class Event(ctypes.Union):
    """XEvent, as far as it is needed here."""

    _fields_ = [
        ("type", ctypes.c_int), ("message", Message), ("request", Request), ("notify", Notify),
        ("pad", ctypes.c_long * 24),
    ]  # fmt: skip


class Source:
    """A client that drags one link."""

    def __init__(self, link: str) -> None:
        self.display = _Display(X.XOpenDisplay(None))
        self.root = _Id(X.XDefaultRootWindow(self.display))
        self.own = X.XCreateSimpleWindow(self.display, self.root, 0, 0, 1, 1, 0, _Id(0), _Id(0))
        is_file = link.startswith("file:")
        self.link = f"{link}\r\n".encode() if is_file else link.encode()
        self.types = [self.atom(name) for name in (TYPES_OF_FILE if is_file else TYPES)]
        X.XSetSelectionOwner(self.display, _Id(self.atom("XdndSelection")), _Id(self.own), _Id(0))

    def atom(self, name: str) -> int:
        return X.XInternAtom(self.display, name.encode(), 0)

    def below(self, x: int, y: int) -> int:
        """The window at a place that takes drops: without a window manager, a child of the root."""
        found = _Id(0)
        where = [ctypes.byref(ctypes.c_int()) for _ in range(2)]
        X.XTranslateCoordinates(self.display, self.root, self.root, x, y, *where, ctypes.byref(found))
        return found.value

    def send(self, window: int, name: str, *data: int) -> None:
        event = Event()
        numbers = (ctypes.c_long * 5)(self.own, *data)
        event.message = Message(_CLIENT_MESSAGE, 0, 1, self.display, window, self.atom(name), 32, numbers)
        X.XSendEvent(self.display, _Id(window), 0, _Id(0), ctypes.byref(event))
        X.XFlush(self.display)

    def hand_out(self, request: Request) -> None:
        kind = _Id(request.target)
        X.XChangeProperty(
            self.display, _Id(request.requestor), _Id(request.property), kind, 8, 0, self.link, len(self.link)
        )
        event = Event()
        event.notify = Notify(
            _SELECTION_NOTIFY, 0, 1, self.display, request.requestor, request.selection, request.target,
            request.property, request.time,
        )  # fmt: skip
        X.XSendEvent(self.display, _Id(request.requestor), 0, _Id(0), ctypes.byref(event))
        X.XFlush(self.display)

    def wait_for(self, name: str) -> Message:
        """Hand out the link to who asks, until a message of one kind comes."""
        limit_s = time.monotonic() + LIMIT_S
        while time.monotonic() < limit_s:
            if not X.XPending(self.display):
                time.sleep(0.01)
                continue
            event = Event()
            X.XNextEvent(self.display, ctypes.byref(event))
            if event.type == _SELECTION_REQUEST:
                self.hand_out(event.request)
            elif event.type == _CLIENT_MESSAGE and event.message.message_type == self.atom(name):
                return event.message
        raise SystemExit(f"The window did not answer with {name}.")


def main(x: int, y: int, link: str) -> None:
    source = Source(link)
    window = source.below(x, y)
    source.send(window, "XdndEnter", 5 << 24, *source.types, *[0] * (3 - len(source.types)))
    is_wanted = False
    for step in range(20):  # a hand does not come to rest at once
        source.send(window, "XdndPosition", 0, (x + step % 3) << 16 | y, 0, source.atom("XdndActionCopy"))
        is_wanted = bool(source.wait_for("XdndStatus").data[1] & 1)
        time.sleep(0.05)
    if not is_wanted:
        raise SystemExit("The window does not want it.")
    source.send(window, "XdndDrop", 0, 0, 0, 0)
    source.wait_for("XdndFinished")
    print("dropped")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
