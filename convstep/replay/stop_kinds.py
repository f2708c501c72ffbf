"""What can end a run: a place in the loop, a written cell, a condition."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from convstep.brief import brief
from convstep.conv.geometry import Geometry, StepIndex
from convstep.conv.gradients import GRADIENTS as GRADIENTS
from convstep.conv.gradients import check_cell
from convstep.conv.problem import Problem
from convstep.replay.boxes import Box, loop_counts
from convstep.replay.conditions import Condition
from convstep.replay.places import out_of_range
from convstep.steps.cells import cell_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What all stops share. Two are equal if they stop at the same steps, whatever their numbers."""

    id: int = dataclasses.field(default=0, compare=False)
    """Its number in a list of stops; 0 outside of one."""
    enabled: bool = dataclasses.field(default=True, compare=False)
    """Whether it stops at all."""
    hits: int = 1
    """A run passes over the first `hits - 1` hits it meets, in either direction, and stops at this one."""

    def __str__(self) -> str:
        """As `parse_stop` reads it."""
        return self.target if self.hits == 1 else f"{self.target} hits {self.hits}"

    @property
    def target(self) -> str:
        """What it waits for, without the count of hits."""
        raise NotImplementedError

    def check(self, problem: Problem) -> None:
        """Raise a ValueError, one sentence, if it does not fit the problem."""
        raise NotImplementedError

    def like(self, other: Stop) -> bool:
        """Whether both wait for the same thing, whatever their counts of hits."""
        return dataclasses.replace(self, hits=1) == dataclasses.replace(other, hits=1)

    def changed(self, *, id: int | None = None, enabled: bool | None = None) -> Self:
        """The same stop under another number, or switched on or off."""
        return dataclasses.replace(
            self,
            id=self.id if id is None else id,
            enabled=self.enabled if enabled is None else enabled,
        )


@dataclass(frozen=True, slots=True)
class Breakpoint(Stop):
    """Stops at the steps of a place in the loop; an index left out matches every value."""

    i_n: int | None = None
    """Sample."""
    i_h: int | None = None
    """Output row."""
    i_w: int | None = None
    """Output column."""
    i_c: int | None = None
    """Output channel."""

    __repr__ = brief

    @property
    def target(self) -> str:
        """Such as `i_h == 4 and i_c == 1`; `*` is every step."""
        return " and ".join(f"{name} == {value}" for name, value in self._fixed()) or "*"

    def check(self, problem: Problem) -> None:
        """Raise a ValueError if there is no such place."""
        check_place(self, problem.geometry)

    def steps(self, geometry: Geometry) -> Sequence[int]:
        """The steps it stops at, ascending; nothing is written out."""
        counts = loop_counts(geometry)
        given = (self.i_n, self.i_h, self.i_w, self.i_c)
        ranges = [range(n) if i is None else range(i, i + 1) for i, n in zip(given, counts, strict=True)]
        return Box(ranges, counts)

    def _fixed(self) -> Iterator[tuple[str, int]]:
        for name in StepIndex._fields:
            value: int | None = getattr(self, name)
            if value is not None:
                yield name, value


@dataclass(frozen=True, slots=True)
class Watchpoint(Stop):
    """Stops at the steps that add to one cell of a gradient, even where the cell keeps its value."""

    gradient: str
    """Which array: "dW", "db" or "dA_prev_pad"."""
    index: tuple[int, ...]
    """The cell, in the array's own shape: with a batch axis where it has one."""

    __repr__ = brief

    @property
    def target(self) -> str:
        """Such as `watch dW[2, 0, 1, 0]`."""
        return f"watch {cell_text(self.gradient, self.index)}"

    def check(self, problem: Problem) -> None:
        """Raise a ValueError if there is no such cell; one that no window reaches is never hit."""
        check_cell(self.gradient, self.index, problem.geometry, problem.b is not None)

    def steps(self, geometry: Geometry) -> Sequence[int]:
        """The steps it stops at, ascending, by index arithmetic; none if no window reaches the cell."""
        return geometry.steps_touching(self.gradient, self.index)


@dataclass(frozen=True, slots=True)
class ConditionStop(Stop):
    """Stops at the steps after which a condition is true."""

    condition: Condition
    """What has to be true."""

    __repr__ = brief

    @property
    def target(self) -> str:
        """The condition as it was typed."""
        return self.condition.text

    def check(self, problem: Problem) -> None:
        """Raise a ConditionError if it uses what the problem does not have."""
        self.condition.check(problem.geometry, problem.b is not None)


def check_place(place: Breakpoint, geometry: Geometry) -> None:
    """Raise a ValueError, one sentence, for a loop index that does not exist."""
    for name, count in zip(StepIndex._fields, loop_counts(geometry), strict=True):
        value: int | None = getattr(place, name)
        if value is not None and not 0 <= value < count:
            raise ValueError(out_of_range(name, value, count))
