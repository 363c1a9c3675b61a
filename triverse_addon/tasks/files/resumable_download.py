# SPDX-License-Identifier: GPL-3.0-or-later
"""
One file from the network onto the disk: whole or not at all, and resumed where it broke off.

Floor: first. Thread: worker. No ``bpy``.

The bytes go to a hidden name in the target's own folder, next to a note of the ETag they belong to; ``os.replace``
gives them their name once they are whole and on the disk. A download that broke off, by whatever cause, goes on by
Range. Whoever writes holds a lock on the hidden file: a lease may expire while its process lives (asleep, stopped), and
two writers would make one file of two halves.
"""

import contextlib
import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ...api.errors import ConnectionLostError, TriverseError
from ...api.sentence import Sentence
from ..file_lock import is_taken, lock
from ..private_files import make_folder, opener
from ..removal import is_link

_CHUNK_BYTES = 256 * 1024
#: Room that is left alone on the disk, so that a download never takes the last of it.
_SPARE_BYTES = 64 * 1024**2
#: Slower than this over this long is taken for a broken connection.
_SLOWEST_BYTES_S = 1024
_SLOW_AFTER_S = 60.0
#: Longest time between two reports of progress, in seconds.
_REPORT_S = 0.25


class DownloadError(TriverseError):
    """A file cannot be fetched or kept."""


class DiskFullError(DownloadError):
    """There is no room left on the disk."""


class FolderError(DownloadError):
    """The download folder cannot be written to."""


class TooLargeError(DownloadError):
    """The file is larger than the cap."""


class ForeignFileError(DownloadError):
    """What comes is another kind of file than was wanted."""


class ExpiredLinkError(DownloadError):
    """The storage does not give the file out under this URL any more; a new URL may work."""


class DownloadStopped(DownloadError):
    """The engine is closing; what has arrived is kept for the next start."""


class DownloadBusyError(DownloadError):
    """Another Blender fetches this very file; ours waits until that one has it or lets go."""


class Answer(Protocol):
    """The part of a ``requests.Response`` opened with ``stream=True`` that is used here."""

    status_code: int

    @property
    def headers(self) -> "HeaderMap":
        """The response's headers."""
        ...

    def close(self) -> None:
        """Give the connection up."""
        ...


class HeaderMap(Protocol):
    """Headers, looked up without regard to letter case."""

    def get(self, name: str, default: str = "") -> str:
        """Return a header's value."""
        ...


@dataclass(frozen=True, slots=True)
class Want:
    """
    What is wanted.

    :ivar target: where the file will lie.
    :ivar max_bytes: larger files are refused before and while they are read.
    :ivar accept_head: tells from the first bytes (up to 16) whether this is the kind of file wanted.
    :ivar what: the kind of file, for sentences: "model", "preview".
    """

    target: Path
    max_bytes: int
    accept_head: Callable[[bytes], bool]
    what: str


#: Opens the URL at an offset in bytes, with the ETag that the bytes so far belong to.
Open = Callable[[int, str | None], Answer]
#: Yields the body of an answer in chunks of at most the given size; raises ``TransportError`` when it breaks off.
ReadBody = Callable[[Answer, int], Iterator[bytes]]
#: Told how many bytes are here and how many there will be (None: not known).
Report = Callable[[int, int | None], None]


def fetch(want: Want, open_url: Open, read_body: ReadBody, report: Report, stop: threading.Event) -> int:
    """
    Fetch one file.

    :param report: what it raises ends the download; what has arrived is kept.
    :returns: its size in bytes.
    :raises DownloadError: see its subclasses.
    :raises ConnectionLostError: the connection broke off; what has arrived is kept, and the next call goes on there.
    :raises TriverseError: whatever ``open_url`` raises.
    """
    part = want.target.with_name(f".{want.target.name}.part")
    note = _note_of(part)
    folder = want.target.parent
    with _told_as_folder_errors(folder):
        make_folder(folder)
        file = _opened_alone(part, want.what)
    try:
        with _told_as_folder_errors(folder):
            offset, etag = _resumable(file, note)
        answer = open_url(offset, etag if offset else None)
        try:
            try:
                offset = _accepted_offset(answer, offset, etag)
            except ConnectionLostError:
                # The next call starts over: a server that does not heed If-Range would answer the same for ever.
                file.truncate(0)
                note.unlink(missing_ok=True)
                raise
            total = _total_bytes(answer, offset)
            if total is not None and total > want.max_bytes:
                raise _too_large(want, total)
            with _told_as_folder_errors(folder):
                if total is not None:
                    _check_room(folder, total - offset)
                # Before its note changes: a crash in between must not leave old bytes under a new ETag.
                file.truncate(offset)
                _remember(note, _strong_etag(answer))
                size = _receive(want, file, offset, total, answer, read_body, report, stop)
                if total is not None and size != total:
                    raise ConnectionLostError(
                        Sentence.of("The connection broke off while the {what} was fetched.", what=want.what)
                    )
                if os.name == "nt":
                    file.close()  # an open file cannot be given another name there
                os.replace(part, want.target)
                note.unlink(missing_ok=True)
        finally:
            answer.close()
    finally:
        _let_go(file, part)
    return size


def discard_part(target: Path) -> None:
    """Throw away what an earlier, broken download of ``target`` left."""
    part = target.with_name(f".{target.name}.part")
    for path in (part, _note_of(part)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


# -----------------------------------------------------------------------------
# Resuming


def _note_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _opened_alone(part: Path, what: str) -> BinaryIO:
    """
    Open the hidden file, with what an earlier try left in it, and keep everybody else from writing into it.

    :raises DownloadBusyError: another one has it.
    """
    # In a shared folder somebody may have put a link there, to have another file of this user written over.
    for path in (part, _note_of(part)):
        if is_link(path):
            path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with contextlib.ExitStack() as unless_alone:
        file = unless_alone.enter_context(os.fdopen(opener(str(part), flags), "r+b"))
        try:
            lock(file)
        except OSError as error:
            # Elsewhere there are no locks (some network file systems), and the lease must do.
            if is_taken(error):
                raise _busy(what) from None
        # Else the one that had it has given it its name since it was opened here.
        if not part.exists() or not os.path.samestat(os.fstat(file.fileno()), part.stat()):
            raise _busy(what)
        unless_alone.pop_all()
    return file


def _let_go(file: BinaryIO, part: Path) -> None:
    """Close the hidden file; one without a byte is taken away."""
    with contextlib.suppress(OSError):
        if not file.closed:
            file.flush()
            if os.fstat(file.fileno()).st_size == 0:
                part.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        file.close()


def _resumable(file: BinaryIO, note: Path) -> tuple[int, str | None]:
    """Return how many bytes are here already and the ETag they belong to. Without an ETag nothing is resumed."""
    try:
        etag = json.loads(note.read_text("utf-8"))["etag"]
        size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0, None
    return (size, etag) if isinstance(etag, str) and etag and size else (0, None)


def _strong_etag(answer: Answer) -> str | None:
    # RFC 9110, 13.1.5: a weak ETag must not be used in If-Range.
    etag = str(answer.headers.get("ETag", "")).strip()
    return etag if etag and not etag.startswith("W/") else None


def _remember(note: Path, etag: str | None) -> None:
    if etag is None:
        note.unlink(missing_ok=True)
    else:
        with open(note, "w", encoding="utf-8", opener=opener) as file:
            json.dump({"etag": etag}, file)


def _accepted_offset(answer: Answer, offset: int, etag: str | None) -> int:
    """Return where the answer's body begins: at ``offset`` when the server goes on there, at 0 when it starts over."""
    if answer.status_code != 206 or not offset:
        return 0
    start = str(answer.headers.get("Content-Range", "")).removeprefix("bytes ").partition("-")[0].strip()
    now = _strong_etag(answer)
    if start == str(offset) and (now is None or now == etag):
        return offset
    raise ConnectionLostError(Sentence.of("The file changed on the server while it was fetched."))


def _total_bytes(answer: Answer, offset: int) -> int | None:
    # A compressed body's Content-Length says nothing of the file's size.
    if str(answer.headers.get("Content-Encoding", "identity")).strip().lower() not in ("", "identity"):
        return None
    length = str(answer.headers.get("Content-Length", "")).strip()
    # Longer than any file's; int() refuses 4300 digits with an error of its own.
    return offset + int(length) if length.isdecimal() and len(length) < 20 else None


# -----------------------------------------------------------------------------
# Receiving


def _receive(
    want: Want,
    file: BinaryIO,
    offset: int,
    total: int | None,
    answer: Answer,
    read_body: ReadBody,
    report: Report,
    stop: threading.Event,
) -> int:
    size = offset
    file.seek(0)
    head = file.read(16) if 0 < offset < 16 else b""
    head_known = offset >= 16
    window_start_s, window_bytes, reported_s = time.monotonic(), 0, 0.0
    report(size, total)
    file.seek(offset)
    for chunk in read_body(answer, _CHUNK_BYTES):
        if not head_known:
            head = (head + chunk)[:16]
            head_known = len(head) >= 16
            if head_known and not want.accept_head(head):
                raise _foreign(want)
        if size + len(chunk) > want.max_bytes:
            raise _too_large(want, size + len(chunk))
        now = time.monotonic()
        if now - reported_s >= _REPORT_S:
            reported_s = now
            # Before the chunk is written: whoever is told may know that the file is another's by now.
            report(size, total)
        file.write(chunk)
        size += len(chunk)
        window_bytes += len(chunk)
        if now - window_start_s >= _SLOW_AFTER_S:
            if window_bytes < _SLOWEST_BYTES_S * (now - window_start_s):
                raise ConnectionLostError(Sentence.of("The connection is too slow. It is tried again."))
            window_start_s, window_bytes = now, 0
        if stop.is_set():
            raise DownloadStopped(Sentence.of("The download was stopped. It goes on at the next start."))
    if not head_known and not want.accept_head(head):
        raise _foreign(want)
    file.flush()
    os.fsync(file.fileno())
    report(size, total)
    return size


def _check_room(folder: Path, needed_bytes: int) -> None:
    if shutil.disk_usage(folder).free < needed_bytes + _SPARE_BYTES:
        raise _disk_full(folder)


# -----------------------------------------------------------------------------
# Errors


def _busy(what: str) -> DownloadBusyError:
    return DownloadBusyError(
        Sentence.of("Another Blender is fetching this {what}. It goes on here when that one lets go.", what=what)
    )


def _disk_full(folder: Path) -> DiskFullError:
    return DiskFullError(
        Sentence.of(
            "There is no room left on the disk of {folder}. Free some space, then press Retry.", folder=str(folder)
        )
    )


def _too_large(want: Want, size: int) -> TooLargeError:
    return TooLargeError(
        Sentence.of(
            "The {what} has {size_mb} MB; no more than {limit_mb} MB are taken.",
            what=want.what,
            size_mb=size // 1024**2,
            limit_mb=want.max_bytes // 1024**2,
        )
    )


def _foreign(want: Want) -> ForeignFileError:
    return ForeignFileError(
        Sentence.of("What the service delivered is not a {what} that can be read here.", what=want.what)
    )


def folder_error(folder: Path, error: OSError) -> DownloadError:
    """Return what an error of the file system means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(folder)
    return FolderError(
        Sentence.of(
            "The folder {folder} cannot be written to ({reason}). Choose another download folder in the "
            "preferences, then press Retry.",
            folder=str(folder),
            reason=error.strerror or type(error).__name__,
        )
    )


@contextlib.contextmanager
def _told_as_folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise folder_error(folder, error) from None
