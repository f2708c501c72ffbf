from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.conv.step import Step
from convstep.conv.timeline import Timeline
from convstep.oracle.overflow import FLOAT32, HALF, first_overflow, format_of, output_sum
from tests.strategies import problems

BFLOAT16 = 2.0**-7


def halved(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return values.astype(np.float16).astype(np.float32)


def by_brute_force(problem: Problem, masks: dict[str, Any]) -> tuple[int, str, tuple[int, ...]] | None:
    """The first cell beyond float16, or to which something beyond it is added: by executing every step."""
    timeline = Timeline(problem)
    rows, columns = problem.geometry.crop
    beyond = {name: np.zeros(mask.shape, bool) for name, mask in masks.items()}
    while (step := timeline.next()) is not None:
        held: dict[str, Any] = {"dW": timeline.dW, "db": timeline.db}
        held["dA_prev"] = timeline.dA_prev_pad[..., rows, columns, :]
        added = added_by(step, problem)
        for name in masks:
            beyond[name] |= (np.abs(held[name]) >= 65520) | (np.abs(added[name]) >= 65520)
            bad = beyond[name] & masks[name]
            if bad.any():
                return timeline.position, name, tuple(int(i) for i in np.argwhere(bad)[0])
    return None


def added_by(step: Step, problem: Problem) -> dict[str, Any]:
    """What a step adds to each gradient."""
    alone = problem.with_arrays(dZ=np.zeros_like(problem.dZ))
    dZ = np.array(alone.dZ)
    dZ[problem.geometry.place_of(step.index)] = step.dz
    timeline = Timeline(problem.with_arrays(dZ=dZ))
    timeline.seek(timeline.total)
    rows, columns = problem.geometry.crop
    return {"dW": timeline.dW, "dA_prev": timeline.dA_prev_pad[..., rows, columns, :], "db": timeline.db}


@given(problem=problems(dtypes=(np.float32,)), size=st.sampled_from((1e3, 3e4)), seed=st.integers(0, 99))
def test_the_first_step_beyond_float16_is_the_one_that_executing_every_step_finds(
    problem: Problem, size: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    problem = problem.with_arrays(
        dZ=halved(rng.uniform(-size, size, problem.dZ.shape)),
        W=halved(rng.normal(size=problem.W.shape)),
        A_prev=halved(rng.normal(size=problem.A_prev.shape)),
    )
    shapes = {"dW": problem.W.shape, "dA_prev": problem.A_prev.shape}
    shapes |= {} if problem.b is None else {"db": problem.b.shape}
    masks = {name: rng.random(shape) < 0.5 for name, shape in shapes.items()}
    found = first_overflow(problem, HALF, masks)
    assert (found and found[:3]) == by_brute_force(problem, masks)


def one_cell(*dZ: float) -> Problem:
    ones = np.ones((1, len(dZ), 1), np.float32)
    return Problem(
        ones, np.ones((1, 1, 1, 1)).astype(np.float32), None, np.reshape(dZ, ones.shape).astype("f")
    )


@pytest.mark.parametrize(
    ("eps", "dZ", "expected"),
    [
        (HALF, (65504, 8), None),  # rounds down
        (HALF, (65504, 16), (2, False)),  # half a unit beyond
        (HALF, (40000, -30000, 40000, 20000), (4, False)),
        (HALF, (-65520,), (1, True)),
        (BFLOAT16, (3.389e38, 5e35), None),
        (BFLOAT16, (3.389e38, 9e35), (2, False)),
        (2.0**-23, (3.389e38, 9e35), None),
        (2.0**-23, (3.389e38, 3e36), (2, False)),
    ],
)
def test_the_range_ends_where_rounding_makes_inf(
    eps: float, dZ: tuple[float, ...], expected: tuple[int, bool] | None
) -> None:
    problem = one_cell(*dZ)
    found = first_overflow(problem, eps, {"dW": np.ones((1, 1, 1, 1), bool)})
    assert (found and (found.position, found.product)) == expected
    assert first_overflow(problem, eps, {"dW": np.zeros((1, 1, 1, 1), bool)}) is None


def test_a_format_knows_its_end() -> None:
    for name, eps in (("float16", HALF), ("float32", 2.0**-23), ("float64", 2.0**-52)):
        dtype = format_of(eps)
        assert (dtype.name, dtype.largest) == (name, float(np.finfo(name).max))
        assert not dtype.overflows(-dtype.largest)
        assert dtype.overflows(float("inf"))
        assert dtype.overflows(float("nan"))
    assert format_of(HALF).overflows(65520)
    assert not format_of(HALF).overflows(65519)
    assert format_of(2.0**-9) == FLOAT32


@given(problem=problems(dtypes=(np.float64,)), seed=st.integers(0, 99))
def test_the_sum_of_an_output_is_the_forwards(problem: Problem, seed: int) -> None:
    from convstep.conv.forward import conv2d_forward

    if problem.geometry.batch is not None:
        return
    rng = np.random.default_rng(seed)
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    Z = conv2d_forward(problem.A_prev, problem.W, problem.b, *geometry)["Z"]
    cell = tuple(int(rng.integers(size)) for size in Z.shape)
    np.testing.assert_allclose(output_sum(problem, cell), Z[cell], rtol=1e-9, atol=1e-9)
