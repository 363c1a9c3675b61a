# SPDX-License-Identifier: GPL-3.0-or-later
"""
Where a model will stand that is not there yet, as far as it can be known.

Floor: second. Thread: main. Imports ``bpy``.
"""

import itertools
from collections.abc import Sequence

import bpy
from mathutils import Quaternion, Vector

from ...tasks.record.record import Placement
from .free_space import Bounds, free_offset
from .origin import find_object
from .placement import box_of
from .step_aside import obstacles

#: The corners of a box, the lower four first, each four in a circle.
Corners = tuple[tuple[float, float, float], ...]

#: Length of an edge as long as the size of a model is not known, in metres.
EDGE_M = 1.0
#: Number of objects in a scene up to which the expected place avoids them. The model itself avoids more.
_MOST_OBJECTS = 1000


def corners_of(bounds: Bounds) -> Corners:
    """Return the corners of an axis-aligned box."""
    (x0, y0, z0), (x1, y1, z1) = bounds.low, bounds.high
    circle = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return tuple((x, y, z) for z in (z0, z1) for x, y in circle)


def bounds_of(corners: Corners) -> Bounds:
    """Return the smallest axis-aligned box around ``corners``."""
    axes = list(zip(*corners, strict=True))
    return Bounds(tuple(map(min, axes)), tuple(map(max, axes)))


def expected_box(placement: Placement, scene: bpy.types.Scene, taken: Sequence[Bounds] = ()) -> Corners | None:
    """
    Return the corners of the box that a model is expected to fill; None if it takes the place of something else.

    :param taken: the boxes of models that are expected before it, which it avoids.
    """
    if placement.replaces is not None or placement.instead_of:
        return None
    marker = find_object(scene, placement.placeholder, placement.placeholder_uid, placement.session)
    if marker is not None:
        return _turned(marker)
    box = standing(placement)
    if placement.step_aside and len(scene.objects) <= _MOST_OBJECTS:
        box = box.moved(*free_offset(box, itertools.chain(obstacles(scene), taken)))
    return corners_of(box)


def standing(placement: Placement) -> Bounds:
    """Return the box of a model of the expected size at the location of ``placement``."""
    edge = placement.height if placement.height is not None else EDGE_M / placement.unit_m
    return around(placement.location, (edge, edge, edge), on_ground=placement.on_ground)


def around(location: Sequence[float], size: Sequence[float], *, on_ground: bool) -> Bounds:
    """Return a box of the given size that stands on ``location``, or has it as its middle."""
    x, y, z = location
    low_z = z if on_ground else z - size[2] / 2
    return Bounds((x - size[0] / 2, y - size[1] / 2, low_z), (x + size[0] / 2, y + size[1] / 2, low_z + size[2]))


def _turned(marker: bpy.types.Object) -> Corners:
    box = box_of(marker)
    rotation = Quaternion(box.rotation)
    flat = corners_of(around((0.0, 0.0, 0.0), box.size, on_ground=False))
    turned = (Vector(box.centre) + rotation @ Vector(corner) for corner in flat)
    return tuple((corner.x, corner.y, corner.z) for corner in turned)
