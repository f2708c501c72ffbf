"""Provenance: which steps made a cell of a gradient, with their factors and the running sum.

Index arithmetic answers it: a cell of `dW` or `db` is written once at every place of the loop, and
a cell of `dA_prev_pad` by the few windows that cover it. Nothing is replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.steps.cells import cell_text, check_index

Array = npt.NDArray[Any]
Steps = npt.NDArray[np.int64]
Cell = tuple[int, ...]

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
GRADIENTS = ("dW", "dA_prev_pad", "db")
"""What can be asked about, in the order of a step's additions."""


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """Every contribution to one cell, in the loop's order. All arrays have the shape `(n,)`."""

    gradient: str
    """Which array: "dW", "dA_prev_pad" or "db"."""
    index: Cell
    """The cell, as an index into that array."""
    steps: Steps
    """The steps that add to the cell, ascending."""
    first_name: str
    """The first factor's array: "A_prev_pad" for `dW`, "W" for `dA_prev_pad`, "" for `db`."""
    first_factor: Array | None
    """The first factor of every step; None for `db`, which gets `dz` alone."""
    second_name: str
    """The second factor's array, "dZ"."""
    second_factor: Array
    """The second factor of every step."""
    product: Array
    """What every step adds."""
    running: Array
    """The cell after every step, with the bits it has in the loop."""
    reason: str
    """Why there is no contribution, one sentence; "" where there is one."""
    geometry: Geometry
    """The loop it is about."""

    __repr__ = brief

    def __len__(self) -> int:
        """How many contributions there are."""
        return len(self.steps)

    @property
    def name(self) -> str:
        """The cell by name: `dW[1, 0, 2, 0]`."""
        return cell_text(self.gradient, self.index)

    def first_cell(self, at: int) -> str:
        """The first factor of a contribution by name, `A_prev_pad[3, 4, 0]`; "" for `db`.

        Args:
            at: which contribution, counted from 0.
        """
        if not self.first_name:
            return ""
        i_n, i_h, i_w, i_c = self.geometry.index_at(int(self.steps[at]))
        (s_h, s_w), (d_h, d_w) = self.geometry.stride, self.geometry.dilation
        if self.gradient == "dW":
            _, k_h, k_w, k = self.index
            cell = i_h * s_h + k_h * d_h, i_w * s_w + k_w * d_w, self.geometry.channels(i_c).start + k
            return cell_text(self.first_name, _public(self.geometry, i_n, cell))
        row, column, channel = self.index[-3:]
        k_h, k_w = (row - i_h * s_h) // d_h, (column - i_w * s_w) // d_w
        return cell_text(self.first_name, (i_c, k_h, k_w, channel - self.geometry.channels(i_c).start))

    def second_cell(self, at: int) -> str:
        """The second factor of a contribution by name: `dZ[1, 2, 0]`.

        Args:
            at: which contribution, counted from 0.
        """
        i_n, *place = self.geometry.index_at(int(self.steps[at]))
        return cell_text(self.second_name, _public(self.geometry, i_n, tuple(place)))

    def done(self, position: int) -> int:
        """How many of the contributions are made at a position."""
        return int(np.searchsorted(self.steps, position))


def provenance(problem: Problem, gradient: str, index: Sequence[int]) -> Provenance:
    """Every step that contributes to one cell of a gradient.

    Args:
        problem: the pass.
        gradient: "dW", "dA_prev_pad" or "db".
        index: the cell, as an index into that array; with the batch axis if there is one.

    Raises:
        ValueError: no such gradient or cell; one sentence.
    """
    cell = _checked(problem, gradient, index)
    steps = np.asarray(problem.geometry.steps_touching(gradient, cell), np.int64)
    factors = {"dW": _dW_factors, "dA_prev_pad": _dA_factors, "db": _db_factors}[gradient]
    first_name, first, second = factors(problem, cell, steps)
    with quiet():
        product = second.copy() if first is None else first * second
        # from zero, like the loop: 0.0 + -0.0 is 0.0
        running = np.add.accumulate(np.concatenate([np.zeros(1, product.dtype), product]))[1:]
    reason = "" if len(steps) else _why_unreachable(problem.geometry, cell)
    return Provenance(
        gradient, cell, steps, first_name, first, "dZ", second, product, running, reason, problem.geometry
    )


def _checked(problem: Problem, gradient: str, index: Sequence[int]) -> Cell:
    """The index as plain ints, if it is a cell of that gradient."""
    if gradient not in GRADIENTS:
        raise ValueError(f"{gradient!r} is not a running gradient; they are {', '.join(GRADIENTS)}")
    if gradient == "db" and problem.b is None:
        raise ValueError("there is no db: the problem has no bias")
    arrays = {"dW": problem.W, "dA_prev_pad": problem.A_prev_pad, "db": problem.b}
    shape = np.shape(arrays[gradient])  # type: ignore[arg-type]
    check_index(gradient, index, shape)
    return tuple(int(at) for at in index)


def _dW_factors(problem: Problem, cell: Cell, steps: Steps) -> tuple[str, Array, Array]:
    """`A_prev_pad` under tap `(k_h, k_w)` at every place, and `dZ[..., i_c]`."""
    geometry = problem.geometry
    i_c, k_h, k_w, k = cell
    h_out, w_out, _ = geometry.output_shape
    (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
    rows = slice(k_h * d_h, k_h * d_h + (h_out - 1) * s_h + 1, s_h)
    columns = slice(k_w * d_w, k_w * d_w + (w_out - 1) * s_w + 1, s_w)
    x = problem.A_prev_pad[..., rows, columns, geometry.channels(i_c).start + k]
    return "A_prev_pad", x.reshape(-1), problem.dZ[..., i_c].reshape(-1)


def _dA_factors(problem: Problem, cell: Cell, steps: Steps) -> tuple[str, Array, Array]:
    """The tap of `W[i_c]` that lies on the cell, and `dz`, at every step."""
    geometry = problem.geometry
    c_k = geometry.kernel_shape[3]
    (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
    row, column, channel = cell[-3:]
    _, i_h, i_w, i_c = np.unravel_index(steps, (geometry.samples, *geometry.output_shape))
    k_h, k_w = (row - i_h * s_h) // d_h, (column - i_w * s_w) // d_w
    return "W", problem.W[i_c, k_h, k_w, channel % c_k], problem.dZ.reshape(-1)[steps]


def _db_factors(problem: Problem, cell: Cell, steps: Steps) -> tuple[str, None, Array]:
    """`dZ[..., i_c]` at every place."""
    return "", None, problem.dZ[..., cell[0]].reshape(-1)


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


def _public(geometry: Geometry, i_n: int, cell: Cell) -> Cell:
    """With the sample in front where there is a batch axis."""
    return cell if geometry.batch is None else (i_n, *cell)
