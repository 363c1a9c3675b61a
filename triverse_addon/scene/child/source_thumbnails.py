# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make thumbnails of the source images of tasks, for the panel, and read their sizes.

Floor: second. Thread: main, except for the worker thread that makes the thumbnails. No ``bpy``.

A source image may have fifty million pixels, and Blender decodes the images of a panel on the main thread. So a child
Blender makes a thumbnail once, which takes a second. An image that is small and upright already is shown itself.
"""

import contextlib
import hashlib
import logging
import queue
import re
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...api.errors import TriverseError
from ...api.unexpected_errors import UNFORESEEN
from ...tasks.converter import NoChildError
from ...tasks.files.image_size import is_small, size_of
from ...tasks.files.removal import remove_file
from ..worker import picture_tags
from ..worker.job_format import PrepareInput, PrepareOutput
from .preparer import LOG, MESSAGES
from .process import ChildProcess

_log = logging.getLogger(__name__)

#: Number of thumbnails that are kept; the least recently used are removed.
_KEPT = 300
_COPY = re.compile(r"[0-9a-f]{24}\.[a-z0-9]{2,5}")
#: Longest side of a thumbnail, the same as in the task list.
_EDGE_PX = 256
_TIMEOUT_S = 120.0
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """
    What is known of a source image.

    :ivar thumbnail: path of its thumbnail; "" if it cannot be made.
    :ivar size_px: width and height, turned upright; None if unknown.
    :ivar size_bytes: size of its file; None if there is no such file.
    :ivar changed_ns: time of its last change.
    :ivar is_untried: there is no thumbnail because no child could run; the image may be good.
    """

    thumbnail: str = ""
    size_px: tuple[int, int] | None = None
    size_bytes: int | None = None
    changed_ns: int = 0
    is_untried: bool = False


class SourceThumbnails:
    """
    Make thumbnails one after another, in a thread that the first request starts.

    :param command: command that starts a child, from ``child_command("prepare_worker")``.
    :param folder: cache folder of the thumbnails.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._child = ChildProcess(command, MESSAGES, log=LOG, timeout_s=_TIMEOUT_S)
        self._folder = folder
        self._requests: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._results: deque[tuple[str, SourcePicture]] = deque()
        self._known: dict[str, SourcePicture] = {}
        self._under_way: set[str] = set()
        self._in_use: set[Path] = set()
        """Thumbnails whose paths were returned in this session. Only the worker thread uses it."""
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def path(self, source: str) -> str | None:
        """
        Return the path of the thumbnail of the image at ``source``.

        :return: "" if it cannot be made; None if it was not requested yet, or is being made.
        """
        known = self._known.get(source)
        return known.thumbnail if known is not None else None

    def picture(self, source: str) -> SourcePicture | None:
        """Return what is known of the image at ``source``; None if it was not requested yet, or is being read."""
        return self._known.get(source)

    def request(self, source: str) -> None:
        """Request the thumbnail of the image at ``source``, unless it was requested before."""
        if source not in self._known:
            self.look_again(source)

    def look_again(self, source: str) -> None:
        """Request the thumbnail of the image at ``source``, whose file may have changed."""
        if source in self._under_way or self._stop.is_set():
            return
        self._under_way.add(source)
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="triverse-source-thumbnails", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system cannot start another thread
                _log.warning("No small copies of pictures: %s", error)
                self._results.append((source, SourcePicture()))
                return
            self._thread = thread
        self._requests.put(source)

    def take_results(self) -> bool:
        """Process the worker's results, which :meth:`path` then returns. Return True if any of them is new."""
        has_new = False
        while self._results:
            source, found = self._results.popleft()
            has_new = has_new or self._known.get(source) != found
            self._known[source] = found
            self._under_way.discard(source)
        return has_new

    @property
    def is_waiting(self) -> bool:
        """True while a thumbnail is being made that was not there before."""
        return not self._under_way <= self._known.keys()

    def close(self) -> None:
        """End the thread and its child; blocks for at most two seconds."""
        self._stop.set()
        if self._thread is not None:
            self._requests.put(None)
            self._thread.join(2.0)

    # -------------------------------------------------------------------------
    # The worker

    def _run(self) -> None:
        while (source := self._requests.get()) is not None and not self._stop.is_set():
            found = _facts_of(Path(source))
            try:
                found = replace(found, thumbnail=self._thumbnail_of(Path(source)))
            except NoChildError as error:
                _log.info("No small copy of a picture: %s", error)
                found = replace(found, is_untried=True)
            except (OSError, ValueError, TriverseError) as error:
                _log.info("No small copy of a picture: %s", error)
            except UNFORESEEN:
                # Without this handler the thread would end, and the panel would wait for this and all later thumbnails.
                _log.exception("No small copy of a picture")
            self._results.append((source, found))

    def _thumbnail_of(self, source: Path) -> str:
        found = source.stat()
        if is_small(source) and picture_tags.orientation_of(source) == 1:
            return str(source)
        name = f"{source}\0{found.st_mtime_ns}\0{found.st_size}"
        stem = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:24]
        for kept in self._folder.glob(f"{stem}.*"):
            with contextlib.suppress(OSError):
                kept.touch()
            self._in_use.add(kept)
            return str(kept)
        given = PrepareInput(
            kind="image",
            source_path=str(source.resolve()),
            target_stem=str(self._folder.resolve() / stem),
            max_bytes=_MAX_BYTES,
            max_edge_px=_EDGE_PX,
        )
        made = self._folder / self._child.run(given, PrepareOutput, self._folder, self._stop).name
        self._in_use.add(made)
        self._tidy_up()
        return str(made)

    def _tidy_up(self) -> None:
        with contextlib.suppress(OSError):
            copies = [path for path in self._folder.iterdir() if _COPY.fullmatch(path.name)]
            for old in sorted(copies, key=lambda path: path.lstat().st_mtime)[:-_KEPT]:
                if old not in self._in_use:
                    remove_file(old)


def _facts_of(source: Path) -> SourcePicture:
    """Return what the file system and the header say about an image; nothing if its file cannot be read."""
    try:
        found, size_px = source.stat(), size_of(source)
        if size_px is not None and picture_tags.orientation_of(source) > 4:
            size_px = size_px[1], size_px[0]
    except (OSError, ValueError) as error:
        _log.info("A picture cannot be read: %s", error)
        return SourcePicture()
    return SourcePicture(size_px=size_px, size_bytes=found.st_size, changed_ns=found.st_mtime_ns)
