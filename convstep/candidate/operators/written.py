"""An operator's problem, and its cells, as the author lays them."""

from __future__ import annotations

from typing import Any

import numpy as np

from convstep.candidate.operators.answer import Swept
from convstep.candidate.operators.axes import Unsayable, blocks, theirs
from convstep.language import tr
from convstep.operators.operator import Array, OperatorProblem
from convstep.steps.number_text import short


def problem_words(swept: Swept, problem: OperatorProblem) -> str:
    """A problem in a few words: `x 2x1x4x4, size 2x2, stride 1x1: the windows overlap`."""
    words = [f"{name} {shape_of(laid(swept, name, array))}" for name, array in problem.arrays.items()]
    words += [f"{name} {option_text(value)}" for name, value in problem.options.items()]
    about = tr(": {about}", about=tr(problem.about)) if problem.about else ""
    return ", ".join(words) + about


def laid(swept: Swept, name: str, array: Array) -> Array:
    """An array by the operator's name for it as the author lays it; as it is where that is not known."""
    operator, convention = swept.operator, swept.convention
    if convention is None or convention.lay is not None:
        return array
    source = name.removeprefix("d") if name in operator.gradients else name
    source = dict(zip(operator.upstream, operator.outputs, strict=False)).get(source, source)
    own = operator.axes.get(source)
    if own is None:
        return array
    try:
        return theirs(blocks(array, own, convention.blocks), own, convention.axes.get(source, own))
    except Unsayable:
        return array


def their_cell(swept: Swept, name: str, shape: tuple[int, ...], cell: tuple[int, ...]) -> tuple[int, ...]:
    """A cell of a gradient as the author indexes it."""
    marked = np.zeros(shape, bool)
    marked[cell] = True
    return tuple(int(i) for i in np.argwhere(laid(swept, name, marked))[0])


def shape_of(array: Array) -> str:
    """The shape of an array, or that it is one number: `2x3`, `3`, `1`."""
    return "x".join(map(str, array.shape)) or "1"


def option_text(value: Any) -> str:
    """An option, a pair like a shape."""
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return short(value) if isinstance(value, float) else str(value)
