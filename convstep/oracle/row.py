"""Row: one gradient beside what is expected of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convstep.brief import brief
from convstep.steps.cells import Array

Mask = npt.NDArray[np.bool_]


class Cells:
    """One gradient cell by cell. These are no fields of its row: a table of rows has numbers and words."""

    actual: Array
    """Ours, a copy; in float64 beside a recording where the tolerance says so."""
    expected: Array
    """The oracle's, same shape; NaN where it was not asked."""
    difference: Array
    """float64, same shape: actual - expected; NaN where the oracle was not asked."""
    cells: Mask
    """Same shape: True where the oracle was asked."""
    differs: Mask
    """Same shape: True where a cell lies outside its tolerance."""
    near_zero: bool
    """Whether the gradient cancels so far that no value expected is larger than its tolerance: that it
    matches says little then."""


@dataclass(frozen=True, eq=False)
class Row(Cells):
    """One gradient beside what is expected of it."""

    name: str
    """"dW", "db" or "dA_prev"."""
    shape: tuple[int, ...]
    max_abs_error: float
    """The largest |actual - expected|; inf where NaN or inf stands against another value. A recorded value
    that is wrong although it lies beside ours counts by how far it is from where it should be."""
    max_rel_error: float
    """The largest |actual - expected| / |expected|; where 0 is expected, / S of the tolerance, or
    / the gradient's largest value where the tolerance is counted in that."""
    worst_index: tuple[int, ...]
    """The wrong cell with the largest error in units of its tolerance; if none is wrong, the cell with the
    largest error."""
    ok: bool
    """Whether every cell checked lies within its tolerance."""
    tolerance: float
    """How large the error may be at `worst_index`."""
    checked: int
    """How many of its cells the oracle was asked about."""

    __repr__ = brief

    @property
    def wrong(self) -> int:
        """How many cells lie outside their tolerance."""
        return int(np.count_nonzero(self.differs))

    @property
    def largest_wrong(self) -> tuple[int, ...]:
        """The cell outside its tolerance with the largest difference; NaN and inf count as larger."""
        size = np.abs(self.difference)
        size[~np.isfinite(size)] = np.inf
        found = np.argmax(np.where(self.differs, size, -1.0))
        return tuple(int(i) for i in np.unravel_index(found, self.shape))

    @property
    def actual_value(self) -> float:
        """Ours at `worst_index`."""
        return float(self.actual[self.worst_index])

    @property
    def expected_value(self) -> float:
        """The oracle's at `worst_index`."""
        return float(self.expected[self.worst_index])


def checked_cells(rows: Iterable[Row]) -> tuple[int, int]:
    """How many cells were checked, and how many there are."""
    counts = [(int(row.cells.sum()), row.cells.size) for row in rows]
    return sum(checked for checked, _ in counts), sum(size for _, size in counts)
