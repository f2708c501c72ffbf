"""The ways to show one addition, from a line to matrices of all it reads and writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.steps.cells import cell_text
from convstep.view.grid.look import READS, WRITES
from convstep.view.numbers.text import largest, short
from convstep.view.scene.blocks import ENOUGH, Arrangement, Block, Row, around, arrangements, cut, shares
from convstep.view.scene.scene import Addition
from convstep.view.text.wrapping import wrap

Groups = tuple[Row, ...]
ALL_CELLS = slice(None), slice(None)

LINE, CHANGE, BESIDE, PAIR_PART, PART, NARROW, PAIR, ADDED, ALL, LOOSE = range(10)
"""What is shown of an addition: the cell that changes most; below the addition as the source has it; beside
that; some cells before and after; with what is added and its factor; all cells in few digits; all before and
after; with what is added; with its factor as well; and in more lines than it needs."""
PAIRS, WHOLE = (PAIR,), (ADDED,)
"""From which on all cells are there before and after; with what is added."""
READABLE = 4
"""Columns of a number from which a change is mostly seen in it."""
MATRICES = (PAIR_PART,)
"""The rank from which on forms have matrices."""
LEAST_PART, LEAST_PAIR = 3, 2
"""Rows and columns of a part that is worth its factor, and of one that is worth anything."""


class Form(NamedTuple):
    """One way to show an addition."""

    rank: tuple[int, ...]
    """How much it says: what is shown, of how many cells, in how many columns, in how few lines."""
    lines: int
    """How many lines it takes."""
    draw: Callable[[], list[Text]]
    """Draws them."""
    products: bool = False
    """Whether it has matrices of what is added."""


class AdditionForms:
    """One addition in a width; iterating gives its forms, the briefest first."""

    def __init__(self, addition: Addition, mark: str, width: int) -> None:
        """Show an addition of the scene behind a mark."""
        self._addition, self._mark, self._width = addition, mark, width
        self._style = "" if addition.done else "dim"
        self._at = _most_changed(addition)
        cell = addition.cells.index(addition.span.rows[self._at[0]], addition.span.columns[self._at[1]])
        self._index = cell_text("", cell) if cell else ""
        values = (addition.after,) if addition.new else (addition.before, addition.after)
        self._values = [array[self._at] for array in values]

    def __iter__(self) -> Iterator[Form]:
        """Its forms."""
        addition, heading = self._addition, self._heading()
        said = [*heading, *self._said()]
        yield Form((LINE,), 1, lambda: [self._line()])
        yield Form((CHANGE,), len(heading) + 1, lambda: [*heading, self._changed()])
        if addition.after.size > 1 or addition.terms:
            yield from self._with_matrices(said)
            return
        beside = self._beside(heading)
        if beside is not None:
            yield Form((BESIDE,), 1, lambda: [beside])
        yield Form((LOOSE,), len(said) + 1, lambda: [*said, self._changed()])

    def _with_matrices(self, said: list[Text]) -> Iterator[Form]:
        """Those with all cells, and with as many around the one that changes most as have room."""
        for kind, groups in self._groups().items():
            sizes, shape = tuple(map(len, groups)), groups[0][0].values.shape
            above = [*said, *self._part_of_more()]
            for one in arrangements(sizes, shape, self._width):
                rank = (kind,) if one.text >= READABLE else (NARROW, kind)
                yield self._form(rank, one, above, kind)
            if kind == ADDED:
                continue
            least, some = (LEAST_PART, PART) if kind == ALL else (LEAST_PAIR, PAIR_PART)
            for count in shares(shape, least):
                cells, area = around(shape, self._at, *count), count[0] * count[1]
                for one in arrangements(sizes, count, self._width):
                    yield self._form((some, area), one, said, kind, cells)

    def _form(
        self,
        rank: tuple[int, ...],
        shown: Arrangement,
        above: list[Text],
        kind: int,
        cells: tuple[slice, slice] | None = None,
    ) -> Form:
        """Matrices below what is said; where they do not show what is written, that cell below them."""

        def draw() -> list[Text]:
            groups = self._groups(ALL_CELLS if cells is None else cells)[kind]
            note = [] if cells is None else [self._part(*cells)]
            matrices = shown.drawn([block for row in groups for block in row], self._width)
            return [*above, *note, *matrices, *([self._changed()] if self._addition.terms else [])]

        lines = len(above) + (cells is not None) + shown.lines + bool(self._addition.terms)
        rank = (*rank, min(shown.text, ENOUGH), -shown.lines)
        return Form(rank, lines, draw, products=kind != PAIR)

    def _groups(self, cells: tuple[slice, slice] = ALL_CELLS) -> dict[int, Groups]:
        """By kind of form, its matrices: what is read beside what is made of it, before beside after."""
        one = self._addition
        if one.terms:
            *factors, (name, product) = one.terms
            read = tuple(Block((name,), values[cells], READS) for name, values in factors)
            return {PAIR: (read,), ALL: (read, (Block((name,), product[cells]),))}
        known = None if one.known is None else one.known[cells]
        both = (one.after[cells],) if one.new else (one.before[cells], one.after[cells])
        name, style = (tr("after"), WRITES) if one.done else (tr("will be"), "dim")
        written = Block((name,), both[-1], style, both, known, one.panel, "" if one.new else "→")
        before = Block((tr("before"),), both[0], self._style, both, known, one.panel)
        pair = (written,) if one.new else (before, written)
        if one.factor_name:
            added = Block((one.formula, tr("product"), one.sign), one.added[cells], self._style)
            factor = Block((one.factor_name,), one.factor[cells], READS, panel=one.factor_panel)
            return {PAIR: (pair,), ADDED: ((added,), pair), ALL: ((factor, added), pair)}
        read = tuple(Block((name,), values[cells], READS) for name, values in one.operands)
        return {PAIR: (pair,), ALL: (read, pair) if read else (pair,)}

    def _heading(self) -> list[Text]:
        """The addition as its source writes it, in the longest form that fits; else broken into lines."""
        headings, room = self._addition.headings, self._width - 2
        fitting = next((text for text in headings if cell_len(text) <= room), None)
        if fitting is not None or not self._addition.words.statement:
            return [Text.assemble((f"{self._mark} ", self._bold), self._hued(fitting or headings[-1]))]
        first, *others = wrap(self._hued(headings[0]), self._width - 4)
        return [
            Text.assemble((f"{self._mark} ", self._bold), first),
            *(Text.assemble("    ", line) for line in others),
        ]

    @property
    def _bold(self) -> str:
        """The style of a heading: what comes later is dim."""
        return "bold" if self._mark.strip() else "dim"

    def _hued(self, text: str) -> Text:
        """The source with what it writes and what it reads in their hues, once its turn has come."""
        heading = Text(text, self._bold)
        target, sign, value = text.partition(f" {self._addition.sign} ")
        if self._bold == "bold" and sign:
            heading.stylize(WRITES, 0, len(target))
            name = self._addition.factor_name
            for found in re.finditer(rf"\b{re.escape(name)}\b", value) if name else ():
                start = len(target) + len(sign)
                heading.stylize(READS, start + found.start(), start + found.end())
        return heading

    def _said(self) -> list[Text]:
        """What the statement reads, and what else is to be said of it."""
        words = self._addition.words
        said = [(text, READS) for text in words.reads] + [(words.remark, self._style)] * bool(words.remark)
        return [
            Text.assemble("  ", (line.plain, style if self._addition.done else "dim"))
            for text, style in said
            for line in wrap(Text(text), self._width - 2)
        ]

    def _part_of_more(self) -> list[Text]:
        """The cells that are shown, where the statement writes others as well."""
        addition = self._addition
        if not addition.words.statement or not addition.partial:
            return []
        return [Text(cut(f"  {addition.shown}:", self._width), "dim")]

    def _part(self, rows: slice, columns: slice) -> Text:
        """Which of the cells are shown, where these are not all."""
        addition = self._addition
        seen = iter((addition.span.rows[rows], addition.span.columns[columns]))
        index = [_slice(next(seen)) if held is None else held for held in addition.cells.fixed]
        shape = "x".join(map(str, addition.after.shape))
        cells = addition.cells.part(tuple(index))
        brief = f"[{cells.partition('[')[2]}"
        names = (cells, brief, brief.replace(" ", ""))
        forms = [tr("{cells}, a part of {shape}", cells=name, shape=shape) for name in names]
        forms += [
            tr("{cells} of {shape}", cells=names[-1], shape=shape),
            tr("a part of {shape}", shape=shape),
        ]
        fitting = next((form for form in forms if cell_len(form) + 2 <= self._width), forms[-1])
        return Text(f"  {fitting}", "dim")

    def _changed(self) -> Text:
        """The one cell that the addition changes most, before and after; what else is said if it is new."""
        name, index = self._addition.cells.name, self._index
        wheres = (f"  {name}{index}  ", f"  {index}  ", f" {index} ", f" {index.replace(' ', '')} ")
        sentences = (
            (where, digits)
            for digits, some in ((4, wheres[:3]), (3, wheres[1:3]), (4, wheres[3:]), (3, wheres[3:]),
                                 (2, wheres[2:]), (1, wheres[2:]))
            for where in some
        )  # fmt: skip
        drawn = (self._values_after(*sentence) for sentence in sentences)
        # not up to the border
        return next((text for text in drawn if text.cell_len < self._width), Text(f" {index}", self._style))

    def _line(self) -> Text:
        """The addition in one line: the cell that it changes most, before and after."""
        name, index = self._addition.cells.name, self._index
        brief, compact = name if len(name) <= 4 else f"{name[:2]}…", index.replace(" ", "")
        spaced, tight = (f"{name}{index}", f"{brief}{index}"), (f"{brief}{compact}",)
        drawn = (
            self._values_after(f"{self._mark} {cell} ", digits, arrow)
            for digits, cells, arrow in (
                (4, spaced, " → "), (3, spaced, " → "), (4, tight, " → "), (3, tight, " → "),
                (2, spaced + tight, " → "), (1, tight, " → "), (1, (*tight, compact), "→"),
            )
            for cell in cells
        )  # fmt: skip
        return next(
            (text for text in drawn if text.cell_len <= self._width), Text(f"{self._mark} {tight[0]}")
        )

    def _beside(self, heading: list[Text]) -> Text | None:
        """A single cell in the line of its addition, if that names it and there is room."""
        addition = self._addition
        if addition.words.statement or len(heading) > 1 or self._index not in addition.target:
            return None
        drawn = (
            Text.assemble(heading[0], self._values_after(gap, digits))
            for gap, digits in (("  ", 4), (" ", 3), (" ", 2))
        )
        return next((text for text in drawn if text.cell_len < self._width), None)

    def _values_after(self, start: str, digits: int, arrow: str = " → ") -> Text:
        """A cell's value before and after, behind what names it."""
        *before, after = (short(value, digits) for value in self._values)
        line = Text(start, self._style)
        line.append("".join(f"{value}{arrow}" for value in before))
        line.append(after, WRITES if self._addition.done else "")
        return line


def _most_changed(addition: Addition) -> tuple[int, int]:
    """Where among its cells the one stands to which most is added."""
    change = addition.added
    if addition.words.statement and not addition.new:
        change = addition.after.astype(float) - addition.before.astype(float)
    if addition.known is not None:
        change = np.where(addition.known, change, 0)
    return largest(change)


def _slice(places: range) -> slice:
    return slice(places.start, places[-1] + 1, places.step if len(places) > 1 and places.step > 1 else None)
