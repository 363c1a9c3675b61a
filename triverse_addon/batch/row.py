# SPDX-License-Identifier: GPL-3.0-or-later
"""
One checked row of a batch.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..api.fields import JSON
from .post_options import Post


@dataclass(frozen=True, slots=True)
class Row:
    """
    What one row asks for.

    :ivar number: its place among the rows, counted from 1; what ``--rows`` means.
    :ivar line: where it stands in the file, counted from 1.
    :ivar params: checked values of the flow's fields, without sources.
    :ivar sources: field name -> absolute path on this machine, or a public URL.
    :ivar written_sources: the same as the file writes them, so that a moved folder changes nothing.
    :ivar places: absolute path of a source that was looked at -> where it lay then, links followed.
    :ivar name: of the model in the asset browser.
    :ivar catalog: path in the asset catalogs, "Props/Chairs"; "" for none.
    :ivar tags: asset tags beside those that follow from the task.
    :ivar occurrence: 1 for the first row that asks for this, 2 for the next that asks for the very same.
    :ivar name_number: 1 for the first row of this name, 2 for the second.
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
    post: Post = field(default_factory=Post)
    occurrence: int = 1
    name_number: int = 1

    @property
    def title(self) -> str:
        """The model's name, told apart from those of earlier rows of the same name."""
        return self.name if self.name_number == 1 else f"{self.name} {self.name_number}"
