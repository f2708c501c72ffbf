"""What can end a run: a place in the loop, a written cell, a line, a condition."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from convstep.brief import brief
from convstep.language import tr
from convstep.steps.cells import cell_text
from convstep.steps.event import Event
from convstep.steps.layout import Layout

if TYPE_CHECKING:
    from convstep.replay.conditions import Condition


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

    def check(self, layout: Layout) -> None:
        """Raise a ValueError, one sentence, if it does not fit a run of this layout."""
        raise NotImplementedError

    def steps(self, layout: Layout) -> Sequence[int] | None:
        """The steps it stops at, ascending, where they are known without looking at any; else None."""
        raise NotImplementedError

    def hit_by(self, event: Event, layout: Layout) -> bool:
        """Whether it waits at a step that was just executed; its count of hits is not asked."""
        raise NotImplementedError

    def like(self, other: Stop) -> bool:
        """Whether both wait for the same thing, whatever their counts of hits."""
        return dataclasses.replace(self, hits=1) == dataclasses.replace(other, hits=1)

    def changed(self, *, id: int | None = None, enabled: bool | None = None) -> Self:
        """The same stop under another number, or switched on or off."""
        return dataclasses.replace(
            self, id=self.id if id is None else id, enabled=self.enabled if enabled is None else enabled
        )


@dataclass(frozen=True, slots=True, init=False)
class Breakpoint(Stop):
    """Stops at the steps of a place in the loops; a loop left out matches every turn.

    >>> str(Breakpoint(i=4, k=1, hits=3))
    'i == 4 and k == 1 hits 3'
    """

    place: tuple[tuple[str, int], ...]
    """Loop variables, outermost first, and their turns."""

    __repr__ = brief

    def __init__(
        self,
        place: Iterable[tuple[str, int]] = (),
        *,
        id: int = 0,
        enabled: bool = True,
        hits: int = 1,
        **loops: int | None,
    ) -> None:
        """Take the place as pairs, or as keywords; None matches every turn too."""
        given = ((name, at) for name, at in loops.items() if at is not None)
        for name, value in {
            "place": (*place, *given), "id": id, "enabled": enabled, "hits": hits,
        }.items():  # fmt: skip
            object.__setattr__(self, name, value)

    @property
    def target(self) -> str:
        """Such as `i_h == 4 and i_c == 1`; `*` is every step."""
        return " and ".join(f"{name} == {at}" for name, at in self.place) or "*"

    def check(self, layout: Layout) -> None:
        """Raise a ValueError if there is no such place."""
        layout.check_place(dict(self.place))

    def steps(self, layout: Layout) -> Sequence[int] | None:
        """The steps it stops at, ascending; nothing is written out."""
        return layout.steps_at(dict(self.place))

    def hit_by(self, event: Event, layout: Layout) -> bool:
        """Whether the step is at the place."""
        return layout.turns(event).items() >= dict(self.place).items()


@dataclass(frozen=True, slots=True)
class Watchpoint(Stop):
    """Stops at the steps that write one cell, even where the cell keeps its value."""

    array: str
    index: tuple[int, ...]
    """The cell, in the array's own shape: with a batch axis where it has one."""

    __repr__ = brief

    @property
    def target(self) -> str:
        """Such as `watch dW[2, 0, 1, 0]`."""
        return f"watch {cell_text(self.array, self.index)}"

    def check(self, layout: Layout) -> None:
        """Raise a ValueError if there is no such cell; one that no step writes is never hit."""
        layout.check_cell(self.array, self.index)

    def steps(self, layout: Layout) -> Sequence[int] | None:
        """The steps it stops at, ascending; none if no step writes the cell."""
        return layout.touching(self.array, self.index) if layout.touching is not None else None

    def hit_by(self, event: Event, layout: Layout) -> bool:
        """Whether the step writes the cell."""
        return event.writes_cell(self.array, self.index, layout.written[self.array])


@dataclass(frozen=True, slots=True)
class LineStop(Stop):
    """Stops at the steps that execute a line of somebody's own source."""

    line: int
    """As the file counts."""

    __repr__ = brief

    @property
    def target(self) -> str:
        """Such as `line 12`."""
        return f"line {self.line}"

    def check(self, layout: Layout) -> None:
        """Raise a ValueError if what is stepped has no lines of its own."""
        if layout.counted:
            raise ValueError(tr("there is no line to stop at: these steps are not of your own function"))

    def steps(self, layout: Layout) -> Sequence[int] | None:
        """The steps it stops at, ascending, where the run knows them."""
        return layout.executing(self.line) if layout.executing is not None else None

    def hit_by(self, event: Event, layout: Layout) -> bool:
        """Whether the step executes the line."""
        return event.executes(self.line)


@dataclass(frozen=True, slots=True)
class ConditionStop(Stop):
    """Stops at the steps after which a condition is true."""

    condition: Condition

    __repr__ = brief

    @property
    def target(self) -> str:
        """The condition as it was typed."""
        return self.condition.text

    def check(self, layout: Layout) -> None:
        """Raise an ExpressionError if it uses what the run does not have."""
        self.condition.parse(self.condition.text, layout)

    def steps(self, layout: Layout) -> None:
        """Not known without looking."""

    def hit_by(self, event: Event, layout: Layout) -> bool:
        """Whether it is true after the step."""
        return self.condition.true_of(layout.values(event))
