# SPDX-License-Identifier: GPL-3.0-or-later
"""A box finds the nearest free place on the ground, whatever stands around it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.scene.importing.free_space import Bounds, free_offset

CUBE = Bounds((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))
CHAIR = Bounds((-0.5, -0.5, 0.0), (0.5, 0.5, 1.0))


def overlap(one: Bounds, other: Bounds) -> bool:
    """Whether two boxes share more than a twentieth of the shorter edge along every axis."""
    return all(
        min(one.high[axis], other.high[axis]) - max(one.low[axis], other.low[axis])
        > 0.05 * min(one.high[axis] - one.low[axis], other.high[axis] - other.low[axis])
        for axis in range(3)
    )


def test_a_free_place_is_taken_as_it_is() -> None:
    assert free_offset(CHAIR, []) == (0.0, 0.0)
    assert free_offset(CHAIR, [CUBE.moved(5.0, 0.0), CUBE.moved(0.0, 1.5)]) == (0.0, 0.0)


def test_it_steps_to_the_right_of_the_default_cube_with_a_gap() -> None:
    assert free_offset(CHAIR, [CUBE]) == pytest.approx((1.6, 0.0))


@pytest.mark.parametrize("shift", [(-0.02, 0.0), (0.0, -0.02), (0.01, 0.03)])
def test_a_model_that_is_not_quite_in_the_middle_goes_where_its_box_was_shown(shift: tuple[float, float]) -> None:
    """No model is as even as the box of a metre that stands for it until it is there."""
    x, y = free_offset(CHAIR.moved(*shift), [CUBE])
    assert (x, y) == pytest.approx((1.6 - shift[0], 0.0))


@pytest.mark.parametrize("place", [math.nan, math.inf, -math.inf])
def test_what_is_nowhere_or_at_infinity_is_not_in_the_way(place: float) -> None:
    """A broken driver can send an object there."""
    lost = Bounds((place, -1.0, -1.0), (place, 1.0, 1.0))
    assert free_offset(CHAIR, [lost]) == (0.0, 0.0)
    assert free_offset(CHAIR, [lost, CUBE]) == pytest.approx((1.6, 0.0))
    assert free_offset(lost, [CUBE]) == (0.0, 0.0)


def test_the_shorter_way_is_taken() -> None:
    assert free_offset(CHAIR, [CUBE.moved(1.2, 0.0)]) == pytest.approx((-0.4, 0.0))
    assert free_offset(CHAIR, [CUBE.moved(0.0, -1.2)]) == pytest.approx((0.0, 0.4))


@pytest.mark.parametrize(
    "other",
    [
        Bounds((-5.0, -5.0, -1.0), (5.0, 5.0, 0.0)),  # a floor below it
        Bounds((-5.0, -5.0, 0.0), (5.0, 5.0, 0.0)),  # a plane
        Bounds((-4.0, -4.0, -0.2), (4.0, 4.0, 3.0)),  # a room, or a terrain with hills
        Bounds((-0.6, -0.6, -1.0), (0.6, 0.6, 0.01)),  # a table that it stands on
        Bounds((-1.0, -1.0, 1.5), (1.0, 1.0, 2.0)),  # a lamp above it
    ],
)
def test_what_it_stands_on_or_in_is_not_in_the_way(other: Bounds) -> None:
    assert free_offset(CHAIR, [other]) == (0.0, 0.0)


def test_many_models_in_one_place_form_a_square_and_not_a_row() -> None:
    placed: list[Bounds] = []
    for _ in range(100):
        x, y = free_offset(CHAIR, placed)
        placed.append(CHAIR.moved(x, y))
    assert not any(overlap(one, other) for n, one in enumerate(placed) for other in placed[:n])
    for axis in (0, 1):
        assert max(box.high[axis] for box in placed) - min(box.low[axis] for box in placed) < 16.0


def test_a_place_that_something_large_fills_is_left_altogether() -> None:
    # Twice as long as the model but not around it: an obstacle, and larger than the grid.
    wall = Bounds((-40.0, -0.2, 0.0), (40.0, 40.0, 3.0))
    x, y = free_offset(CHAIR, [wall])
    assert not overlap(CHAIR.moved(x, y), wall)
    assert (x, y) == pytest.approx((0.0, -0.8))


numbers = st.floats(-20.0, 20.0, allow_nan=False).map(lambda number: round(number, 3))
lengths = st.floats(0.01, 15.0, allow_nan=False).map(lambda number: round(number, 3))


@st.composite
def boxes(draw: st.DrawFn) -> Bounds:
    low = draw(st.tuples(numbers, numbers, numbers))
    size = draw(st.tuples(lengths, lengths, lengths))
    return Bounds(low, (low[0] + size[0], low[1] + size[1], low[2] + size[2]))


def is_around(other: Bounds, model: Bounds) -> bool:
    return all(other.low[axis] <= model.low[axis] and other.high[axis] >= model.high[axis] for axis in (0, 1))


@given(model=boxes(), others=st.lists(boxes(), max_size=40))
def test_wherever_it_goes_nothing_is_there(model: Bounds, others: list[Bounds]) -> None:
    x, y = free_offset(model, others)
    assert math.isfinite(x)
    assert math.isfinite(y)
    there = model.moved(x, y)
    assert not any(overlap(there, other) for other in others if not is_around(other, model))


@given(model=boxes(), others=st.lists(boxes(), max_size=10))
def test_it_stays_if_nothing_is_in_the_way(model: Bounds, others: list[Bounds]) -> None:
    apart = [
        other
        for other in others
        if any(other.low[axis] >= model.high[axis] or other.high[axis] <= model.low[axis] for axis in range(3))
    ]
    assert free_offset(model, apart) == (0.0, 0.0)
