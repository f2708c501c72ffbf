"""What a patch comes to on a problem, in a form that can be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.mistakes import Patch, flawed_gradient
from convstep.conv.backward import conv2d_backward
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]

RAISES = (IndexError, ValueError, TypeError)
"""What people's loops raise."""


def outcome(gradient: str, problem: Problem, wrong: Patch) -> Array | None:
    """The gradient, None where the backward raises."""
    try:
        with np.errstate(all="ignore"):
            return flawed_gradient(gradient, problem, wrong)
    except RAISES:
        return None


def reference(gradient: str, problem: Problem) -> Array:
    """The right gradient; the problem must have a bias."""
    found = conv2d_backward(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    array: Array = getattr(found, gradient)
    return array


def same(first: Array | None, second: Array | None) -> bool:
    """Whether two outcomes are the same, to rounding."""
    if first is None or second is None:
        return first is second
    return first.shape == second.shape and bool(np.allclose(first, second, rtol=1e-9, atol=1e-9))
