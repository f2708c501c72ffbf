"""Where the windows of a flawed backward lie, and which upstream values it takes for them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs.mistakes import (
    Dilation,
    DzIndex,
    Loops,
    Mistakes,
    PaddingUsed,
    Stride,
    Swapped,
)
from convstep.conv.geometry import Geometry, Padding, Pair

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.intp]


class Layout(NamedTuple):
    """The mistakes that decide where windows lie."""

    stride: Stride
    """See `Mistakes`."""
    swapped: Swapped
    """See `Mistakes`."""
    loops: Loops
    """See `Mistakes`."""
    dz_index: DzIndex
    """See `Mistakes`."""
    dilation: Dilation
    """See `Mistakes`."""
    padding: PaddingUsed
    """See `Mistakes`."""

    @classmethod
    def of(cls, mistakes: Mistakes) -> Layout:
        """The part of a backward's mistakes that matters here."""
        return cls(
            mistakes.stride,
            mistakes.swapped,
            mistakes.loops,
            mistakes.dz_index,
            mistakes.dilation,
            mistakes.padding,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places a flawed backward visits, in its loops' order, `i_h` outside `i_w`."""

    shape: Pair
    """How many rows and columns of places there are."""
    i_h: Indices
    """The loop's `i_h` of every place, `(P,)`."""
    i_w: Indices
    """The loop's `i_w` of every place, `(P,)`."""
    dz_h: Indices
    """The row of `dZ` it takes, `(P,)`."""
    dz_w: Indices
    """The column of `dZ` it takes, `(P,)`."""
    row: Indices
    """The first row of the window, `(P,)`."""
    column: Indices
    """The first column of the window, `(P,)`."""
    kernel: Pair
    """Taps of the window along H and W."""
    dilation: Pair
    """Distance of the taps."""
    padding: Padding
    """Padding of the array that windows lie in."""
    size: Pair
    """Rows and columns of that array."""

    @property
    def reached(self) -> Pair:
        """Rows and columns up to the end of the last window."""
        ends = [
            int(start.max(initial=0)) + d * (f - 1) + 1
            for start, d, f in zip((self.row, self.column), self.dilation, self.kernel, strict=True)
        ]
        return ends[0], ends[1]


@functools.lru_cache(maxsize=2048)
def places(geometry: Geometry, layout: Layout) -> Places:
    """Lay out the windows of one geometry with these mistakes.

    Args:
        geometry: the problem's integers.
        layout: the mistakes that matter.
    """
    (s_h, s_w), (f_h, f_w) = _stride(geometry, layout), geometry.kernel_shape[1:3]
    if layout.swapped == "kernel":
        f_h, f_w = f_w, f_h
    d_h, d_w = geometry.dilation
    d_h = 1 if layout.dilation in ("none", "h-none") else d_h
    d_w = 1 if layout.dilation in ("none", "w-none") else d_w
    padding = padding_used(geometry, layout)
    (top, bottom), (left, right) = padding
    rows, columns = _ranges(geometry, layout)
    i_h, i_w = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
    down, across = (i_w, i_h) if layout.swapped in ("window", "window-and-stride") else (i_h, i_w)
    if layout.swapped in ("strides", "window-and-stride"):
        s_h, s_w = s_w, s_h
    dz_h, dz_w = (i_w, i_h) if layout.dz_index in ("transposed", "reshaped") else (i_h, i_w)
    if layout.dz_index.startswith("strided"):
        dz_h, dz_w = dz_h * geometry.stride[0], dz_w * geometry.stride[1]
    height, width, _ = geometry.input_shape
    return Places(
        (len(rows), len(columns)),
        i_h,
        i_w,
        dz_h,
        dz_w,
        down * s_h,
        across * s_w,
        (f_h, f_w),
        (d_h, d_w),
        padding,
        (height + top + bottom, width + left + right),
    )


def padding_used(geometry: Geometry, layout: Layout) -> Padding:
    """The padding of the array that windows lie in."""
    (top, bottom), (left, right) = geometry.padding
    if layout.swapped == "paddings":
        (top, bottom), (left, right) = (left, right), (top, bottom)
    match layout.padding:
        case "0" | "1" | "2":
            p = int(layout.padding)
            return (p, p), (p, p)
        case "+1" | "+1 on H" | "+1 on W":
            h, w = int(layout.padding != "+1 on W"), int(layout.padding != "+1 on H")
        case "+1 where padded":
            h = w = int(top + bottom + left + right > 0)
        case _:
            h = w = 0
    return (top + h, bottom + h), (left + w, right + w)


def _stride(geometry: Geometry, layout: Layout) -> Pair:
    s_h, s_w = geometry.stride
    match layout.stride:
        case "none":
            return 1, 1
        case "h-none":
            return 1, s_w
        case "w-none":
            return s_h, 1
        case "h-for-both":
            return s_h, s_h
        case "w-for-both":
            return s_w, s_w
        case _:
            return s_h, s_w


def _ranges(geometry: Geometry, layout: Layout) -> tuple[Indices, Indices]:
    """The values that `i_h` and `i_w` run through."""
    h_out, w_out, _ = geometry.output_shape
    height, width, _ = geometry.input_shape
    match layout.swapped:
        case "ranges":
            h_out, w_out = w_out, h_out
        case "h-for-both":
            w_out = h_out
        case "w-for-both":
            h_out = w_out
    first, step, late = (0, 0), (1, 1), layout.loops.partition("-")[2]
    match layout.loops:
        case "input":
            h_out, w_out = height, width
        case "short" | "short-h" | "short-w":
            h_out, w_out = h_out - (late != "w"), w_out - (late != "h")
        case "late" | "late-h" | "late-w":
            first = int(late != "w"), int(late != "h")
        case "input/stride":
            h_out, w_out = height // geometry.stride[0], width // geometry.stride[1]
        case "unpadded":
            h_out = (height - geometry.reach[0]) // geometry.stride[0] + 1
            w_out = (width - geometry.reach[1]) // geometry.stride[1] + 1
        case "every-stride":
            step = geometry.stride
    if layout.dz_index == "strided-guarded":
        h_out, w_out = -(-h_out // geometry.stride[0]), -(-w_out // geometry.stride[1])
    return np.arange(first[0], h_out, step[0]), np.arange(first[1], w_out, step[1])


@functools.lru_cache(maxsize=1024)
def channels_seen(geometry: Geometry, groups: str) -> Indices:
    """The input channels of every filter, `(C_out, C_k)`."""
    c_out, _, _, c_k = geometry.kernel_shape
    i_c, k = np.arange(c_out)[:, np.newaxis], np.arange(c_k)
    group = i_c // (c_out // geometry.groups)
    match groups:
        case "offset-0":
            return 0 * i_c + k
        case "interleaved":
            return group + k * geometry.groups
        case "modulo":
            return i_c % geometry.groups * c_k + k
        case "offset-unscaled":
            return group + k
        case _:
            return group * c_k + k


def window_axis(starts: Indices, taps: int, dilation: int, size: int) -> tuple[Indices, Indices]:
    """Cells of every window along one axis, `(P, taps)`, and how many of them exist, `(P,)`."""
    cells = starts[:, np.newaxis] + np.arange(taps) * dilation
    return cells, (cells < size).sum(axis=1)
