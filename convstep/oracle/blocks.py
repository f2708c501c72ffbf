"""The steps executed so far, as a few rectangles of `dZ`.

An oracle that works on whole arrays can be asked for each rectangle, and the answers added.
Unlike zeroing the rest of `dZ`, this never multiplies what has not been reached: with inf or NaN
in `A_prev` or `W`, a zero `dz` would already spoil the cells of its window.
"""

from __future__ import annotations

from typing import NamedTuple

from convstep.conv.geometry import Geometry, StepIndex


class Block(NamedTuple):
    """A rectangle of the loop: whole groups, or channels inside one group."""

    samples: range
    """Values of `i_n`."""
    rows: range
    """Values of `i_h`."""
    columns: range
    """Values of `i_w`."""
    channels: range
    """Values of `i_c`."""
    groups: range
    """The channel groups that `channels` belong to."""

    def outputs(self) -> tuple[slice, slice, slice, slice]:
        """The rectangle as an index into `dZ` with a batch axis."""
        samples, rows, columns, channels = map(_slice, self[:4])
        return samples, rows, columns, channels

    def inputs(self, geometry: Geometry) -> tuple[slice, slice, slice, slice]:
        """All that its windows span, as an index into `A_prev_pad` with a batch axis."""
        rows = slice(geometry.rows(self.rows[0]).start, geometry.rows(self.rows[-1]).stop)
        columns = slice(geometry.columns(self.columns[0]).start, geometry.columns(self.columns[-1]).stop)
        first, last = geometry.channels(self.channels[0]), geometry.channels(self.channels[-1])
        return _slice(self.samples), rows, columns, slice(first.start, last.stop)


def executed_blocks(geometry: Geometry, position: int) -> list[Block]:
    """Rectangles that hold the steps before `position`, each of them once.

    At most five: whole samples, whole rows of the sample under way, whole columns of its row,
    whole groups of its cell, channels of its group.
    """
    h_out, w_out, c_out = geometry.output_shape
    i_n, i_h, i_w, i_c = (
        StepIndex(geometry.samples, 0, 0, 0)
        if position == geometry.total_steps
        else geometry.index_at(position)
    )
    per_group = c_out // geometry.groups
    group = i_c // per_group
    all_rows, all_columns, all_channels = range(h_out), range(w_out), range(c_out)
    all_groups = range(geometry.groups)
    sample, row, column = range(i_n, i_n + 1), range(i_h, i_h + 1), range(i_w, i_w + 1)
    candidates = [
        Block(range(i_n), all_rows, all_columns, all_channels, all_groups),
        Block(sample, range(i_h), all_columns, all_channels, all_groups),
        Block(sample, row, range(i_w), all_channels, all_groups),
        Block(sample, row, column, range(group * per_group), range(group)),
        Block(sample, row, column, range(group * per_group, i_c), range(group, group + 1)),
    ]
    return [block for block in candidates if all(block)]


def _slice(numbers: range) -> slice:
    return slice(numbers.start, numbers.stop)
