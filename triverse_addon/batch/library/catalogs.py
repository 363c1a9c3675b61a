# SPDX-License-Identifier: GPL-3.0-or-later
"""
Asset catalogs: read ``blender_assets.cats.txt``, and add to it as Blender does, without losing its content.

Floor: between first and second. Thread: any that may write files. No ``bpy``.

Format: Blender's manual, "Asset Catalogs" > "Catalog Definition Files": UTF-8 text; empty lines and lines that begin
with ``#`` are ignored; the first other line is ``VERSION 1``; each further line is ``UUID:path:simple name``.
"""

import contextlib
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...api.display_text import plain_name
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...tasks.files.atomic_write import write_whole
from ...tasks.files.shared_lock import LockLostError, LockTimeoutError, SharedLock, locked
from .safe_paths import read_regular

FILE_NAME = "blender_assets.cats.txt"

_HEADER = """\
# This is an Asset Catalog Definition file for Blender.
#
# Empty lines and lines starting with `#` will be ignored.
# The first non-ignored line should be the version indicator.
# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"

VERSION 1

"""
#: Namespace for UUIDs derived from catalog paths, so that independent machines choose the same ones.
_NAMESPACE = uuid.UUID("0d3b7e9c-5e0f-5bb5-9a1e-6f2f6d1c8a40")
#: Longest simple name that Blender writes, in bytes: ``MAX_NAME`` of 64 including the terminating zero.
_SIMPLE_NAME_BYTES = 63
#: How long to wait for other batches that write the file, in seconds. Each needs some milliseconds.
_WAIT_S = 120.0
#: Largest size of the file: a hundred thousand catalogs with long paths.
_MAX_BYTES = 32 * 1024 * 1024
_BOM = "\ufeff"
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
#: The UUID by which Blender says that an asset is in no catalog.
_NO_CATALOG = str(uuid.UUID(int=0))


class CatalogError(TriverseError):
    """The catalogs cannot be read or written; the file is unchanged."""


def clean_path(text: str) -> str | None:
    """Return a catalog's path as Blender writes it; None if it is invalid. Colons separate the fields of the file."""
    parts = [" ".join(part.split()) for part in text.split("/")]
    path = "/".join(part for part in parts if part)
    return None if ":" in path or "\\" in path or plain_name(path) != path else path


def catalog_id(path: str) -> str:
    """Return the UUID of a new catalog with this path."""
    return str(uuid.uuid5(_NAMESPACE, path))


def simple_name(path: str) -> str:
    """Return the simple name that Blender stores in assets: the path with hyphens, its start cut off if too long."""
    name = path.replace("/", "-")
    data = name.encode()
    if len(data) <= _SIMPLE_NAME_BYTES:
        return name
    return "..." + data[-(_SIMPLE_NAME_BYTES - 3) :].decode(errors="ignore")


def read(library: Path) -> dict[str, str]:
    """
    Return the catalogs of a library: path -> UUID, the first one if several have the same path.

    :raises CatalogError: the file cannot be read, or was written by a newer Blender.
    """
    return _catalogs(_text(library / FILE_NAME))


def merge(library: Path, paths: Iterable[str]) -> dict[str, str]:
    """
    Add the missing catalogs, and return the UUIDs of all catalogs by path.

    Existing lines are kept, including comments. The old file is kept with the suffix ``~``, as Blender does. A file
    that Blender would ignore is made readable for it.

    :raises CatalogError: nothing was written.
    """
    wanted = dict.fromkeys(path for path in paths if path)
    with _locked(library) as lock:
        return {path: catalog_id(path) for path in wanted} | _merge(library / FILE_NAME, wanted, lock)


@contextlib.contextmanager
def _locked(library: Path) -> Iterator[SharedLock]:
    """
    Hold the lock of the catalogs.

    :raises CatalogError: another process holds it all the time, or nothing can be written.
    """
    try:
        with locked(library, FILE_NAME, wait_s=_WAIT_S) as lock:
            yield lock
    except (LockTimeoutError, LockLostError):
        raise CatalogError(
            Sentence.of("Another batch is writing the catalogs in {path}. Try again later.", path=str(library))
        ) from None
    except OSError as error:
        raise CatalogError(
            Sentence.of("Nothing can be written in {path} ({reason}).", path=str(library), reason=_reason(error))
        ) from None


def add(library: Path, found: Mapping[str, str]) -> None:
    """
    Add catalogs of another library under their own UUIDs, so that assets that come from there stay in them.

    :param found: path -> UUID, see :func:`read`.
    :raises CatalogError: nothing was written.
    """
    if not found:
        return
    with _locked(library) as lock:
        text = _text(library / FILE_NAME)
        known = _ids(text)
        lines = [f"{one}:{path}:{simple_name(path)}" for path, one in found.items() if one not in known]
        if lines:
            lock.check()
            _write(library / FILE_NAME, _with_lines(_readable(text), lines))


def _merge(file: Path, wanted: Iterable[str], lock: SharedLock) -> dict[str, str]:
    """Add the missing catalogs to the file, and return those that were in it before."""
    text = _text(file)
    found = _catalogs(text)
    # A renamed catalog has a new path and the same UUID, so its assets still belong to it.
    known = _ids(text)
    new = [path for path in wanted if path not in found and catalog_id(path) not in known]
    # Blender would create missing parents itself, and then ask the user to save them.
    new = sorted({one for path in new for one in _with_parents(path) if one not in found})
    readable = _readable(text) if wanted else text
    if new or readable != text:
        lock.check()
        _write(file, _with_lines(readable, [f"{catalog_id(path)}:{path}:{simple_name(path)}" for path in new]))
    return found


def _with_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _readable(text: str) -> str:
    """
    Return a catalog file's text as Blender can read it: without a byte order mark, and with a version as first line.

    Blender ignores the whole file otherwise.
    """
    text = text.removeprefix(_BOM)
    first = next((line for line in _split(text) if _is_content(line)), "")
    return text if not text or _is_version(first) else _HEADER + text


def _with_lines(text: str, lines: list[str]) -> str:
    """Return a catalog file's text with lines appended, using its line ending. The existing lines are not changed."""
    text = text or _HEADER
    end = "\r\n" if "\r\n" in text else "\n"
    text += "" if text.endswith("\n") else end
    return text + "".join(line + end for line in lines)


def _text(file: Path) -> str:
    try:
        # A link might point to another file of this user, a copy of which would end up in the library.
        text = read_regular(file, max_bytes=_MAX_BYTES).decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(
            Sentence.of("The catalogs in {path} cannot be read ({reason}).", path=str(file), reason=_reason(error))
        ) from None
    version = next((line for line in _split(text) if _is_content(line)), "VERSION 1").strip()
    if version != "VERSION 1" and version.startswith("VERSION"):
        raise CatalogError(
            Sentence.of(
                "The catalogs in {path} were written by a newer Blender ({version}).", path=str(file), version=version
            )
        )
    return text


def _split(text: str) -> list[str]:
    """Return the lines as Blender splits them: other line ends that Python recognises may be part of a name."""
    return [line.removesuffix("\r") for line in text.removeprefix(_BOM).split("\n")]


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _is_version(line: str) -> bool:
    return line.strip().startswith("VERSION")


def _catalogs(text: str) -> dict[str, str]:
    lines: list[tuple[str, str]] = []
    for line in _split(text):
        name, _, rest = line.partition(":")
        if _is_content(line) and (known_id := _id(name)):
            lines.append((rest.partition(":")[0], known_id))
    # Of two paths with one UUID, Blender says that it ignores the second, and writes the second.
    times = Counter(known_id for _, known_id in {(clean_path(path) or path, known_id) for path, known_id in lines})
    found: dict[str, str] = {}
    for text_of_path, known_id in lines:
        path = clean_path(text_of_path)
        if path and times[known_id] == 1:
            found.setdefault(path, known_id)
    return found


def _ids(text: str) -> set[str]:
    """Return the UUIDs of all catalogs, also of those that share a path."""
    return {found for line in _split(text) if (found := _id(line.partition(":")[0]))}


def _id(text: str) -> str:
    """Return a UUID in lower case; "" for any other text, also for spellings of a UUID that Blender does not know."""
    text = text.strip()
    return text.lower() if _UUID.fullmatch(text) and text != _NO_CATALOG else ""


def _write(file: Path, text: str) -> None:
    try:
        if file.exists():
            write_whole(file.with_name(file.name + "~"), file.read_bytes())
        write_whole(file, text.encode())
    except OSError as error:
        raise CatalogError(
            Sentence.of("The catalogs in {path} cannot be written ({reason}).", path=str(file), reason=_reason(error))
        ) from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
