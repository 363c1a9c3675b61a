# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find the nearest place on the ground where a box overlaps no other box.

Floor: second. Thread: any. No ``bpy``.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Gap that is left between two models, as a share of the larger horizontal edge of the one that steps aside.
GAP = 0.1
#: Overlap up to which two boxes only touch, as a share of the smaller of their edges along that axis: a model that
#: stands on a table touches it, and one whose foot sinks a little into the ground does too.
_TOUCH = 0.02
#: A box that is this many times as long and as wide as the model, and on all sides of it, is the room or the terrain
#: in which the model stands, and not an obstacle.
_SURROUNDINGS = 3.0
#: Number of obstacles up to which places next to their edges are tried. Among more, only the regular grid is searched.
_MOST_EDGES = 8


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    An axis-aligned box in world space.

    :ivar low: minimum corner, in Blender units.
    :ivar high: maximum corner, in Blender units.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def moved(self, x: float, y: float) -> "Bounds":
        """Return the box moved along the ground, in Blender units."""
        return Bounds(
            (self.low[0] + x, self.low[1] + y, self.low[2]), (self.high[0] + x, self.high[1] + y, self.high[2])
        )


def free_offset(model: Bounds, others: Iterable[Bounds]) -> tuple[float, float]:
    """
    Return how far ``model`` has to move along x and y, in Blender units, to overlap none of ``others``.

    A model that overlaps nothing stays where it is. Otherwise it moves to about the nearest free place of two kinds:
    next to the edges of what is in its way, and on a regular grid of the model's own size. What surrounds the model, as
    a room or a terrain does, is not avoided.

    :param others: boxes of whatever has geometry.
    """
    if not _is_finite(model):
        return 0.0, 0.0
    obstacles = [
        other for other in others if _is_finite(other) and _depth(model, other, 2) > 0 and not _surrounds(other, model)
    ]
    in_the_way = [other for other in obstacles if _overlap(model, other)]
    if not in_the_way:
        return 0.0, 0.0
    gap = GAP * max(_length(model, 0), _length(model, 1))
    places = _grid(model, obstacles, gap)
    if len(obstacles) <= _MOST_EDGES:
        beside = [(x, y) for x in _past(model, in_the_way, 0, gap) for y in _past(model, in_the_way, 1, gap)]
        places += [place for place in beside if not any(_overlap(model.moved(*place), other) for other in obstacles)]
    if not places:  # obstacles that are much larger than the model take the whole grid
        places = [(max(other.high[0] for other in obstacles) + gap - model.low[0], 0.0)]
    # Of places that are about equally near, the first to the right, then the first to the back: the one that the box
    # in the viewport has shown, too. Half a centimetre in the middle of a model would send it to the other side.
    nearest = min(math.hypot(*place) for place in places)
    about = [place for place in places if math.hypot(*place) <= nearest + gap]
    return min(about, key=lambda place: (_side(*place), round(math.hypot(*place), 6), -place[0], -place[1]))


def _side(x: float, y: float) -> int:
    """Return 0 for a place that lies mainly to the right, 1 to the back, 2 to the front, 3 to the left."""
    if abs(x) >= abs(y):
        return 0 if x > 0 else 3
    return 1 if y > 0 else 2


def _grid(model: Bounds, obstacles: Sequence[Bounds], gap: float) -> list[tuple[float, float]]:
    """Return the free places of a grid around ``model``, as steps along x and y."""
    pitch = [_length(model, axis) + gap for axis in (0, 1)]
    reach = 2 + math.isqrt(len(obstacles))
    taken: set[tuple[int, int]] = set()
    for other in obstacles:
        columns, rows = (_cells(model, other, axis, pitch[axis], reach) for axis in (0, 1))
        taken.update(itertools.product(columns, rows))
    cells = itertools.product(range(-reach, reach + 1), repeat=2)
    return [(column * pitch[0], row * pitch[1]) for column, row in cells if (column, row) not in taken]


def _cells(model: Bounds, other: Bounds, axis: int, pitch: float, reach: int) -> range:
    """Return the numbers of steps of ``pitch`` along ``axis``, up to ``reach``, that bring ``model`` to ``other``."""
    touch = _touch(model, other, axis)
    after = (other.low[axis] + touch - model.high[axis]) / pitch
    before = (other.high[axis] - touch - model.low[axis]) / pitch
    return range(max(-reach, math.floor(after) + 1), min(reach, math.ceil(before) - 1) + 1)


def _past(model: Bounds, others: Sequence[Bounds], axis: int, gap: float) -> list[float]:
    """Return 0, and the steps along ``axis`` that bring ``model`` before and behind each of ``others``."""
    steps = [0.0]
    for other in others:
        steps += (other.high[axis] + gap - model.low[axis], other.low[axis] - gap - model.high[axis])
    return steps


def _length(box: Bounds, axis: int) -> float:
    return box.high[axis] - box.low[axis]


def _is_finite(box: Bounds) -> bool:
    """Return False for the box of an object that a broken driver or mesh has sent to infinity, or nowhere."""
    return all(map(math.isfinite, (*box.low, *box.high)))


def _surrounds(other: Bounds, model: Bounds) -> bool:
    return all(
        other.low[axis] <= model.low[axis]
        and other.high[axis] >= model.high[axis]
        and _length(other, axis) >= _SURROUNDINGS * _length(model, axis)
        for axis in (0, 1)
    )


def _overlap(model: Bounds, other: Bounds) -> bool:
    return all(_depth(model, other, axis) > 0 for axis in (0, 1))


def _depth(model: Bounds, other: Bounds, axis: int) -> float:
    """Return how far two boxes overlap along ``axis``, beyond a touch. A box without thickness overlaps nothing."""
    common = min(model.high[axis], other.high[axis]) - max(model.low[axis], other.low[axis])
    return common - _touch(model, other, axis)


def _touch(model: Bounds, other: Bounds, axis: int) -> float:
    return _TOUCH * min(_length(model, axis), _length(other, axis))
