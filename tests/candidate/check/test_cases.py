"""The sweep's problems: small, all possible, and enough of each kind to tell mistakes apart."""

from __future__ import annotations

import numpy as np
import pytest

from convstep import conv2d_backward
from convstep.candidate.call.conventions import CONVENTIONS
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.check.cases import Case, Right, cases_for, right_of
from convstep.conv.problem import Problem

CANDIDATES = {
    "torch": ("grad_output", "input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "article": ("dZ", "cache", "stride", "padding"),
    "problem": ("problem",),
}


def cases(name: str) -> list[Case]:
    parameters = CANDIDATES.get(name, ("dZ", "cache"))
    return cases_for(CONVENTIONS[name], Candidate("f", "function", parameters, len(parameters)))[0]


@pytest.mark.parametrize("name", CONVENTIONS)
def test_cases_come_smallest_first_and_once(name: str) -> None:
    found = cases(name)
    assert [case.work for case in found] == sorted(case.work for case in found)
    assert len(set(found)) == len(found) >= 20
    assert max(case.work[1] for case in found) < 20_000


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_case_is_possible(name: str) -> None:
    for case in cases(name):
        assert case.possible
        assert min(case.geometry.output_shape) > 0
        assert right_of(case).problem.geometry == case.geometry


@pytest.mark.parametrize("name", CONVENTIONS)
def test_cases_hold_every_difference_that_tells_mistakes_apart(name: str) -> None:
    shown = [case.geometry for case in cases(name)]
    assert {1, 2} <= {geometry.stride[0] for geometry in shown}
    assert any(max(geometry.remainder) > 0 for geometry in shown)
    assert any(max(geometry.remainder) == 0 and max(geometry.stride) > 1 for geometry in shown)
    pads = {geometry.padding[0][0] for geometry in shown}
    assert {0, 1, 2} <= pads
    for wide in (True, False):
        assert any(geometry.input_shape[0] < geometry.input_shape[1] for geometry in shown) or not wide
        assert any((g.output_shape[0] > g.output_shape[1]) is wide for g in shown)
    assert {geometry.input_shape[2] for geometry in shown} >= {1, 2, 3}
    assert any(geometry.input_shape[2] != geometry.kernel_shape[0] for geometry in shown)
    if name != "article":
        assert {1, 2} <= {geometry.samples for geometry in shown}
    if name in ("cs231n", "alx", "torch", "problem"):
        assert any(geometry.kernel_shape[1] != geometry.kernel_shape[2] for geometry in shown)
    if name in ("torch", "problem"):
        assert any(max(geometry.dilation) > 1 for geometry in shown)
        assert {1, 2, 3} <= {geometry.groups for geometry in shown}
        assert any(geometry.stride[0] != geometry.stride[1] for geometry in shown)
    if name in ("article", "coursera", "cs231n"):
        assert {geometry.stride[0] for geometry in shown} >= {1, 2, 3}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_numbers_are_random_and_always_the_same(name: str) -> None:
    first = right_of(cases(name)[0])
    right_of.cache_clear()
    again = right_of(cases(name)[0])
    assert again is not first
    np.testing.assert_array_equal(first.problem.dZ, again.problem.dZ)
    dZ = again.problem.dZ
    assert np.unique(dZ).size == dZ.size


def test_what_is_right_is_what_the_loop_gives() -> None:
    for case in cases("problem")[::6]:
        right = right_of(case)
        problem = right.problem
        geometry = problem.stride, problem.padding, problem.dilation, problem.groups
        found = conv2d_backward(problem.dZ, problem.cache, *geometry)
        for name, values in found._asdict().items():
            np.testing.assert_allclose(right.gradients[name], values, rtol=1e-12, atol=1e-12)
            assert right.rounding[name].shape == values.shape
            assert 0 < right.loose[name] < 1e-3


def test_without_a_bias_there_is_no_db() -> None:
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((4, 4, 1)), rng.standard_normal((2, 2, 2, 1)), None, None)
    assert Right.of(problem).gradients.keys() == {"dW", "dA_prev"}


@pytest.mark.parametrize("spoiled", [np.nan, np.inf, 1e308])
@pytest.mark.filterwarnings("error")
def test_what_is_right_on_strange_numbers_can_be_worked_out(spoiled: float) -> None:
    A_prev = np.ones((4, 4, 1))
    A_prev[1, 2, 0] = spoiled
    right = Right.of(Problem(A_prev, np.ones((2, 2, 2, 1)), np.zeros(2), np.ones((3, 3, 2)) * 4))
    assert not np.isfinite(right.gradients["dW"]).all()
    assert np.isfinite(right.gradients["dA_prev"]).all()


def test_a_kernel_that_does_not_fit_is_not_possible() -> None:
    assert not Case((2, 2), (3, 3)).possible
    assert not Case((4, 4), (2, 2), padding=((2, 2), (2, 2))).possible  # a window of padding alone
    assert Case((4, 4), (2, 2), padding=((1, 1), (1, 1))).possible
