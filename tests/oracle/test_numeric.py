from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.oracle.comparison import compare
from convstep.oracle.numeric import MULTIPLY_ADDS, central_differences, sample_cells
from convstep.oracle.pytorch import gradients_until
from tests.oracle.problems import problems, random_problem, spoiled, with_arrays
from tests.strategies import SELDOM, some


@given(problems(), st.data())
def test_central_differences_agree_with_torch_and_our_loop(problem: Problem, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, problem.total_steps))
    found = central_differences(problem, position)
    torch = gradients_until(problem, position)
    for name, gradient in found.items():
        assert len(gradient.values) == np.prod(gradient.shape)
        tolerance = 1e-3 if problem.dtype == np.float32 else 1e-11
        np.testing.assert_allclose(
            gradient.values, getattr(torch, name)[gradient.cells], rtol=tolerance, atol=tolerance
        )
    comparison = compare(problem, position, oracle="numeric")
    assert comparison.ok, comparison.verdict
    assert comparison.checked[0] == comparison.checked[1]


@SELDOM
@pytest.mark.parametrize(
    ("size", "kernel", "channels", "geometry"),
    some(
        [
            ((150, 200), (9, 7), (8, 4), {"padding": 3, "batch": 2}),
            ((224, 225), (7, 7), (3, 64), {"stride": 2, "padding": 3}),
            ((40, 41), (3, 3), (256, 256), {"padding": 1}),
        ],
        3,
    ),
)
def test_a_big_problem_is_sampled_and_stays_within_its_budget(
    size: tuple[int, int], kernel: tuple[int, int], channels: tuple[int, int], geometry: dict[str, Any]
) -> None:
    problem = random_problem(size=size, kernel=kernel, channels=channels, groups=1, **geometry)
    torch = gradients_until(problem, problem.total_steps)
    found = central_differences(problem)
    taps, outputs = math.prod(kernel), problem.dZ.size // channels[1]
    multiply_adds = {"dW": outputs * taps, "db": outputs, "dA_prev": channels[1] * taps * taps}
    for name, gradient in found.items():
        right = getattr(torch, name)
        evaluations = 4 * len(gradient.values)  # on both sides, of the values and of their magnitudes
        assert 0 < evaluations * multiply_adds[name] <= MULTIPLY_ADDS
        assert len(gradient.values) < right.size or name == "db"
        np.testing.assert_allclose(gradient.values, right[gradient.cells], rtol=1e-9, atol=1e-9)


def test_the_sample_is_the_same_every_time_and_holds_the_corners() -> None:
    cells = sample_cells((30, 40, 3), 200)
    assert len(cells[0]) == 200
    chosen = set(zip(*(axis.tolist() for axis in cells), strict=True))
    assert len(chosen) == 200
    assert {(h, w, c) for h in (0, 29) for w in (0, 39) for c in (0, 2)} <= chosen
    assert sum(1 for h, w, c in chosen if h in (0, 29) or w in (0, 39)) > 50
    for first, second in zip(cells, sample_cells((30, 40, 3), 200), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("count", [1, 3, 11, 12, 100])
def test_never_more_cells_than_asked_for_or_there_are(count: int) -> None:
    cells = sample_cells((3, 4), count)
    assert len(cells[0]) == min(count, 12)
    assert len(set(zip(*(axis.tolist() for axis in cells), strict=True))) == min(count, 12)


def test_a_sampled_comparison_says_how_many_cells_it_checked() -> None:
    problem = random_problem(size=(30, 41), channels=(4, 4), kernel=(5, 3))
    gradients = gradients_until(problem, problem.total_steps)
    comparison = compare(
        problem, gradients=(gradients.dW, gradients.db, gradients.dA_prev_pad), oracle="numeric"
    )
    checked, cells = comparison.checked
    assert 0 < checked < cells
    said = (
        f"{checked:,} of {cells:,} gradients were checked and match central differences; largest difference "
    )
    assert comparison.verdict.startswith(said)
    assert np.isnan(comparison.rows[-1].difference).sum() == cells - checked


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e100])
def test_the_size_of_the_numbers_does_not_matter(scale: float) -> None:
    problem = random_problem()
    for name in ("A_prev", "W"):
        scaled = with_arrays(problem, **{name: getattr(problem, name) * scale})
        for position in (11, None):
            comparison = compare(scaled, position, oracle="numeric")
            assert comparison.ok, comparison.verdict


def test_one_tiny_cell_among_large_ones_agrees() -> None:
    problem = random_problem(groups=1)
    A_prev, W = np.array(problem.A_prev), np.array(problem.W)
    A_prev[2], W[:, 1] = 1e-30, 1e-40
    comparison = compare(with_arrays(problem, A_prev=A_prev, W=W), oracle="numeric")
    assert comparison.ok, comparison.verdict


@pytest.mark.parametrize("name", ["A_prev", "W", "dZ"])
def test_cells_without_a_finite_derivative_are_left_out(name: str) -> None:
    problem = spoiled(random_problem(size=(9, 12)), name, 3, (float("inf"), float("nan")))
    comparison = compare(problem, 150, oracle="numeric")
    assert comparison.ok, comparison.verdict
    checked, cells = comparison.checked
    assert 0 < checked < cells


def test_nothing_to_check_is_said() -> None:
    problem = random_problem()
    problem = with_arrays(problem, dZ=np.full_like(problem.dZ, np.nan))
    assert "could check nothing" in compare(problem, oracle="numeric").verdict
