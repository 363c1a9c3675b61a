# SPDX-License-Identifier: GPL-3.0-or-later
"""
What an interrupted download has left, and whether a response continues it.

Floor: first. Thread: worker. No ``bpy``. The rules are those of RFC 9110 for Range and If-Range.
"""

import email.utils
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ...api.errors import ConnectionLostError
from ...api.sentence import Sentence
from .private_files import opener

#: Characters of the longest date that is taken; those of RFC 9110 have 29.
_LONGEST_DATE = 64


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


@dataclass(frozen=True)
class Partial:
    """
    What an earlier attempt has left.

    :ivar size: its size in bytes; 0 if it cannot be resumed.
    :ivar validator: the ETag or the date that identifies its version of the file.
    :ivar total: size of the whole file if the validator is a date, else None.
    """

    size: int
    validator: str | None
    total: int | None


def part_of(target: Path) -> Path:
    """Return the path of the hidden file of a download."""
    return target.with_name(f".{target.name}.part")


def note_path_of(part: Path) -> Path:
    """Return the path of the note on a hidden file."""
    return part.with_name(f"{part.name}.json")


def resumable(file: BinaryIO, note_path: Path) -> Partial:
    """Return what an earlier attempt has left. Without a validator it cannot be resumed."""
    try:
        note = json.loads(note_path.read_text("utf-8"))
        etag, date, total = note.get("etag"), note.get("last_modified"), note.get("size")
        size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError, AttributeError, RecursionError):
        return Partial(0, None, None)
    if size and isinstance(etag, str) and etag:
        return Partial(size, etag, None)
    if size and isinstance(date, str) and date and isinstance(total, int):
        return Partial(size, date, total)
    return Partial(0, None, None)


def strong_etag(response: StreamResponse) -> str | None:
    """Return the ETag if it may be used in If-Range, else None."""
    # RFC 9110, 13.1.5: a weak ETag must not be used in If-Range.
    etag = str(response.headers.get("ETag", "")).strip()
    return etag if etag and not etag.startswith("W/") else None


def strong_date(response: StreamResponse) -> str | None:
    """
    Return Last-Modified if it may be used in If-Range (RFC 9110, 8.8.2.2 and 13.1.5), else None.

    There must be no ETag, and the file must be at least a second older than the response: within one second it may have
    changed twice.
    """
    date = str(response.headers.get("Last-Modified", "")).strip()
    if not date or len(date) > _LONGEST_DATE or str(response.headers.get("ETag", "")).strip():
        return None
    try:
        modified = email.utils.parsedate_to_datetime(date)
        answered = email.utils.parsedate_to_datetime(str(response.headers.get("Date", ""))[:_LONGEST_DATE])
        is_strong = answered.timestamp() - modified.timestamp() >= 1.0
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return None
    return date if is_strong and date.isascii() else None


def write_note(note_path: Path, response: StreamResponse, total: int | None) -> None:
    """Note which version of the file is written; nothing if the response does not identify one."""
    note: dict[str, object] | None = None
    if (etag := strong_etag(response)) is not None:
        note = {"etag": etag}
    elif (date := strong_date(response)) is not None and total is not None:
        # With the size: two files of the service may have been written in the same second.
        note = {"last_modified": date, "size": total}
    if note is None:
        note_path.unlink(missing_ok=True)
    else:
        with open(note_path, "w", encoding="utf-8", opener=opener) as file:
            json.dump(note, file)


def accepted_offset(
    response: StreamResponse, offset: int, validator: str | None, noted_total: int | None = None
) -> int:
    """
    Return the offset at which the response's body begins: ``offset`` if the server resumes, 0 if it starts over.

    :param validator: the ETag of the partial file, or its date.
    :param noted_total: the size of the whole file if the validator is a date, else None.
    :raises ConnectionLostError: the server resumes another version of the file, or at another offset.
    """
    if response.status_code != 206:
        return 0
    start = _content_range(response)[0]
    if not offset and start in ("", "0"):
        return 0
    if noted_total is None:
        is_same = strong_etag(response) in (None, validator)
    else:
        date = str(response.headers.get("Last-Modified", "")).strip()
        is_same = date in ("", validator) and total_bytes(response, offset) == noted_total
    if start == str(offset) and is_same:
        return offset
    raise ConnectionLostError(Sentence.of("The file changed on the server while it was fetched."))


def total_bytes(response: StreamResponse, offset: int) -> int | None:
    """
    Return the size of the whole file whose rest from ``offset`` the response brings; None if unknown.

    The body is not compressed, see ``api.http_session.HttpSession.open``.
    """
    if response.status_code == 206 and (total := _size(_content_range(response)[1])) is not None:
        # A server may send less than was asked for (RFC 9110, 15.3.7), so that there is more to come.
        return total
    length = _size(str(response.headers.get("Content-Length", "")))
    return None if length is None else offset + length


def _content_range(response: StreamResponse) -> tuple[str, str]:
    """Return where a part of a file begins and the size of the whole file, as the server wrote them."""
    place, _, total = str(response.headers.get("Content-Range", "")).removeprefix("bytes ").partition("/")
    return place.partition("-")[0].strip(), total


def _size(text: str) -> int | None:
    """Return a size in bytes; None if it is unknown."""
    text = text.strip()
    # Longer numbers are no file sizes, and int() raises an error above 4300 digits.
    return int(text) if text.isdecimal() and len(text) < 20 else None
