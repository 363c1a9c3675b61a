# SPDX-License-Identifier: GPL-3.0-or-later
"""
The boxes in the 3D viewport that show where the models of tasks in progress will stand.

Floor: third. Thread: main. Imports ``bpy``. ``box_control`` keeps them up to date, ``box_drawing`` draws them.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from ...scene.importing.expected_box import Corners


@dataclass(frozen=True, slots=True)
class Box:
    """
    One box.

    :ivar scene: name of the scene it is in.
    :ivar corners: its corners in world space, the lower four first.
    :ivar name: whose place it is. Written above it.
    :ivar progress: share of its height that is filled, from 0.0 to 1.0.
    :ivar state: what is written behind the name, and never cut.
    """

    scene: str
    corners: "Corners"
    name: str
    progress: float = 0.0
    state: str = ""

    @property
    def text(self) -> str:
        """The line of text above it, whole."""
        return f"{self.name}{self.state}"


shown: tuple[Box, ...] = ()
"""The boxes of tasks."""
held: Box | None = None
"""The box that the user is placing."""
is_broken = False
"""Whether boxes could not be drawn. None are shown any more then."""


def visible(scene: bpy.types.Scene) -> list[Box]:
    """Return the boxes in ``scene``. For drawing."""
    boxes = [box for box in shown if box.scene == scene.name]
    return [*boxes, held] if held is not None and held.scene == scene.name else boxes
