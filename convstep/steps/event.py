"""Event: what one step was: its place in the loops, and the cells it reads and writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Literal

import numpy as np

from convstep.brief import brief
from convstep.frozen import NamedTuple, frozen
from convstep.steps.cells import Array

Region = tuple[int | slice, ...]
"""A basic index: the cells of an array that one access is about."""


class Access(NamedTuple):
    """Cells of one array that a step reads or writes; a tuple, as a timeline makes several at every step."""

    array: str
    """The array's name, as `Stepped.arrays` has it: "dA_prev_pad"."""
    region: Region
    """Its cells, as an index into that array."""
    kind: Literal["reads", "adds", "assigns", "changes", "makes", "names"]
    """What happens to the cells: they are read, added to (`+=`), replaced (`=`), changed by another
    operator, an `out=` or a call ("changes"), there for the first time ("makes"), or a name stands for
    them from now on, and no value changes ("names")."""
    text: str
    """What the source calls the value: "x" for cells that are read, else the right-hand side, "x * dz"."""
    value: Array | np.generic
    """What is read, added or assigned, in the region's shape. What is read is a view."""
    before: Array | None = None
    """The cells of a write before it, a copy; None for what is read, and where nobody has kept them."""
    after: Array | None = None
    """The cells of a write after it; None like `before`."""
    line: int = 0
    """The line of the source that does it, as the file counts; 0 where nobody asks."""
    cells: Array | None = None
    """Which cells of the region it is about, booleans in the region's shape; None for all of them."""

    @property
    def writes(self) -> bool:
        """Whether the cells may change."""
        return self.kind not in ("reads", "names")

    @property
    def extent(self) -> tuple[int, ...]:
        """How many cells the region has along each axis, those included along which it is a single one."""
        left = list(np.shape(self.value))
        within = [left.pop(0) if isinstance(part, slice) and left else 1 for part in self.region]
        return *within, *left

    def covers(self, index: Sequence[int], shape: Sequence[int]) -> bool:
        """Whether a cell is one of them in an array of this shape."""
        inside = all(
            at in range(length)[part] if isinstance(part, slice) else at == part
            for part, at, length in zip(self.region, index, shape, strict=False)
        )
        return inside and (self.cells is None or bool(self.cells[self.offset(index)]))

    def offset(self, index: Sequence[int]) -> tuple[int, ...]:
        """Where a cell of the array stands among these; the other way round than `cell`."""
        parts = zip(self.region, index, strict=False)
        within = [(at - part.start) // (part.step or 1) for part, at in parts if isinstance(part, slice)]
        return *within, *index[len(self.region) :]

    def cell(self, offset: Sequence[int]) -> tuple[int, ...]:
        """The cell of the array that stands at a place among these; of a single one, that one."""
        left = list(offset) if np.ndim(self.value) else []
        index = [
            part.start + (part.step or 1) * left.pop(0) if isinstance(part, slice) else part
            for part in self.region
        ]
        return *index, *left

    def __repr__(self) -> str:
        return brief(self)


@frozen()
class Loop:
    """One `for` around a step: its variable and how far it is."""

    name: str
    """`i_h` and the like."""
    at: int
    """Which of its turns this is, from 0."""
    count: int
    """How many turns it takes."""
    value: str = ""
    """What the variable is, where that is not `at`: `6`, `(0, 2)`."""
    line: int = 0
    """The line of its `for` or `while`; 0 where nobody asks."""


class Subscript(NamedTuple):
    """Cells of an array as a statement names them, with the numbers that its index had."""

    base: str
    """What is subscripted, as the source has it: `dx`."""
    text: str
    """All of it, as the source has it: `dx[n, i:i + 2]`; "" where cells are written, which have no text."""
    numbers: str
    """The index with its numbers: `0, 2:4`."""


@frozen(eq=False)
class Statement:
    """One statement that a step of somebody's own function has executed."""

    line: int
    """Its first line, as the file counts."""
    last_line: int
    text: str
    """As it is written, on one line."""
    accesses: tuple[Access, ...]
    """What it reads and writes, in the order in which that happens."""
    variables: Mapping[str, object]
    """The variables that it sets: numbers, short texts of other things, arrays as live views."""
    frame: int = 0
    """How many calls deep it runs; 0 in the function itself."""
    subscripts: tuple[Subscript, ...] = ()
    """The subscripts that it has evaluated, in that order, as far as their indices are plain numbers."""

    __repr__ = brief


@frozen(eq=False)
class Event:
    """One step, in full: what is shown of it, said of it, searched in it."""

    index: int
    """Its place among the steps, from 0."""
    loops: tuple[Loop, ...]
    """The loops around it, outermost first; without those that make a single turn by definition."""
    accesses: tuple[Access, ...]
    """What it reads and then what it writes, in the order of the source."""
    made: int
    """How many of its writes are made."""
    line: int = 0
    """The line of the source at which it stands; 0 where the source has no lines of its own."""
    statements: tuple[Statement, ...] = ()
    """What it executes, in order, where it is known by statements."""
    variables: Mapping[str, object] = field(default_factory=dict)
    """The local variables at its end, arrays as live views."""

    __repr__ = brief

    @property
    def reads(self) -> tuple[Access, ...]:
        """What it reads."""
        return tuple(access for access in self.accesses if not access.writes)

    @property
    def writes(self) -> tuple[Access, ...]:
        """What it writes, in the order of the source."""
        return tuple(access for access in self.accesses if access.writes)

    def executes(self, line: int) -> bool:
        """Whether one of its statements stands on a line of the source."""
        return any(one.line <= line <= one.last_line for one in self.statements)

    def writes_cell(self, array: str, index: Sequence[int], shape: Sequence[int]) -> bool:
        """Whether it writes a cell of an array of this shape."""
        return any(write.array == array and write.covers(index, shape) for write in self.writes)

    def read(self, text: str) -> Access:
        """What the source calls by this name. Raises KeyError: the step reads nothing of that name."""
        return _first(text, (read for read in self.reads if read.text == text))

    def write(self, array: str) -> Access:
        """The first write to an array. Raises KeyError: the step writes nothing there."""
        return _first(array, (write for write in self.writes if write.array == array))


def _first(name: str, found: Iterator[Access]) -> Access:
    for access in found:
        return access
    raise KeyError(name)
