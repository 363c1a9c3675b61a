# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a library folder remembers of each row: under which names it lies there, whether it is done, what it cost.

Floor: between first and second. Thread: any that may write files. No ``bpy``.

One small file a row, written whole, so that any number of processes and machines write into one library at once and
none waits for another. The folder begins with a dot: Blender's asset browser does not look into it.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import secrets
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..api.errors import TriverseError
from ..api.sentence import Sentence
from .files import write_whole
from .reading import LEDGER
from .rows import Row

#: Raised when the same row would be written in another way, so that it is written anew.
_RECIPE_VERSION = 1
#: A file's name may have 255 bytes; the longest is "NAME_12345678-lod4.usdz" beside temporary names.
_STEM_BYTES = 80
#: Nothing is written for as long as this, in seconds.
_LEFT_S = 3600.0
#: Windows keeps these for devices, whatever follows the first dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in "123456789¹²³")})


class LedgerError(TriverseError):
    """The library folder cannot be written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One row, as the library knows it. Paths are relative to the library, with ``/``.

    :ivar order_id: the row's own ``client_order_id``, see ``identity``.
    :ivar row_key: see ``identity.row_key``.
    :ivar stem: name of its files without suffix.
    :ivar state: "claimed" (nothing paid yet), "ordered", "done" or "failed".
    :ivar order: ``client_order_id`` that was sent last; a retry has another.
    :ivar recipe: what was asked to be made of the model, see :func:`recipe_of`.
    :ivar cost_credits: what the service took, or quoted where it did not tell.
    :ivar files: what was written: "blend", "thumbnail" and the exports.
    """

    order_id: str
    row_key: str
    stem: str
    state: str = "claimed"
    order: str = ""
    task_uuid: str = ""
    recipe: str = ""
    name: str = ""
    flow: str = ""
    prompt: str = ""
    catalog: str = ""
    tags: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    triangles: int | None = None
    cost_credits: int | None = None
    created_at_s: float = 0.0
    error: str = ""


def recipe_of(row: Row, *, with_blender: bool) -> str:
    """Return a short text that differs when a row's model has to be written anew, though not ordered anew."""
    what = [_RECIPE_VERSION, with_blender, row.title, row.catalog, list(row.tags), row.post.to_json()]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def stem_of(title: str) -> str:
    """Return a model's name as a file's name: letters and digits of any script, words joined by hyphens."""
    plain = unicodedata.normalize("NFC", title).lower()
    words = "".join(char if char.isalnum() else " " for char in plain).split()
    stem = "-".join(words).encode()[:_STEM_BYTES].decode(errors="ignore").strip("-")
    return f"{stem}-model" if stem in _DEVICES else stem or "model"


class Ledger:
    """
    The records of one library.

    :param library: the folder.
    """

    def __init__(self, library: Path) -> None:
        self.library = library
        self.folder = library / LEDGER
        self._rows = self.folder / "rows"
        self._names = self.folder / "names"

    def make(self) -> None:
        """
        Make the folders where they are missing.

        :raises LedgerError: they cannot be made or written to.
        """
        with _told(self.library):
            self._rows.mkdir(parents=True, exist_ok=True)
            self._names.mkdir(parents=True, exist_ok=True)
            # Trying is the only answer that holds for read-only disks, quotas and foreign file systems alike.
            with tempfile.TemporaryFile(dir=self.folder):
                pass
            self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Remove what killed processes left in pieces; others may be writing right now."""
        oldest_s = time.time() - _LEFT_S
        for folder in (self.library, self._rows, self._names):
            for part in folder.glob(".*.part"):
                with contextlib.suppress(FileNotFoundError):
                    if part.stat().st_mtime < oldest_s:
                        part.unlink()

    def get(self, order_id: str) -> Entry | None:
        """Return what is known of a row; None also for a file that a power cut left in pieces."""
        try:
            return _entry(json.loads((self._rows / f"{order_id}.json").read_bytes()))
        except (OSError, ValueError):
            return None

    def entries(self) -> Iterator[Entry]:
        """Yield all rows of all batches."""
        for file in sorted(self._rows.glob("*.json")):
            entry = self.get(file.stem)
            if entry is not None:
                yield entry

    def put(self, entry: Entry) -> Entry:
        """
        Write what is known of a row.

        It is not waited for until it is on the disk: after a power cut the store and the service still know what was
        paid, and at worst a model is written once more.

        :raises LedgerError: it cannot be written.
        """
        data = json.dumps(dataclasses.asdict(entry), ensure_ascii=False, indent=1, sort_keys=True).encode()
        with _told(self.library):
            write_whole(self._rows / f"{entry.order_id}.json", data, durable=False)
        return entry

    def claim(self, row: Row, order_id: str, row_key: str) -> Entry:
        """
        Return a row's entry; a new one gets a name for its files that no other row and no foreign file has.

        :raises LedgerError: it cannot be written.
        """
        known = self.get(order_id)
        if known is not None:
            return known
        title = stem_of(row.title)
        # The second has part of the order's hash in it, the third all of it: another row cannot want that.
        for stem in (title, f"{title}_{order_id[-8:]}", f"{title}_{order_id}"):
            if self._take_name(stem, order_id):
                return self.put(Entry(order_id=order_id, row_key=row_key, stem=stem))
        raise LedgerError(Sentence.of("No file name is free for {name} in {path}.", name=title, path=str(self.library)))

    def _take_name(self, stem: str, order_id: str) -> bool:
        marker = self._names / stem
        if not marker.exists() and any(self.library.glob(f"{_escaped(stem)}.*")):
            return False
        with _told(self.library):
            try:
                _write_once(marker, order_id)
            except FileExistsError:
                # Empty: somebody was killed about to write here, and the name stays unused.
                return marker.read_text(encoding="utf-8") == order_id
        return True

    def is_done(self, entry: Entry, recipe: str) -> bool:
        """Tell whether all that was asked for lies in the library."""
        return (
            entry.state == "done"
            and entry.recipe == recipe
            and all((self.library / file).is_file() for file in entry.files.values())
        )

    def by_row_key(self) -> dict[str, Entry]:
        """Return all rows by ``row_key``; of several the one that is done, else any."""
        found: dict[str, Entry] = {}
        for entry in self.entries():
            known = found.get(entry.row_key)
            if known is None or known.state != "done":
                found[entry.row_key] = entry
        return found


def _write_once(marker: Path, text: str) -> None:
    """
    Write a file that is not there yet, whole from its first moment on: two runs of one batch ask for one name at once.

    :raises FileExistsError: it is there.
    """
    part = marker.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.link(part, marker)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems of other makers know no links; there a moment is left in which the file is empty.
        with marker.open("x", encoding="utf-8") as file:
            file.write(text)
    finally:
        part.unlink(missing_ok=True)


def _entry(value: Any) -> Entry:
    if not isinstance(value, dict):
        raise ValueError("no entry")
    names = {one.name for one in dataclasses.fields(Entry)}
    values = {name: value[name] for name in names & value.keys()}
    values["tags"] = tuple(values.get("tags", ()))
    try:
        return Entry(**values)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _escaped(stem: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in stem)


@contextlib.contextmanager
def _told(library: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            Sentence.of(
                "The library {path} cannot be written ({reason}). Check its permissions and free space.",
                path=str(library),
                reason=error.strerror or type(error).__name__,
            )
        ) from None
