# SPDX-License-Identifier: GPL-3.0-or-later
"""
Views of a 3D viewport that show less than the whole: a square around some points, or a rectangle of it.

Floor: second. Thread: main. Imports Blender's ``mathutils`` only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mathutils import Matrix, Vector

#: Part of the picture's edge that stays free on each side of what is framed.
MARGIN = 0.08
#: Least half of the edge of what is framed, in units of the scene. A single point has no size.
_LEAST = 1e-4
#: Least cosine between the direction of a view and that to what is framed, and least depth of its nearest point, in
#: shares of its farthest: beyond, perspective distorts it.
_LEAST_AHEAD, _LEAST_DEPTH = 0.3, 0.1


@dataclass(frozen=True, slots=True)
class View:
    """
    A view to be drawn.

    :ivar matrix: from world space to the space of the camera, which looks along its negative Z axis.
    :ivar window: the projection.
    """

    matrix: Matrix
    window: Matrix


def square(points: Sequence[Vector], view: View) -> View:
    """
    Return a square view of ``points`` with a margin, from where ``view`` shows them.

    In perspective, the eye stays, so that they look as they do in the viewport, only larger; if they are around or
    behind it, it steps back. Without perspective, the direction stays.

    :param points: at least one point, in world space.
    """
    turned = view.matrix.to_3x3().normalized()
    if abs(view.window[3][3]) >= 0.5:
        return _parallel(turned, [turned @ point for point in points])
    # The shorter side of the viewport decides the angle of view.
    zoom = max(abs(view.window[0][0]), abs(view.window[1][1]))
    return _from_eye(turned, view, points) or _perspective(turned, [turned @ point for point in points], zoom)


def _from_eye(turned: Matrix, view: View, points: Sequence[Vector]) -> View | None:
    """Return the view from the same eye, turned towards the points; None if they are not well in front of it."""
    eye = view.matrix.inverted().translation
    corners = [Vector([pick(point[axis] for point in points) for axis in range(3)]) for pick in (min, max)]
    aim = (corners[0] + corners[1]) / 2 - eye
    ahead = Vector([-turned[2][axis] for axis in range(3)])
    if aim.length < _LEAST or aim.normalized().dot(ahead) < _LEAST_AHEAD:
        return None
    aimed = turned @ ahead.rotation_difference(aim).to_matrix().transposed()
    seen = [aimed @ (point - eye) for point in points]
    nearest, farthest = min(-point.z for point in seen), max(-point.z for point in seen)
    if nearest < _LEAST_DEPTH * farthest:
        return None
    # Where the points are on a plane at a distance of one.
    low = [min(point[axis] / -point.z for point in seen) for axis in (0, 1)]
    high = [max(point[axis] / -point.z for point in seen) for axis in (0, 1)]
    half = max(high[0] - low[0], high[1] - low[1], _LEAST) / 2 / (1 - 2 * MARGIN)
    near, far = nearest * 0.5, farthest * 2
    window = Matrix.Diagonal((1 / half, 1 / half, -(far + near) / (far - near), 0.0))
    window[0][2], window[1][2] = ((low[axis] + high[axis]) / 2 / half for axis in (0, 1))
    window[2][3], window[3][2] = -2 * far * near / (far - near), -1.0
    return View(aimed.to_4x4() @ Matrix.Translation([-one for one in eye]), window)


def _perspective(turned: Matrix, seen: list[Vector], zoom: float) -> View:
    """
    Return the view from the nearest place from which all points are inside the margin.

    A point is inside the margin of a camera at (x, y, z) if its distance from the camera's axis is at most ``slope``
    times its depth. That is linear in the place of the camera, so the place is given by the outermost points.
    """
    slope = (1 - 2 * MARGIN) / zoom
    place, depths = [0.0, 0.0], []
    for axis in (0, 1):
        right = max(point[axis] + slope * point.z for point in seen)
        left = max(slope * point.z - point[axis] for point in seen)
        place[axis] = (right - left) / 2
        depths.append((right + left) / (2 * slope))
    nearest, farthest = max(point.z for point in seen), min(point.z for point in seen)
    # A point in front of the camera must not be so near that depths cannot be told apart.
    z = max(*depths, nearest + 0.01 * (nearest - farthest) + _LEAST / slope)
    near = (z - nearest) * 0.5
    far = (z - farthest) * 2
    window = Matrix.Diagonal((zoom, zoom, -(far + near) / (far - near), 0.0))
    window[2][3], window[3][2] = -2 * far * near / (far - near), -1.0
    return _view(turned, (place[0], place[1], z), window)


def _parallel(turned: Matrix, seen: list[Vector]) -> View:
    low = Vector([min(point[axis] for point in seen) for axis in range(3)])
    high = Vector([max(point[axis] for point in seen) for axis in range(3)])
    middle = (low + high) / 2
    half = max(high.x - low.x, high.y - low.y) / 2
    half = max(half, _LEAST) / (1 - 2 * MARGIN)
    depth = max(high.z - low.z, half)
    window = Matrix.Diagonal((1 / half, 1 / half, -1 / (2 * depth), 1.0))
    window[2][3] = -1.0
    # The near plane is a depth before the points, the far one a depth behind them.
    return _view(turned, (middle.x, middle.y, middle.z + 2 * depth), window)


def _view(turned: Matrix, place: tuple[float, float, float], window: Matrix) -> View:
    return View(Matrix.Translation([-one for one in place]) @ turned.to_4x4(), window)


def part(view: View, low: tuple[float, float], high: tuple[float, float]) -> View:
    """
    Return the part of ``view`` inside a rectangle, which fills the picture.

    :param low: the lower left corner, from 0.0 to 1.0 of width and height.
    :param high: the upper right corner.
    """
    scale = [1 / (end - start) for start, end in zip(low, high, strict=True)]
    move = [-(start + end - 1) * factor for start, end, factor in zip(low, high, scale, strict=True)]
    cut = Matrix.Diagonal((scale[0], scale[1], 1.0, 1.0))
    cut[0][3], cut[1][3] = move
    return View(view.matrix, cut @ view.window)
