# SPDX-License-Identifier: GPL-3.0-or-later
"""
Keeps Blender alive when it writes to a connection or a child process that has ended.

Ground floor; main thread; no ``bpy``.
"""

import signal
import threading


def become_errors() -> None:
    """
    Make a write whose reader has ended raise ``BrokenPipeError``, as in any Python.

    Unless SIGPIPE is ignored, the system ends the process without a word. Python ignores it when it starts, but not the
    Python in Blender 4.3.2, where it ended Blender when a connection broke (5.2.2 ignores it). It stays ignored:
    threads and other add-ons may still write. ``subprocess`` gives child processes the default again.

    Has no effect on Windows, off the main thread, or if someone handles the signal.
    """
    if not hasattr(signal, "SIGPIPE") or threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGPIPE) is signal.SIG_DFL:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
