"""Where the first NaN or inf of a backward pass is made, found without executing every step."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.conv.timeline import Timeline
from convstep.frozen import frozen


@frozen()
class FirstNonfinite:
    """The first step after which a running gradient has a cell that is NaN or infinite."""

    position: int
    """Just after that step."""
    gradient: str
    """The gradient: "dW", "dA_prev_pad" or "db", the first that the step spoils."""
    cell: tuple[int, ...]
    """Its first such cell, as an index into that gradient."""
    value: float
    """What stands there: NaN, inf or -inf."""
    came_with: str
    """The array that brought it, "dZ", "A_prev" or "W"; "" where it is made of finite numbers."""
    product_overflows: bool
    """Of finite numbers: whether their product leaves the dtype; else the sum does."""


def first_nonfinite(
    problem: Problem, leave: Callable[[], bool] = lambda: False, scout: Timeline | None = None
) -> FirstNonfinite | None:
    """The first step that makes a NaN or inf, padding included; None if none does, or when `leave` says so.

    NaN and inf stay what they are whatever is added to them, so that the first step is found by
    bisection: a few seeks, however long the pass is; `scout` is a timeline that may be moved about for it.
    """
    timeline = Timeline(problem) if scout is None else scout
    for _ in timeline.prepare(timeline.total):
        if leave():
            return None

    def spoilt(position: int) -> bool:
        timeline.seek(position)
        return not all(np.isfinite(values).all() for values in _gradients(timeline).values())

    if leave() or not spoilt(timeline.total):
        return None
    position = bisect_left(range(timeline.total), True, key=lambda at: leave() or spoilt(at))
    if leave():
        return None
    timeline.seek(position)
    return _described(timeline)


def _gradients(timeline: Timeline) -> dict[str, np.ndarray]:
    """In the loop's order."""
    named = {"dW": timeline.dW, "dA_prev_pad": timeline.dA_prev_pad, "db": timeline.db}
    return {name: values for name, values in named.items() if values is not None}


def _described(timeline: Timeline) -> FirstNonfinite:
    """What the step just executed has spoilt; everything was finite before it."""
    step = timeline.step
    gradient, values = next(
        (name, values) for name, values in _gradients(timeline).items() if not np.isfinite(values).all()
    )
    cell = tuple(int(i) for i in np.unravel_index(int(np.argmin(np.isfinite(values))), values.shape))
    factor = {"dW": "A_prev", "dA_prev_pad": "W", "db": ""}[gradient]
    came_with, product_overflows = "", False
    if not np.isfinite(step.dz):
        came_with = "dZ"
    elif factor:
        array, within = (
            (step.input_slice, cell[1:]) if gradient == "dW" else (step.kernel, _tap(step.window, cell))
        )
        if not np.isfinite(array[within]):
            came_with = factor
        else:
            with quiet():
                product_overflows = not np.isfinite(array[within] * step.dz)
    return FirstNonfinite(
        timeline.position, gradient, cell, float(values[cell]), came_with, product_overflows
    )


def _tap(window: tuple[int, slice, slice, slice], cell: tuple[int, ...]) -> tuple[int, ...]:
    """The cell of the kernel that reaches a cell of the padded input from a window."""
    return tuple(
        (at - span.start) // (span.step or 1) for at, span in zip(cell[-3:], window[1:], strict=True)
    )
