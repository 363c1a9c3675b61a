# SPDX-License-Identifier: GPL-3.0-or-later
"""
What ``--dry-run --record`` has found, kept in the library for the parts of the batch that run with ``--checked``.

Floor: third. Thread: main. No ``bpy``.

A render farm checks a batch in one task and orders it in many. Each part has to know how the check has ended, and which
share of the credits that were agreed to is its own: the prices of its rows at the time of the check.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..api.sentence import Sentence
from ..batch.input.order_ids import content_of, digest
from ..batch.library.safe_paths import inside, make_folder, read_regular
from ..batch.rows.raw_rows import LEDGER
from ..batch.run.plan import PlannedRow
from ..batch.run.request import BatchRequest
from ..tasks.files.atomic_write import write_whole
from .errors import UsageError
from .exit_codes import CheckFailedError, Exit

#: Folder inside the ledger's, with one small file for each batch file.
_FOLDER = "checks"
#: Number of checks that are kept of batch files of one name, which may lie in different folders.
_MOST_OF_A_NAME = 16
#: Largest size of a file, in bytes: a million rows.
_MAX_BYTES = 128 * 1024 * 1024
_LARGEST = 2**53
_CODES = frozenset({Exit.DONE, Exit.FAILED, Exit.USAGE, Exit.ACCOUNT, Exit.SERVICE})


@dataclass(frozen=True, slots=True)
class Agreement:
    """
    The result of a check.

    :ivar exit_code: how it has ended.
    :ivar message: why it has failed; "" if it has not.
    :ivar max_credits: the limit that was given; None for none.
    :ivar prices: price in credits by ``client_order_id``, of rows that were not done.
    """

    exit_code: Exit = Exit.DONE
    message: str = ""
    max_credits: int | None = None
    prices: Mapping[str, int] = field(default_factory=dict)

    def share(self, billable: Iterable[PlannedRow]) -> int | None:
        """
        Return the credits that these rows may cost together; None if there is no limit.

        :raises UsageError: the check has not seen all of them.
        """
        if self.max_credits is None:
            return None
        rows = list(billable)
        new = [one.row.line for one in rows if one.order_id not in self.prices]
        if new:
            raise UsageError(
                Sentence.of(
                    "Line {line} was changed or added after the check, so its price was not agreed to. Check the batch "
                    "again.",
                    line=min(new),
                )
            )
        return sum(self.prices[one.order_id] for one in rows)


def save(request: BatchRequest, agreement: Agreement) -> None:
    """
    Write what a check has found into the library.

    :raises UsageError: it cannot be written.
    """
    target = request.library / LEDGER / _FOLDER / _name(request)
    value = {
        "version": 1,
        "exit_code": int(agreement.exit_code),
        "message": agreement.message,
        "max_credits": agreement.max_credits,
        "prices": dict(agreement.prices),
    }
    try:
        request.library.mkdir(parents=True, exist_ok=True)
        make_folder(request.library / LEDGER)
        make_folder(target.parent)
        write_whole(target, json.dumps(value, indent=1).encode())
        for old in _checks_of_name(request)[_MOST_OF_A_NAME:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            Sentence.of(
                "The library {path} cannot be written ({reason}). Check its permissions and free space.",
                path=str(request.library),
                reason=error.strerror or type(error).__name__,
            )
        ) from None


def load(request: BatchRequest) -> Agreement:
    """
    Return what the check of this batch has found.

    :raises CheckFailedError: it has failed.
    :raises UsageError: the library has no check of this batch.
    """
    found = _read(request)
    if found is None:
        raise UsageError(
            Sentence.of("The library has no check of {file}. Run --dry-run --record first.", file=request.file.name)
        )
    if found.exit_code is not Exit.DONE:
        raise CheckFailedError(found.exit_code, found.message)
    return found


def _read(request: BatchRequest) -> Agreement | None:
    file = inside(request.library, f"{LEDGER}/{_FOLDER}/{_name(request)}")
    if file is None or not os.path.lexists(file):
        # A table that was edited since has no check of its own: the last one tells which of its rows are new.
        file = next(iter(_checks_of_name(request)), None)
    if file is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        return _from_json(json.loads(read_regular(file, max_bytes=_MAX_BYTES)))
    return None


def _from_json(value: Any) -> Agreement:
    """
    Return an agreement from parsed JSON.

    :raises ValueError: a value is invalid; likewise KeyError and TypeError.
    """
    code, message, limit, prices = value["exit_code"], value["message"], value["max_credits"], value["prices"]
    if type(code) is not int or Exit(code) not in _CODES or not isinstance(message, str):
        raise ValueError("exit_code")
    if not (limit is None or _is_amount(limit)) or not all(map(_is_amount, prices.values())):
        raise ValueError("credits")
    return Agreement(Exit(code), message[:2000], limit, prices)


def _is_amount(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _name(request: BatchRequest) -> str:
    """
    Return the name of the file for a check of this batch.

    Machines may see the batch file under different paths, but not names or content. Tables of one name in different
    folders differ in their content; where they do not, their rows are the same.
    """
    return f"{_prefix(request)}-{digest(*_content(request.file))[:16]}.json"


def _prefix(request: BatchRequest) -> str:
    return digest(os.path.basename(request.file), request.batch_id)[:16]


def _content(file: Path) -> list[str]:
    """Return what tells a table from another of its name; "" for one that cannot be read, which is told elsewhere."""
    try:
        return sorted(os.listdir(file)) if file.is_dir() else [content_of(str(file))]
    except OSError:
        return []


def _checks_of_name(request: BatchRequest) -> list[Path]:
    """Return the checks of batch files of this name, the newest first."""
    folder = inside(request.library, f"{LEDGER}/{_FOLDER}")
    found = []
    for path in [] if folder is None else folder.glob(f"{_prefix(request)}-*.json"):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]
