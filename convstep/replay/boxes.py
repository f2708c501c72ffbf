"""Part of a loop nest, as an ascending sequence of flat numbers that is never written out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from convstep.conv.geometry import Geometry


class Box(Sequence[int]):
    """The numbers of a box of loop indices within the whole nest, ascending.

    >>> list(Box((range(0, 2), range(1, 3)), (2, 3)))
    [1, 2, 4, 5]
    """

    def __init__(self, ranges: Sequence[range], counts: Sequence[int]) -> None:
        """Describe the box.

        Args:
            ranges: which values of each index, outermost first.
            counts: how many values each index has in the whole nest.
        """
        self.ranges = tuple(ranges)
        """Which values of each index, outermost first."""
        self.counts = tuple(counts)
        """How many values each index has in the whole nest."""
        self._size = math.prod(len(values) for values in self.ranges)

    def __len__(self) -> int:
        """How many numbers are in the box."""
        return self._size

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Box: ...
    def __getitem__(self, place: int | slice) -> int | Box:
        """The number at a place in the ascending order; slices are not supported."""
        if isinstance(place, slice):
            raise TypeError("a box has no slices; use numbers(first, last)")
        if not -self._size <= place < self._size:
            raise IndexError(f"place {place} does not exist; there are {self._size}")
        return int(self._number(place % self._size))

    def numbers(self, first: int, last: int) -> npt.NDArray[Any]:
        """The numbers at the places `first … last - 1`, `(last - first,)`."""
        found: npt.NDArray[Any] = np.asarray(self._number(np.arange(first, last)))
        return found

    def _number(self, place: Any) -> Any:
        """From a place in the box, or an array of them, to the number in the nest."""
        number: Any = 0
        weight = 1
        for values, count in zip(reversed(self.ranges), reversed(self.counts), strict=True):
            place, offset = place // max(len(values), 1), place % max(len(values), 1)
            number = number + (offset + values.start) * weight
            weight *= count
        return number


def loop_counts(geometry: Geometry) -> tuple[int, int, int, int]:
    """How often each loop runs: `i_n, i_h, i_w, i_c`."""
    h_out, w_out, c_out = geometry.output_shape
    return geometry.samples, h_out, w_out, c_out
