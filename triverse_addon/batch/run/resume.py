# SPDX-License-Identifier: GPL-3.0-or-later
"""
The unfinished batches of windows, stored so that they can be resumed after Blender was closed.

Floor: between first and second. Thread: any that may write files. No ``bpy``.

The store, the library and the service know what was paid. Stored here is only what is needed to resume, and what the
user has agreed to pay.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...tasks.files.atomic_write import write_whole
from ...tasks.files.private_files import make_folder
from ..library.safe_paths import read_regular
from .request import BatchRequest

#: Folder inside the data folder, with one small file for each library.
FOLDER = "batches"
#: Largest size of a file, in bytes: a hundred thousand agreed rows.
_MAX_BYTES = 16 * 1024 * 1024
#: Larger than any time stamp; an integer in JSON may be too large for a float.
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class SavedBatch:
    """
    A started batch.

    :ivar request: the user's request.
    :ivar jobs: largest number of tasks that are active at once.
    :ivar agreed: ``client_order_id`` of the rows whose price the user has agreed to.
    :ivar credits: that price, in credits.
    :ivar owner: name of the engine that runs it, see ``tasks.store.lease``; "" for none.
    :ivar prices: the price of each of these rows that has one, in credits.
    """

    request: BatchRequest
    jobs: int
    agreed: frozenset[str] = frozenset()
    credits: int = 0
    owner: str = ""
    prices: Mapping[str, int] = field(default_factory=dict)


def save_batch(data_dir: Path, saved: SavedBatch) -> None:
    """
    Store a started batch until it has ended.

    :raises OSError: it cannot be written. The batch can run nevertheless.
    """
    target = _path(data_dir, saved.request)
    make_folder(target.parent)
    agreed = sorted(saved.agreed)
    value = {
        "file": str(saved.request.file),
        "library": str(saved.request.library),
        "jobs": saved.jobs,
        "agreed": agreed,
        "prices": [saved.prices.get(one) for one in agreed],
        "credits": saved.credits,
        "allowed": sorted(saved.request.allowed),
        "owner": saved.owner,
        "at_s": time.time(),
    }
    write_whole(target, json.dumps(value).encode(), private=True)


def delete_batch(data_dir: Path, request: BatchRequest) -> None:
    """Delete a stored batch, because it has ended or the user has discarded it. Errors are ignored."""
    with contextlib.suppress(OSError):
        _path(data_dir, request).unlink(missing_ok=True)


def load_batch(data_dir: Path, is_free: Callable[[str], bool]) -> SavedBatch | None:
    """
    Return the unfinished batch that was started last; None if there is none.

    :param is_free: returns whether the engine with this name no longer runs its batch.
    """
    newest: tuple[float, SavedBatch] | None = None
    for path in (data_dir / FOLDER).glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            saved, at_s = _from_json(json.loads(read_regular(path, max_bytes=_MAX_BYTES)))
            if (newest is None or at_s > newest[0]) and (not saved.owner or is_free(saved.owner)):
                newest = at_s, saved
    return newest[1] if newest is not None else None


def _from_json(value: Any) -> tuple[SavedBatch, float]:
    """
    Return a batch from parsed JSON, and when it was written.

    :raises ValueError: a value is invalid; likewise KeyError and TypeError.
    """
    file, library, at_s = value["file"], value["library"], value["at_s"]
    jobs, credits, owner, agreed = value["jobs"], value["credits"], value["owner"], value["agreed"]
    allowed, prices = value.get("allowed", []), value.get("prices", [])  # not written by older versions
    if not all(isinstance(path, str) and os.path.isabs(path) and "\0" not in path for path in (file, library)):
        raise ValueError("file")
    os.fsencode(file + library)  # UnicodeEncodeError is a ValueError
    if not (type(jobs) is int and jobs >= 1 and type(credits) is int and credits >= 0 and isinstance(owner, str)):
        raise ValueError("jobs")
    if not all(isinstance(words, list) and all(isinstance(one, str) for one in words) for words in (agreed, allowed)):
        raise ValueError("agreed")
    if not (isinstance(prices, list) and all(one is None or type(one) is int for one in prices)):
        raise ValueError("prices")
    if type(at_s) not in (int, float) or not -_LARGEST <= at_s <= _LARGEST:
        raise ValueError("at_s")
    request = BatchRequest(Path(file), Path(library), allowed=frozenset(allowed))
    known = {order: price for order, price in zip(agreed, prices, strict=False) if price is not None}
    return SavedBatch(request, jobs, frozenset(agreed), credits, owner, known), at_s


def _path(data_dir: Path, request: BatchRequest) -> Path:
    digest = hashlib.sha256(os.fsencode(request.library)).hexdigest()[:16]
    return data_dir / FOLDER / f"{digest}.json"
