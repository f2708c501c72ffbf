"""Random problems: small, never square, with every hyperparameter in play."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import strategies as st

from convstep.conv.problem import Problem

Array = npt.NDArray[Any]
T = TypeVar("T")

THOROUGH = bool(os.environ.get("CONVSTEP_THOROUGH"))
"""Whether the long promises are tried in full, and not a tenth of them."""


EVERYTHING = bool(os.environ.get("CONVSTEP_EVERYTHING"))
"""Whether what takes the better part of an hour is tried in full, and hypothesis tries what it has not tried
before: by hand, before a release."""


SELDOM = pytest.mark.seldom
"""Left out of a run of all tests, as rows between a table's ends are: shorter ones show the like of it."""


def tried(count: int) -> int:
    """How many of that many tries are made."""
    return count if THOROUGH else -(-count // 10)


def some(what: Iterable[T], every: int = 2) -> list[T]:
    """All of it with CONVSTEP_THOROUGH=1, as in CI; else one in so many."""
    return list(what) if THOROUGH else list(what)[::every]


def few(what: Sequence[T], usual: int, thorough: int) -> Sequence[T]:
    """All of it with CONVSTEP_EVERYTHING=1; else one in so many, fewer still without CONVSTEP_THOROUGH=1."""
    return what if EVERYTHING else what[:: thorough if THOROUGH else usual]


def ends(rows: Sequence[T]) -> Sequence[T]:
    """The first and the last of a table's rows: those most unlike each other, as a rule."""
    return rows if len(rows) < 3 else (rows[0], rows[-1])


def draw_problem(
    rng: np.random.Generator,
    *,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[tuple[int, int], tuple[int, int]],
    groups: int,
    per_group: tuple[int, int],
    output: tuple[int, int],
    spare: tuple[int, int],
    batch: int | None,
    bias: bool,
    dtype: Any,
) -> Problem:
    """A problem that is valid by construction: the input is as large as the wanted output needs.

    Args:
        rng: Where the arrays come from.
        kernel: `(F_h, F_w)`.
        stride: `(s_h, s_w)`.
        dilation: `(d_h, d_w)`.
        padding: `((top, bottom), (left, right))`.
        groups: Channel groups.
        per_group: Input and output channels of one group.
        output: The output rows and columns aimed at; padding alone may already give more.
        spare: Rows and columns that no window reaches, less than the stride.
        batch: Samples, or None.
        bias: Whether there is a `b`.
        dtype: float32 or float64.
    """
    size = [
        max(1, d * (f - 1) + 1 + (o - 1) * s + min(r, s - 1) - sum(p))
        for f, s, d, p, o, r in zip(kernel, stride, dilation, padding, output, spare, strict=True)
    ]
    c_k, c_group = per_group
    leading = () if batch is None else (batch,)

    def numbers(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(dtype)

    given: Mapping[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    A_prev = numbers(*leading, *size, c_k * groups)
    W = numbers(c_group * groups, *kernel, c_k)
    b = numbers(c_group * groups) if bias else None
    shape = Problem(A_prev, W, b, None, **given).dZ.shape
    return Problem(A_prev, W, b, numbers(*shape), **given)


def random_problem(rng: np.random.Generator) -> Problem:
    """A problem for bulk runs; the same generator state gives the same problem."""

    def pair(low: int, high: int) -> tuple[int, int]:
        first, second = rng.integers(low, high, 2, endpoint=True).tolist()
        return first, second

    return draw_problem(
        rng,
        kernel=pair(1, 4),
        stride=pair(1, 3),
        dilation=pair(1, 3),
        padding=(pair(0, 3), pair(0, 3)),
        groups=int(rng.integers(1, 4)),
        per_group=pair(1, 2),
        output=pair(1, 3),
        spare=pair(0, 2),
        batch=None if rng.random() < 0.6 else int(rng.integers(1, 3)),
        bias=bool(rng.random() < 0.7),
        dtype=np.float64 if rng.random() < 0.8 else np.float32,
    )


def _pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def problems(draw: st.DrawFn, dtypes: tuple[Any, ...] = (np.float64, np.float32)) -> Problem:
    """Problems of every geometry; the arrays come from a seed, so that shrinking is about shapes."""
    return draw_problem(
        np.random.default_rng(draw(st.integers(0, 2**16), label="seed")),
        kernel=draw(_pairs(1, 3), label="kernel"),
        stride=draw(_pairs(1, 3), label="stride"),
        dilation=draw(_pairs(1, 3), label="dilation"),
        padding=draw(st.tuples(_pairs(0, 3), _pairs(0, 3)), label="padding"),
        groups=draw(st.integers(1, 3), label="groups"),
        per_group=draw(_pairs(1, 2), label="channels per group"),
        output=draw(_pairs(1, 3), label="output"),
        spare=draw(_pairs(0, 2), label="spare"),
        batch=draw(st.none() | st.integers(1, 2), label="batch"),
        bias=draw(st.booleans(), label="bias"),
        dtype=draw(st.sampled_from(dtypes), label="dtype"),
    )
