"""The article's backward pass, written down once more without `yield` and without the package.

Everything faster or steppable has to give these bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.problem import Problem

Array = npt.NDArray[Any]
Bits = tuple[bytes, bytes | None, bytes]


class PlainLoop:
    """The running gradients after any number of steps, always from zero."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.top, self.left = problem.padding[0][0], problem.padding[1][0]
        self.dZ = problem.dZ if problem.dZ.ndim == 4 else problem.dZ[None]
        A_prev = problem.A_prev if problem.A_prev.ndim == 4 else problem.A_prev[None]
        (top, bottom), (left, right) = problem.padding
        n, height, width, c_in = A_prev.shape
        self.A_prev_pad = np.zeros((n, top + height + bottom, left + width + right, c_in), problem.dtype)
        self.A_prev_pad[:, top : top + height, left : left + width] = A_prev
        self.dW = np.zeros(problem.W.shape, problem.dtype)
        self.db = np.zeros(len(problem.W), problem.dtype)
        self.dA_prev_pad = np.zeros_like(self.A_prev_pad)

    def run(
        self, steps: int | None = None, additions: int = 0, seen: Callable[[], None] = lambda: None
    ) -> PlainLoop:
        """Execute the first `steps` steps (all by default) and some additions of the next one.

        Args:
            steps: How many whole steps.
            additions: How many of the next step's additions: dW, dA_prev_pad, db.
            seen: Called after every whole step.
        """
        W, dW, db, dA_prev_pad = self.problem.W, self.dW, self.db, self.dA_prev_pad
        (s_h, s_w), (d_h, d_w) = self.problem.stride, self.problem.dilation
        c_o, f_h, f_w, c_k = W.shape
        n, h_o, w_o, _ = self.dZ.shape
        left = self.dZ.size if steps is None else steps
        with np.errstate(all="ignore"):
            for i_n in range(n):
                for i_h in range(h_o):
                    for i_w in range(w_o):
                        for i_c in range(c_o):
                            made = 3 if left > 0 else additions
                            h_start, w_start = i_h * s_h, i_w * s_w
                            c_start = i_c // (c_o // self.problem.groups) * c_k
                            h = slice(h_start, h_start + d_h * (f_h - 1) + 1, d_h)
                            w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w)
                            c = slice(c_start, c_start + c_k)
                            dz = self.dZ[i_n, i_h, i_w, i_c]
                            if made > 0:
                                dW[i_c] += self.A_prev_pad[i_n, h, w, c] * dz
                            if made > 1:
                                dA_prev_pad[i_n, h, w, c] += W[i_c] * dz
                            if made > 2:
                                db[i_c] += dz
                            if left <= 0:
                                return self
                            left -= 1
                            seen()
        return self

    @property
    def dA_prev(self) -> Array:
        """The padded gradient without its padding, with the axes of `A_prev`."""
        height, width = self.problem.A_prev.shape[-3:-1]
        cropped = self.dA_prev_pad[:, self.top : self.top + height, self.left : self.left + width]
        return cropped if self.problem.A_prev.ndim == 4 else cropped[0]

    @property
    def bits(self) -> Bits:
        """The running gradients as they stand; db is left out without a bias."""
        return bits(self.dW, None if self.problem.b is None else self.db, self.dA_prev_pad)


def bits(dW: Array, db: Array | None, dA_prev_pad: Array) -> Bits:
    """Running gradients as bytes, to be compared to the bit (NaN equals itself, -0.0 is not 0.0)."""
    return dW.tobytes(), None if db is None else db.tobytes(), dA_prev_pad.tobytes()


def states(problem: Problem) -> list[Bits]:
    """The running gradients at every position, 0 to total."""
    loop = PlainLoop(problem)
    found = [loop.bits]
    loop.run(seen=lambda: found.append(loop.bits))
    return found
