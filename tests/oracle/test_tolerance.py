"""A right gradient is never called wrong, and a single wrong cell always is, at any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convstep.conv.blocks import run_to
from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.oracle.comparison import RunningGradients, compare
from convstep.oracle.pytorch import torch_gradients
from convstep.oracle.sums import Way
from convstep.oracle.tolerance import describe, tolerance
from convstep.steps.number_text import short
from tests.oracle.problems import Array, problems, with_arrays
from tests.strategies import SELDOM, some, tried

SMALL = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-9}
"""What a cell is planted off by, times the largest value of its gradient."""

DATA: dict[str, Callable[[np.random.Generator, Any], Array]] = {
    "normal": lambda random, shape: random.standard_normal(shape),
    "after a ReLU": lambda random, shape: np.maximum(random.standard_normal(shape), 0),
    "with a mean": lambda random, shape: 3 + 0.2 * random.standard_normal(shape),
    "of one sign": lambda random, shape: random.random(shape),
    "flat": lambda _, shape: np.full(shape, 0.1),
    "heavy": lambda random, shape: random.standard_normal(shape) * np.exp(2 * random.standard_normal(shape)),
    "tiny": lambda random, shape: 1e-15 * random.standard_normal(shape),
    "huge": lambda random, shape: 1e15 * random.standard_normal(shape),
}


def filled(problem: Problem, A_prev: str, dZ: str, seed: int) -> Problem:
    random = np.random.default_rng(seed)
    with np.errstate(under="ignore"):
        made = {
            "A_prev": DATA[A_prev](random, problem.A_prev.shape).astype(problem.dtype),
            "dZ": DATA[dZ](random, problem.dZ.shape).astype(problem.dtype),
        }
    return with_arrays(problem, **made)


def loops(problem: Problem) -> RunningGradients:
    run = run_to(problem, problem.total_steps)
    return run.dW, run.db, run.dA_prev_pad


def by_name(problem: Problem, gradients: RunningGradients) -> dict[str, Array]:
    """Views of them, dA_prev without its padding."""
    dW, db, dA_prev_pad = gradients
    rows, columns = problem.geometry.crop
    found = {"dW": dW, "dA_prev": dA_prev_pad[..., rows, columns, :]}
    return found if db is None else found | {"db": db}


def plant(values: Array, cell: tuple[int, ...], share: float) -> None:
    values[cell] += values.dtype.type(share * np.abs(values).max())


def layer(A_prev: str, dZ: str, channels: int = 8, dtype: type[np.floating] = np.float32) -> Problem:
    """200,704 contributions to every cell of dW and db, by a kernel so small that it is quick."""
    random = np.random.default_rng(1)
    W = random.standard_normal((channels, 1, 1, 1)).astype(dtype)
    x = DATA[A_prev](random, (4, 224, 224, 1)).astype(dtype)
    return Problem(x, W, np.ones(channels, dtype), DATA[dZ](random, (4, 224, 224, channels)).astype(dtype))


@given(problems(), *[st.sampled_from(list(DATA))] * 2, st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=tried(90), deadline=None)
def test_right_gradients_agree_and_one_wrong_cell_does_not(
    problem: Problem, A_prev: str, dZ: str, seed: int, data: st.DataObject
) -> None:
    problem = filled(problem, A_prev, dZ, seed)
    theirs = torch_gradients(problem)
    comparison = compare(problem)
    assert comparison.ok, comparison.verdict
    assert all(row.max_abs_error <= row.tolerance for row in comparison.rows), "what is shown side by side"
    assert compare(problem, gradients=(theirs.dW, theirs.db, theirs.dA_prev_pad)).ok
    gradients = loops(problem)
    named = by_name(problem, gradients)
    name = data.draw(st.sampled_from(list(named)))
    values = named[name]
    # where all cancels, the largest value is rounding itself
    S = compare(
        with_arrays(problem, A_prev=np.abs(problem.A_prev), W=np.abs(problem.W), dZ=np.abs(problem.dZ))
    )
    largest = next(np.abs(row.expected).max() for row in S.rows if row.name == name)
    assume(10 * np.abs(values).max() > largest > 0)
    cell = tuple(data.draw(st.integers(0, length - 1)) for length in values.shape)
    plant(values, cell, data.draw(st.sampled_from([1, -1])) * SMALL[problem.dtype])
    found = compare(problem, gradients=gradients)
    assert [row.name for row in found.rows if not row.ok] == [name]
    assert next(row for row in found.rows if row.name == name).worst_index == cell
    eps = float(np.finfo(problem.dtype).eps)
    right = {n: v for n, v in vars_of(theirs).items() if v is not None}
    assert compare(problem.with_recorded(Recorded("torch", right, eps)), oracle="recorded").ok
    wrong = {n: np.array(v) for n, v in right.items()}
    plant(wrong[name], cell, SMALL[problem.dtype])
    found = compare(problem.with_recorded(Recorded("torch", wrong, eps)), oracle="recorded")
    assert [row.name for row in found.rows if not row.ok] == [name]


def vars_of(gradients: Any) -> dict[str, Array | None]:
    return {name: getattr(gradients, name) for name in ("dW", "db", "dA_prev")}


@SELDOM
@pytest.mark.parametrize(
    ("A_prev", "dZ"), some([("after a ReLU", "normal"), ("flat", "flat"), ("with a mean", "normal")], 3)
)
def test_on_a_large_layer_no_wrong_cell_hides(A_prev: str, dZ: str) -> None:
    problem = layer(A_prev, dZ)
    comparison = compare(problem)
    assert comparison.ok, comparison.verdict
    for name in ("dW", "db"):
        for share in (1e-4, -1e-4):
            gradients = loops(problem)
            plant(
                by_name(problem, gradients)[name],
                (3,) + (0,) * (gradients[0].ndim - 1) * (name == "dW"),
                share,
            )
            assert [row.name for row in compare(problem, gradients=gradients).rows if not row.ok] == [name]
    dW, db, dA_prev_pad = loops(problem)
    assert db is not None
    assert not compare(problem, gradients=(dW, db * 0, dA_prev_pad)).ok
    assert not compare(problem, gradients=(dW * np.float32(1.01), db, dA_prev_pad)).ok


@SELDOM
def test_another_order_of_the_additions_of_a_large_layer_agrees() -> None:
    for data in (("after a ReLU", "normal"), ("flat", "flat")):
        problem = layer(*data, channels=2)
        x, dz = problem.A_prev.reshape(-1, 1), problem.dZ.reshape(-1, 2)
        _, _, dA_prev_pad = loops(problem)
        for order in (slice(None, None, -1), np.random.default_rng(2).permutation(len(x))):
            dW = np.add.accumulate(x[order] * dz[order])[-1].reshape(2, 1, 1, 1)
            db = np.add.accumulate(dz[order])[-1]
            comparison = compare(problem, gradients=(dW, db, dA_prev_pad))
            assert comparison.ok, comparison.verdict
            recorded = Recorded("another order", {"dW": dW, "db": db}, 2.0**-23)
            assert compare(problem.with_recorded(recorded), oracle="recorded").ok


def test_float64_is_held_to_a_billionth_on_a_large_layer() -> None:
    problem = layer("after a ReLU", "normal", dtype=np.float64)
    assert compare(problem).ok
    dW, db, dA_prev_pad = loops(problem)
    assert db is not None
    plant(db, (5,), 1e-9)
    assert not compare(problem, gradients=(dW, db, dA_prev_pad)).ok


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_tolerance_is_described_with_all_that_is_added(dtype: type[np.floating]) -> None:
    numbers, n = np.finfo(dtype), 70_000
    said = describe(np.dtype(dtype))
    grown = n if dtype is np.float64 else 2 * np.sqrt(n)
    formula = "n·G" if dtype is np.float64 else "2·√n·G"
    assert f"eps·max(32·min(S, 16·G), {formula}) + n·{short(numbers.smallest_subnormal, 3)}, " in said
    S, expected, scale = np.array([0.0, 1e-30, 2.0, 40.0]), np.array([0.0, 1e-30, 0.5, 0.5]), np.full(4, 1.0)
    least = n * float(numbers.smallest_subnormal)
    for way, of_the_way in ((Way(scale=scale), np.minimum(scale, S)), (Way(), S / 16)):
        G = np.maximum(np.abs(expected) / 2, of_the_way)
        made = np.maximum(32 * np.minimum(S, 16 * G), grown * G) * float(numbers.eps) + least
        allowed = tolerance(expected, S, np.dtype(dtype), n, way)
        np.testing.assert_allclose(allowed, np.where(S == 0, 0, made))
