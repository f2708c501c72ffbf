"""Random problems of every geometry, small enough to walk the loop."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.oracle.row import Row

Array = npt.NDArray[Any]


def random_problem(
    seed: int = 0,
    size: tuple[int, int] = (5, 7),
    kernel: tuple[int, int] = (3, 2),
    channels: tuple[int, int] = (4, 6),
    batch: int | None = None,
    bias: bool = True,
    dtype: npt.DTypeLike = np.float64,
    groups: int = 2,
    **geometry: Any,
) -> Problem:
    """A problem with standard-normal arrays, dZ included."""
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> Array:
        return random.standard_normal(shape).astype(dtype)

    c_in, c_out = channels
    A_prev = normal(*(() if batch is None else (batch,)), *size, c_in)
    W = normal(c_out, *kernel, c_in // groups)
    b = normal(c_out) if bias else None
    shape = Problem(A_prev, W, b, None, groups=groups, **geometry).dZ.shape
    return Problem(A_prev, W, b, normal(*shape), groups=groups, **geometry)


def with_arrays(problem: Problem, **arrays: Array) -> Problem:
    """The same geometry with other arrays."""
    return Problem(
        arrays.get("A_prev", problem.A_prev),
        arrays.get("W", problem.W),
        arrays.get("b", problem.b),
        arrays.get("dZ", problem.dZ),
        problem.stride,
        problem.padding,
        problem.dilation,
        problem.groups,
    )


def spoiled(problem: Problem, name: str, seed: int, kinds: tuple[float, ...]) -> Problem:
    """The problem with some cells of one array replaced by NaN or inf."""
    random = np.random.default_rng(seed)
    values = np.array(getattr(problem, name))
    for kind in kinds:
        values[tuple(random.integers(0, values.shape))] = kind
    return with_arrays(problem, **{name: values})


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Any geometry: kernel 1-3, stride 1-3, dilation 1-2, uneven padding, groups, batch, both dtypes."""
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    padding = tuple(draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in range(2))
    height, width = (
        max(1, d * (f - 1) + 1 - sum(p)) + draw(st.integers(0, 3))
        for d, f, p in zip(dilation, kernel, padding, strict=True)
    )
    groups = draw(st.integers(1, 3))
    return random_problem(
        seed=draw(st.integers(0, 2**32 - 1)),
        size=(height, width + (height == width)),
        kernel=kernel,
        channels=(groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))),
        batch=draw(st.sampled_from([None, 1, 2])),
        bias=draw(st.booleans()),
        dtype=draw(st.sampled_from([np.float32, np.float64])),
        groups=groups,
        stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        padding=padding,
        dilation=dilation,
    )


def altered(row: Row, **values: Any) -> Row:
    """A copy of a comparison's row with other fields or arrays."""
    other = copy.copy(row)
    for name, value in values.items():
        assert hasattr(row, name)
        object.__setattr__(other, name, value)
    return other
