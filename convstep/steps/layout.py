"""Layout: what is known of all steps of a run before any is executed, and how people name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.steps.cells import check_index
from convstep.steps.event import Event
from convstep.steps.nest import Nest

Cell = tuple[int, ...]


class Part(NamedTuple):
    """A name for cells of a written array: the array itself, or its inside."""

    array: str
    shape: Cell
    """How many cells the name covers along each axis."""
    corner: Cell
    """Where its first cell lies in the array."""


@frozen(eq=False)
class Layout:
    """The loops around a run's steps and the cells they write: what people may name of it."""

    nest: Nest
    written: Mapping[str, Cell]
    """The shapes of the arrays that steps write, by name, in the order of the source."""
    touching: Callable[[str, Cell], Sequence[int]] | None
    """The steps that write a cell, ascending; None where that is not known before every step is looked at."""
    names: Mapping[str, Cell | str]
    """What a condition may speak of: the shape of its cells at one step, or why there is none here."""
    example: str
    """A condition, shown to whoever typed something else."""
    short: Mapping[str, str] = field(default_factory=dict)
    """Shorter names of written arrays; conditions know them by these alone."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """Other names under which cells of a written array are watched."""
    executing: Callable[[int], Sequence[int]] | None = None
    """The steps that execute a line of somebody's own source, ascending; None where there is none, or where
    that is not known before every step is looked at."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Arrays that other runs of this kind write, and in a sentence why this one does not."""

    @property
    def counts(self) -> dict[str, int]:
        """How many turns each loop takes, and how many steps there are as "step"."""
        return {**dict(zip(self.nest.names, self.nest.counts, strict=True)), "step": self.nest.total}

    @property
    def counted(self) -> bool:
        """Whether a loop's variable is the number of its turn; in somebody's own function it is anything."""
        return "line" not in self.names

    def known(self, name: str) -> bool:
        """Whether a name can only be that of an array that is written."""
        return any(name in names for names in (self.written, self.absent, self.short, self.parts))

    def cell(self, name: str, index: Cell) -> tuple[str, Cell]:
        """The array and cell that people mean by `name[index]`; ValueError if no step writes it."""
        name, part = self.short.get(name, name), self.parts.get(name)
        if part is not None:
            check_index(name, index, part.shape)
            name, index = part.array, tuple(at + first for at, first in zip(index, part.corner, strict=True))
        self.check_cell(name, index)
        return name, index

    def check_cell(self, array: str, index: Cell) -> None:
        """Raise a ValueError, one sentence, for a cell that is not there or an array that is not written."""
        if array in self.absent:
            raise ValueError(self.absent[array])
        if array not in self.written:
            known = ", ".join(self.written)
            raise ValueError(tr("{array!r} cannot be watched; only {known} can", array=array, known=known))
        check_index(array, index, self.written[array])

    def check_place(self, place: Mapping[str, int]) -> None:
        """Raise a ValueError, one sentence, for a loop or a turn that does not exist."""
        counts = self.counts
        for name, at in place.items():
            if name not in self.nest.names:
                known = ", ".join(self.nest.spoken)
                raise ValueError(tr("there is no loop {name}; the loops are {known}", name=name, known=known))
            if not 0 <= at < counts[name]:
                raise ValueError(out_of_range(name, at, counts[name]))

    def steps_at(self, place: Mapping[str, int]) -> Sequence[int] | None:
        """The steps at a place, ascending; None where the loops are not even."""
        return self.nest.box(place) if self.nest.even else None

    def turns(self, event: Event) -> dict[str, int]:
        """Which turn each loop is in at a step, those included that make a single one."""
        silent = dict.fromkeys(self.nest.names[: self.nest.silent], 0)
        return silent | {loop.name: loop.at for loop in event.loops}

    def values(self, event: Event) -> dict[str, Any]:
        """A step by the names that conditions have for its numbers; what is written as it is after it."""
        short = {array: name for name, array in self.short.items()}
        return {
            "step": event.index,
            "position": event.index + 1,
            **self.turns(event),
            **{read.text: read.value for read in event.reads},
            **{short.get(write.array, write.array): write.after for write in event.writes},
        }


def out_of_range(name: str, at: int, count: int) -> str:
    """Says that a loop index is not one of 0 … `count - 1`."""
    return tr("{name} is {value}, but it goes from 0 to {last}", name=name, value=at, last=count - 1)
