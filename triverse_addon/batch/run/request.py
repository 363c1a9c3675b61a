# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is asked for, and the look at it before anything is sent: the same for the command and for the panel.

Floor: between first and second. Thread: any that may read files, and for :func:`ask` wait for the network. No ``bpy``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...api.display_text import plain_name
from ...api.flows import Kind
from ...api.payloads import Balance
from ...tasks.preparer import Preparer
from ...tasks.settings import DEFAULT_API_URL
from ..input.reader import read
from ..input.row_range import rows_in
from ..input.validation import check
from ..outside_files import Outside
from ..problems import Problem, asked_about
from ..raw_rows import RawBatch
from ..row import Row
from .quotes import Prices, ask_prices

if TYPE_CHECKING:
    from ...api.client import Client


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One batch, as a user asks for it.

    :ivar file: a CSV or JSON Lines file, or a folder of pictures; absolute.
    :ivar library: the asset library to write into; absolute.
    :ivar defaults: values by column for rows that do not have their own.
    :ivar rows: see ``input.row_range.rows_in``; "" for all.
    :ivar batch_id: another one makes all orders others.
    :ivar allowed: what may be opened of files outside the file's folder, see ``outside_files.Outside.key``.
    """

    file: Path
    library: Path
    with_blender: bool = True
    defaults: Mapping[str, str] = field(default_factory=dict)
    rows: str = ""
    batch_id: str = ""
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """
    What was seen. With a problem, rows are missing, and nothing can be ordered.

    :ivar chosen: numbers of the rows that are meant.
    """

    raw: RawBatch
    chosen: range
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    @property
    def outside(self) -> list[Outside]:
        """The files that are asked about before they are opened."""
        return asked_about(self.problems)

    @property
    def chosen_rows(self) -> list[Row]:
        """The rows that are meant."""
        return [row for row in self.rows if row.number in self.chosen]


def library_for(file: Path) -> Path:
    """Return the library that a batch is written into by default: beside its file."""
    return file.with_name(f"{plain_name(file.stem)}-library")


def look(
    asked: Asked, preparer: Preparer | None, *, with_sources: bool = True, service_url: str = DEFAULT_API_URL
) -> Look:
    """
    Read and check a batch; every problem is in the answer.

    :param preparer: see :mod:`tasks.preparer`; None where sources are uploaded as they are.
    :param with_sources: look at pictures and models too.
    :param service_url: see :func:`input.validation.check`.
    :raises InputError: (field ``rows``) there are no such rows.
    """
    raw = read(
        asked.file,
        takes=lambda path: preparer is not None and preparer.takes(path, Kind.IMAGE),
        allowed=asked.allowed,
    )
    chosen = rows_in(asked.rows, len(raw.rows)) if asked.rows and raw.rows else range(1, len(raw.rows) + 1)
    rows, problems = check(
        raw,
        defaults=asked.defaults,
        takes=preparer.takes if preparer is not None else lambda path, kind: False,
        with_blender=asked.with_blender,
        numbers=chosen if with_sources else (),
        service_url=service_url,
        allowed=asked.allowed,
    )
    return Look(raw, chosen, rows, problems)


def ask(costly: Sequence[Row], client: "Client") -> tuple[Prices, Balance]:
    """
    Ask what rows cost, and what the account holds.

    :raises TriverseError: the service was not reached, or refused the key.
    """
    return ask_prices(costly, client.quote), client.balance()
