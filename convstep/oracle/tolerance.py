"""How far two right answers may lie apart, and which cells are further.

A cell is a sum of n contributions. Added in another order it comes out differently, by rounding
errors that grow with the partial sums on the way. A bound for every order there might be is so wide on
a large layer that whole gradients hide in it; so the partial sums of this layer are looked at (`sums`):

    tolerance = eps(dtype) * max(32 * min(S, 16 * G), k * G)  +  n * the smallest number of the dtype
    G = the largest of |expected| / 2, Q / 2 and R

with S the sum of the absolute contributions, Q the root of the sum of their squares (the partial sums of
contributions of both signs are of that size in any order) and R the mean size of the partial sums in
the loop's order. float64 has k = n: then k * eps * R is twice the proven bound of the loop. float32 has
k = 2 sqrt(n), for errors that point in all directions; where they point the same way (a white image, a
constant dZ), three times the loop's own drift is allowed, which is measured. To a cell of dA_prev few
contributions are added, and S / 16 stands for Q / 2 and R. The last term is for sums so small that eps no
longer tells their spacing. A cell to which nothing was added (S = 0) must be equal.

Ours need no such room: what the loop gives is known, bit by bit. Where nearly all cells of dW and db are
that, the others have no other order to excuse them. They may be off by 8 * eps * G, from the right value or
from the loop's.

Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 4.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.conv.geometry import Geometry
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle.expectation import Expected
from convstep.oracle.sums import Way
from convstep.steps.cells import Array
from convstep.steps.number_text import short

Mask = npt.NDArray[np.bool_]

SAFETY = 16
"""How often the typical rounding error of a sum still counts as rounding."""

DRIFTS = 3
"""How often the loop's own drift another order of the same additions may be off."""


@frozen(eq=False)
class Judgement:
    """Every cell of one gradient, measured; all arrays have the gradient's shape."""

    difference: Array
    """float64: actual - expected; 0 where both are the same inf or both NaN, NaN where not checked."""
    error: Array
    """float64: its size; inf where only one is NaN or inf, 0 where not checked.

    Where a recorded value lies beside ours, although ours is known to be off, how far it is from where it
    should be.
    """
    tolerance: Array
    """float64: how large the error may be, in its direction."""
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
    """How many eps times S a sum of n contributions may be off, whatever the order and the data."""
    return max(SAFETY * math.sqrt(n), n / 2)


def tolerance(expected: Array, S: Array, dtype: np.dtype[Any], n: int, way: Way) -> Array:
    """How far each cell may be off by rounding, float64.

    `S` has the sums of absolute contributions, at most `n` a cell, accumulated in a dtype, some way.
    """
    with quiet():
        G = scale(expected, S, way)
        grown = n if dtype == np.float64 else 2 * math.sqrt(n)  # k: how the rounding of n additions grows
        allowed = np.maximum(32 * np.minimum(S, 16 * G), grown * G) * float(np.finfo(dtype).eps)
    return np.where(S == 0, 0.0, allowed + n * smallest(dtype))


def in_any_order(expected: Array, S: Array, dtype: np.dtype[Any], n: int, way: Way) -> Array:
    """The tolerance, and room for errors that point one way; see `tolerance` for the arguments."""
    allowed = tolerance(expected, S, dtype, n, way)
    if dtype == np.float64:
        return allowed
    most = proven(expected, S, dtype, n, way)
    if way.loop is None:
        return np.maximum(allowed, most)
    with quiet():
        drift = np.abs(way.loop - expected) if way.drift is None else way.drift
        return np.asarray(np.maximum(allowed, np.fmin(DRIFTS * drift, most)))


def proven(expected: Array, S: Array, dtype: np.dtype[Any], n: int, way: Way) -> Array:
    """How far the loop's own order of additions can be off at all; see `tolerance` for the arguments."""
    return n * float(np.finfo(dtype).eps) * (S if way.scale is None else scale(expected, S, way))


def scale(expected: Array, S: Array, way: Way) -> Array:
    """G: what size the partial sums are of."""
    on_the_way = S / 16 if way.scale is None else np.minimum(way.scale, S)
    return np.maximum(np.nan_to_num(np.abs(expected), posinf=0.0) / 2, on_the_way)


def judge(
    actual: Array, expected: Expected, dtype: np.dtype[Any], n: int, way: Way, *, by_loop: bool = False
) -> Judgement:
    """Hold a gradient against what is expected of it, cell by cell; see `tolerance` and `made_by_loop`.

    Both NaN agree, and so do equal infinities; any other pair with one of them does not. The
    exception is a cell whose S leaves the dtype's range: there the order of the additions decides
    whether it overflows, so an inf or NaN on either side is no mistake.
    """
    wide, right = actual.astype(np.float64), expected.values.astype(np.float64)
    truth = right if expected.exact is None else expected.exact
    beside = np.zeros(wide.shape)
    with quiet():
        same = (wide == right) | (np.isnan(wide) & np.isnan(right))
        difference = np.where(same, 0.0, wide - right)
        allowed = _allowed(wide, truth, expected, dtype, n, way, by_loop=by_loop)
        if expected.exact is not None:
            assert expected.slack is not None
            # ours is off by its own rounding, which is known: theirs may be off from there
            off = wide - truth
            off[~(np.abs(off) <= allowed)] = 0
            off -= 0 if expected.shift is None else expected.shift
            beyond = np.sign(difference) * off
            allowed = np.maximum(expected.slack + beyond, 0)
            # theirs may lie too close to ours as well: then it is off from where it should be
            short = beyond - np.abs(difference)
            close = short > expected.slack
            allowed = np.where(close, expected.slack, allowed)
            beside = np.where(close & (np.abs(difference) <= allowed), short, 0.0)
    finite = np.isfinite(wide) & np.isfinite(right)
    may_overflow = ~(expected.magnitude < float(np.finfo(dtype).max) / 2) & ~finite
    error = np.maximum(np.abs(difference), beside)
    error[np.isnan(error)] = np.inf
    error[may_overflow] = 0.0
    if expected.cells is not None:
        difference[~expected.cells], error[~expected.cells] = np.nan, 0.0
    return Judgement(difference, error, allowed, error <= allowed)


def judge_sums(actual: Array, expected: Expected) -> Judgement:
    """Hold what somebody computed against the right values, finite all; `actual` are these."""
    assert expected.slack is not None
    difference = actual - expected.values
    error = np.abs(difference)
    return Judgement(difference, error, expected.slack, error <= expected.slack)


def made_by_loop(actual: Mapping[str, Array | None], ways: Mapping[str, Way]) -> bool:
    """Whether nearly all cells of `dW` and `db` are the loop's bits: another order leaves hardly any."""
    equal = cells = 0
    for name, way in ways.items():
        given = actual.get(name)
        if way.scale is not None and way.loop is not None and given is not None:
            cells += way.loop.size
            if given.shape == way.loop.shape and given.dtype == way.loop.dtype:
                equal += int(np.count_nonzero(given == way.loop))
    return cells - equal <= max(cells // 10, 1) < cells / 2


def _allowed(
    wide: Array, truth: Array, expected: Expected, dtype: np.dtype[Any], n: int, way: Way, *, by_loop: bool
) -> Array:
    """How far ours may be from the truth: by rounding, or as far as the loop's own additions are."""
    S = expected.magnitude
    allowed = (tolerance if by_loop else in_any_order)(truth, S, dtype, n, way)
    if by_loop and way.scale is not None:
        few = 8 * float(np.finfo(dtype).eps) * scale(truth, S, way) + n * smallest(dtype)
        allowed = np.minimum(allowed, few)
    if expected.exact is None and expected.slack is not None:
        allowed += expected.slack
    if way.loop is None or not by_loop:
        return allowed
    loop = way.loop.astype(np.float64)
    off = np.abs(loop - truth)
    # what is beyond the proven bound is no rounding
    most = proven(truth, S, dtype, n, way)
    drifted = (off > allowed) & (off <= most + allowed) & (np.abs(wide - loop) <= allowed)
    return np.where(drifted, allowed + off, allowed)


def smallest(dtype: np.dtype[Any]) -> float:
    """The smallest subnormal; NumPy's own name for it warns where a library flushes them to zero."""
    return float(np.finfo(dtype).tiny) * float(np.finfo(dtype).eps)


def describe(dtype: np.dtype[Any], slack: str = "") -> str:
    """The tolerance of a dtype in one sentence; for `slack` see `Expectation.slack_text`."""
    return tr(
        "A cell may be off by eps·max(32·min(S, 16·G), n·G) + n·{least}{own}, with eps {eps} ({dtype}), "
        "n the most contributions to one cell, S the sum of their absolute values, and G the largest of "
        "|expected|/2, half the root of the sum of their squares and the mean size of the partial sums "
        "(for dA_prev, of |expected|/2 and S/16); where S is 0 it must be equal"
        if dtype == np.float64
        else "A cell may be off by eps·max(32·min(S, 16·G), 2·√n·G) + n·{least}{own}, or by {drifts} times "
        "what the loop's rounding errors add up to, with eps {eps} ({dtype}), n the most contributions to "
        "one cell, S the sum of their absolute values, and G the largest of |expected|/2, half the root of "
        "the sum of their squares and the mean size of the partial sums (for dA_prev, of |expected|/2 and "
        "S/16); where S is 0 it must be equal; where nearly all of dW and db are the loop's to the bit, the "
        "others may be off by 8·eps·G, from the right value or from the loop's",
        drifts=DRIFTS,
        least=short(smallest(dtype), 3),
        own=f" + {slack}" if slack else "",
        eps=short(np.finfo(dtype).eps, 3),
        dtype=dtype,
    )
