# SPDX-License-Identifier: GPL-3.0-or-later
"""
The report of a batch, one line a row: as JSON for programs, as a table for people.

Floor: between first and second. Thread: any that may write files. No ``bpy``.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ...api.display_text import escaped_json
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...tasks.files.atomic_write import write_whole
from ...tasks.record.command_words import text_for_rows
from ..input.order_ids import RowIdentities
from ..library.asset_jobs import prompt_of
from ..library.entry import Entry
from ..library.ledger import Ledger, build_hash_of
from ..library.safe_paths import read_regular
from ..rows.row import Row
from ..run.outcome import Outcome
from ..run.renamed import entries_of_renamed

FILE_NAME = "batch-report.json"
#: Version of the report's format, for programs that read it.
_VERSION = 1
#: Largest table that shows all rows; a larger one shows only the rows that are not done.
MAX_TABLE_ROWS = 60
#: Largest size of a report, in bytes: a million rows with long prompts.
_MAX_BYTES = 1024 * 1024 * 1024


class ReportError(TriverseError):
    """The report cannot be written. The models are in the library nevertheless."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """
    One row in the report.

    :ivar state: an :class:`run.outcome.RowResult` as text.
    :ivar was_there: the model was in the library before this run.
    :ivar files: paths relative to the library by kind.
    :ivar ordered_before: its task was ordered before this run.
    """

    number: int
    line: int
    name: str
    flow: str
    catalog: str
    prompt: str
    state: str
    order_id: str
    was_there: bool = False
    task_uuid: str = ""
    triangles: int | None = None
    cost_credits: int | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    suggestion: str = ""
    ordered_before: bool = False


def row_of_outcome(outcome: Outcome) -> ReportRow:
    """Return the report's line for a row after a run."""
    row, record = outcome.planned.row, outcome.record
    entry = outcome.entry
    found = _with_entry(row, entry, state=str(outcome.result))
    return replace(
        found,
        order_id=outcome.planned.order_id,
        was_there=outcome.was_there,
        task_uuid=(record.task_uuid if record is not None else None) or found.task_uuid,
        cost_credits=_cost(outcome),
        error="" if outcome.sentence is None else text_for_rows(outcome.sentence),
        suggestion=outcome.suggestion,
        ordered_before=not outcome.planned.is_billable,
    )


def _cost(outcome: Outcome) -> int | None:
    """Return the price of the row's task in credits; None if it ended without a model: those credits were released."""
    if outcome.record is not None and outcome.record.is_final:
        return None
    if outcome.record is not None and outcome.record.cost_credits is not None:
        return outcome.record.cost_credits
    return _cost_of_entry(outcome.entry)


def _cost_of_entry(entry: Entry | None) -> int | None:
    """Return the price of a row's task in credits. A row that failed after it was paid has one, see :func:`_cost`."""
    return None if entry is None or entry.is_final else entry.cost_credits


def row_of_entry(row: Row, entry: Entry | None, *, is_there: bool = True) -> ReportRow:
    """
    Return the report's line for a row from its ledger entry, to show how a run on another machine ended.

    :param is_there: of a row that is done, whether its files are in the library as the batch file asks for them.
    """
    state = {"done": "done", "failed": "failed"}.get(entry.state if entry is not None else "", "open")
    error = entry.error if entry is not None else ""
    if state == "done" and not is_there:
        state = "open"
        words = Sentence.of("Its files are missing, or were made for other columns. Run the batch again to make them.")
        error = str(words)
    elif state == "open":
        error = str(
            Sentence.of("It was ordered, and is not here yet.")
            if entry is not None and entry.task_uuid
            else Sentence.of("It was not ordered yet.")
        )
    return replace(
        _with_entry(row, entry, state=state),
        was_there=state == "done",
        ordered_before=entry is not None and bool(entry.task_uuid),
        cost_credits=_cost_of_entry(entry),
        error=error,
    )


def _with_entry(row: Row, entry: Entry | None, *, state: str) -> ReportRow:
    """Return the report's line with what is known from the batch file and the ledger."""
    return ReportRow(
        number=row.number,
        line=row.line,
        name=row.title,
        flow=row.flow,
        catalog=row.catalog,
        prompt=prompt_of(row),
        state=state,
        order_id=entry.row_order_id if entry is not None else "",
        task_uuid=entry.task_uuid if entry is not None else "",
        triangles=entry.triangles if entry is not None else None,
        files=dict(entry.files) if entry is not None else {},
    )


def rows_from_ledger(
    rows: Sequence[Row],
    row_keys: Mapping[int, str],
    ledger: Ledger,
    identities: RowIdentities,
    *,
    with_blender: bool,
) -> list[ReportRow]:
    """
    Return the report's lines for all rows, on whichever machine they were run.

    :param identities: those of the rows whose files can be read here. The others are found by their ``row_key``.
    :param with_blender: whether .blend files are asked for.
    """
    stored = ledger.order_ids()
    # Each is read once, over a network as well. Where they cannot be listed, the ledger says of each what is wrong.
    read = {entry.row_order_id: entry for entry in ledger.entries()}
    get = ledger.get if stored is None else read.get
    by_row_key = ledger.by_row_key(read.values())
    renamed = entries_of_renamed(identities, get, stored, lambda _: None)
    entries = {number: renamed.get(number) or get(order_id) for number, (order_id, _) in identities.items()}
    known = (entries[row.number] if row.number in identities else by_row_key.get(row_keys[row.number]) for row in rows)
    return [
        row_of_entry(
            row,
            entry,
            is_there=entry is not None and ledger.is_done(entry, build_hash_of(row, with_blender=with_blender)),
        )
        for row, entry in zip(rows, known, strict=True)
    ]


def counts(rows: Iterable[ReportRow]) -> dict[str, int]:
    """Return the number of rows by state."""
    return dict(sorted(Counter(row.state for row in rows).items()))


def to_json(rows: Sequence[ReportRow], **about: object) -> dict[str, object]:
    """
    Return the report as JSON types.

    :param about: further values about the whole run: the file, the library, seconds, exit code.
    """
    return {
        "version": _VERSION,
        **about,
        "counts": counts(rows),
        "credits": sum(row.cost_credits or 0 for row in rows),
        "credits_of_this_run": sum(row.cost_credits or 0 for row in rows if not (row.was_there or row.ordered_before)),
        "rows": [asdict(row) for row in rows],
    }


def is_report(path: Path) -> bool:
    """Return whether a file is the report of a batch, which another report may replace."""
    try:
        found = json.loads(read_regular(path, max_bytes=_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"version", "counts", "rows", "credits_of_this_run"} <= found.keys()


def portable(rows: Iterable[ReportRow], library: Path) -> list[ReportRow]:
    """
    Return lines for a report that is stored in the library and moved with it.

    Paths of this machine are removed from error messages: paths in the library become relative to it, and the user's
    home folder becomes ``~``.
    """
    return [replace(row, error=_portable_text(row.error, library)) if row.error else row for row in rows]


def _portable_text(text: str, library: Path) -> str:
    text = text.replace(f"{library}{os.sep}", "")
    for folder, instead in ((str(library), "."), (os.path.expanduser("~"), "~")):
        if len(folder) > 1:
            # Not the folder next to it whose name begins the same.
            text = re.sub(rf"{re.escape(folder)}(?![\w-])", instead, text)
    return text


def portable_path(path: Path, library: Path) -> str:
    """Return a path relative to the library if it is at most one folder above it, else only the file name."""
    relative = os.path.relpath(path, library) if path.anchor == library.anchor else path.name
    is_near = sum(part == ".." for part in Path(relative).parts) <= 1
    return Path(relative).as_posix() if is_near else path.name


def write(target: Path, report: Mapping[str, object]) -> None:
    """
    Write a report atomically, creating its folder if necessary.

    :raises ReportError: the report cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, escaped_json(json.dumps(report, ensure_ascii=False, indent=1)).encode())
    except OSError as error:
        raise ReportError(
            Sentence.of(
                "The report {path} cannot be written ({reason}).",
                path=str(target),
                reason=error.strerror or type(error).__name__,
            )
        ) from None


def table(rows: Sequence[ReportRow]) -> list[str]:
    """Return the lines of a text table; for a large batch, only the rows that are not done."""
    shown = rows if len(rows) <= MAX_TABLE_ROWS else [row for row in rows if row.state != "done"]
    cells = [("row", "line", "name", "state", "triangles", "credits", "file or reason")]
    for row in shown:
        where = row.files.get("blend") or row.files.get("glb", "") if row.state == "done" else row.error
        cells.append(
            (
                str(row.number),
                str(row.line),
                _shortened(row.name, 32),
                "was there" if row.was_there else row.state,
                "" if row.triangles is None else f"{row.triangles:,}",
                "" if row.cost_credits is None else str(row.cost_credits),
                where,
            )
        )
    if len(cells) == 1:
        return []
    widths = [max(len(row[index]) for row in cells) for index in range(len(cells[0]) - 1)]
    right = {0, 1, 4, 5}
    return [
        "  ".join(
            [text.rjust(width) if index in right else text.ljust(width) for index, (text, width) in pairs] + [row[-1]]
        ).rstrip()
        for row in cells
        for pairs in [list(enumerate(zip(row[:-1], widths, strict=True)))]
    ]


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
