"""Faces: the 2-D slices through which a tensor is seen, and the way back to its indices."""

from __future__ import annotations

import numpy as np

from convstep.frozen import frozen
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Region

Fixed = tuple[int | None, ...]
"""One entry per axis: a number where the axis is held fixed, None where the face runs along it."""


@frozen(eq=False)
class Face:
    """A 2-D view into a tensor; rows and columns are its own axes, one that lacks has a single place."""

    name: str
    """The tensor's name, e.g. "dA_prev_pad"."""
    values: Array
    """The slice, `(rows, columns)`, a view of the live tensor."""
    fixed: Fixed
    """Which axes are held and which are seen."""
    lengths: tuple[int, ...]
    """The tensor's shape."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.values.shape
        return int(rows), int(columns)

    @property
    def label(self) -> str:
        """As NumPy writes it: `dA_prev_pad[:, :, 0]`, `db`; `W[2]` for `(4, 3, 3, 1)` kernels.

        A held last axis of length 1 is left out where another axis is held, trailing colons always.
        """
        return self._written([":" if held is None else str(held) for held in self.fixed])

    def part(self, region: Region, *, held: bool = True) -> str:
        """The cells of a region on this face: `dA_prev_pad[4:7, 2:5, 0]`, or without the 0 if not `held`."""
        entries = []
        for seen, part in zip(self.fixed, self.region(region), strict=True):
            if isinstance(part, slice):
                entries.append(_slice_text(part) if seen is None else str(seen) if held else ":")
            else:
                entries.append(str(part))
        return self._written(entries)

    def region(self, region: Region) -> Region:
        """A region with an entry for every axis."""
        return (*region, *[slice(None)] * (len(self.fixed) - len(region)))

    def _written(self, entries: list[str]) -> str:
        if self.fixed and None not in (self.fixed[0], self.fixed[-1]) and self.lengths[-1] == 1:
            entries.pop()
        while entries and entries[-1] == ":":
            entries.pop()
        return f"{self.name}[{', '.join(entries)}]" if entries else self.name

    def index(self, row: int, column: int) -> tuple[int, ...]:
        """The tensor index of one cell of the face."""
        seen = iter((row, column))
        return tuple(next(seen) if held is None else held for held in self.fixed)

    def find(self, index: tuple[int, ...]) -> tuple[int, int] | None:
        """The row and column of a tensor index, None if it is on another face."""
        if len(index) != len(self.fixed):
            return None
        seen = []
        for held, at in zip(self.fixed, index, strict=True):
            if held is None:
                seen.append(at)
            elif held != at:
                return None
        row, column = *seen, *[0] * (2 - len(seen))
        return row, column

    def cell(self, row: int, column: int) -> str:
        """One cell as NumPy writes it: `dA_prev_pad[4, 2, 0]`."""
        return cell_text(self.name, self.index(row, column)) if self.fixed else self.name


def face(name: str, tensor: Array, fixed: Fixed) -> Face:
    """Look at a tensor of any rank with some axes held; a view is taken, nothing is copied.

    At most two entries of `fixed`, one per axis, are None. A single free axis is seen as a column, none as a
    single cell.

    >>> import numpy as np
    >>> dZ = np.arange(24.0).reshape(3, 4, 2)
    >>> seen = face("dZ", dZ, (None, None, 1))
    >>> seen.label, seen.values.shape, seen.cell(2, 3)
    ('dZ[:, :, 1]', (3, 4), 'dZ[2, 3, 1]')
    """
    # with the dots a view is taken of a single cell, too
    taken = tensor[(*(slice(None) if held is None else held for held in fixed), ...)]
    seen = taken.reshape(1, 1) if taken.ndim == 0 else taken if taken.ndim == 2 else taken[:, np.newaxis]
    return Face(name, seen, fixed, tensor.shape)


def _slice_text(part: slice) -> str:
    """`4:7`, `4:9:2` with a step, `:` for all of an axis, `-` for nothing of it."""
    if part.start is None:
        return ":"
    if part.start == part.stop:
        return "-"
    stop = "" if part.stop is None else part.stop
    return f"{part.start}:{stop}" + (f":{part.step}" if part.step not in (None, 1) else "")
