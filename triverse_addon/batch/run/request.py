# SPDX-License-Identifier: GPL-3.0-or-later
"""
A user's request for a batch, and its check before anything is sent; the same for the command and for the panel.

Floor: between first and second. Thread: any that may read files and, for
:func:`query_prices_and_balance`, wait for the network. No ``bpy``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...api.display_text import plain_name
from ...api.flows import Kind
from ...api.payloads import Balance
from ...api.urls import DEFAULT_API_URL
from ...tasks.preparer import Preparer
from ..input.reader import read
from ..input.row_range import rows_in
from ..input.validation import check
from ..outside_files import Outside
from ..rows.problems import Problem, files_to_allow
from ..rows.raw_rows import RawBatch
from ..rows.row import Row
from .quotes import Prices, query_prices

if TYPE_CHECKING:
    from ...api.client import Client


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """
    A user's request for one batch.

    :ivar file: a CSV or JSON Lines file, or a folder of pictures; absolute path.
    :ivar library: the asset library to write into; absolute path.
    :ivar with_blender: whether .blend files are written.
    :ivar defaults: values by column name for rows without their own.
    :ivar rows: see ``input.row_range.rows_in``; "" for all.
    :ivar batch_id: changes the ids of all orders, to order the batch again.
    :ivar allowed: files outside the file's folder that may be opened, see ``outside_files.Outside.key``.
    """

    file: Path
    library: Path
    with_blender: bool = True
    defaults: Mapping[str, str] = field(default_factory=dict)
    rows: str = ""
    batch_id: str = ""
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BatchCheck:
    """
    A batch as read and checked. With a problem, ``rows`` is empty, and nothing can be ordered.

    :ivar raw: the batch as read; its rows only with a problem, for whose sake they are shown.
    :ivar chosen: numbers of the selected rows.
    :ivar rows: all checked rows.
    :ivar problems: all problems found.
    """

    raw: RawBatch
    chosen: range
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    @property
    def outside(self) -> list[Outside]:
        """The files that need the user's permission."""
        return files_to_allow(self.problems)

    @property
    def chosen_rows(self) -> list[Row]:
        """The selected rows."""
        return [row for row in self.rows if row.number in self.chosen]


def library_for(file: Path) -> Path:
    """Return the default library of a batch: a folder next to its file, or in it if that is a whole disk."""
    if not file.name:
        return file / "triverse-library"
    return file.with_name(f"{plain_name(file.stem)}-library")


def check_request(
    request: BatchRequest,
    preparer: Preparer | None,
    *,
    with_sources: bool = True,
    service_url: str = DEFAULT_API_URL,
    go_on: Callable[[], None] = lambda: None,
) -> BatchCheck:
    """
    Read and check a batch. Problems are returned, not raised.

    :param request: the user's request.
    :param preparer: see :mod:`tasks.preparer`; None where source files are uploaded unchanged.
    :param with_sources: also open and check pictures and models.
    :param service_url: see :func:`input.validation.check`.
    :param go_on: called for each item of a folder and each row; what it raises ends the check.
    :raises InputError: (field ``rows``) the selected rows do not exist.
    """
    raw = read(
        request.file,
        takes=lambda path: preparer is not None and preparer.takes(path, Kind.IMAGE),
        allowed=request.allowed,
        go_on=go_on,
    )
    chosen = rows_in(request.rows, len(raw.rows)) if request.rows and raw.rows else range(1, len(raw.rows) + 1)
    rows, problems = check(
        raw,
        defaults=request.defaults,
        takes=preparer.takes if preparer is not None else lambda path, kind: False,
        with_blender=request.with_blender,
        numbers=chosen if with_sources else (),
        service_url=service_url,
        allowed=request.allowed,
        go_on=go_on,
    )
    # Of a hundred thousand rows, both would take 100 MB.
    return BatchCheck(raw if problems else replace(raw, rows=()), chosen, rows, problems)


def query_prices_and_balance(billable: Sequence[Row], client: "Client") -> tuple[Prices, Balance]:
    """
    Query the prices of rows and the account's balance.

    :raises TriverseError: the service was not reached, or rejected the key.
    """
    return query_prices(billable, client.quote), client.balance()
