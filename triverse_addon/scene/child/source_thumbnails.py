# SPDX-License-Identifier: GPL-3.0-or-later
"""
Small copies of the pictures that tasks were made from, for the panel.

Floor: second. Thread: main, but for the worker that makes them. No ``bpy``.

A user's picture may have fifty million pixels, and Blender decodes what is drawn on the main thread. So a child
Blender makes a copy, once, which costs it a second; a picture that is small already is shown as it is.
"""

import contextlib
import hashlib
import logging
import queue
import re
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from ...api.errors import TriverseError
from ...api.unexpected_errors import UNFORESEEN
from ...tasks.files.image_size import is_small
from ...tasks.removal import remove_file
from .preparer import LOG, WORDS
from .process import ChildProcess

_log = logging.getLogger(__name__)

#: Copies that are kept; the longest unused go.
_KEPT = 300
_COPY = re.compile(r"[0-9a-f]{24}\.[a-z0-9]{2,5}")
#: Edge of a copy, as that of the list's thumbnails.
_EDGE_PX = 256
_TIMEOUT_S = 120.0
_MAX_BYTES = 1024 * 1024


class SmallPictures:
    """
    Makes small copies, one after the other, in a thread that begins with the first.

    :param command: how to start a child, from ``child_command("prepare_worker")``.
    :param folder: where the copies are kept.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._child = ChildProcess(command, WORDS, log=LOG, timeout_s=_TIMEOUT_S)
        self._folder = folder
        self._asked: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._answers: deque[tuple[str, str]] = deque()
        self._known: dict[str, str] = {}
        self._under_way: set[str] = set()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def path(self, source: str) -> str | None:
        """Return the small copy of the picture at ``source``, "" if it cannot be had, None while it is made."""
        return self._known.get(source)

    def ask(self, source: str) -> None:
        """Have a copy made, unless it is known already."""
        if source in self._known or source in self._under_way or self._stop.is_set():
            return
        self._under_way.add(source)
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="triverse-small-pictures", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system gives out no more threads
                _log.warning("No small copies of pictures: %s", error)
                self._answers.append((source, ""))
                return
            self._thread = thread
        self._asked.put(source)

    def hear(self) -> bool:
        """Take over what the worker has made; returns whether there was anything."""
        heard = False
        while self._answers:
            source, path = self._answers.popleft()
            self._known[source] = path
            self._under_way.discard(source)
            heard = True
        return heard

    @property
    def is_waiting(self) -> bool:
        """True while a copy is being made."""
        return bool(self._under_way)

    def stop(self) -> None:
        """End the thread, and the child with it."""
        self._stop.set()
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join(2.0)

    # -------------------------------------------------------------------------
    # The worker

    def _run(self) -> None:
        while (source := self._asked.get()) is not None and not self._stop.is_set():
            try:
                path = self._small(Path(source))
            except (OSError, ValueError, TriverseError) as error:
                _log.info("No small copy of a picture: %s", error)
                path = ""
            except UNFORESEEN:
                # The last net of the thread: without it the panel would wait for this picture and all later ones.
                _log.exception("No small copy of a picture")
                path = ""
            self._answers.append((source, path))

    def _small(self, source: Path) -> str:
        found = source.stat()
        if is_small(source):
            return str(source)
        name = f"{source}\0{found.st_mtime_ns}\0{found.st_size}"
        stem = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:24]
        for kept in self._folder.glob(f"{stem}.*"):
            with contextlib.suppress(OSError):
                kept.touch()
            return str(kept)
        told = {
            "kind": "image",
            "source_path": str(source.resolve()),
            "target_stem": str(self._folder.resolve() / stem),
            "max_bytes": _MAX_BYTES,
            "max_edge_px": _EDGE_PX,
        }
        made = self._folder / str(self._child.run(told, self._folder, self._stop)["name"])
        self._tidy_up()
        return str(made)

    def _tidy_up(self) -> None:
        with contextlib.suppress(OSError):
            copies = [path for path in self._folder.iterdir() if _COPY.fullmatch(path.name)]
            for old in sorted(copies, key=lambda path: path.lstat().st_mtime)[:-_KEPT]:
                remove_file(old)
