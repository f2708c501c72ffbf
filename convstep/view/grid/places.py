"""Where the cells of a face stand on the screen: plain geometry, no drawing.

A cell is `text` columns wide with a gutter of one column on each side; neighbours share a gutter.
Row labels stand on the left and column labels at the top; neither scrolls away.
Frames and the crop line live in the gutters: where a cell stands depends on nothing that a step does.

A row is one line high, or for readers far from the screen two or three.
"""

from __future__ import annotations

from dataclasses import replace

from convstep.frozen import NamedTuple
from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.numbers.big_digits import DIGIT, LEAST_BIG, LINES, MOST_BIG, ROOMY_BIG, BigFormat, inked
from convstep.view.numbers.factor import CLOSE, NARROW, USUAL, fits

LEAST_TEXT = NARROW
"""Columns of a number at the least."""
MOST_TEXT = USUAL
"""Columns of a number at the most, unless more precision is asked for."""
PRECISE_TEXT = 12
"""Columns of a number at the very most."""
SCROLLED_TEXT = 5
"""Columns of a number where the face is far too wide to be seen whole anyway."""
SCROLLED_BIG = ROOMY_BIG + 1
"""Columns of a big number where the face is not seen whole: a sign, a point, two digits, and one more
between a digit and the sign beside it."""
ALONE_BIG = MOST_BIG + 2 * DIGIT
"""Columns of a big number at the most where its panel has all the room: two digits more."""
ROOMY = 2
"""Lines of a row where big numbers do not fit."""


class Rect(NamedTuple):
    """A block of screen cells."""

    x: int
    """Left column."""
    y: int
    """Top line."""
    width: int
    """Columns."""
    height: int
    """Lines."""

    def union(self, other: Rect) -> Rect:
        """The smallest block around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Rect(x, y, right - x, bottom - y)


class Line(NamedTuple):
    """What one line of a grid shows."""

    row: int
    """The row."""
    part: int = 0
    """Which of the row's lines, from the top."""
    lines: int = 1
    """How many lines the row has."""

    @property
    def middle(self) -> bool:
        """Whether labels and marks stand on it."""
        return self.part == (self.lines - 1) // 2


class GridLayout(NamedTuple):
    """The places of one panel's cells, in lines and columns of the scrolled content."""

    rows: int
    """Rows of the face."""
    columns: int
    """Columns of the face."""
    text: int
    """Columns of one number."""
    margin: int
    """Columns of the row labels on the left, 0 without; they do not scroll."""
    header: int
    """Lines of the column labels at the top, 0 or 1; they do not scroll."""
    lines: int = 1
    """Lines of one row; with three, digits are drawn big."""

    @property
    def width(self) -> int:
        """Columns of the whole content."""
        return self.margin + self.columns * (self.text + 1) + 1

    @property
    def height(self) -> int:
        """Lines of the whole content, the header included."""
        return self.header + self.rows * self.lines

    def gutter(self, column: int) -> int:
        """The gutter left of a column; `columns` gives the last one."""
        return self.margin + column * (self.text + 1)

    def y_of(self, row: int) -> int:
        """The line of a row, the first of several."""
        return self.header + row * self.lines

    def line(self, y: int) -> Line | None:
        """What stands on a line; None for the header and beyond the last."""
        row, part = divmod(y - self.header, self.lines)
        return Line(row, part, self.lines) if 0 <= row < self.rows else None

    def cell_at(self, x: int, y: int) -> Cell | None:
        """The cell whose number or left gutter is at a place, if any."""
        line = self.line(y)
        column = (x - self.margin) // (self.text + 1)
        if line is None or x < self.margin or column >= self.columns:
            return None
        return Cell(line.row, column)

    def scrolled_to(self, span: Span, scroll: tuple[int, int], width: int, height: int) -> tuple[int, int]:
        """Where to scroll so that a span is in sight, or its beginning, with as little movement as can be.

        `scroll` is what is scrolled past now; columns come first. The room includes the labels.
        """
        wide, high = max(width - self.margin, 1), max(height - self.header, 1)
        left, first, last = self.gutter(span.left) - self.margin, self.y_of(span.top), self.y_of(span.bottom)
        x = _scrolled(left, self.gutter(span.right + 1) + 1 - self.gutter(span.left), scroll[0], wide)
        top, lines = first - self.header, last + self.lines - first
        y = _scrolled(top, lines, scroll[1], high)
        return self.snap(x, width), self.snap_down(y, high)

    def snap(self, x: int, width: int) -> int:
        """A scroll place at or after `x` that begins with a whole cell, unless the face ends before."""
        return max(min(-(-x // (self.text + 1)) * (self.text + 1), self.width - width), 0)

    def snap_down(self, y: int, height: int) -> int:
        """A scroll place at or after `y` that begins with a whole row, for that many lines of room."""
        line = self.line(self.header + y)
        if line is not None and line.part:
            y += self.lines - line.part
        return max(min(y, self.height - self.header - height), 0)

    def is_cut(self, y: int, top: int, height: int) -> bool:
        """Whether the row on line `y` of the whole content is only partly in sight."""
        line = self.line(y)
        if line is None:
            return False
        first = y - line.part
        return first < top or first + self.lines > top + height

    def rect(self, span: Span) -> Rect:
        """The block of a span with the gutters on both sides of it."""
        x, y = self.gutter(span.left), self.y_of(span.top)
        return Rect(x, y, self.gutter(span.right + 1) + 1 - x, self.y_of(span.bottom) + self.lines - y)


def lay_out(
    panel: Panel,
    width: int,
    height: int,
    *,
    precision: int = 0,
    large: bool = False,
    alone: bool = False,
    window: Span | None = None,
) -> GridLayout:
    """Choose cell width and labels for the room there is.

    `precision` adds columns to each number, or takes some away. A `large` panel is read from afar: cells are
    as high as there is room for. One that is `alone` has all of the screen, so that numbers have more digits.
    `window` is that of another step, whose room stays where this one has none.
    """
    if panel.window is None and window is not None:
        panel = replace(panel, window=window)
    if large:
        return _lay_out_large(panel, width, height, precision, ALONE_BIG if alone else MOST_BIG)
    rows, columns = panel.face.shape
    label = len(str(rows - 1)) + (2 if panel.listed else 0)
    together = panel.window.right - panel.window.left + 1 if panel.window is not None else 1
    usual = PRECISE_TEXT if alone and not panel.whole else MOST_TEXT
    text = _text(columns, width - label, together, least_text(panel), usual)
    # however much precision is asked for, a whole cell is in sight
    most = max(min(PRECISE_TEXT, width - label - 2), LEAST_TEXT)
    text = min(max(text + precision, LEAST_TEXT), most)
    header = 0 if panel.listed or height < 2 else 1
    return GridLayout(rows, columns, text, label, header)


def lay_out_in_unit(
    panel: Panel,
    width: int,
    height: int,
    *,
    precision: int = 0,
    large: bool = False,
    alone: bool = False,
    window: Span | None = None,
    shaded: bool = False,
) -> tuple[Panel, GridLayout]:
    """The layout, see `lay_out`, and the panel in the unit that its numbers need in the columns they get.

    `shaded`: shades stand beside the numbers.
    """
    plan = lay_out(panel, width, height, precision=precision, large=large, alone=alone, window=window)
    text = number_width(plan, shaded=shaded)
    if plan.lines == LINES:
        number = BigFormat.fitting(inked(text), panel.most, signed=panel.signed, whole=panel.whole).number
        unit = replace(panel, signed=False).power_at(number.width - number.signed)
        return replace(panel, signed=number.signed, unit=unit), plan
    # the column of a sign is a shade's, and numbers that have room rather have air between them
    if not panel.signed and (shaded or text > CLOSE):
        panel = replace(panel, signed=True)
    return replace(panel, unit=panel.power_at(text)), plan


def number_width(plan: GridLayout, *, shaded: bool) -> int:
    """Columns of a number itself.

    Rather a digit less than a shade that touches the number before it.
    """
    return plan.text - (shaded and plan.lines == 1 and plan.text >= CLOSE)


def _lay_out_large(panel: Panel, width: int, height: int, precision: int, most: int) -> GridLayout:
    """Big numbers if all of the face fits with them, or the window; else roomy rows, else the usual ones."""
    usual = lay_out(panel, width, height, precision=precision)
    rows, room = panel.face.shape[0], height - usual.header
    text = _big_text(panel, width - usual.margin, MOST_BIG if panel.whole else most)
    if text and LINES * (rows if panel.window is None else _rows(panel.window)) <= room:
        widest = max(min(2 * MOST_BIG, width - usual.margin - 2), LEAST_BIG)
        return usual._replace(text=min(max(text + DIGIT * precision, LEAST_BIG), widest), lines=LINES)
    roomy = usual.width <= width and ROOMY * rows <= room
    return usual._replace(lines=ROOMY) if roomy else usual


def _rows(span: Span) -> int:
    return span.bottom - span.top + 1


def _big_text(panel: Panel, width: int, most: int) -> int:
    """Columns of a big number in a width: of all of the face, or of its window; 0 if neither has room."""
    counts = [panel.face.shape[1]]
    if panel.window is not None:
        counts.append(panel.window.right - panel.window.left + 1)
    for count, limit in zip(counts, (most, SCROLLED_BIG), strict=False):
        text = (width - 1) // count - 1
        if text >= LEAST_BIG:
            return min(text, limit)
    return 0


def least_text(panel: Panel) -> int:
    """Columns that a number of this face needs at the least: two digits', or all of a whole one."""
    if not panel.whole:
        return LEAST_TEXT
    rooms = range(LEAST_TEXT, SCROLLED_TEXT)
    return next((text for text in rooms if fits(panel.most, text, 0, signed=panel.signed)), SCROLLED_TEXT)


def _text(columns: int, width: int, window: int, least: int, most: int) -> int:
    """Columns of a number, for all of a face at once if they fit in the width.

    Where it scrolls, the `window` columns that belong together fit at once if they can.
    """
    fitting = (width - 1) // columns - 1
    if fitting >= least:
        return min(fitting, most)
    near = columns * (least + 1) < 1.3 * width
    return least if near else max(min(SCROLLED_TEXT, (width - 1) // window - 1), least)


def _scrolled(start: int, length: int, scroll: int, room: int) -> int:
    """Where to scroll so that `start … start + length` is in sight, with as little movement as can be."""
    if start < scroll:
        return start
    if start + length > scroll + room:
        return min(start, start + length - room)
    return scroll
