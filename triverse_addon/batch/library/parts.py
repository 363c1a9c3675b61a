# SPDX-License-Identifier: GPL-3.0-or-later
"""
Libraries of parts that machines without a common disk have written, and their union.

Floor: between first and second. Thread: any that may write files. No ``bpy``.

A part is a whole library with a ledger of its own, in a folder of the library's ledger, where Blender's asset browser
does not look. Wherever it was written, it is brought there by the farm. Two parts may have chosen one file name for two
rows; the union gives the second one another.
"""

import contextlib
import dataclasses
import os
import secrets
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ...tasks.files.atomic_write import copy_whole
from ..rows.raw_rows import LEDGER
from ..rows.row import Row
from . import catalogs
from .asset_writer import THUMBNAILS
from .entry import Entry
from .ledger import Ledger
from .safe_paths import inside, make_folder

#: Folder of the parts inside the ledger's.
_FOLDER = "parts"
#: States, the best last.
_STATES = ("claimed", "ordered", "failed", "done")
#: Largest number of files beside an OBJ: its material file and its textures.
_MAX_FILES_OF_FOLDER = 1000


def part_name(rows: str) -> str:
    """Return the name of a part by its rows as they were asked for, such as "rows-1-25"."""
    return "rows-" + "".join(rows.split()).replace(":", "-")


def part_folder(library: Path, rows: str) -> Path:
    """Return the library of a part."""
    return library / LEDGER / _FOLDER / part_name(rows)


class PartLedger(Ledger):
    """
    The ledger of a part, which also knows what the whole library has already.

    :param library: the library of the part.
    :param whole: the library that the part is of, as this machine sees it; it may be empty.
    """

    def __init__(self, library: Path, whole: Path) -> None:
        super().__init__(library)
        self._whole = Ledger(whole)

    def get(self, order_id: str) -> Entry | None:
        """Return the entry of a row: the part's own, unless the whole library is further."""
        own, other = super().get(order_id), self._whole.get(order_id)
        if own is None or (other is not None and other.state == "done" and own.state != "done"):
            return other
        return own

    def order_ids(self) -> frozenset[str] | None:
        """Return the ids of the rows that have an entry in either; None if each has to be asked for."""
        own, others = super().order_ids(), self._whole.order_ids()
        return None if own is None or others is None else own | others

    def is_done(self, entry: Entry, build_hash: str) -> bool:
        """Return whether everything requested for a row is in the part or in the whole library."""
        return super().is_done(entry, build_hash) or self._whole.is_done(entry, build_hash)


def unite(library: Path, rows: Mapping[str, Row], build_hashes: Mapping[str, str]) -> int:
    """
    Take the rows of all parts over into the library. Parts stay as they are; what is there already is left alone.

    :param rows: the rows of the batch by ``row_key``.
    :param build_hashes: what each is to look like, by ``row_key``, see :func:`ledger.build_hash_of`.
    :return: the number of rows that were taken over.
    :raises TriverseError: the library cannot be written.
    :raises OSError: a file cannot be copied.
    """
    parts = _parts(library)
    if not parts:
        return 0
    ledger = Ledger(library)
    ledger.make()
    best: dict[str, tuple[tuple[bool, int], Path, Entry]] = {}
    for part in parts:
        for entry in Ledger(part).entries():
            if entry.row_key not in rows:
                continue
            rank = _rank(part, entry, build_hashes[entry.row_key])
            if entry.row_order_id not in best or rank > best[entry.row_order_id][0]:
                best[entry.row_order_id] = (rank, part, entry)
    count = 0
    for rank, part, entry in best.values():
        known = ledger.get(entry.row_order_id)
        if known is None or rank > _rank(library, known, build_hashes[entry.row_key]):
            _take_over(ledger, part, entry, rows[entry.row_key])
            count += 1
    for part in parts:
        with contextlib.suppress(catalogs.CatalogError):
            catalogs.add(library, catalogs.read(part))
    return count


def _parts(library: Path) -> list[Path]:
    folder = inside(library, f"{LEDGER}/{_FOLDER}")
    if folder is None or not folder.is_dir():
        return []
    found = [inside(folder, path.name) for path in sorted(folder.iterdir())]
    return [path for path in found if path is not None and path.is_dir()]


def _rank(library: Path, entry: Entry, build_hash: str) -> tuple[bool, int]:
    """Return how far a row is: first what is there as it is wanted."""
    is_whole = Ledger(library).is_done(entry, build_hash)
    state = entry.state if is_whole or entry.state != "done" or _has_files(library, entry) else "ordered"
    return is_whole, _STATES.index(state)


def _has_files(library: Path, entry: Entry) -> bool:
    paths = [inside(library, relative) for relative in entry.files.values()]
    return all(path is not None and path.is_file() for path in paths)


def _take_over(ledger: Ledger, part: Path, entry: Entry, row: Row) -> None:
    stem = ledger.claim(row, entry.row_order_id, entry.row_key).stem
    files = {}
    for kind, relative in entry.files.items():
        target = _renamed(relative, entry.stem, stem)
        if _copy(part, relative, ledger.library, target):
            files[kind] = target
    # Of a part that did not arrive whole, what is missing is written by the next run.
    state = "ordered" if entry.state == "done" and len(files) < len(entry.files) else entry.state
    entry = dataclasses.replace(entry, stem=stem, files=files, state=state)
    ledger.remove_old_levels(entry)
    ledger.put(entry)


def _renamed(relative: str, old: str, new: str) -> str:
    """Return the path of a row's file under another stem: "thumbnails/chair.png", "chair-obj/chair.obj"."""
    parts = list(PurePosixPath(relative).parts)
    at = 1 if parts[0] == THUMBNAILS and len(parts) > 1 else 0
    if parts[at].startswith(old):
        parts[at] = new + parts[at][len(old) :]
    return "/".join(parts)


def _copy(part: Path, relative: str, library: Path, target: str) -> bool:
    """Copy a file of a part, or the folder that it lies in with its textures. Return whether it was there."""
    source, goal = inside(part, relative), inside(library, target)
    if source is None or goal is None or not source.is_file():
        return False
    folder = PurePosixPath(relative).parts[0]
    if folder in (relative, THUMBNAILS):
        make_folder(goal.parent)
        _link_or_copy(source, goal)
        return True
    make_folder(goal.parent)
    for path in sorted(source.parent.iterdir())[:_MAX_FILES_OF_FOLDER]:
        if path.is_file() and not path.is_symlink():
            _link_or_copy(path, goal.parent / path.name)
    return True


def _link_or_copy(source: Path, goal: Path) -> None:
    """Give a file a second name where the disk can, which takes no room; files of a library are only ever replaced."""
    part = goal.with_name(f".{secrets.token_hex(8)}.part")
    try:
        os.link(source, part, follow_symlinks=False)
    except OSError:
        copy_whole(source, goal)
        return
    try:
        part.replace(goal)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
