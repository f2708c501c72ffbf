"""What an oracle is, and what it hands over: the gradients it expects after so many steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.printable import SentenceError
from convstep.steps.cells import Array

NAMES = ("dW", "db", "dA_prev")
"""The gradients compared, in the article's order."""


class OracleUnavailable(SentenceError, RuntimeError):
    """The oracle cannot answer here; the message is one sentence that says what to do."""


@frozen(eq=False)
class Expected:
    """What one gradient should be, and how much was added up to make it."""

    values: Array
    """The gradient; NaN where the oracle was not asked."""
    magnitude: Array
    """float64, same shape: S, the sum of the absolute finite contributions to each cell; the gradient's
    largest size where the tolerance is counted in that."""
    slack: Array | None = None
    """float64, same shape: what the oracle itself may be off; None for a plain summation."""
    cells: npt.NDArray[np.bool_] | None = None
    """Same shape: True where the oracle gave a value; None when it gave all."""
    exact: Array | None = None
    """float64, same shape: the right values, where `values` are somebody's who rounds; None where
    `values` are the right ones. `slack` is then how far `values` may be from them."""
    shift: Array | None = None
    """float64, same shape: how far off `exact` they are all alike; `slack` counts from there."""

    __repr__ = brief


@frozen(eq=False)
class Expectation:
    """The gradients an oracle expects at one position."""

    oracle: str
    """Who says so, e.g. "PyTorch 2.13.0"."""
    gradients: Mapping[str, Expected]
    """By name: "dW", "db" (missing without a bias), "dA_prev"."""
    slack_text: str = ""
    """What the `slack` of the gradients is made of, as it stands after the tolerance; empty without."""
    tolerance_text: str = ""
    """The whole tolerance in one sentence, where the oracle's own rounding decides; else empty."""
    sums: Mapping[str, Array] | None = None
    """By name, in float64: what to show as ours where that takes no loop; None where it does."""

    __repr__ = brief


class Oracle(Protocol):
    """An independent source of the right gradients."""

    def expected(self, problem: Problem, position: int) -> Expectation:
        """The gradients after the first `position` steps; raises OracleUnavailable: it has no answer."""
        ...


def dZ_until(problem: Problem, position: int) -> Array:
    """`dZ` with zeros for every step from `position` on, in the shape of `dZ`, a copy.

    Backward is linear in `dZ`, so the full backward of this is the running state at `position`;
    the loop's order is the memory order of `dZ`. Only for finite `A_prev` and `W`: a zero times
    inf is NaN, not nothing.
    """
    dZ = np.array(problem.dZ)
    dZ.reshape(-1)[position:] = 0
    return dZ


def absolute_problem(problem: Problem, position: int) -> Problem:
    """The problem whose gradients are S, float64: sizes until `position`, zero where not finite."""

    def size(values: Array) -> Array:
        return np.where(np.isfinite(values), np.abs(values.astype(np.float64)), 0.0)

    return problem.mapped(size, dZ_until(problem, position))
