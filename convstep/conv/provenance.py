"""Provenance: which steps made a cell of a gradient, by index arithmetic, with factors and running sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convstep.conv.geometry import Geometry
from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.step import Run, quiet
from convstep.language import tr
from convstep.steps.cells import Array
from convstep.steps.event import Event
from convstep.steps.provenance import Cell, Provenance, Steps

CAUSES = {
    "gap": (
        "row {at} lies in a gap of the dilation: taps are {dilation} rows apart and windows {stride}, "
        "so none falls on it",
        "column {at} lies in a gap of the dilation: taps are {dilation} columns apart and windows {stride}, "
        "so none falls on it",
    ),
    "between, 1": (
        "row {at} lies between two windows: stride {stride} is more than the 1 row that a window spans",
        "column {at} lies between two windows: stride {stride} is more than the 1 column that a window spans",
    ),
    "between, more": (
        "row {at} lies between two windows: "
        "stride {stride} is more than the {reach} rows that a window spans",
        "column {at} lies between two windows: "
        "stride {stride} is more than the {reach} columns that a window spans",
    ),
    "left, 1": (
        "the last row is left over: ({length} - {reach}) is not a multiple of stride {stride}",
        "the last column is left over: ({length} - {reach}) is not a multiple of stride {stride}",
    ),
    "left, more": (
        "the last {left} rows are left over: ({length} - {reach}) is not a multiple of stride {stride}",
        "the last {left} columns are left over: ({length} - {reach}) is not a multiple of stride {stride}",
    ),
}
"""Why no window reaches a row (first) or a column (second)."""


def provenance(problem: Problem, gradient: str, index: Sequence[int]) -> Provenance:
    """Every step that adds to a cell of "dW", "dA_prev_pad" or "db"; ValueError if there is no such cell."""
    cell = _checked(problem, gradient, index)
    steps = np.asarray(problem.geometry.steps_touching(gradient, cell), np.int64)
    factors = {"dW": _dW_factors, "dA_prev_pad": _dA_factors, "db": _db_factors}[gradient]
    first, second = factors(problem, cell, steps)
    run, nest = Run.begin(problem), problem.geometry.nest

    def event(step: int) -> Event:
        with quiet():
            accesses = run.step(problem.geometry.index_at(step)).accesses()
        return Event(step, nest.loops_at(step), accesses, made=0)

    with quiet():
        product = second.copy() if first is None else first * second
        # from zero, like the loop: 0.0 + -0.0 is 0.0
        running = np.add.accumulate(np.concatenate([np.zeros(1, product.dtype), product]))[1:]
    reason = "" if len(steps) else _why_unreachable(problem.geometry, cell)
    return Provenance(gradient, cell, steps, first, second, product, running, reason, nest, event)


def _checked(problem: Problem, gradient: str, index: Sequence[int]) -> Cell:
    """The index as plain ints, if it is a cell of that gradient."""
    if gradient not in GRADIENTS:
        raise ValueError(f"{gradient!r} is not a running gradient; they are {', '.join(GRADIENTS)}")
    cell = tuple(int(at) for at in index)
    problem.layout.check_cell(gradient, cell)
    return cell


def _dW_factors(problem: Problem, cell: Cell, steps: Steps) -> tuple[Array, Array]:
    """`A_prev_pad` under tap `(k_h, k_w)` at every place, and `dZ[..., i_c]`."""
    geometry = problem.geometry
    i_c, k_h, k_w, k = cell
    rows, columns = geometry.tap(k_h, k_w)
    x = problem.A_prev_pad[..., rows, columns, geometry.channels(i_c).start + k]
    return x.reshape(-1), problem.dZ[..., i_c].reshape(-1)


def _dA_factors(problem: Problem, cell: Cell, steps: Steps) -> tuple[Array, Array]:
    """The tap of `W[i_c]` that lies on the cell, and `dz`, at every step."""
    geometry = problem.geometry
    c_k = geometry.kernel_shape[3]
    (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
    row, column, channel = cell[-3:]
    _, i_h, i_w, i_c = np.unravel_index(steps, (geometry.samples, *geometry.output_shape))
    k_h, k_w = (row - i_h * s_h) // d_h, (column - i_w * s_w) // d_w
    return problem.W[i_c, k_h, k_w, channel % c_k], problem.dZ.reshape(-1)[steps]


def _db_factors(problem: Problem, cell: Cell, steps: Steps) -> tuple[None, Array]:
    """`dZ[..., i_c]` at every place."""
    return None, problem.dZ[..., cell[0]].reshape(-1)


def _why_unreachable(geometry: Geometry, cell: Cell) -> str:
    """Which axis, and what on it, keeps every window away from a cell of `dA_prev_pad`."""
    causes = [
        cause for axis, at in enumerate(cell[-3:-1]) if (cause := _cause(geometry, axis, at)) is not None
    ]
    sentence, *other = causes
    if other:
        sentence = tr("{one}, and {other}", one=sentence, other=other[0])
    return tr("no window covers this cell: its gradient is exactly zero; {cause}", cause=sentence)


def _cause(geometry: Geometry, axis: int, at: int) -> str | None:
    """Why no window has a tap on a row (axis 0) or column (axis 1); None if one has."""
    length, windows = geometry.padded_shape[axis], geometry.output_shape[axis]
    taps, reach = geometry.kernel_shape[1 + axis], geometry.reach[axis]
    stride, dilation = geometry.stride[axis], geometry.dilation[axis]
    starts = [at - tap * dilation for tap in range(taps)]
    if any(start % stride == 0 and 0 <= start // stride < windows for start in starts):
        return None
    nearest = min(at // stride, windows - 1)
    if at < nearest * stride + reach:
        return tr(CAUSES["gap"][axis], at=at, dilation=dilation, stride=stride)
    if nearest < windows - 1:
        cause = "between, more" if reach > 1 else "between, 1"
        return tr(CAUSES[cause][axis], at=at, stride=stride, reach=reach)
    left = geometry.remainder[axis]
    cause = "left, more" if left > 1 else "left, 1"
    return tr(CAUSES[cause][axis], left=left, length=length, reach=reach, stride=stride)
