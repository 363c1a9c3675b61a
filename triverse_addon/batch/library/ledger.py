# SPDX-License-Identifier: GPL-3.0-or-later
"""
The ledger of a library folder: the file names, state and cost of each row.

Floor: between first and second. Thread: any that may write files. No ``bpy``.

Each row has one small file, written atomically, so that any number of processes and machines can write into a library
at once without waiting for each other. The folder's name begins with a dot, so Blender's asset browser ignores it.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...api.display_text import escaped_json, is_word_part
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...tasks.files.atomic_write import write_whole
from ...tasks.files.disk_clock import disk_time_s
from ...tasks.files.no_room import NoRoomError, is_no_room
from ...tasks.work_limits import MOST_LODS
from ..rows.post_options import EXPORTS
from ..rows.raw_rows import LEDGER
from ..rows.row import Row
from .asset_writer import THUMBNAILS
from .entry import Entry, EntryError, entry_from_json, entry_to_json
from .safe_paths import LinkError, inside, make_folder, read_regular, refuse_link

#: Increased when the same row would be written differently, so that its model is written again.
_BUILD_VERSION = 1
#: Longest stem, in bytes. A file name may have 255 bytes; the longest is "NAME_12345678-lod4.usdz", and temporary names
#: add to it.
_STEM_BYTES = 80
#: Age in seconds after which a partial file is abandoned; no write takes that long.
_STALE_AFTER_S = 3600.0
#: Largest size of an entry's file: a prompt of some thousand characters, and a thousand tags.
_MAX_BYTES = 1024 * 1024
#: Names of the temporary files of ``atomic_write.replacing`` and :func:`_write_once`, and of nothing else.
_PART = re.compile(r"\.(.+\.)?[0-9a-f]{4,16}\.part", re.DOTALL)
#: Names of the temporary folders in which the child Blender moves an OBJ with its textures into the library.
_FOLDER_PART = re.compile(r"\..+-obj\.[0-9a-f]{8}\.part", re.DOTALL)
#: Joiners inside words, which nobody sees in the name of a file.
_NO_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
#: Names that Windows reserves for devices, whatever follows the first dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in "123456789¹²³")})


#: Ends of the names of exported files by format; that of OBJ is of the folder with its textures.
_ENDINGS = EXPORTS | {"obj": "-obj"}
#: Ends of the names of everything that is written for a row, apart from its thumbnail.
_SUFFIXES = (".blend", *_ENDINGS.values())
#: Names of a row's files, and of other files that may belong to a model.
_FILE = re.compile(r"([^.]+?)(?:-lod\d)?(?:-obj|\..*)", re.DOTALL)


class LedgerError(TriverseError):
    """The library folder cannot be written."""


class LibraryFullError(LedgerError, NoRoomError):
    """The disk of the library is full."""


#: Made once: with this setting, ``json.dumps`` makes one for each text.
_encoded = json.JSONEncoder(sort_keys=True).encode


def build_hash_of(row: Row, *, with_blender: bool) -> str:
    """Return a hash that changes when a row's model must be written again, but not ordered again."""
    what = [_BUILD_VERSION, with_blender, row.title, row.catalog, list(row.tags), row.post.to_json()]
    return hashlib.sha256(_encoded(what).encode()).hexdigest()[:16]


def stem_of(title: str) -> str:
    """Return a model's name as a file name without suffix: lower-case words of any script, joined by hyphens."""
    plain = unicodedata.normalize("NFC", title.translate(_NO_JOINERS)).lower()
    words = "".join(char if is_word_part(char) else " " for char in plain).split()
    stem = "-".join(words).encode()[:_STEM_BYTES].decode(errors="ignore").strip("-")
    return f"{stem}-model" if stem in _DEVICES else stem or "model"


class Ledger:
    """
    The records of one library.

    :param library: the library folder.
    :ivar ignored: names of files with invalid entries; they are treated as missing.
    """

    def __init__(self, library: Path) -> None:
        self.library = library
        self.ignored: set[str] = set()
        self.folder = library / LEDGER
        self._rows = self.folder / "rows"
        self._names = self.folder / "names"
        self._listed_stems: frozenset[str] | None = None

    def make(self) -> None:
        """
        Create the missing folders, and check that they can be written.

        :raises LedgerError: the folders cannot be created or written to.
        """
        with _as_ledger_error(self.library):
            for folder in (self.folder, self._rows, self._names):
                make_folder(folder)
            refuse_link(self.library / THUMBNAILS)
            # Only a trial write gives the right answer for read-only disks, quotas and network file systems alike. A
            # share may have another clock than this machine.
            oldest_s = disk_time_s(self.folder) - _STALE_AFTER_S
        _remove_old_parts(self.library, oldest_s)
        for name in (THUMBNAILS, *(f"{LEDGER}/{folder}" for folder in ("rows", "names", "reports"))):
            if (place := inside(self.library, name)) is not None:
                _remove_old_parts(place, oldest_s)

    def get(self, order_id: str) -> Entry | None:
        """
        Return the entry of a row.

        :returns: the entry; None if there is none, or if its file was damaged by a power cut or written by another
            program, see :attr:`ignored`.
        """
        file = inside(self.library, f"{LEDGER}/rows/{order_id}.json")
        try:
            if file is None:
                raise EntryError("a link")
            return entry_from_json(json.loads(read_regular(file, max_bytes=_MAX_BYTES)), order_id)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            self.ignored.add(f"{order_id}.json")
            return None

    def order_ids(self) -> frozenset[str] | None:
        """Return the ids of the rows that have an entry, from one listing; None if each has to be asked for."""
        try:
            if inside(self.library, f"{LEDGER}/rows") is None:
                return None
            return frozenset(name.removesuffix(".json") for name in os.listdir(self._rows))
        except FileNotFoundError:
            return frozenset()
        except OSError:
            return None

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of all batches."""
        if inside(self.library, f"{LEDGER}/rows") is None:
            return
        for file in sorted(self._rows.glob("*.json")):
            entry = self.get(file.stem)
            if entry is not None:
                yield entry

    def notice(self) -> Sentence:
        """Return the message to show when :attr:`ignored` is not empty."""
        return Sentence.of(
            "{count} {count|record of the library was|records of the library were} damaged, or not written by this "
            "add-on ({name}). {count|It counts|They count} as missing.",
            count=len(self.ignored),
            name=min(self.ignored),
        )

    def put(self, entry: Entry) -> Entry:
        """
        Write the entry of a row, and return it.

        The write is not flushed to disk: after a power cut the store and the service still know what was paid, and at
        worst a model is written once more.

        :raises LedgerError: the entry cannot be written.
        """
        text = json.dumps(entry_to_json(entry), ensure_ascii=False, indent=1, sort_keys=True)
        data = escaped_json(text).encode()
        with _as_ledger_error(self.library):
            write_whole(self._rows / f"{entry.row_order_id}.json", data, durable=False)
        return entry

    def claim(self, row: Row, order_id: str, row_key: str, content_key: str = "") -> Entry:
        """
        Return a row's entry. A new entry gets a unique file name that no other row and no foreign file has.

        What is known by now to find the row by is put into an older entry, which is written with its next change.

        :raises LedgerError: the entry cannot be written, or no file name is free.
        """
        known = self.get(order_id)
        if known is not None:
            known = dataclasses.replace(known, row_key=row_key, content_key=content_key or known.content_key)
            # Two entries of a foreign ledger may have the same stem: the second row's model would replace the first's.
            if _holds(self._names / known.stem, order_id) and self._take_name(known.stem, order_id, row):
                return known
        title = stem_of(row.title)
        # The second stem contains part of the order's hash, the third all of it, so no other row can need that one.
        for stem in (title, f"{title}_{order_id[-8:]}", f"{title}_{order_id}"):
            if self._take_name(stem, order_id, row):
                entry = known or Entry(row_order_id=order_id, row_key=row_key, stem=stem, content_key=content_key)
                return self.put(dataclasses.replace(entry, stem=stem))
        raise LedgerError(Sentence.of("No file name is free for {name} in {path}.", name=title, path=str(self.library)))

    def _take_name(self, stem: str, order_id: str, row: Row) -> bool:
        """Take a stem for a row, and those of its exported levels of detail. Return whether all are the row's now."""
        levels = range(1, row.post.lods + 1) if row.post.exports else ()
        markers = [self._names / name for name in (stem, *(f"{stem}-lod{level}" for level in levels))]
        with _as_ledger_error(self.library):
            if not os.path.lexists(markers[0]) and self._is_foreign(stem, row.post.lods):
                return False
            # No name is taken if another row has one of them. An empty one: a process was killed while writing it.
            if any(os.path.lexists(marker) and not _holds(marker, order_id) for marker in markers):
                return False
            for marker in markers:
                try:
                    _write_once(marker, order_id)
                except FileExistsError:
                    if not _holds(marker, order_id):
                        return False
        return True

    def _is_foreign(self, stem: str, lods: int) -> bool:
        """
        Return whether a row with this stem would overwrite a foreign file.

        The library is listed once. Of files that were added later, only those that the row would write are looked for.
        """
        if os.path.lexists(self.library / THUMBNAILS / f"{stem}.png"):
            return True
        if self._listed_stems is None:
            self._listed_stems = _stems_in(self.library)
        if stem in self._listed_stems:
            return True
        stems = [stem, *(f"{stem}-lod{level}" for level in range(1, lods + 1))]
        return any(os.path.lexists(self.library / f"{one}{suffix}") for one in stems for suffix in _SUFFIXES)

    def remove_old_levels(self, entry: Entry) -> None:
        """
        Remove exported levels of detail that an earlier run has made of a row, and that it does not have any longer.

        They would lie, as large as the model was then, beside files that were written anew. Formats that were not
        written stay as they are. Only files under names that the row has taken are removed.
        """
        for kind in entry.files.keys() & _ENDINGS.keys():
            for level in range(1, MOST_LODS + 1):
                if f"{kind}_lod{level}" in entry.files:
                    continue
                name = f"{entry.stem}-lod{level}"
                old = inside(self.library, f"{name}{_ENDINGS[kind]}")
                if old is None or not os.path.lexists(old) or not _holds(self._names / name, entry.row_order_id):
                    continue
                if old.is_dir():
                    shutil.rmtree(old, ignore_errors=True)
                    continue
                # A program may have it open, which Windows does not like.
                with contextlib.suppress(OSError):
                    old.unlink()

    def path_of(self, entry: Entry, kind: str) -> Path | None:
        """Return the path of a file that was written for a row; None if there is none or it leaves the library."""
        relative = entry.files.get(kind)
        return inside(self.library, relative) if relative else None

    def is_done(self, entry: Entry, build_hash: str) -> bool:
        """Return whether everything requested for a row is in the library."""
        return (
            entry.state == "done"
            and entry.build_hash == build_hash
            and bool(entry.files)
            and all(self._is_there(file) for file in entry.files.values())
        )

    def _is_there(self, relative: str) -> bool:
        path = inside(self.library, relative)
        return path is not None and path.is_file()

    def by_row_key(self, entries: Iterable[Entry] | None = None) -> dict[str, Entry]:
        """
        Return all entries by ``row_key``. Of several with the same key, one that is done is preferred.

        :param entries: what :meth:`entries` has read; None to read them.
        """
        found: dict[str, Entry] = {}
        for entry in self.entries() if entries is None else entries:
            known = found.get(entry.row_key)
            if known is None or known.state != "done":
                found[entry.row_key] = entry
        return found


def _stems_in(library: Path) -> frozenset[str]:
    """Return the stems of the files in a library, with and without the level of detail."""
    found = set()
    for name in os.listdir(library):
        if match := _FILE.fullmatch(name):
            found |= {match[1], name.partition(".")[0].removesuffix("-obj")}
    return frozenset(found)


def _remove_old_parts(folder: Path, oldest_s: float) -> None:
    """Remove partial files of killed processes, but none that another process may be writing."""
    for part in folder.glob(".*.part"):
        # A file of another worker may not be removable; it does no harm.
        with contextlib.suppress(OSError):
            found = part.lstat()
            if found.st_mtime >= oldest_s:
                continue
            if stat.S_ISREG(found.st_mode) and _PART.fullmatch(part.name):
                part.unlink()
            elif stat.S_ISDIR(found.st_mode) and _FOLDER_PART.fullmatch(part.name):
                shutil.rmtree(part, ignore_errors=True)


def _write_once(marker: Path, text: str) -> None:
    """
    Create a file atomically, because two runs of one batch may want the same name at once.

    :raises FileExistsError: the file exists.
    """
    part = marker.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_text(text, encoding="utf-8")
        try:
            os.link(part, marker)
        except FileExistsError:
            raise
        except OSError:
            # Some file systems have no hard links; there the file is empty for a moment.
            marker.touch(exist_ok=False)
            try:
                marker.write_text(text, encoding="utf-8")
            except OSError:
                # On a full disk. Left empty, the name would be nobody's, and never be used.
                marker.unlink(missing_ok=True)
                raise
    finally:
        part.unlink(missing_ok=True)


def _holds(marker: Path, order_id: str) -> bool:
    try:
        return read_regular(marker, max_bytes=1024) == order_id.encode()
    except OSError:
        return False


@contextlib.contextmanager
def _as_ledger_error(library: Path) -> Iterator[None]:
    try:
        yield
    except LinkError as error:
        raise LedgerError(error.sentence) from None
    except OSError as error:
        refusal = LibraryFullError if is_no_room(error) else LedgerError
        raise refusal(
            Sentence.of(
                "The library {path} cannot be written ({reason}). Check its permissions and free space.",
                path=str(library),
                reason=error.strerror or type(error).__name__,
            )
        ) from None
