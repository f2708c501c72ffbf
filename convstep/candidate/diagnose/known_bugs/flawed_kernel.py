"""dW as a flawed backward computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs import rounding
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes, Taps
from convstep.candidate.diagnose.known_bugs.places import Indices, Places, channels_seen, window_axis
from convstep.candidate.diagnose.known_bugs.upstream import Upstream, upstream
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]


def flawed_dW(problem: Problem, mistakes: Mistakes, position: int | None = None) -> Array:
    """dW, `(C_out, F_h, F_w, C_in // groups)` unless a mistake gives it another shape.

    Args:
        problem: any geometry.
        mistakes: what is done wrong.
        position: after how many steps; None for all.

    Raises:
        IndexError: a place of `dZ` that does not exist.
        ValueError: windows cut by the border that do not fit `dW`.
    """
    source = upstream(problem, mistakes, position)
    dz = source.surviving(mistakes.last)
    windows = _windows(problem, mistakes, source.places)
    seen = channels_seen(problem.geometry, mistakes.groups)
    if mode := rounding.of_steps(problem, mistakes, "dW"):
        dW = _rounded(dz, windows, seen, mode)
    else:
        n, p, c_out = dz.shape
        dense = dz.reshape(n * p, c_out).T @ windows.reshape(n * p, -1)
        dW = _by_filter(dense.reshape(c_out, *windows.shape[2:]), seen)
    return _finished(dW, problem, mistakes, source)


def permuted(kernel: Array, taps: Taps) -> Array:
    """A kernel `(C_out, F_h, F_w, …)` with its taps rotated or exchanged."""
    match taps:
        case "flip":
            return kernel[:, ::-1, ::-1]
        case "flip-h":
            return kernel[:, ::-1]
        case "flip-w":
            return kernel[:, :, ::-1]
        case "transpose":
            return kernel.swapaxes(1, 2)
        case "scramble":
            return kernel.swapaxes(1, 2).reshape(kernel.shape)
        case _:
            return kernel


def read_array(problem: Problem, mistakes: Mistakes, where: Places) -> Array:
    """The array that windows are sliced from, `(N, rows, columns, C_in)`, float64."""
    geometry = problem.geometry
    A = problem.A_prev.reshape(geometry.samples, *geometry.input_shape).astype(np.float64)
    if mistakes.samples == "A-first":
        A = np.repeat(A[:1], len(A), axis=0)
    around = ((0, 0), *where.padding, (0, 0))
    match mistakes.border:
        case "":
            (top, _), (left, _) = where.padding
            padded = np.zeros((len(A), *where.size, A.shape[3]))
            padded[:, top : top + A.shape[1], left : left + A.shape[2]] = A
            return padded
        case "one":
            return np.pad(A, around, constant_values=1)
        case "edge" | "reflect" | "symmetric" | "wrap":
            return np.pad(A, around, mode=mistakes.border)


def _windows(problem: Problem, mistakes: Mistakes, where: Places) -> Array:
    """What every place reads, `(N, P, F_h, F_w, C_in)`."""
    A = read_array(problem, mistakes, where)
    channels = mistakes.channels
    if channels in ("input-first", "input-last"):
        only = np.zeros(A.shape[3])
        only[0 if channels == "input-first" else -1] = 1
        A = A * only
    elif channels == "reads-first":
        A = np.repeat(A[..., :1], A.shape[3], axis=3)
    size, taps = where.size, where.kernel
    if mistakes.buffer == "reached":
        gaps = [
            size[axis] - (where.reached[axis] - (where.kernel[axis] - 1) * where.dilation[axis])
            for axis in (0, 1)
        ]
        taps = gaps[0] // where.dilation[0] + 1, gaps[1] // where.dilation[1] + 1
    elif taps != problem.geometry.kernel_shape[1:3]:
        raise ValueError("could not broadcast the window into dW[i_c]")
    if min(taps) < 0:
        raise ValueError("negative dimensions are not allowed")
    rows, rows_exist = _read_axis(where.row, taps[0], where.dilation[0], size[0], mistakes)
    columns, columns_exist = _read_axis(where.column, taps[1], where.dilation[1], size[1], mistakes)
    cells = rows[:, :, np.newaxis] * size[1] + columns[:, np.newaxis, :]
    windows: Array = A.reshape(len(A), -1, A.shape[3]).take(cells, axis=1)
    if rows_exist is not None:
        windows *= rows_exist[:, :, np.newaxis, np.newaxis]
    if columns_exist is not None:
        windows *= columns_exist[:, np.newaxis, :, np.newaxis]
    return windows


def _read_axis(
    starts: Indices, taps: int, dilation: int, size: int, mistakes: Mistakes
) -> tuple[Indices, Array | None]:
    """Cells that `dW[i_c] += window * dz` reads along one axis; a window of one cell is broadcast."""
    cells, exist = window_axis(starts, taps, dilation, size)
    if not (exist < taps).any():
        return cells, None
    if mistakes.by_index:
        raise IndexError(f"index {size} is out of bounds for an axis with size {size}")
    if mistakes.cut:
        return np.minimum(cells, size - 1), cells < size
    if not ((exist == taps) | (exist == 1)).all():
        raise ValueError("operands could not be broadcast together: a window is cut by the border")
    return np.where(exist[:, np.newaxis] == 1, starts[:, np.newaxis], cells), None


def _by_filter(dense: Array, seen: Indices) -> Array:
    """`(C_out, …, C_in)` to the input channels that each filter looks at, `(C_out, …, C_k)`."""
    if seen.shape[1] == dense.shape[-1]:
        return dense
    index = seen.reshape(len(seen), *(1,) * (dense.ndim - 2), -1)
    return np.take_along_axis(dense, index, axis=-1)


def _rounded(dz: Array, windows: Array, seen: Indices, mode: str) -> Array:
    """The sum over places in the loop's order, its fraction lost after every addition."""
    n, p, c_out = dz.shape
    total = np.zeros((c_out, *windows.shape[2:4], seen.shape[1]))
    for window, values in zip(
        windows.reshape(n * p, *windows.shape[2:]), dz.reshape(n * p, c_out), strict=True
    ):
        products = _by_filter(values.reshape(-1, 1, 1, 1) * window, seen)
        total = rounding.cut(total + products, mode)
    return total


def _finished(dW: Array, problem: Problem, mistakes: Mistakes, source: Upstream) -> Array:
    """Permute taps, gather channels, and fit the shape."""
    dW = permuted(dW, mistakes.taps)
    if mistakes.channels in ("into-first", "into-last"):
        alone = np.zeros_like(dW)
        alone[0 if mistakes.channels == "into-first" else -1] = dW.sum(axis=0)
        dW = alone
    right: Sequence[int] = problem.geometry.kernel_shape[1:3]
    match mistakes.refit:
        case "zeros before" | "rows before":
            return dW[:, -right[0] :, -right[1] :]
        case "zeros after":
            return dW[:, : right[0], : right[1]]
        case "zeros around":
            top, left = (dW.shape[1] - right[0]) // 2, (dW.shape[2] - right[1]) // 2
            return dW[:, top : top + right[0], left : left + right[1]]
        case "assigned":
            fitted = np.zeros(problem.W.shape)
            fitted[...] = dW
            return fitted
        case _:
            return dW
