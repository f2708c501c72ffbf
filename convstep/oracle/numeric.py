"""Central differences: the gradients of `L = sum(Z * dZ)` from the forward pass alone.

L is linear in every single cell, so at x + h and x - h there is no truncation error, only rounding, which
shrinks as h grows: h is a power of two (division by 2h is exact) no smaller than 1 and the array's largest
value. Only what a cell can reach is evaluated. Nothing here uses the loop, torch, or the index arithmetic of
`conv.geometry` beyond the output's shape.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from convstep.brief import brief
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.oracle.expectation import Expectation, Expected, absolute_problem, dZ_until
from convstep.oracle.tolerance import SAFETY
from convstep.steps.cells import Array

SEED = 20240
"""Fixed: two runs check the same cells."""


def sample_cells(shape: tuple[int, ...], count: int) -> tuple[Array, ...]:
    """At most `count` cells of an array, an array of indices per axis: corners, edges, then the rest."""
    size = int(np.prod(shape))
    if count >= size:
        return np.unravel_index(np.arange(size), shape)
    random = np.random.default_rng(SEED)
    corners = np.array(list(itertools.product(*({0, length - 1} for length in shape))))
    chosen = {int(cell) for cell in np.ravel_multi_index(tuple(corners.T), shape)[:count]}
    drawn = random.integers(0, shape, (4 * count, len(shape)))
    edges = np.arange(0, len(drawn), 2)
    axes = random.integers(0, len(shape), len(edges))
    drawn[edges, axes] = random.integers(0, 2, len(edges)) * (np.array(shape)[axes] - 1)
    for cell in np.ravel_multi_index(tuple(drawn.T), shape):
        if len(chosen) == count:
            break
        chosen.add(int(cell))
    return np.unravel_index(np.array(sorted(chosen)), shape)


NAME = "central differences"

SLACK = "16·eps64·√m·T/h (rounding of the differences: m products of total magnitude T, step h)"
"""What a difference itself may be off."""

MULTIPLY_ADDS = 200_000_000
"""Budget for one gradient; with Python's share about half a second. At least one cell is checked."""

CALLS = 100_000
"""Budget of array operations for one gradient, which is what small problems cost."""

EPS = float(np.finfo(np.float64).eps)


@frozen(eq=False)
class SampledGradient:
    """Some cells of one gradient by central differences; the arrays run along the cells."""

    shape: tuple[int, ...]
    """Of the whole gradient."""
    cells: tuple[Array, ...]
    """One array of indices per axis, as NumPy's fancy indexing takes them."""
    values: Array
    """float64: the derivatives; NaN or inf where the data is not finite."""
    magnitude: Array
    """float64: S, the sum of the absolute contributions."""
    slack: Array
    """float64: how far rounding may have moved `values`."""

    __repr__ = brief


class NumericOracle:
    """Central differences; a fixed random sample of the cells when there are too many."""

    def expected(self, problem: Problem, position: int) -> Expectation:
        """The derivatives after the first `position` steps; cells without a finite one are left out."""
        found = central_differences(problem, position)
        return Expectation(tr(NAME), {name: _spread(gradient) for name, gradient in found.items()}, tr(SLACK))


def central_differences(problem: Problem, position: int | None = None) -> dict[str, SampledGradient]:
    """The gradients of `sum(Z * dZ)` in float64 by the forward pass alone: "dW", "db" if any, "dA_prev".

    Only the first `position` steps count, by zeroing the rest of `dZ`; None is all.
    """
    reached = problem.total_steps if position is None else position
    loss = _Loss(problem, dZ_until(problem, reached))
    absolute = absolute_problem(problem, reached)
    sizes = _Loss(absolute, absolute.dZ)
    shapes: dict[str, tuple[int, ...]] = {"dW": problem.W.shape}
    if problem.b is not None:
        shapes["db"] = problem.b.shape
    shapes["dA_prev"] = (problem.geometry.samples, *problem.geometry.input_shape)
    found = {}
    with quiet():
        for name, shape in shapes.items():
            cells = sample_cells(shape, loss.affordable(name))
            found[name] = _differences(name, shape, cells, loss, sizes)
    if problem.geometry.batch is None:
        whole = found["dA_prev"]
        found["dA_prev"] = replace(whole, shape=whole.shape[1:], cells=whole.cells[1:])
    return found


def _differences(
    name: str, shape: tuple[int, ...], cells: tuple[Array, ...], loss: _Loss, sizes: _Loss
) -> SampledGradient:
    """L on both sides of every cell; the same on absolute values says how large the terms are."""
    h = loss.step(name)
    above, below, magnitude, extent = np.array(
        [
            (
                loss.near(name, cell, h),
                loss.near(name, cell, -h),
                sizes.near(name, cell, 1.0, others=0.0),
                sizes.near(name, cell, h),
            )
            for cell in zip(*cells, strict=True)
        ]
    ).T
    slack = SAFETY * math.sqrt(loss.terms(name)) * EPS * extent / h
    return SampledGradient(shape, cells, (above - below) / (2 * h), magnitude, slack)


class _Axis(NamedTuple):
    """Along one axis: the windows that cover a position."""

    windows: Array
    """Their numbers, `(k,)`."""
    taps: Array
    """Where each of their taps lies, `(k, F)`."""
    hits: Array
    """Which of these taps lies on the position, `(k, F)`."""


class _Loss:
    """`sum(Z * dZ)` as far as one cell can reach, by a vectorised float64 forward pass."""

    def __init__(self, problem: Problem, dZ: Array) -> None:
        """Lay the arrays out channel by channel, so that the plane of a channel is contiguous."""
        geometry = problem.geometry
        A_prev_pad = problem.A_prev_pad.reshape(geometry.samples, *geometry.padded_shape)
        dZ = dZ.reshape(geometry.samples, *geometry.output_shape)
        self.A_prev_pad = np.array(np.moveaxis(A_prev_pad, -1, 0), np.float64, order="C")
        self.dZ = np.array(np.moveaxis(dZ, -1, 0), np.float64, order="C")
        self.W = problem.W.astype(np.float64)
        self.b = None if problem.b is None else problem.b.astype(np.float64)
        self.origin = geometry.padding[0][0], geometry.padding[1][0]
        self.stride, self.dilation, self.groups = geometry.stride, geometry.dilation, geometry.groups
        self.outputs_per_group = len(self.W) // geometry.groups

    def step(self, name: str) -> float:
        """h: a power of two, at least 1 and at least the largest value of the array."""
        array = {"dW": self.W, "db": self.b, "dA_prev": self.A_prev_pad}[name]
        assert array is not None
        largest = float(np.max(np.abs(array), initial=1.0, where=np.isfinite(array)))
        return 2.0 ** min(math.frexp(largest)[1], 1000)

    def terms(self, name: str) -> int:
        """How many products one evaluation adds up, at most."""
        taps = math.prod(self.W.shape[1:3])
        outputs, touched = int(self.dZ[0].size), self.outputs_per_group * taps
        counts = {"dW": outputs * taps, "db": outputs, "dA_prev": touched * taps}
        return counts[name]

    def affordable(self, name: str) -> int:
        """How many cells the budgets allow, at least one; a cell takes four evaluations."""
        calls = {"dW": 2 * math.prod(self.W.shape[1:3]), "db": 3, "dA_prev": 25}[name]
        return max(1, min(MULTIPLY_ADDS // (4 * self.terms(name)), CALLS // (4 * calls)))

    def near(self, name: str, cell: tuple[int, ...], h: float, others: float = 1.0) -> float:
        """L with h added to one cell and the rest of its array times `others`, as far as it reaches."""
        evaluate = {"dW": self._near_weight, "db": self._near_bias, "dA_prev": self._near_input}[name]
        return evaluate(cell, h, others)

    def _near_weight(self, cell: tuple[int, ...], h: float, others: float) -> float:
        """A weight reaches every output of its channel, through one input channel."""
        i_c, k_h, k_w, c = cell
        kernel = self.W[i_c, :, :, c] * others
        kernel[k_h, k_w] += h
        x = self.A_prev_pad[i_c // self.outputs_per_group * self.W.shape[3] + c]
        (s_h, s_w), (d_h, d_w) = self.stride, self.dilation
        dZ = self.dZ[i_c]
        _, h_out, w_out = dZ.shape
        Z = np.zeros_like(dZ)
        for (i, j), weight in np.ndenumerate(kernel):
            top, left = i * d_h, j * d_w
            Z += weight * x[:, top : top + h_out * s_h : s_h, left : left + w_out * s_w : s_w]
        return float(np.sum(Z * dZ))

    def _near_bias(self, cell: tuple[int, ...], h: float, others: float) -> float:
        """A bias reaches every output of its channel, and nothing else in them depends on it."""
        assert self.b is not None
        (i_c,) = cell
        return float(np.sum((self.b[i_c] * others + h) * self.dZ[i_c]))

    def _near_input(self, cell: tuple[int, ...], h: float, others: float) -> float:
        """An input reaches the windows that cover it, in the output channels of its group."""
        i_n, row, column, channel = cell
        _, f_h, f_w, c_k = self.W.shape
        group, c = divmod(channel, c_k)
        of_group = slice(group * self.outputs_per_group, (group + 1) * self.outputs_per_group)
        rows, columns = self._axis(0, row, f_h), self._axis(1, column, f_w)
        x = self.A_prev_pad[channel, i_n]
        windows = x[rows.taps[:, None, :, None], columns.taps[None, :, None, :]] * others
        windows += h * (rows.hits[:, None, :, None] & columns.hits[None, :, None, :])
        kernels = self.W[of_group, :, :, c].reshape(self.outputs_per_group, f_h * f_w)
        Z = kernels @ windows.reshape(-1, f_h * f_w).T
        dZ = self.dZ[of_group, i_n][:, rows.windows[:, None], columns.windows]
        return float(np.sum(Z * dZ.reshape(Z.shape)))

    def _axis(self, axis: int, position: int, taps: int) -> _Axis:
        """The windows that cover a row (axis 0) or a column (axis 1) of `A_prev`."""
        windows = np.arange(self.dZ.shape[2 + axis])
        at = windows[:, None] * self.stride[axis] + np.arange(taps) * self.dilation[axis]
        hits = at == position + self.origin[axis]
        covering = hits.any(axis=1)
        return _Axis(windows[covering], at[covering], hits[covering])


def _spread(gradient: SampledGradient) -> Expected:
    """The sampled cells in arrays of the whole shape; those without a finite derivative left out."""
    usable = np.isfinite(gradient.values) & np.isfinite(gradient.slack) & np.isfinite(gradient.magnitude)
    cells = tuple(indices[usable] for indices in gradient.cells)
    values, checked = np.full(gradient.shape, np.nan), np.zeros(gradient.shape, np.bool_)
    magnitude, slack = np.zeros(gradient.shape), np.zeros(gradient.shape)
    values[cells] = gradient.values[usable]
    magnitude[cells] = gradient.magnitude[usable]
    slack[cells] = gradient.slack[usable]
    checked[cells] = True
    return Expected(values, magnitude, slack, checked)
