"""Provenance: which steps made a cell, with the factors of every contribution and the running sum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.frozen import frozen
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Access, Event
from convstep.steps.nest import Nest

Steps = npt.NDArray[np.int64]
Cell = tuple[int, ...]


@frozen(eq=False)
class Provenance:
    """Every contribution to one cell, in the order of the steps. All arrays have the shape `(n,)`."""

    gradient: str
    """Which array."""
    index: Cell
    """The cell, as an index into that array."""
    steps: Steps
    """The steps that add to the cell, ascending."""
    first_factor: Array | None
    """The first factor of every step; None where what is added is a single number that was read."""
    second_factor: Array
    """The second factor of every step, or that number."""
    product: Array
    """What every step adds."""
    running: Array
    """The cell after every step, with the bits it has in the loop."""
    reason: str
    """Why there is no contribution, one sentence; "" where there is one."""
    nest: Nest
    """The loops around the steps."""
    event: Callable[[int], Event]
    """A step by its number: its place in the loops, what it reads and writes."""

    __repr__ = brief

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def name(self) -> str:
        """The cell by name: `C[1, 0]`."""
        return cell_text(self.gradient, self.index)

    @property
    def first_name(self) -> str:
        """The first factor's array; "" where there is a single number."""
        return self._factors(self.event(0))[0].array if self.first_factor is not None else ""

    @property
    def second_name(self) -> str:
        """The second factor's array."""
        return self._factors(self.event(0))[-1].array

    def first_cell(self, at: int) -> str:
        """The first factor of the contribution `at`, from 0, by name: `A[1, 4]`; "" for a single number."""
        return self._cells(at)[0] if self.first_factor is not None else ""

    def second_cell(self, at: int) -> str:
        """The second factor of the contribution `at`, from 0, by name: `B[4, 0]`."""
        return self._cells(at)[-1]

    def done(self, position: int) -> int:
        """How many of the contributions are made at a position."""
        return int(np.searchsorted(self.steps, position))

    def _cells(self, at: int) -> list[str]:
        """The cells that one contribution is the product of."""
        event = self.event(int(self.steps[at]))
        offset = event.write(self.gradient).offset(self.index)
        return [cell_text(read.array, read.cell(offset)) for read in self._factors(event)]

    def _factors(self, event: Event) -> list[Access]:
        """What a step reads to make what it adds, in the order of the source."""
        return [event.read(name) for name in event.write(self.gradient).text.split(" * ")]
