# SPDX-License-Identifier: GPL-3.0-or-later
"""
Downloads one file atomically, and resumes interrupted downloads.

Floor: first. Thread: worker. No ``bpy``.

The data is written to a hidden file in the target's folder, next to a note with its ETag. When the file is complete and
on the disk, ``os.replace`` gives it its name. An interrupted download is resumed with a Range request. The writer holds
a lock on the hidden file: a lease may expire while its process still runs (suspended, stopped), and two writers would
mix their data in one file.
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
#: Disk space in bytes that must remain free after a download.
_SPARE_BYTES = 64 * 1024**2
#: Below this rate, averaged over this time, the connection counts as broken.
_SLOWEST_BYTES_S = 1024
_SLOW_AFTER_S = 60.0
#: Maximum time in seconds between two progress reports.
_REPORT_S = 0.25


class DownloadError(TriverseError):
    """A file cannot be downloaded or stored."""


class DiskFullError(DownloadError):
    """The disk is full."""


class FolderError(DownloadError):
    """The download folder cannot be written to."""


class TooLargeError(DownloadError):
    """The file is larger than the limit."""


class ForeignFileError(DownloadError):
    """The file is not of the expected format."""


class ExpiredLinkError(DownloadError):
    """The URL has expired; a new one may work."""


class DownloadStopped(DownloadError):
    """The engine is closing; the partial file is kept for the next start."""


class DownloadBusyError(DownloadError):
    """Another Blender downloads the same file. Ours waits until that one has finished or released it."""


class StreamResponse(Protocol):
    """The part of a ``requests.Response`` opened with ``stream=True`` that is used here."""

    status_code: int

    @property
    def headers(self) -> "HeaderMap":
        """The response's headers."""
        ...

    def close(self) -> None:
        """Close the response and its connection."""
        ...


class HeaderMap(Protocol):
    """Headers with case-insensitive names."""

    def get(self, name: str, default: str = "") -> str:
        """Return a header's value."""
        ...


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


#: Opens the URL at an offset in bytes, with the ETag of the partial file.
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
    :raises DownloadError: see its subclasses.
    :raises ConnectionLostError: the connection broke; the partial file is kept, and the next call resumes it.
    :raises TriverseError: whatever ``open_url`` raises.
    """
    part = spec.target.with_name(f".{spec.target.name}.part")
    etag_path = _etag_path_of(part)
    folder = spec.target.parent
    with _as_folder_errors(folder):
        make_folder(folder)
        file = _open_locked(part, spec.what)
    try:
        with _as_folder_errors(folder):
            offset, etag = _resumable(file, etag_path)
        response = open_url(offset, etag if offset else None)
        try:
            try:
                offset = _accepted_offset(response, offset, etag)
            except ConnectionLostError:
                # The next call starts from the beginning: a server that ignores If-Range would always respond in the
                # same way.
                file.truncate(0)
                etag_path.unlink(missing_ok=True)
                raise
            total = _total_bytes(response, offset)
            if total is not None and total > spec.max_bytes:
                raise _too_large(spec, total)
            with _as_folder_errors(folder):
                if total is not None:
                    _check_room(folder, total - offset)
                # Before its note changes: after a crash in between, there must be no old data with a new ETag.
                file.truncate(offset)
                _write_etag(etag_path, _strong_etag(response))
                size = _receive(spec, file, offset, total, response, read_body, report, stop)
                if total is not None and size != total:
                    raise ConnectionLostError(
                        Sentence.of("The connection broke off while the {what} was fetched.", what=spec.what)
                    )
                if os.name == "nt":
                    file.close()  # Windows cannot rename an open file
                os.replace(part, spec.target)
                etag_path.unlink(missing_ok=True)
        finally:
            response.close()
    finally:
        _close_partial(file, part)
    return size


def discard_part(target: Path) -> None:
    """Remove the partial file of an earlier download of ``target``."""
    part = target.with_name(f".{target.name}.part")
    for path in (part, _etag_path_of(part)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


# -----------------------------------------------------------------------------
# Resuming


def _etag_path_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _open_locked(part: Path, what: str) -> BinaryIO:
    """
    Open the hidden file, which may contain data of an earlier attempt, and lock it against other writers.

    :raises DownloadBusyError: another process has locked it.
    """
    # In a shared folder somebody may have created a link there, so that another file of the user would be overwritten.
    for path in (part, _etag_path_of(part)):
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
                raise _busy(what) from None
        # If not, its previous writer has renamed it since it was opened here.
        if not part.exists() or not os.path.samestat(os.fstat(file.fileno()), part.stat()):
            raise _busy(what)
        unless_alone.pop_all()
    return file


def _close_partial(file: BinaryIO, part: Path) -> None:
    """Close the hidden file, and remove it if it is empty."""
    with contextlib.suppress(OSError):
        if not file.closed:
            file.flush()
            if os.fstat(file.fileno()).st_size == 0:
                part.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        file.close()


def _resumable(file: BinaryIO, etag_path: Path) -> tuple[int, str | None]:
    """Return the size of the partial file and its ETag. Without an ETag it cannot be resumed."""
    try:
        etag = json.loads(etag_path.read_text("utf-8"))["etag"]
        size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0, None
    return (size, etag) if isinstance(etag, str) and etag and size else (0, None)


def _strong_etag(response: StreamResponse) -> str | None:
    # RFC 9110, 13.1.5: a weak ETag must not be used in If-Range.
    etag = str(response.headers.get("ETag", "")).strip()
    return etag if etag and not etag.startswith("W/") else None


def _write_etag(etag_path: Path, etag: str | None) -> None:
    if etag is None:
        etag_path.unlink(missing_ok=True)
    else:
        with open(etag_path, "w", encoding="utf-8", opener=opener) as file:
            json.dump({"etag": etag}, file)


def _accepted_offset(response: StreamResponse, offset: int, etag: str | None) -> int:
    """
    Return the offset at which the response's body begins: ``offset`` if the server resumes, 0 if it starts over.

    :raises ConnectionLostError: the server resumes another version of the file, or at another offset.
    """
    if response.status_code != 206 or not offset:
        return 0
    start = str(response.headers.get("Content-Range", "")).removeprefix("bytes ").partition("-")[0].strip()
    now = _strong_etag(response)
    if start == str(offset) and (now is None or now == etag):
        return offset
    raise ConnectionLostError(Sentence.of("The file changed on the server while it was fetched."))


def _total_bytes(response: StreamResponse, offset: int) -> int | None:
    # The Content-Length of a compressed body is not the size of the file.
    if str(response.headers.get("Content-Encoding", "identity")).strip().lower() not in ("", "identity"):
        return None
    length = str(response.headers.get("Content-Length", "")).strip()
    # Longer numbers are no file sizes, and int() raises an error above 4300 digits.
    return offset + int(length) if length.isdecimal() and len(length) < 20 else None


# -----------------------------------------------------------------------------
# Receiving


def _receive(
    spec: DownloadSpec,
    file: BinaryIO,
    offset: int,
    total: int | None,
    response: StreamResponse,
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
    for chunk in read_body(response, _CHUNK_BYTES):
        if not head_known:
            head = (head + chunk)[:16]
            head_known = len(head) >= 16
            if head_known and not spec.accept_head(head):
                raise _foreign(spec)
        if size + len(chunk) > spec.max_bytes:
            raise _too_large(spec, size + len(chunk))
        now = time.monotonic()
        if now - reported_s >= _REPORT_S:
            reported_s = now
            # Before the chunk is written: the callback may raise because another process now owns the task.
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
    if not head_known and not spec.accept_head(head):
        raise _foreign(spec)
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


def folder_error(folder: Path, error: OSError) -> DownloadError:
    """Return the error that explains a file system error to the user."""
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
def _as_folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise folder_error(folder, error) from None
