from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.nonfinite import FirstNonfinite, first_nonfinite
from convstep.conv.problem import Problem
from convstep.conv.step import Step
from convstep.conv.timeline import Timeline
from tests.strategies import problems

BAD = (np.nan, np.inf, -np.inf, 1e30, -3e38)
"""What is put into arrays; the last two overflow float32 when they meet something large."""


def by_brute_force(problem: Problem) -> int | None:
    """The first position at which a running gradient is not finite, by executing every step."""
    timeline = Timeline(problem)
    while timeline.next() is not None:
        held = [timeline.dW, timeline.dA_prev_pad] + ([] if timeline.db is None else [timeline.db])
        if not all(np.isfinite(values).all() for values in held):
            return timeline.position
    return None


def spoilt(problem: Problem, name: str, at: int, value: float) -> Problem:
    """The problem with one number in place of another."""
    changed = np.array(getattr(problem, name))
    changed.flat[at % changed.size] = value
    A_prev, W, dZ = (changed if n == name else getattr(problem, n) for n in ("A_prev", "W", "dZ"))
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    return Problem(A_prev, W, problem.b, dZ, *geometry)


@given(
    problem=problems(dtypes=(np.float32,)),
    changes=st.lists(
        st.tuples(st.sampled_from(("A_prev", "W", "dZ")), st.integers(0, 10**6), st.sampled_from(BAD)),
        max_size=4,
    ),
)
def test_the_first_step_is_the_one_that_executing_every_step_finds(
    problem: Problem, changes: list[tuple[str, int, float]]
) -> None:
    for name, at, value in changes:
        problem = spoilt(problem, name, at, value)
    found = first_nonfinite(problem)
    assert (None if found is None else found.position) == by_brute_force(problem)
    if found is not None:
        timeline = Timeline(problem)
        timeline.seek(found.position)
        there = getattr(timeline, found.gradient)[found.cell]
        np.testing.assert_equal(float(there), found.value)
        assert not np.isfinite(there)


def plain() -> Problem:
    rng = np.random.default_rng(3)
    shapes = (5, 6, 2), (3, 2, 2, 2), (4, 5, 3)
    A_prev, W, dZ = (rng.uniform(1, 2, shape).astype(np.float32) for shape in shapes)
    return Problem(A_prev, W, np.zeros(3, np.float32), dZ)


@pytest.mark.parametrize(
    ("name", "at", "value", "expected"),
    [
        ("dZ", 3 * 7 + 1, np.nan, FirstNonfinite(23, "dW", (1, 0, 0, 0), np.nan, "dZ", False)),
        ("A_prev", 2 * 7 + 1, np.inf, FirstNonfinite(1, "dW", (0, 1, 1, 1), np.inf, "A_prev", False)),
        ("W", 8 * 1 + 5, -np.inf, FirstNonfinite(2, "dA_prev_pad", (1, 0, 1), -np.inf, "W", False)),
        ("A_prev", 0, 3.4e38, FirstNonfinite(1, "dW", (0, 0, 0, 0), np.inf, "", True)),
    ],
)
def test_it_says_what_brought_it(name: str, at: int, value: float, expected: FirstNonfinite) -> None:
    found = first_nonfinite(spoilt(plain(), name, at, value))
    assert found is not None
    np.testing.assert_equal(found.value, expected.value)
    assert replace(found, value=0.0) == replace(expected, value=0.0)


def test_a_sum_that_leaves_the_dtype_is_no_products_fault() -> None:
    huge = np.full((2, 2, 1), 2e38, np.float32)
    ones = np.ones((1, 1, 1, 1), np.float32)
    found = first_nonfinite(Problem(huge, ones, None, np.ones((2, 2, 1), np.float32)))
    assert found == FirstNonfinite(2, "dW", (0, 0, 0, 0), np.inf, "", False)


def test_where_all_is_finite_there_is_none() -> None:
    assert first_nonfinite(plain()) is None


def test_it_can_be_left() -> None:
    asked = iter([False, False, True])
    assert first_nonfinite(spoilt(plain(), "dZ", 40, np.nan), lambda: next(asked, True)) is None


class Sought(Timeline):
    """Notes where it is sent, and refuses to be stepped."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.places: list[int] = []

    def seek(self, position: int) -> None:
        self.places.append(position)
        super().seek(position)

    def next(self) -> Step | None:
        raise AssertionError("nothing may be stepped here")


def test_a_long_pass_is_not_executed_step_by_step() -> None:
    rng = np.random.default_rng(0)
    A_prev, W = rng.standard_normal((66, 66, 3), np.float32), rng.standard_normal((32, 3, 3, 3), np.float32)
    dZ = rng.standard_normal((64, 64, 32), np.float32)
    dZ[40, 17, 5] = np.nan
    scout = Sought(Problem(A_prev, W, None, dZ))
    found = first_nonfinite(scout.problem, scout=scout)
    assert found is not None
    assert found.position == (40 * 64 + 17) * 32 + 5 + 1
    assert len(scout.places) <= scout.total.bit_length() + 3  # a bisection, its end, and the place itself
