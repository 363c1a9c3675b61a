# SPDX-License-Identifier: GPL-3.0-or-later
"""
One checked row of a batch.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...api.fields import JSON
from ...tasks.record.processing import Processing


@dataclass(frozen=True, slots=True)
class Row:
    """
    The checked values of one row.

    :ivar number: its position among the rows, counted from 1; used by ``--rows``.
    :ivar line: its line in the file, counted from 1.
    :ivar params: checked values of the flow's fields, without sources.
    :ivar sources: field name -> absolute path on this machine, or a public URL.
    :ivar written_sources: the same as written in the file, so that moving the folder changes nothing.
    :ivar places: absolute path of a checked source -> its real path at that time, links resolved.
    :ivar name: the model's name in the asset browser.
    :ivar catalog: path in the asset catalogs, "Props/Chairs"; "" for none.
    :ivar tags: asset tags in addition to those that follow from the task.
    :ivar occurrence: 1 for the first row with this request, 2 for the next one with the same request.
    :ivar name_number: 1 for the first row with this name, 2 for the second.
    """

    number: int
    line: int
    flow: str
    params: Mapping[str, JSON]
    sources: Mapping[str, str] = field(default_factory=dict)
    written_sources: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    catalog: str = ""
    tags: tuple[str, ...] = ()
    post: Processing = field(default_factory=Processing)
    occurrence: int = 1
    name_number: int = 1

    @property
    def title(self) -> str:
        """The model's name, with a number if an earlier row has the same name."""
        return self.name if self.name_number == 1 else f"{self.name} {self.name_number}"
