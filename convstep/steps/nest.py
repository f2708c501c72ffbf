"""Loops one in the other, and parts of them as step numbers that are never written out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, overload

import numpy as np
import numpy.typing as npt

from convstep.frozen import NamedTuple
from convstep.steps.event import Loop


class Box(Sequence[int]):
    """The numbers of a box of loop indices within the whole nest, ascending.

    >>> list(Box((range(0, 2), range(1, 3)), (2, 3)))
    [1, 2, 4, 5]
    """

    def __init__(self, ranges: Sequence[range], counts: Sequence[int]) -> None:
        """Describe the box: the values of each index, outermost first, and how many each has in all."""
        self.ranges = tuple(ranges)
        """Which values of each index, outermost first."""
        self.counts = tuple(counts)
        """How many values each index has in the whole nest."""
        self._size = math.prod(len(values) for values in self.ranges)

    def __len__(self) -> int:
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


class Nest(NamedTuple):
    """Loops one in the other, with a step in every turn of the innermost.

    >>> nest = Nest(("i", "j"), (2, 3))
    >>> nest.index_at(4), nest.step_at((1, 1)), list(nest.box({"j": 1}))
    ((1, 1), 4, [1, 4])
    """

    names: tuple[str, ...]
    """The loops' variables, outermost first."""
    counts: tuple[int, ...]
    """How many turns each takes."""
    silent: int = 0
    """How many of the outermost make a single turn by definition; people leave them out."""

    uneven: int | None = None
    """How many steps there are, where not every turn of a loop holds the same inner ones; else None."""

    @property
    def even(self) -> bool:
        """Whether every turn of every loop holds the same inner ones, so that places can be computed."""
        return self.uneven is None

    @property
    def total(self) -> int:
        """How many steps there are."""
        return math.prod(self.counts) if self.uneven is None else self.uneven

    @property
    def spoken(self) -> tuple[str, ...]:
        """The loops that people name."""
        return self.names[self.silent :]

    def index_at(self, step: int) -> tuple[int, ...]:
        """Which turn each loop is in at a step."""
        index = []
        for count in reversed(self.counts):
            step, at = divmod(step, count)
            index.append(at)
        return tuple(reversed(index))

    def step_at(self, index: Sequence[int]) -> int:
        """The step of these turns; the inverse of `index_at`."""
        step = 0
        for at, count in zip(index, self.counts, strict=True):
            step = step * count + at
        return step

    def place_of(self, step: int) -> tuple[int, ...]:
        """`index_at` as people write it."""
        return self.index_at(step)[self.silent :]

    def text_of(self, step: int) -> str:
        """The same in words: `i 4, j 2`."""
        return ", ".join(f"{name} {at}" for name, at in zip(self.spoken, self.place_of(step), strict=True))

    def loops_at(self, step: int) -> tuple[Loop, ...]:
        """The loops around a step, as an event has them."""
        loops = zip(self.names, self.index_at(step), self.counts, strict=True)
        return tuple(Loop(*loop) for loop in loops)[self.silent :]

    def box(self, place: Mapping[str, int]) -> Box:
        """The steps at these turns of these loops; a loop left out takes all of its turns."""
        given = [place.get(name) for name in self.names]
        ranges = [
            range(n) if at is None else range(at, at + 1) for at, n in zip(given, self.counts, strict=True)
        ]
        return Box(ranges, self.counts)


class Nested(Protocol):
    """What knows the loops around its steps: a geometry, a layout."""

    @property
    def nest(self) -> Nest:
        """The loops."""
