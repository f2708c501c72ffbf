"""Stepped: what a timeline, a recording or a candidate offers to whoever shows and searches its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy.typing as npt

from convstep.steps.event import Event

Array = npt.NDArray[Any]


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
    def event(self) -> Event:
        """The step to look at: the one under way, else the last one executed, else step 0."""

    def next(self) -> object | None:
        """Execute one step, or the rest of the one under way; None at the end."""

    def back(self) -> object | None:
        """Undo one step, or what was made of the one under way; None at the start."""

    def seek(self, position: int) -> None:
        """Go to a position, forwards or backwards.

        Raises:
            ValueError: no such position.
        """

    def next_write(self) -> bool:
        """Make one write of the next step; the last one completes the step. False at the end."""

    def back_write(self) -> bool:
        """Undo one write; of a whole step, its last. False at the start."""

    def prepared(self, position: int) -> bool:
        """Whether a seek to a position takes no noticeable time."""

    def prepare(self, position: int) -> Iterator[float]:
        """Build what a far `seek` needs, without moving; yields the share done. Any thread may run it."""

    def touching(self, array: str, index: tuple[int, ...]) -> Sequence[int]:
        """The steps that write a cell, ascending.

        Raises:
            ValueError: no such array or cell, or one that is never written.
        """
