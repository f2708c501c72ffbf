from __future__ import annotations

import gc
import weakref

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.blocks import run_to
from convstep.conv.problem import Problem
from convstep.oracle.pytorch import in_float64, torch_gradients
from convstep.oracle.sums import followed, gradients64
from tests.oracle.problems import problems, random_problem, spoiled
from tests.strategies import tried


@given(problems(), st.data())
@settings(max_examples=tried(60), deadline=None)
def test_the_loop_that_is_followed_has_the_bits_of_the_loop(problem: Problem, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, problem.total_steps))
    gradients, ways = followed(problem, position)
    if problem.dtype == np.float64:
        assert gradients is None
        return
    assert gradients is not None
    run = run_to(problem, position)
    for ours, right in zip(gradients, (run.dW, run.db, run.dA_prev_pad), strict=True):
        assert (ours is None) == (right is None)
        assert ours is None or ours.tobytes() == np.ascontiguousarray(right).tobytes()
    assert ways["dW"].loop is gradients[0]


@given(problems())
@settings(max_examples=tried(60), deadline=None)
def test_the_sums_in_float64_are_those_of_the_article(problem: Problem) -> None:
    right = torch_gradients(in_float64(problem))
    found = gradients64(problem)
    assert ("db" in found) == (problem.b is not None)
    for name, values in found.items():
        np.testing.assert_allclose(values, getattr(right, name), rtol=1e-10, atol=1e-11)


def test_nan_and_inf_are_in_the_sums_where_the_loop_has_them() -> None:
    for name in ("A_prev", "W", "dZ"):
        problem = spoiled(random_problem(padding=1, batch=2), name, 3, (np.nan, np.inf, -np.inf))
        run = run_to(problem, problem.total_steps)
        found = gradients64(problem)
        for gradient, values in zip(("dW", "db", "dA_prev"), run.gradients(), strict=True):
            assert values is not None
            np.testing.assert_allclose(found[gradient], values)


def test_the_partial_sums_are_those_on_the_way() -> None:
    problem = random_problem(size=(9, 6), kernel=(2, 2), channels=(1, 3), groups=1, dtype=np.float32)
    terms = problem.dZ.astype(np.float64)
    rows = np.cumsum(terms.sum(axis=1), axis=0)
    exact = np.cumsum(terms.reshape(-1, 3), axis=0)[terms.shape[1] - 1 :: terms.shape[1]]
    np.testing.assert_allclose(rows, exact)
    loop = np.cumsum(problem.dZ.reshape(-1, 3), axis=0, dtype=np.float32)[
        terms.shape[1] - 1 :: terms.shape[1]
    ]
    drift = np.abs(np.diff(loop - rows, axis=0, prepend=0)).sum(axis=0)
    _, ways = followed(problem, problem.total_steps)
    root = np.sqrt(np.square(terms).sum(axis=(0, 1)))
    scale, found = ways["db"].scale, ways["db"].drift
    assert scale is not None
    assert found is not None
    np.testing.assert_allclose(scale, np.maximum(np.abs(rows).mean(axis=0), root / 2), rtol=1e-12)
    np.testing.assert_allclose(found, drift, rtol=1e-6)


def test_squares_beyond_the_range_of_float64_do_not_spoil_the_sizes() -> None:
    problem = random_problem()
    large = Problem(problem.A_prev * 1e200, problem.W, problem.b, problem.dZ * 1e-200, groups=2)
    for ours, right in ((followed(p, p.total_steps).ways["dW"].scale for p in (large, problem)),):
        assert ours is not None
        assert right is not None
        np.testing.assert_allclose(ours, right)


def test_what_was_followed_is_kept_no_longer_than_the_problem() -> None:
    problem = random_problem(dtype=np.float32)
    assert followed(problem, 5) is followed(problem, 5)
    gone = weakref.ref(problem)
    del problem
    gc.collect()
    assert gone() is None
