"""An operator's problem in words."""

from __future__ import annotations

from typing import Any

from convstep.language import tr
from convstep.operators.operator import Array, OperatorProblem
from convstep.steps.number_text import short


def problem_words(problem: OperatorProblem) -> str:
    """A problem in a few words: `x 2x1x4x4, size 2x2, stride 1x1: the windows overlap`."""
    words = [f"{name} {shape_of(array)}" for name, array in problem.arrays.items()]
    words += [f"{name} {option_text(value)}" for name, value in problem.options.items()]
    about = tr(": {about}", about=tr(problem.about)) if problem.about else ""
    return ", ".join(words) + about


def shape_of(array: Array) -> str:
    """The shape of an array, or that it is one number: `2x3`, `3`, `1`."""
    return "x".join(map(str, array.shape)) or "1"


def option_text(value: Any) -> str:
    """An option, a pair like a shape."""
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return short(value) if isinstance(value, float) else str(value)
