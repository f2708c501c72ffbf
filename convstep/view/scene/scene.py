"""The scene as data: what the widgets are given, whatever the tensors are called."""

from __future__ import annotations

import numpy as np

from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.steps.cells import Array
from convstep.steps.event import Access, Event, Loop
from convstep.view.grid.faces import Face
from convstep.view.grid.panel import Panel, Span


class Words(NamedTuple):
    """What a statement says of what it writes, with the numbers that it has in this step."""

    statement: str
    """The statement, its indices as numbers: `dx[0, 1, 2:4, 0:2] += mask * dout[0, 1, 1, 0]`."""
    reads: tuple[str, ...] = ()
    """The single values that it reads: `dout[0, 1, 1, 0] = 0.312`."""
    remark: str = ""
    """What else is to be said: `new: dx 2x3x8x8`."""
    operands: tuple[tuple[str, Access], ...] = ()
    """Arrays in the shape of what is written that it reads, by their names with numbers."""


NO_WORDS = Words("")
"""Of a loop whose additions say all there is."""


@frozen(eq=False)
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
    before: Array
    """The cells before the addition; without meaning in a new array."""
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
    partial: bool = False
    """Whether it writes more cells than those on this face."""
    new: bool = False
    """Whether the array is there for the first time, so that there is nothing before."""
    words: Words = NO_WORDS
    """What its statement says."""
    operands: tuple[tuple[str, Array], ...] = ()
    """What it reads of several cells, on the face where these are written."""
    number: int = 0
    """Its place among the step's writes."""
    panel: Panel | None = None
    """That of the array it is added to, where it is seen."""
    factor_panel: Panel | None = None
    """That of the array factor's."""

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


@frozen()
class SourceLine:
    """One line of the source, as it stands at a step."""

    number: int
    """As the file counts; 0 where nobody asks."""
    code: str
    """Without its indentation."""
    indent: int
    """Columns of its indentation within what is shown."""
    done: bool = False
    """Whether the step has executed it."""
    current: bool = False
    """Whether the step stands there."""
    loop: str = ""
    """How far the loop is that it begins: `4/8`."""
    stop: bool = False
    """Whether a run stops there."""
    cursor: bool = False
    """Whether somebody's cursor stands there."""
    note: str = ""
    """What it came to in this step: `vert_start = 1`, `mask 2x2`, the statement with its indices."""
    said: str = ""
    """What its author's own forward says of it: `✓`, `≠`."""
    hue: str = ""
    """The style of what it does in this step: reads cells, or writes them."""
    now: bool = False
    """Whether the single value that the step is about is what it came to."""


@frozen(eq=False)
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
    """The lines of the loop, or of somebody's own function."""
    remarks: tuple[str, ...] = ()
    """What else the step comes to: what it sets, what a name now stands for, why there is no further one."""

    @property
    def place(self) -> str:
        """Where the step is in the loops, in words: `i_h 4, i_w 2, i_c 0`; outside of loops the line."""
        return ", ".join(map(loop_words, self.event.loops)) or self._line

    @property
    def brief_place(self) -> str:
        """The same without the names: `4, 2, 0`."""
        loops = self.event.loops
        return ", ".join(turn_text(loop) if loop.line else str(loop.at) for loop in loops) or self._line

    @property
    def _line(self) -> str:
        return tr("line {line}", line=self.event.line) if self.event.line else ""

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
        """The single value that a step is about, by its index and not by lengths: `dz`.

        Where steps have statements, each of them says what it reads.
        """
        if self.event.statements:
            return None
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
        """The panel with a key; a KeyError if it is not shown."""
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def panel_of(self, array: str) -> Panel | None:
        """The first panel of an array; None where none is shown."""
        return next((panel for panel in self.panels if panel.face.name == array), None)

    def find(self, key: str) -> Panel | None:
        """The panel with a key; None for that of a further face that has no room any more."""
        return next((panel for panel in self.panels if panel.key == key), None)


def turn_text(loop: Loop) -> str:
    """How far a loop is: `4/8`, or `4` where nobody knows how long it takes."""
    return f"{loop.at}/{loop.count}" if loop.count > loop.at else str(loop.at)


def loop_words(loop: Loop) -> str:
    """A loop with its variable: `i_h 4`; of somebody's own source `i 4/8`, `h = 6 (turn 3/4)`."""
    if not loop.line:
        return f"{loop.name} {loop.at}"
    if not loop.name or (loop.value in ("", str(loop.at))):
        return f"{loop.name or 'while'} {turn_text(loop)}"
    return tr("{name} = {value} (turn {turn})", name=loop.name, value=loop.value, turn=turn_text(loop))
