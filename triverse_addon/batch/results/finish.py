# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the report and the contact sheets at the end of a run, for the command and for the panel.

Floor: between first and second. Thread: any that may write files and wait for a child Blender. No ``bpy``.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.converter import ChildNotStartedError, ConvertError, NoChildError
from ..library.asset_writer import AssetWriter
from ..library.safe_paths import LinkError, inside
from ..rows.raw_rows import LEDGER, LeftOut
from ..run.request import BatchRequest
from . import html_sheet, report


@dataclass(frozen=True, slots=True)
class Sheets:
    """
    The contact sheets that were written.

    :ivar page: path of the HTML page.
    :ivar pictures: paths of the sheets as PNG files.
    :ivar problem: why there are no pictures; None if there are some or none were requested.
    """

    page: Path
    pictures: tuple[Path, ...] = ()
    problem: Sentence | None = None


def report_path(request: BatchRequest) -> Path:
    """Return the path of a batch's report. The report of a part does not replace that of the whole batch."""
    if request.rows:
        part = "".join(request.rows.split()).replace(":", "-")
        return request.library / LEDGER / "reports" / f"rows-{part}.json"
    return request.library / report.FILE_NAME


def write_report(
    target: Path,
    request: BatchRequest,
    rows: Sequence[report.ReportRow],
    left_out: Sequence[LeftOut] = (),
    *,
    seconds: float,
    exit_code: int | None = None,
    ledger_ignored: Iterable[str] = (),
) -> None:
    """
    Write the report. A report inside the library contains no paths of this machine.

    :param target: path of the report.
    :param request: the batch.
    :param lines: the report's rows.
    :param left_out: items of a folder of pictures that are not rows.
    :param seconds: duration of the run, in seconds.
    :param exit_code: exit code of the command; None if there is none.
    :param ledger_ignored: see :class:`library.ledger.Ledger`.
    :raises ReportError: the report cannot be written.
    """
    is_inside = target.is_relative_to(request.library)
    if is_inside:
        _refuse_links(target, request.library)
        rows = report.portable(rows, request.library)
    about: dict[str, object] = {
        "file": report.portable_path(request.file, request.library) if is_inside else str(request.file),
        "library": "." if is_inside else str(request.library),
        "rows_asked": request.rows or None,
        "seconds": round(seconds, 1),
        "ledger_ignored": sorted(ledger_ignored),
        "left_out": [{"file": one.name, "reason": str(one.reason)} for one in left_out],
    }
    if exit_code is not None:
        about["exit_code"] = exit_code
    report.write(target, report.to_json(rows, **about))


def _refuse_links(target: Path, library: Path) -> None:
    folder = target.parent.relative_to(library).as_posix()
    if folder != "." and inside(library, folder) is None:
        raise report.ReportError(LinkError(target.parent).sentence)


def write_sheets(
    request: BatchRequest, rows: Sequence[report.ReportRow], writer: AssetWriter | None, stop: threading.Event
) -> Sheets:
    """
    Write the contact sheets into the library.

    :param writer: draws the pictures; None to write only the page.
    :raises SheetError: the page cannot be written.
    """
    page = html_sheet.write(request.library, report.portable(rows, request.library), request.file.stem)
    if writer is None:
        return Sheets(page)
    try:
        return Sheets(page, tuple(writer.draw_sheets(request.library, html_sheet.tiles(request.library, rows), stop)))
    except (ConvertError, NoChildError, ChildNotStartedError) as error:
        return Sheets(page, problem=error.sentence)
