"""Fractions lost in buffers of integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]

LIKE = {"dW": "W", "db": "b", "dA_prev": "A_prev"}
"""The array that each gradient's buffer is made like."""


def of_steps(problem: Problem, mistakes: Mistakes, name: str) -> str:
    """Whether every addition loses its fraction: "step" or "place", or "" where floats are added."""
    mode = _mode(problem, mistakes, name)
    return mode if mode in ("step", "place") else ""


def at_end(gradient: Array, problem: Problem, mistakes: Mistakes, name: str) -> Array:
    """The finished gradient, rounded if a mistake says so.

    Raises:
        TypeError: floats are added in place to a buffer of integers.
    """
    match _mode(problem, mistakes, name):
        case "end":
            return np.trunc(gradient)
        case "floor":
            return np.floor(gradient)
        case "round":
            return np.round(gradient)
        case "raises":
            raise TypeError("Cannot cast ufunc 'add' output from dtype('float64') to dtype('int64')")
        case _:
            return gradient


def cut(values: Array, mode: str) -> Array:
    """What is left of a sum that is stored as integers: the part before the point."""
    return np.trunc(values) if mode else values


def _mode(problem: Problem, mistakes: Mistakes, name: str) -> str:
    mode = mistakes.integers
    if not mode.startswith("like-"):
        return mode
    array: Array | None = getattr(problem, LIKE[name])
    whole = array is not None and bool((array == np.trunc(array)).all())
    return mode.removeprefix("like-") if whole else ""
