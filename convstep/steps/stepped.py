"""Stepped: what a timeline, a recording or a candidate offers to whoever shows and searches its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.steps.cells import Array
from convstep.steps.event import Event
from convstep.steps.layout import Layout


def check_position(position: int, total: int) -> None:
    """Raise a ValueError, one sentence, for a position that a run of so many steps does not have."""
    if not 0 <= position <= total:
        said = "position {position} does not exist; positions go from 0 to {total}"
        raise ValueError(tr(said, position=position, total=total))


class Stepped(Protocol):
    """A run at a position that can move in both directions, with the same bits whatever the way."""

    @property
    def position(self) -> int:
        """How many steps have been executed whole: 0 … total."""

    @property
    def total(self) -> int:
        """How many steps there are."""

    @property
    def made(self) -> int:
        """How many writes of the step after `position` are already made: 0 between steps."""

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Every array that a step reads or writes, by name, live."""

    @property
    def layout(self) -> Layout:
        """The loops around its steps and the cells they write."""

    @property
    def event(self) -> Event:
        """The step to look at: the one under way, else the last one executed, else step 0."""

    def next(self) -> object | None:
        """Execute one step, or the rest of the one under way; None at the end."""

    def back(self) -> object | None:
        """Undo one step, or what was made of the one under way; None at the start."""

    def seek(self, position: int) -> None:
        """Go to a position, forwards or backwards. Raises ValueError: no such position."""

    def next_write(self) -> bool:
        """Make one write of the next step; the last one completes the step. False at the end."""

    def back_write(self) -> bool:
        """Undo one write; of a whole step, its last. False at the start."""

    def prepared(self, position: int) -> bool:
        """Whether a seek to a position takes no noticeable time; of a run that inherits this, always."""
        return True

    def prepare(self, position: int) -> Iterator[float]:
        """Build what a far `seek` needs, here nothing, unmoved, in any thread; yields the share done."""
        return iter(())

    def touching(self, array: str, index: tuple[int, ...]) -> Sequence[int]:
        """The steps that write a cell, ascending, here by looking at all; ValueError if none ever does."""
        self.layout.check_cell(array, index)
        position, made, found = self.position, self.made, []
        self.seek(0)
        while self.next() is not None:
            if self.event.writes_cell(array, index, self.layout.written[array]):
                found.append(self.position - 1)
        self.seek(position)
        for _ in range(made):
            self.next_write()
        return found


class Question(Protocol):
    """What can be asked of every step, and of many at once: a condition."""

    @property
    def names(self) -> frozenset[str]:
        """Which names it uses."""

    def holds(self, values: Mapping[str, Array]) -> Array:
        """Whether it is true, of many steps at once: booleans, `(places, turns)`, 1 where nothing changes.

        The values are float64, `(places, turns, *cells)`: `turns` of the innermost loop at each place, with a
        leading axis of 1 where nothing changes along it.
        """

    def ranges(self, counts: Mapping[str, int]) -> dict[str, range]:
        """For which turns of the loops it can be true; `counts` by loop, and of all steps as "step"."""


class Piece(NamedTuple):
    """A part of a range of steps that has been looked at."""

    frontier: int
    """Everything between the beginning of the search and here is looked at."""
    steps: npt.NDArray[np.intp]
    """The matching steps of this piece, ascending."""


@runtime_checkable
class Matching(Protocol):
    """A run that knows a faster way to the steps at which something is true than to walk there."""

    def matching(self, question: Question, low: int, high: int, backwards: bool) -> Iterator[Piece]:
        """The steps of `low … high - 1` after which it is true, in the direction of the search."""
