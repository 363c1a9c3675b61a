# SPDX-License-Identifier: GPL-3.0-or-later
"""
Fetch pictures for the large preview: the service's picture of a model, and views around it.

Floor: second. Thread: main, except for the worker thread. No ``bpy``.

A child Blender decodes and renders once, and the pixels are kept in a folder. The thread only decompresses them, so
that the main thread gets them ready for a texture.
"""

import contextlib
import hashlib
import logging
import queue
import struct
import threading
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ...tasks.files.removal import remove_file
from ..worker.job_format import PixelsInput, PixelsOutput
from .messages import sentence_for
from .process import ChildMessages, ChildProcess

_log = logging.getLogger(__name__)

#: Number of views around a model.
VIEWS = 8
PICTURE_EDGE_PX = 1024
VIEW_EDGE_PX = 512
LOG = "pixels.log"
_SUFFIX = ".pixels"
_HEADER = struct.Struct("<II")
#: Size of all files that are kept, in bytes; the least recently used are removed.
_KEPT_BYTES = 200 * 1024 * 1024
#: No picture has more pixels, whatever a file says.
_MOST_PIXELS = PICTURE_EDGE_PX * PICTURE_EDGE_PX
_TIMEOUT_S = 300.0


def _sentence_for(kind: str, detail: str = "") -> Sentence:
    if kind == "picture":
        return Sentence.of("Blender cannot read this picture.")
    return sentence_for(kind, detail)


_MESSAGES = ChildMessages(
    too_slow=Sentence.of("The preview was not ready within {minutes} minutes."),
    killed=Sentence.of("The system ended Blender while it made the preview, most likely because memory ran out."),
    crashed=Sentence.of("Blender crashed while it made the preview ({signal})."),
    ended=Sentence.of("Blender ended without making the preview (exit code {code})."),
    stopped=Sentence.of("The preview was stopped."),
    refused=_sentence_for,
)


@dataclass(frozen=True, slots=True)
class Source:
    """
    What is to be shown.

    :ivar path: a picture, or a .blend that ``child.converter`` wrote.
    :ivar views: number of views around the model in the .blend; 0 for a picture.
    """

    path: str
    views: int = 0


@dataclass(frozen=True, slots=True)
class Pixels:
    """
    A picture for a texture.

    :ivar data: from the lower left corner, four 32-bit floats each, in sRGB and multiplied by their alpha.
    """

    width: int
    height: int
    data: bytes


class PreviewPixels:
    """
    Fetch pictures one after another, in a thread that the first request starts.

    :param command: command that starts a child, from ``child_command("pixels_worker")``.
    :param folder: folder in which they are kept.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._child = ChildProcess(command, _MESSAGES, log=LOG, timeout_s=_TIMEOUT_S)
        self._folder = folder
        self._requests: queue.SimpleQueue[Source | None] = queue.SimpleQueue()
        self._results: deque[tuple[Source, tuple[Pixels, ...], Sentence | None]] = deque()
        self._fetched: dict[Source, tuple[Pixels, ...]] = {}
        self._problems: dict[Source, Sentence] = {}
        self._wanted: set[Source] = set()
        self._under_way: set[Source] = set()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def request(self, source: Source) -> None:
        """Request pictures, unless they were requested before."""
        self._wanted.add(source)
        if source in self._fetched or source in self._problems or source in self._under_way or self._stop.is_set():
            return
        self._under_way.add(source)
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="triverse-preview", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system cannot start another thread
                self._results.append(
                    (source, (), Sentence.of("The preview cannot be made: {reason}.", reason=str(error)))
                )
                return
            self._thread = thread
        self._requests.put(source)

    def take(self, source: Source) -> tuple[Pixels, ...]:
        """Return requested pictures, once; none while they are being fetched, or if that failed."""
        pixels = self._fetched.get(source, ())
        if pixels:
            self._fetched[source] = ()
        return pixels

    def problem(self, source: Source) -> Sentence | None:
        """Return why requested pictures cannot be had; None if they can."""
        return self._problems.get(source)

    def is_under_way(self, source: Source) -> bool:
        """Return whether requested pictures are being fetched."""
        return source in self._under_way

    def forget(self) -> None:
        """Free all pictures, and begin none of those that were requested and are not begun."""
        self._wanted.clear()
        self._fetched.clear()
        self._problems.clear()

    def take_results(self) -> bool:
        """Process the worker's results. Return True if there were any."""
        has_new = False
        while self._results:
            source, pixels, problem = self._results.popleft()
            self._under_way.discard(source)
            if source in self._wanted:
                has_new = True
                if problem is not None:
                    self._problems[source] = problem
                else:
                    self._fetched[source] = pixels
        return has_new

    @property
    def is_waiting(self) -> bool:
        """True while pictures are being fetched."""
        return bool(self._under_way)

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
            pixels: tuple[Pixels, ...] = ()
            problem: Sentence | None = None
            try:
                # The preview may have been closed meanwhile.
                if source in self._wanted:
                    pixels = self._fetch(source)
            except TriverseError as error:
                problem = error.sentence
            except (OSError, ValueError, zlib.error, struct.error) as error:
                problem = Sentence.of("The preview cannot be made: {reason}.", reason=str(error))
            except UNFORESEEN as error:
                # Without this handler the thread would end, and the preview would wait for ever.
                _log.exception("No preview")
                problem = Sentence.of("The preview cannot be made: {reason}.", reason=type(error).__name__)
            self._results.append((source, pixels, problem))

    def _fetch(self, source: Source) -> tuple[Pixels, ...]:
        path = Path(source.path).resolve()
        found = path.stat()
        name = f"{path}\0{found.st_mtime_ns}\0{found.st_size}\0{source.views}"
        stem = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:24]
        files = [self._folder / f"{stem}-{number}{_SUFFIX}" for number in range(max(1, source.views))]
        try:
            return tuple(map(_read, files))
        except (OSError, ValueError, zlib.error, struct.error):
            pass  # they are not there yet, or damaged
        given = PixelsInput(
            picture_path=None if source.views else str(path),
            blend_path=str(path) if source.views else "",
            views=source.views,
            target_stem=str(self._folder.resolve() / stem),
            max_edge_px=VIEW_EDGE_PX if source.views else PICTURE_EDGE_PX,
        )
        self._child.run(given, PixelsOutput, self._folder, self._stop)
        pixels = tuple(map(_read, files))
        self._tidy_up(set(files))
        return pixels

    def _tidy_up(self, in_use: set[Path]) -> None:
        with contextlib.suppress(OSError):
            kept = [(path.lstat(), path) for path in self._folder.glob(f"*{_SUFFIX}")]
            total = sum(found.st_size for found, _ in kept)
            for found, path in sorted(kept, key=lambda one: one[0].st_mtime):
                if total <= _KEPT_BYTES:
                    break
                if path not in in_use:
                    remove_file(path)
                    total -= found.st_size


def _read(path: Path) -> Pixels:
    """
    Return the picture in a file of ``worker.pixels_worker``.

    :raises ValueError: it is damaged; also ``zlib.error`` or ``struct.error``.
    """
    text = path.read_bytes()
    width, height = _HEADER.unpack_from(text)
    size = width * height
    if not 0 < size <= _MOST_PIXELS:
        raise ValueError("no picture")
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(text[_HEADER.size :], size * 16)
    if len(data) != size * 16:
        raise ValueError("no whole picture")
    with contextlib.suppress(OSError):
        path.touch()
    return Pixels(width, height, data)
