"""The scene as data: what the widgets are given, whatever the tensors are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.language import tr
from convstep.steps.event import Access, Event
from convstep.view.grid.faces import Face
from convstep.view.grid.panel import Panel, Span

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Words:
    """What a statement says of what it writes, with the numbers that it has in this step."""

    statement: str
    """The statement, its indices as numbers: `dx[0, 1, 2:4, 0:2] += mask * dout[0, 1, 1, 0]`."""
    reads: tuple[str, ...] = ()
    """The single values that it reads: `dout[0, 1, 1, 0] = 0.312`."""
    remark: str = ""
    """What else is to be said: `new: 2x3x8x8`, `dx is now dx_pad[:, 1:-1]`."""


NO_WORDS = Words("")
"""Of a loop whose additions say all there is."""


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """One of the step's writes, in numbers."""

    target: str
    """What is added to, e.g. `dW[0]`."""
    shown: str
    """The part of it that is shown, its channel named where there are several: `dW[0, :, :, 1]`."""
    sign: str
    """`+=`, or `=` where the cells are replaced."""
    formula: str
    """What is added, e.g. `x * dz`."""
    factor_name: str
    """The array factor's name, or "" where a single value is added."""
    factor: Array
    """The array factor's face, `(rows, columns)`."""
    added: Array
    """What is added, in the shape of `factor`."""
    before: Array | None
    """The cells before the addition; None for those of a new array."""
    after: Array
    """The cells after the addition."""
    cells: Face
    """Where the cells stand, to name one of them."""
    span: Span
    """Which cells of that face they are."""
    done: bool
    """Whether it is already made."""
    part: tuple[str, ...] = ()
    """Whose sum it is added to, where not that of all samples, the longest form first."""
    terms: tuple[tuple[str, Array], ...] = ()
    """Where a single value is a sum, the arrays it is made of, by name, all of one shape: its factors, and
    their product last."""
    known: Array | None = None
    """Which of these cells are written, booleans; None for all of them."""
    words: Words = NO_WORDS
    """What its statement says."""
    number: int = 0
    """Its place among the step's writes."""

    @property
    def headings(self) -> tuple[str, ...]:
        """It as the source writes it, the longest form first; long slices are left out."""
        if self.words.statement:
            return self.words.statement, self.words.statement.replace(", ", ",")
        name, channel = self.cells.name, self.cells.fixed[-1] if self.cells.fixed else None
        brief = (f"{name}[…, {channel}]",) if channel is not None and self.cells.lengths[-1] > 1 else ()
        parts = (self.shown, *brief, f"{name}[…]")
        if self.part:
            parts = tuple(f"{part}{said}" for part in (*parts, name) for said in self.part)
        return tuple(f"{part} {self.sign} {self.formula}" for part in parts)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the loop."""

    code: str
    """The code without its indentation."""
    depth: int
    """How deep it is nested below the outermost `for`."""
    loop: str = ""
    """The variable of a `for` line."""
    addition: str = ""
    """The array that an addition writes."""
    rests: bool = False
    """Whether the loop rests here between two steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What the screen shows at one position."""

    position: int
    """Steps executed."""
    total: int
    """Steps in all."""
    event: Event
    """The step to look at."""
    additions: tuple[Addition, ...]
    """What it writes, in the order of the source."""
    panels: tuple[Panel, ...]
    """In reading order: the stage first."""
    source: tuple[SourceLine, ...] = ()
    """The lines of the loop, from its first `for` on."""

    @property
    def place(self) -> str:
        """Where the step is in the loops, in words: `i_h 4, i_w 2, i_c 0`."""
        return ", ".join(f"{loop.name} {loop.at}" for loop in self.event.loops)

    @property
    def state(self) -> str:
        """Whether the step is executed, under way, or about to be."""
        made, count = self.event.made, len(self.event.writes)
        if 0 < made < count:
            return tr("{made} of {count} additions made", made=made, count=count)
        return tr("executed" if self.position else "about to run")

    @property
    def made(self) -> int:
        """How many of its writes are made."""
        return self.event.made

    @property
    def progress(self) -> tuple[int, int]:
        """Steps executed, and writes made of the next one."""
        return self.position, self.made if self.event.index == self.position else 0

    @property
    def taken(self) -> Access | None:
        """The single value among what the step reads, by its index and not by lengths: `dz`."""
        single = [read for read in self.event.reads if np.ndim(read.value) == 0]
        return single[-1] if single else None

    @property
    def upstream(self) -> str:
        """That value by name: `dZ[4, 2, 0]`."""
        return "" if self.taken is None else f"{self.taken.array}[{', '.join(map(str, self.taken.region))}]"

    @property
    def dz(self) -> float:
        """That value."""
        return 0.0 if self.taken is None else float(self.taken.value)

    def panel(self, key: str) -> Panel:
        """The panel with a key.

        Raises:
            KeyError: it is not shown.
        """
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def find(self, key: str) -> Panel | None:
        """The panel with a key; None for that of a further face that has no room any more."""
        return next((panel for panel in self.panels if panel.key == key), None)
