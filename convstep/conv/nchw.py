"""NCHW: a problem as most code outside a course wants it, and its gradients back."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.brief import brief
from convstep.conv.geometry import Padding, Pair
from convstep.frozen import frozen
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from convstep.conv.problem import Problem

REFUSABLE = {
    "batch": "several samples",
    "pairs": "different numbers along H and W",
    "sides": "different padding on opposite sides",
    "rectangles": "kernels that are not square",
    "dilation": "dilation",
    "groups": "groups",
}
"""What code under test may be unable to express, and how that is said."""


@frozen(eq=False)
class NCHW:
    """The arrays of a problem, channels first; see `Problem.nchw`.

    The arrays are contiguous copies that may be changed. Integers stand where Python has them: `stride`
    and `dilation` are an int where H and W agree, else `(h, w)`; `padding` is an int where all four
    sides agree, `(h, w)` where opposite sides do, else `((top, bottom), (left, right))`.
    """

    x: Array
    """The input, `(N, C, H, W)`; N is 1 where the problem has no batch axis."""
    w: Array
    """The kernels, `(F, C // groups, K, L)`."""
    b: Array | None
    """The bias, `(F,)`, or None."""
    dz: Array
    """The gradient of the loss by the output, `(N, F, H', W')`."""
    stride: int | Pair
    padding: int | Pair | Padding
    dilation: int | Pair
    groups: int
    batched: bool
    """Whether the problem has a batch axis."""

    __repr__ = brief

    @property
    def dout(self) -> Array:
        """`dz` by its other name."""
        return self.dz

    def gradients(self, dx: Any, dw: Any, db: Any) -> tuple[Any, Any, Any]:
        """`dW, db, dA_prev` as an adapter returns them, from gradients that lie as `x`, `w` and `b` do.

        Each is an array, a tensor, or None where it is not computed; of `db` axes of length 1 are left out.
        """
        dx, dw, db = (None if given is None else _array(given) for given in (dx, dw, db))
        if dx is not None and dx.ndim == 4:
            dx = dx.transpose(0, 2, 3, 1)
            if not self.batched and len(dx) == 1:
                dx = dx[0]
        if dw is not None and dw.ndim == 4:
            dw = dw.transpose(0, 2, 3, 1)
        if db is not None and db.ndim > 1 and db.size == len(self.w) == max(db.shape):
            db = db.reshape(-1)
        return dw, db, dx


def nchw(problem: Problem, refuse: Collection[str]) -> NCHW:
    """See `Problem.nchw`."""
    words = (refuse,) if isinstance(refuse, str) else refuse
    if unknown := [word for word in words if word not in REFUSABLE]:
        raise ValueError(f"refuse has {unknown[0]!r}; it may have {', '.join(REFUSABLE)}")
    for word in words:
        if _has(problem, word):
            raise NotImplementedError(REFUSABLE[word])
    (top, bottom), (left, right) = problem.padding
    sides = top == bottom and left == right
    return NCHW(
        _channels_first(problem.A_prev),
        _channels_first(problem.W),
        None if problem.b is None else problem.b.copy(),
        _channels_first(problem.dZ),
        _one(problem.stride),
        _one((top, left)) if sides else problem.padding,
        _one(problem.dilation),
        problem.groups,
        problem.geometry.batch is not None,
    )


def _has(problem: Problem, word: str) -> bool:
    """Whether a problem has what a word of `REFUSABLE` stands for."""
    geometry = problem.geometry
    (top, bottom), (left, right) = geometry.padding
    return {
        "batch": geometry.samples > 1,
        "pairs": geometry.stride[0] != geometry.stride[1]
        or geometry.dilation[0] != geometry.dilation[1]
        or top != left,
        "sides": top != bottom or left != right,
        "rectangles": geometry.kernel_shape[1] != geometry.kernel_shape[2],
        "dilation": geometry.dilation != (1, 1),
        "groups": geometry.groups != 1,
    }[word]


def _channels_first(array: Array) -> Array:
    """A copy; without a batch axis it gets one."""
    full = array if array.ndim == 4 else array[np.newaxis]
    return np.array(full.transpose(0, 3, 1, 2), order="C")


def _one(pair: Pair) -> int | Pair:
    return pair[0] if pair[0] == pair[1] else pair


def _array(given: Any) -> Array:
    return np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
