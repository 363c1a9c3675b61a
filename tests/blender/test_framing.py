# SPDX-License-Identifier: GPL-3.0-or-later
"""What is framed lies inside the picture's margin, and touches it; a part of a view is that part."""

from __future__ import annotations

from random import Random

import pytest
from mathutils import Euler, Matrix, Vector

from triverse_addon.scene.capture.framing import MARGIN, View, part, square

ROUNDS = 300


def a_point(random: Random) -> Vector:
    return Vector([random.uniform(-50.0, 50.0) * random.choice((0.01, 1.0)) for _ in range(3)])


def perspective(zoom_x: float, zoom_y: float) -> Matrix:
    made = Matrix.Diagonal((zoom_x, zoom_y, -1.0002, 0.0))
    made[2][3], made[3][2] = -0.2, -1.0
    return made


PARALLEL = Matrix.Diagonal((0.1, 0.2, -0.002, 1.0))


WINDOWS = {"wide": perspective(1.5, 2.2), "high": perspective(2.0, 1.0), "flat": PARALLEL}


def seen(view: View, point: Vector) -> Vector:
    """Where a point is in the picture, each from -1 to 1."""
    at = view.window @ view.matrix @ point.to_4d()
    return at.to_3d() / at.w


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_all_points_are_inside_the_margin_and_one_touches_it(window: Matrix) -> None:
    """Whatever is around the eye, or behind it."""
    random = Random(13)
    for _ in range(ROUNDS):
        points = [a_point(random) for _ in range(random.randint(2, 12))]
        turn = Euler([random.uniform(-3.0, 3.0) for _ in range(3)])
        before = View(Matrix.LocRotScale(Vector((1.0, 2.0, -9.0)), turn, None), window)
        made = square(points, before)
        found = [seen(made, point) for point in points]
        outermost = max(max(abs(at.x), abs(at.y)) for at in found)
        assert outermost <= 1.0 - 2 * MARGIN + 1e-3
        assert all(-1.0 <= at.z <= 1.0 for at in found), "neither plane cuts anything off"
        across = max((made.matrix.to_3x3() @ (a - b)).xy.length for a in points for b in points)
        depths = [-(made.matrix @ point).z for point in points]
        is_end_on = across < 0.2 * max((a - b).length for a in points for b in points)
        if not is_end_on and min(depths) > 0.03 * max(depths):  # else it steps back, to tell depths apart
            assert outermost >= 1.0 - 2 * MARGIN - 1e-2


@pytest.mark.parametrize("name", ["wide", "high"])
def test_what_is_in_front_is_seen_from_the_same_eye(name: str) -> None:
    random = Random(13)
    for _ in range(ROUNDS):
        turn = Euler([random.uniform(-3.0, 3.0) for _ in range(3)])
        before = View(Matrix.LocRotScale(Vector((1.0, 2.0, -9.0)), turn, None), WINDOWS[name])
        back = before.matrix.inverted()
        depth = random.uniform(1.0, 200.0)
        middle = Vector((random.uniform(-0.5, 0.5) * depth, random.uniform(-0.5, 0.5) * depth, -depth))
        points = [back @ (middle + Vector([random.uniform(-0.2, 0.2) * depth for _ in range(3)])) for _ in range(8)]
        made = square(points, before)
        assert (made.matrix.inverted().translation - back.translation).length < 1e-3
        found = [seen(made, point) for point in points]
        assert max(max(abs(at.x), abs(at.y)) for at in found) == pytest.approx(1.0 - 2 * MARGIN, abs=2e-3)
        for axis in (0, 1):
            ends = [at[axis] for at in found]
            assert min(ends) == pytest.approx(-max(ends), abs=2e-3), "in the middle"


def test_without_perspective_the_direction_stays() -> None:
    before = View(Matrix.LocRotScale(Vector((1.0, 2.0, -9.0)), Euler((0.3, 0.4, 0.5)), None), PARALLEL)
    made = square([Vector((1.0, 2.0, 3.0)), Vector((4.0, 4.0, 4.0))], before)
    assert all((made.matrix.to_3x3()[row] - before.matrix.to_3x3()[row]).length < 1e-4 for row in range(3))


def test_a_single_point_is_framed_too() -> None:
    for window in (perspective(1.5, 1.5), PARALLEL):
        at = seen(square([Vector((3.0, 4.0, 5.0))], View(Matrix(), window)), Vector((3.0, 4.0, 5.0)))
        assert at.xy.length < 1e-3
        assert -1.0 <= at.z <= 1.0


def test_the_corners_of_a_part_are_the_corners_of_the_picture() -> None:
    view = View(Matrix(), perspective(1.5, 2.0))
    random = Random(13)
    for _ in range(ROUNDS):
        low, high = ([random.uniform(*limits) for _ in range(2)] for limits in ((0.0, 0.4), (0.6, 1.0)))
        made = part(view, tuple(low), tuple(high))
        for shares, corner in ((low, -1.0), (high, 1.0)):
            # A point of the old picture, five units in front of the camera.
            point = Vector(((2 * shares[0] - 1) * 5 / 1.5, (2 * shares[1] - 1) * 5 / 2.0, -5.0))
            assert tuple(seen(made, point).xy) == pytest.approx((corner, corner), abs=1e-4)
    whole = part(view, (0, 0), (1, 1)).window
    assert all(abs(whole[row][column] - view.window[row][column]) < 1e-6 for row in range(4) for column in range(4))
