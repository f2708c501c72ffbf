"""Panel: everything a tensor grid needs to know about one face, and nothing about convolution."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Final

import numpy as np
import numpy.typing as npt

from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.view.grid.faces import Face
from convstep.view.numbers.factor import USUAL, common_power, factor_text, fits

READS: Final = "reads"
WRITES: Final = "writes"
NOW: Final = "now"
"""What a step does with what is shown: roles of cells and lines, and names of styles in texts, which the
app knows on every theme (also with `bold ` or `dim ` before them)."""
GROUND: Final = "-ground"
"""Ends the name of the role that is behind what is read, or written, as far as no value's colour is."""


DIFFERS = "≠"
"""The mark of a cell that differs from another panel's, where nothing else is said."""


class Cell(NamedTuple):
    """A place on a face."""

    row: int
    """Row of the face."""
    column: int
    """Column of the face."""


@frozen()
class Span:
    """A block of cells; a step above 1 leaves gaps, as dilation does."""

    rows: range
    """Rows in the block, never empty."""
    columns: range
    """Columns in the block, never empty."""
    only: bytes = b""
    """Which of the block's cells are meant, a byte 0 or 1 each in reading order; empty for all of them."""

    @classmethod
    def of(cls, rows: slice, columns: slice) -> Span:
        """From slices with a start and a stop, as the loop uses them."""
        return cls(_range(rows), _range(columns))

    @classmethod
    def single(cls, cell: tuple[int, int]) -> Span:
        """The block of one cell."""
        row, column = cell
        return cls(range(row, row + 1), range(column, column + 1))

    def __contains__(self, cell: object) -> bool:
        """Whether a (row, column) is one of the block's cells, gaps and cells left out excluded."""
        if not isinstance(cell, tuple) or cell[0] not in self.rows or cell[1] not in self.columns:
            return False
        row, column = self.rows.index(cell[0]), self.columns.index(cell[1])
        return not self.only or bool(self.only[row * len(self.columns) + column])

    def columns_of(self, row: int) -> Collection[int]:
        """The columns of the block's cells in one row of the face."""
        if row not in self.rows:
            return ()
        if not self.only:
            return self.columns
        start = self.rows.index(row) * len(self.columns)
        return frozenset(itertools.compress(self.columns, self.only[start : start + len(self.columns)]))

    @property
    def top(self) -> int:
        """First row."""
        return self.rows[0]

    @property
    def bottom(self) -> int:
        """Last row, inside the block."""
        return self.rows[-1]

    @property
    def left(self) -> int:
        """First column."""
        return self.columns[0]

    @property
    def right(self) -> int:
        """Last column, inside the block."""
        return self.columns[-1]


def _range(part: slice) -> range:
    return range(part.start, part.stop, 1 if part.step is None else part.step)


@frozen(eq=False)
class Panel:
    """One face with the marks to draw on it."""

    key: str
    """What the panel is, stable from step to step."""
    face: Face
    """What it shows; the values are live."""
    limit: float
    """The magnitude at which the colour scale saturates."""
    caption: str = ""
    """A word beside the title, e.g. "drawn at random"; it is translated where it is written."""
    use: str = ""
    """What the step does with cells of this face: `READS` or `WRITES`; "" for nothing."""
    used: Span | None = None
    """The cells with which it does that."""
    word: str = ""
    """What the source calls the cells that it reads: "x"; "" where that is no name."""
    running: bool = False
    """Whether the loop writes its values, at this step or another: most often sums that it adds to."""
    framed: bool = False
    """Whether a window moves over this face: room for its frame is kept."""
    window: Span | None = None
    """The cells the current step looks at."""
    changed: Span | None = None
    """The cells the current step has written."""
    inside: Span | None = None
    """The part within the padding; cells outside are drawn as padding."""
    cropped: bool = False
    """Whether the border of `inside` is a line to draw."""
    now: Cell | None = None
    """The one cell the current step takes."""
    near: Cell | None = None
    """The cell to keep in sight where there is room for a part only, if no window or current cell is."""
    done: int | None = None
    """How many cells, in reading order, are already done; None where that has no meaning."""
    stops: frozenset[tuple[int, int]] = frozenset()
    """Cells at which a run stops."""
    marks: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """By cell, the character that a lesson or a learner puts on it."""
    choices: tuple[int, int] = (1, 0)
    """How many faces `[` and `]` go through, and which of them this is."""
    stage: bool = False
    """One of the large panels of the upper row; the others stand below."""
    stack: str = ""
    """Panels of the same stack stand above each other where there is room."""
    listed: bool = False
    """A list rather than a picture: row labels always, current row marked."""
    whole: bool = False
    """Whether all values are, and stay, whole numbers."""
    signed: bool = True
    """Whether a value may be below zero; where none ever is, numbers have the column of the sign."""
    differing: npt.NDArray[np.bool_] | None = None
    """Cells that differ from another panel's, in the face's shape: each is marked."""
    differing_mark: str = DIFFERS
    """The character that marks them."""
    known: npt.NDArray[np.bool_] | None = None
    """Which cells have a value, in the face's shape: the others stay blank; None for all."""
    sparse: bool = False
    """Whether only differing cells show their numbers; the others are dots."""
    note: str = ""
    """What to say in place of the numbers, where there are none."""
    part: str = ""
    """Which part of the tensor's values these are, where not all: "sample 1's share"."""
    titles: tuple[str, ...] = ()
    """What to write on the border instead of label and caption: the first that fits."""
    reach: float | None = None
    """The largest magnitude that is written, where colours saturate at another one; None for the limit."""
    measure: float | None = None
    """The magnitude that the power of ten is chosen by as long as its numbers fit, where it is another
    panel's; None for its own."""
    unit: int | None = None
    """The power of ten its numbers are divided by; None for the one that its limit asks for."""

    def power_at(self, width: int) -> int:
        """The power of ten to divide its numbers by where each has so many columns; 0 for none."""
        if self.unit is not None:
            return self.unit
        if self.measure is not None:
            power = common_power(self.measure, width, whole=self.whole, signed=self.signed)
            if fits(self.most, width, power, signed=self.signed):
                return power
        return common_power(self.most, width, whole=self.whole, signed=self.signed)

    @property
    def most(self) -> float:
        """The largest magnitude that is written."""
        return self.limit if self.reach is None else self.reach

    @property
    def caption_text(self) -> str:
        """The caption in the language that is spoken."""
        return tr(self.caption)

    @property
    def power(self) -> int:
        """The power of ten its numbers are divided by: its own unit, or that of numbers with room."""
        return self.power_at(USUAL)

    @property
    def factor(self) -> str:
        """What a title says of that: `×1e-7`, or ""."""
        return factor_text(self.power)

    @property
    def taken(self) -> Cell | None:
        """The current cell if the step takes its value; None if it writes there, or there is none."""
        return None if self.use == WRITES or (self.running and not self.use) else self.now

    @property
    def block(self) -> Span | None:
        """The cells with a frame: the window's, or else all that are used but for a current one."""
        return self.window if self.window is not None or self.now is not None else self.used

    @property
    def ground(self) -> str:
        """The role behind the cells that the step uses."""
        return f"{self.use}{GROUND}" if self.use else ""

    @property
    def loop_text(self) -> str:
        """What a title says of that at most steps: what rooms are measured by, which stay as they are."""
        return tr("writes" if self.running else "reads")

    @property
    def use_texts(self) -> tuple[str, ...]:
        """What a title says of what the step does, the longest form first: `reads x`, `reads`."""
        if self.use == WRITES:
            return (tr("writes"),)
        named = (tr("reads {name}", name=self.word),) if self.word else ()
        return (*named, tr("reads")) if self.use == READS else ()

    @property
    def use_mark(self) -> str:
        """The same in a character, where no word has room: out of the cells, or into them."""
        return {READS: "→", WRITES: "←"}.get(self.use, "")


def beside_key(key: str, number: int) -> str:
    """The key of the panel that shows the `number`-th further face of another."""
    return f"{key}-{number}"


def title_of(panel: Panel, room: int, *, brief: bool = False) -> str:
    """The longest of the panel's titles that fits, with the factor of its numbers; that is never left out.

    What the step does with it comes before a title in full, and before which face it is, but not before a
    caption, which a `brief` one lacks. One that is too long where there is no factor, "" where a factor has
    no room.
    """
    from rich.cells import cell_len  # a trace has panels' words without their titles, and no rich

    label = panel.face.label
    has_caption = panel.caption and not brief and not panel.titles  # titles are instead of it
    captioned = (f"{label}  {panel.caption_text}",) if has_caption else ()
    uses = [f"{gap}{use}" for use in panel.use_texts for gap in ("  ", " ")]
    marks = [[f" {panel.use_mark}"], [panel.use_mark]] if panel.use_mark else []
    plain = panel.titles or (label, label.replace(", ", ","))
    factor = "" if panel.note else panel.factor  # also on heat: the current cell and the cursor's are numbers
    shortest = (panel.face.name,) if factor and not panel.titles else ()
    shown: list[tuple[tuple[str, ...], list[str]]] = [(captioned, said) for said in (uses, *marks, [""])]
    shown += [(plain, said) for said in (uses, *marks)]
    shown += [(shortest, said) for said in marks]
    shown += [(plain, [""]), (shortest, [""])]
    titles = [f"{title}{use}" for some, said in shown for title in some for use in said]
    if not factor:
        return next((title for title in titles if cell_len(title) <= room), titles[-1])
    named = (f"{title}{gap}{factor}" for title in titles for gap in ("  ", " "))
    least = () if panel.titles else (f"{panel.face.name[: max(room - len(factor) - 2, 0)]}… {factor}", factor)
    return next((title for title in (*named, *least) if cell_len(title) <= room), "")
