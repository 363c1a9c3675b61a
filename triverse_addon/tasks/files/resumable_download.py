# SPDX-License-Identifier: GPL-3.0-or-later
"""
Downloads one file atomically, and resumes interrupted downloads.

Floor: first. Thread: worker. No ``bpy``.

The data is written to a hidden file in the target's folder, next to a note that identifies the version of the file on
the server: its ETag or, without one, its date and size. When the file is complete and on the disk, ``os.replace`` gives
it its name. An interrupted download is resumed with a Range request. The writer holds a lock on the hidden file: a
lease may expire while its process still runs (suspended, stopped), and two writers would mix their data in one file.
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...api.errors import ConnectionLostError
from ...api.sentence import Sentence
from .busy_files import replace_file
from .download_errors import (
    DownloadStopped,
    ForeignFileError,
    TooLargeError,
    as_folder_errors,
    busy,
    disk_full,
)
from .download_resume import (
    Partial,
    StreamResponse,
    accepted_offset,
    note_path_of,
    part_of,
    resumable,
    total_bytes,
    write_note,
)
from .file_lock import is_taken, lock
from .private_files import make_folder, opener
from .removal import is_link

_CHUNK_BYTES = 256 * 1024
#: Disk space in bytes that must remain free after a download.
_SPARE_BYTES = 64 * 1024**2
#: Below this rate, averaged over this time, the connection counts as broken.
_SLOWEST_BYTES_S = 1024
_SLOW_AFTER_S = 60.0
#: Maximum time in seconds between two progress reports.
_REPORT_S = 0.25


@dataclass(frozen=True, slots=True)
class DownloadSpec:
    """
    Describes the file to download.

    :ivar target: path of the file.
    :ivar max_bytes: maximum size, checked before and during the download.
    :ivar accept_head: returns whether the first bytes (up to 16) are those of the expected format.
    :ivar what: the kind of file, for messages: "model", "preview".
    """

    target: Path
    max_bytes: int
    accept_head: Callable[[bytes], bool]
    what: str


#: Opens the URL at an offset in bytes, with the ETag or date of the partial file.
Open = Callable[[int, str | None], StreamResponse]
#: Yields the body of a response in chunks of at most the given size; raises ``TransportError`` when the connection
#: breaks.
ReadBody = Callable[[StreamResponse, int], Iterator[bytes]]
#: Called with the bytes received and the total (None: unknown).
Report = Callable[[int, int | None], None]


def fetch(spec: DownloadSpec, open_url: Open, read_body: ReadBody, report: Report, stop: threading.Event) -> int:
    """
    Download one file.

    :param spec: the file.
    :param open_url: opens the URL.
    :param read_body: reads the response.
    :param report: called with the progress. An exception in it ends the download; the partial file is kept.
    :param stop: stops the download when set.
    :returns: the size in bytes.
    :raises DownloadError: see its subclasses in ``download_errors``.
    :raises ConnectionLostError: the connection broke; the partial file is kept, and the next call resumes it.
    :raises TriverseError: whatever ``open_url`` raises.
    """
    part = part_of(spec.target)
    folder = spec.target.parent
    with as_folder_errors(folder):
        make_folder(folder)
        file = _open_locked(part, spec.what)
    with contextlib.ExitStack() as at_end:
        at_end.callback(_close_partial, file, part)
        with as_folder_errors(folder):
            partial = resumable(file, note_path_of(part))
        response = open_url(partial.size, partial.validator)
        at_end.callback(response.close)
        transfer = _begin(spec, file, response, partial)
        with as_folder_errors(folder):
            _receive(transfer, read_body, report, stop)
            if transfer.total is not None and transfer.received != transfer.total:
                raise ConnectionLostError(
                    Sentence.of("The connection broke off while the {what} was fetched.", what=spec.what)
                )
            if os.name == "nt":
                file.close()  # Windows cannot rename an open file
            replace_file(part, spec.target)
            note_path_of(part).unlink(missing_ok=True)
    return transfer.received


def discard_part(target: Path) -> None:
    """Remove the partial file of an earlier download of ``target``."""
    part = part_of(target)
    for path in (part, note_path_of(part)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


# -----------------------------------------------------------------------------
# The hidden file


def _open_locked(part: Path, what: str) -> BinaryIO:
    """
    Open the hidden file, which may contain data of an earlier attempt, and lock it against other writers.

    :raises DownloadBusyError: another process has locked it.
    """
    # In a shared folder somebody may have created a link there, so that another file of the user would be overwritten.
    for path in (part, note_path_of(part)):
        if is_link(path):
            path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with contextlib.ExitStack() as unless_alone:
        file = unless_alone.enter_context(os.fdopen(opener(str(part), flags), "r+b"))
        try:
            lock(file)
        except OSError as error:
            # Some network file systems have no locks; there only the lease protects the file.
            if is_taken(error):
                raise busy(what) from None
        # If not, its previous writer has renamed it since it was opened here.
        if not part.exists() or not os.path.samestat(os.fstat(file.fileno()), part.stat()):
            raise busy(what)
        unless_alone.pop_all()
    return file


def _close_partial(file: BinaryIO, part: Path) -> None:
    """Close the hidden file, and remove it if it is empty."""
    with contextlib.suppress(OSError):
        if not file.closed:
            file.flush()
            if os.fstat(file.fileno()).st_size == 0:
                if os.name == "nt":
                    file.close()  # Windows cannot remove an open file
                part.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        file.close()


# -----------------------------------------------------------------------------
# Receiving


@dataclass
class _Transfer:
    """
    A download under way.

    :ivar file: the hidden file.
    :ivar received: size of what is in it, in bytes.
    :ivar total: size of the whole file, in bytes; None if unknown.
    """

    spec: DownloadSpec
    file: BinaryIO
    response: StreamResponse
    received: int
    total: int | None


def _begin(spec: DownloadSpec, file: BinaryIO, response: StreamResponse, partial: Partial) -> _Transfer:
    """
    Return the transfer of a response's body, with the hidden file and its note made ready for it.

    :raises ConnectionLostError: the server resumes another version of the file, or at another offset.
    :raises DownloadError: the file is too large, or there is no room for it.
    """
    folder, note_path = spec.target.parent, note_path_of(part_of(spec.target))
    try:
        offset = accepted_offset(response, partial.size, partial.validator, partial.total)
    except ConnectionLostError:
        # The next call starts from the beginning: a server that ignores If-Range would always respond in the same way.
        file.truncate(0)
        note_path.unlink(missing_ok=True)
        raise
    total = total_bytes(response, offset)
    if total is not None and total > spec.max_bytes:
        raise _too_large(spec, total)
    with as_folder_errors(folder):
        if total is not None:
            _check_room(folder, total - offset)
        # Before its note changes: after a crash in between, there must be no old data with a new validator.
        file.truncate(offset)
        write_note(note_path, response, total)
    return _Transfer(spec, file, response, offset, total)


def _receive(transfer: _Transfer, read_body: ReadBody, report: Report, stop: threading.Event) -> None:
    """
    Write the body to the file, until it ends.

    :raises DownloadError: see its subclasses.
    :raises ConnectionLostError: the connection is too slow.
    """
    spec, file = transfer.spec, transfer.file
    file.seek(0)
    head = file.read(16) if 0 < transfer.received < 16 else b""
    head_known = transfer.received >= 16
    window_start_s, window_bytes, reported_s = time.monotonic(), 0, 0.0
    report(transfer.received, transfer.total)
    file.seek(transfer.received)
    for chunk in read_body(transfer.response, _CHUNK_BYTES):
        if not head_known:
            head = (head + chunk)[:16]
            head_known = len(head) >= 16
            if head_known and not spec.accept_head(head):
                raise _foreign(spec)
        if transfer.received + len(chunk) > spec.max_bytes:
            raise _too_large(spec, transfer.received + len(chunk))
        now = time.monotonic()
        if now - reported_s >= _REPORT_S:
            reported_s = now
            # Before the chunk is written: the callback may raise because another process now owns the task.
            report(transfer.received, transfer.total)
        file.write(chunk)
        transfer.received += len(chunk)
        window_bytes += len(chunk)
        if now - window_start_s >= _SLOW_AFTER_S:
            if window_bytes < _SLOWEST_BYTES_S * (now - window_start_s):
                raise ConnectionLostError(Sentence.of("The connection is too slow. It is tried again."))
            window_start_s, window_bytes = now, 0
        if stop.is_set():
            raise DownloadStopped(Sentence.of("The download was stopped. It goes on at the next start."))
    if not head_known and not spec.accept_head(head):
        raise _foreign(spec)
    file.flush()
    os.fsync(file.fileno())
    report(transfer.received, transfer.total)


def _check_room(folder: Path, needed_bytes: int) -> None:
    if shutil.disk_usage(folder).free < needed_bytes + _SPARE_BYTES:
        raise disk_full(folder)


def _too_large(spec: DownloadSpec, size: int) -> TooLargeError:
    return TooLargeError(
        Sentence.of(
            "The {what} has {size_mb} MB; no more than {limit_mb} MB are taken.",
            what=spec.what,
            size_mb=size // 1024**2,
            limit_mb=spec.max_bytes // 1024**2,
        )
    )


def _foreign(spec: DownloadSpec) -> ForeignFileError:
    return ForeignFileError(
        Sentence.of("What the service delivered is not a {what} that can be read here.", what=spec.what)
    )
