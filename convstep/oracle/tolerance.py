"""How far two right answers may lie apart, and which cells are further.

A cell is a sum of n contributions. Added in another order it comes out differently, by rounding
errors that grow with the sizes of what is added, not with the sum: so the tolerance is

    max(16 * sqrt(n), n / 2) * eps(dtype) * S  +  n * the smallest number of the dtype

with S the sum of the absolute contributions. Rounding errors that point in all directions grow
with sqrt(n), and 16 leaves room. On flat data (a white image, a constant dZ) they all point the
same way: then n / 2 times eps is the proven bound for adding one after the other, and it takes
over from n = 1024 on. The last term is for sums so small that eps no longer tells their spacing.
A cell to which nothing was added (S = 0) must be equal.

Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 4.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.conv.geometry import Geometry
from convstep.conv.number_text import short
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.oracle.expectation import Expected

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

SAFETY = 16
"""How often the typical rounding error of a sum still counts as rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Every cell of one gradient, measured; all arrays have the gradient's shape."""

    difference: Array
    """float64: actual - expected; 0 where both are the same inf or both NaN, NaN where not checked."""
    error: Array
    """float64: its size; inf where only one is NaN or inf, 0 where not checked."""
    tolerance: Array
    """float64: how large the error may be."""
    agrees: Mask
    """True where the error is rounding, or the cell was not checked."""

    __repr__ = brief


def contributions(geometry: Geometry) -> dict[str, int]:
    """The most contributions that one cell of each gradient gets."""
    h_out, w_out, c_out = geometry.output_shape
    _, f_h, f_w, _ = geometry.kernel_shape
    outputs = geometry.samples * h_out * w_out
    return {"dW": outputs, "db": outputs, "dA_prev": f_h * f_w * c_out // geometry.groups}


def factor(n: int) -> float:
    """How many eps times S a sum of n contributions may be off."""
    return max(SAFETY * math.sqrt(n), n / 2)


def tolerance(expected: Expected, dtype: np.dtype[Any], n: int) -> Array:
    """How far each cell may be off, float64, in the gradient's shape.

    Args:
        expected: what the oracle says.
        dtype: what the gradient was accumulated in.
        n: the most contributions that one cell gets.
    """
    precision = np.finfo(dtype)
    with quiet():
        allowed = factor(n) * float(precision.eps) * expected.magnitude
        # the smallest subnormal; NumPy's own name for it warns where a library flushes them to zero
        allowed += n * float(precision.tiny) * float(precision.eps)
        if expected.slack is not None:
            allowed += expected.slack
    return np.where(expected.magnitude == 0, 0.0, allowed)


def judge(actual: Array, expected: Expected, dtype: np.dtype[Any], n: int) -> Judgement:
    """Hold a gradient against what is expected of it, cell by cell.

    Both NaN agree, and so do equal infinities; any other pair with one of them does not. The
    exception is a cell whose S leaves the dtype's range: there the order of the additions decides
    whether it overflows, so an inf or NaN on either side is no mistake.
    """
    wide, right = actual.astype(np.float64), expected.values.astype(np.float64)
    allowed = tolerance(expected, dtype, n)
    with quiet():
        same = (wide == right) | (np.isnan(wide) & np.isnan(right))
        difference = np.where(same, 0.0, wide - right)
    finite = np.isfinite(wide) & np.isfinite(right)
    may_overflow = ~(expected.magnitude < float(np.finfo(dtype).max) / 2) & ~finite
    error = np.abs(difference)
    error[np.isnan(error)] = np.inf
    error[may_overflow] = 0.0
    if expected.cells is not None:
        difference[~expected.cells], error[~expected.cells] = np.nan, 0.0
    return Judgement(difference, error, allowed, error <= allowed)


def describe(dtype: np.dtype[Any], slack: str = "") -> str:
    """The tolerance in one sentence.

    Args:
        dtype: what the gradients were accumulated in.
        slack: what the oracle itself may be off; see `Expectation.slack_text`.
    """
    own = f" + {slack}" if slack else ""
    precision = np.finfo(dtype)
    return tr(
        "A cell may be off by max(16·√n, n/2)·eps·S + n·{least}{own}, with eps {eps} ({dtype}), "
        "n the most contributions to one cell and S the sum of their absolute values; "
        "where S is 0 it must be equal",
        least=short(float(precision.tiny) * float(precision.eps), 3),
        own=own,
        eps=short(precision.eps, 3),
        dtype=dtype,
    )
