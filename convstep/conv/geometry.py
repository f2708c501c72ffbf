"""Where every window of a convolution lies, and which steps touch a cell.

Everything here is index arithmetic on a handful of integers; no array is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from convstep.brief import brief
from convstep.frozen import NamedTuple, frozen
from convstep.steps.nest import Nest

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]
Window = tuple[int, slice, slice, slice]
"""Sample, rows, columns and channels of a padded array."""


class StepIndex(NamedTuple):
    """One iteration of the loop, outermost index first."""

    i_n: int
    """Sample, 0 when there is no batch axis."""
    i_h: int
    """Output row."""
    i_w: int
    """Output column."""
    i_c: int
    """Output channel."""


@frozen()
class Geometry:
    """The integers of one convolution, already validated by `Problem`."""

    batch: int | None
    """Samples, or None when the arrays have no batch axis."""
    input_shape: tuple[int, int, int]
    """`(H, W, C_in)` of one sample of `A_prev`."""
    kernel_shape: tuple[int, int, int, int]
    """`(C_out, F_h, F_w, C_in // groups)` of `W`."""
    stride: Pair
    """`(s_h, s_w)`."""
    padding: Padding
    """`((top, bottom), (left, right))`."""
    dilation: Pair
    """`(d_h, d_w)`."""
    groups: int
    """Channel groups; input and output channels divide by it."""

    __repr__ = brief

    @property
    def samples(self) -> int:
        """How often the loop over `i_n` runs: 1 without a batch axis."""
        return 1 if self.batch is None else self.batch

    @property
    def lead(self) -> tuple[int, ...]:
        """What shapes begin with: the samples; nothing without a batch axis."""
        return () if self.batch is None else (self.batch,)

    def batched(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An image or a gradient with a batch axis, whether it has one or not; a view."""
        return array if self.batch is not None else array[None]

    @property
    def padded_shape(self) -> tuple[int, int, int]:
        """`(H + top + bottom, W + left + right, C_in)` of one padded sample."""
        (top, bottom), (left, right) = self.padding
        height, width, channels = self.input_shape
        return height + top + bottom, width + left + right, channels

    @property
    def reach(self) -> Pair:
        """Rows and columns one window spans, its dilation gaps included: `d * (F - 1) + 1`."""
        _, f_h, f_w, _ = self.kernel_shape
        return self.dilation[0] * (f_h - 1) + 1, self.dilation[1] * (f_w - 1) + 1

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """`(H_out, W_out, C_out)` of one sample of `dZ`: `(H + p - reach) // s + 1`, as `torch.nn.Conv2d`."""
        (h_pad, w_pad, _), (r_h, r_w), (s_h, s_w) = self.padded_shape, self.reach, self.stride
        return (h_pad - r_h) // s_h + 1, (w_pad - r_w) // s_w + 1, self.kernel_shape[0]

    @property
    def crop(self) -> tuple[slice, slice]:
        """Rows and columns of the padded array that are the input; `[p:-p]` would be empty where p is 0."""
        (top, _), (left, _) = self.padding
        height, width, _ = self.input_shape
        return slice(top, top + height), slice(left, left + width)

    @property
    def remainder(self) -> Pair:
        """Rows and columns at the bottom and right edge of the padded input that no window reaches."""
        h_pad, w_pad, _ = self.padded_shape
        return (h_pad - self.reach[0]) % self.stride[0], (w_pad - self.reach[1]) % self.stride[1]

    @property
    def total_steps(self) -> int:
        """Iterations of the whole loop: `N * H_out * W_out * C_out`."""
        h_out, w_out, c_out = self.output_shape
        return self.samples * h_out * w_out * c_out

    @property
    def nest(self) -> Nest:
        """The four loops; the one over the samples is silent without a batch axis."""
        return Nest(StepIndex._fields, (self.samples, *self.output_shape), silent=int(self.batch is None))

    def step_at(self, index: StepIndex) -> int:
        """The step number of a loop index, counted from 0."""
        h_out, w_out, c_out = self.output_shape
        i_n, i_h, i_w, i_c = index
        return ((i_n * h_out + i_h) * w_out + i_w) * c_out + i_c

    def index_at(self, step: int) -> StepIndex:
        """The loop index of a step number; the inverse of `step_at`."""
        h_out, w_out, c_out = self.output_shape
        rest, i_c = divmod(step, c_out)
        rest, i_w = divmod(rest, w_out)
        i_n, i_h = divmod(rest, h_out)
        return StepIndex(i_n, i_h, i_w, i_c)

    def place_of(self, step: int) -> tuple[int, ...]:
        """The same as people write it: without the sample where there is no batch axis."""
        index = self.index_at(step)
        return tuple(index if self.batch is not None else index[1:])

    def rows(self, i_h: int) -> slice:
        """Rows of the padded input that output row `i_h` looks at."""
        start = i_h * self.stride[0]
        return slice(start, start + self.reach[0], self.dilation[0])

    def columns(self, i_w: int) -> slice:
        """Columns of the padded input that output column `i_w` looks at."""
        start = i_w * self.stride[1]
        return slice(start, start + self.reach[1], self.dilation[1])

    def tap(self, k_h: int, k_w: int) -> tuple[slice, slice]:
        """Rows and columns of the padded input that lie under one cell of the kernel, window by window."""
        (s_h, s_w), (d_h, d_w) = self.stride, self.dilation
        (top, left), (h_out, w_out, _) = (k_h * d_h, k_w * d_w), self.output_shape
        return slice(top, top + (h_out - 1) * s_h + 1, s_h), slice(left, left + (w_out - 1) * s_w + 1, s_w)

    def channels(self, i_c: int) -> slice:
        """Input channels that output channel `i_c` looks at: all of its group."""
        c_out, _, _, c_k = self.kernel_shape
        group = i_c // (c_out // self.groups)
        return slice(group * c_k, (group + 1) * c_k)

    def window(self, index: StepIndex) -> Window:
        """Where one step reads `A_prev_pad` and writes `dA_prev_pad`, batch axis included."""
        i_n, i_h, i_w, i_c = index
        return i_n, self.rows(i_h), self.columns(i_w), self.channels(i_c)

    def output_channels(self, channel: int) -> range:
        """The output channels that look at input channel `channel`: all of its group."""
        c_out, _, _, c_k = self.kernel_shape
        per_group = c_out // self.groups
        group = channel // c_k
        return range(group * per_group, (group + 1) * per_group)

    def steps_touching_padded(self, i_n: int, row: int, column: int, channel: int) -> list[int]:
        """Steps whose window covers a cell of `A_prev_pad`, ascending, by `i_h * s_h + k_h * d_h = row`."""
        h_out, w_out, _ = self.output_shape
        _, f_h, f_w, _ = self.kernel_shape
        rows = _covering(row, f_h, self.stride[0], self.dilation[0], h_out)
        columns = _covering(column, f_w, self.stride[1], self.dilation[1], w_out)
        return [
            self.step_at(StepIndex(i_n, i_h, i_w, i_c))
            for i_h in rows
            for i_w in columns
            for i_c in self.output_channels(channel)
        ]

    def steps_touching(self, gradient: str, cell: Sequence[int]) -> Sequence[int]:
        """Steps that add to a cell of "dW", "db" or "dA_prev_pad", its batch axis included, ascending."""
        if gradient != "dA_prev_pad":
            return self.steps_touching_filter(cell[0])
        i_n, row, column, channel = (*(0,) * (4 - len(cell)), *cell)
        return self.steps_touching_padded(i_n, row, column, channel)

    def steps_touching_filter(self, i_c: int) -> Sequence[int]:
        """Steps that add to any cell of `dW[i_c]`, and to `db[i_c]`, ascending."""
        return range(i_c, self.total_steps, self.kernel_shape[0])


def _covering(position: int, taps: int, stride: int, dilation: int, windows: int) -> list[int]:
    """Window numbers, ascending, with a tap on `position` along one axis."""
    found = []
    for tap in range(taps - 1, -1, -1):  # the last tap belongs to the earliest window
        window, off = divmod(position - tap * dilation, stride)
        if off == 0 and 0 <= window < windows:
            found.append(window)
    return found
