"""dA_prev as a flawed backward computes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs import rounding
from convstep.candidate.diagnose.known_bugs.cropping import Buffer, cropped, refitted
from convstep.candidate.diagnose.known_bugs.flawed_kernel import permuted
from convstep.candidate.diagnose.known_bugs.mistakes import Channels, Mistakes, Samples
from convstep.candidate.diagnose.known_bugs.places import Indices, Places, channels_seen, window_axis
from convstep.candidate.diagnose.known_bugs.upstream import Upstream, upstream
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]


def flawed_dA_prev(problem: Problem, mistakes: Mistakes, position: int | None = None) -> Array:
    """dA_prev, in the shape of `A_prev` unless a mistake gives it another.

    Args:
        problem: any geometry.
        mistakes: what is done wrong.
        position: after how many steps; None for all.

    Raises:
        IndexError: a place of `dZ` that does not exist.
        ValueError: windows cut by the border, or a crop of another shape than it is assigned to.
    """
    source = upstream(problem, mistakes, position)
    where = source.places
    W = permuted(problem.W.astype(np.float64), mistakes.taps)
    if W.shape[1:3] != where.kernel:
        raise ValueError("operands could not be broadcast together: window and kernel differ in shape")
    if mistakes.channels in ("kernel-first", "kernel-last"):
        alone = W[:1] if mistakes.channels == "kernel-first" else W[-1:]
        W = np.repeat(alone, len(W), axis=0)
    windows = _Windows.of(problem, mistakes, where)
    rounded = rounding.of_steps(problem, mistakes, "dA_prev")
    if mistakes.write == "step" or (rounded == "step" and not mistakes.write):
        total = _in_order(windows, _steps(source, W, windows, problem, mistakes), mistakes, rounded)
    else:
        total = _by_place(source, W, windows, problem, mistakes, rounded)
    buffer = Buffer(
        _of_channel(_of_samples(total, mistakes.samples), mistakes.channels), where.padding, problem.geometry
    )
    dA: Array = refitted(cropped(buffer, mistakes), problem.geometry, mistakes.refit)
    if mistakes.samples in ("first-alone", "last-alone") and len(dA):
        dA = dA[0 if mistakes.samples == "first-alone" else -1]
    elif problem.geometry.batch is None and len(dA) == 1:
        dA = dA[0]
    return dA


class _Windows(NamedTuple):
    """The cells of `dA_prev_pad` that every place writes."""

    cells: Indices
    """Numbers of rows times columns, `(P, F_h, F_w)`; `spare` for those that do not exist."""
    size: tuple[int, int]
    """Rows and columns of the buffer."""
    spare: int
    """The number of a cell that is thrown away."""
    channels: int
    """C_in."""
    samples: int
    """N."""

    @classmethod
    def of(cls, problem: Problem, mistakes: Mistakes, where: Places) -> _Windows:
        """Number the cells; raises where `dA[window] += kernel * dz` does."""
        size = where.reached if mistakes.buffer == "reached" else where.size
        if mistakes.swapped == "sizes":
            size = size[1], size[0]
        axes = []
        for starts, taps, d, extent in zip(
            (where.row, where.column), where.kernel, where.dilation, size, strict=True
        ):
            cells, exist = window_axis(starts, taps, d, extent)
            if mistakes.by_index and (exist < taps).any():
                raise IndexError(f"index {extent} is out of bounds for an axis with size {extent}")
            # one tap is broadcast to whatever the window has left, were it nothing
            if not mistakes.cut and taps > 1 and (exist < taps).any():
                raise ValueError("operands could not be broadcast together: a window is cut by the border")
            axes.append(cells)
        rows, columns = axes[0][:, :, np.newaxis], axes[1][:, np.newaxis, :]
        cells = rows * size[1] + columns
        spare = size[0] * size[1]
        outside = (rows >= size[0]) | (columns >= size[1])
        if outside.any():
            cells[outside] = spare
        geometry = problem.geometry
        return cls(cells, size, spare, geometry.input_shape[2], geometry.samples)

    def numbers(self) -> Indices:
        """The flat number of every cell and channel written, `(N, P, F_h, F_w, C_in)`."""
        per_sample = (self.spare + 1) * self.channels
        sample = np.arange(self.samples)[:, np.newaxis, np.newaxis, np.newaxis, np.newaxis] * per_sample
        return sample + (self.cells[..., np.newaxis] * self.channels + np.arange(self.channels))

    def array(self, flat: Array) -> Array:
        """The flat buffer as `(N, rows, columns, C_in)`, without the spare cell."""
        return flat.reshape(self.samples, self.spare + 1, self.channels)[:, :-1].reshape(
            self.samples, *self.size, self.channels
        )

    @property
    def length(self) -> int:
        """Length of the flat buffer."""
        return self.samples * (self.spare + 1) * self.channels


class _Writes(NamedTuple):
    """Things written one after the other."""

    numbers: Indices
    """Where, `(S, …)`."""
    values: Array
    """What, `(S, …)`."""


def _by_place(
    source: Upstream, W: Array, windows: _Windows, problem: Problem, mistakes: Mistakes, rounded: str
) -> Array:
    """Every place adds (or writes) the sum of its channels at once."""
    dz = source.by_place
    n, p, c_out = dz.shape
    seen = channels_seen(problem.geometry, mistakes.groups)
    dense = W
    if seen.shape[1] != windows.channels:
        dense = np.zeros((*W.shape[:3], windows.channels))
        index = np.broadcast_to(seen[:, np.newaxis, np.newaxis], W.shape)
        np.put_along_axis(dense, index, W, axis=-1)
    values = (dz.reshape(n * p, c_out) @ dense.reshape(c_out, -1)).reshape(n, p, *dense.shape[1:])
    numbers = windows.numbers()
    if not mistakes.write and not rounded:
        flat = np.bincount(numbers.ravel(), values.ravel(), windows.length)
        return windows.array(flat)
    if mistakes.write == "tap":
        writes = _Writes(np.moveaxis(numbers, (2, 3), (0, 1)), np.moveaxis(values, (2, 3), (0, 1)))
    else:
        shape = (n * p, *dense.shape[1:])
        writes = _Writes(numbers.reshape(shape), values.reshape(shape))
        if source.executed is not None:
            begun = source.executed.any(axis=-1).ravel()
            writes = _Writes(writes.numbers[begun], writes.values[begun])
    return _in_order(windows, writes, mistakes, rounded)


def _steps(source: Upstream, W: Array, windows: _Windows, problem: Problem, mistakes: Mistakes) -> _Writes:
    """What every step writes, in the article's order, `(S, F_h, F_w, C_k)`."""
    seen = channels_seen(problem.geometry, mistakes.groups)
    values = source.dz[..., np.newaxis, np.newaxis, np.newaxis] * W
    numbers = np.moveaxis(windows.numbers()[..., seen], 4, 2)
    shape = (-1, *W.shape[1:])
    writes = _Writes(numbers.reshape(shape), values.reshape(shape))
    if source.executed is None:
        return writes
    done = source.executed.ravel()
    return _Writes(writes.numbers[done], writes.values[done])


def _in_order(windows: _Windows, writes: _Writes, mistakes: Mistakes, rounded: str) -> Array:
    """Write one after the other, or add and lose the fraction every time."""
    flat = np.zeros(windows.length)
    if mistakes.write:
        # NumPy promises that of several values for one cell the last one stays
        flat[writes.numbers.ravel()] = rounding.cut(writes.values, rounded).ravel()
        return windows.array(flat)
    for numbers, values in zip(writes.numbers, writes.values, strict=True):
        flat[numbers] = rounding.cut(flat[numbers] + values, rounded)
    return windows.array(flat)


def _of_samples(total: Array, samples: Samples) -> Array:
    """The whole batch's sum in one sample or in every one."""
    if samples not in ("into-first", "into-last", "into-every"):
        return total
    alone = np.zeros_like(total)
    at = {"into-first": slice(0, 1), "into-last": slice(-1, None), "into-every": slice(None)}[samples]
    alone[at] = total.sum(axis=0)
    return alone


def _of_channel(total: Array, channels: Channels) -> Array:
    """One input channel alone."""
    if channels not in ("input-first", "input-last"):
        return total
    at = 0 if channels == "input-first" else -1
    alone = np.zeros_like(total)
    alone[..., at] = total[..., at]
    return alone
