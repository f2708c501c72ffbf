"""Where the cells of a face stand on the screen: plain geometry, no drawing.

A cell is `text` columns wide with a gutter of one column on each side; neighbours share a gutter.
Row labels stand on the left and column labels at the top; neither scrolls away.
A frame's sides live in the gutters. Its top and bottom have lines of their own, which wander
with the window: rows above keep their place, rows below stand two lines lower, and only the
rows that enter or leave the window move. The total height never changes.

A row is one line high, or for readers far from the screen two or three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.numbers.big_digits import DIGIT, LEAST_BIG, LINES, MOST_BIG, ROOMY_BIG, BigFormat
from convstep.view.numbers.factor import NARROW, USUAL, fits

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
FEW = 3
"""Lines of room in which column labels may not cost one of the rows that belong together."""
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


class Edge(NamedTuple):
    """A line of its own between two rows."""

    anchor: int
    """The row it stands before."""
    kind: str
    """`frame-top`, `frame-bottom`, `crop-top` or `crop-bottom`."""


class Line(NamedTuple):
    """What one line of a grid shows."""

    row: int
    """The row, or for an edge the row it stands before."""
    edge: str | None
    """The edge's kind, None for a row of numbers."""
    part: int = 0
    """Which of the row's lines, from the top."""


@dataclass(frozen=True, slots=True)
class GridLayout:
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
    edges: tuple[Edge, ...]
    """In the order of their lines."""
    lines: int = 1
    """Lines of one row; with three, digits are drawn big."""

    @property
    def width(self) -> int:
        """Columns of the whole content."""
        return self.margin + self.columns * (self.text + 1) + 1

    @property
    def height(self) -> int:
        """Lines of the whole content, the header included."""
        return self.header + self.rows * self.lines + len(self.edges)

    @property
    def middle(self) -> int:
        """Which line of a row has its labels and marks."""
        return (self.lines - 1) // 2

    def gutter(self, column: int) -> int:
        """The gutter left of a column; `columns` gives the last one."""
        return self.margin + column * (self.text + 1)

    def y_of(self, row: int) -> int:
        """The line of a row, the first of several."""
        return self.header + row * self.lines + sum(edge.anchor <= row for edge in self.edges)

    def line(self, y: int) -> Line | None:
        """What stands on a line below the header; None beyond the last."""
        y -= self.header
        for passed, edge in enumerate(self.edges):
            place = edge.anchor * self.lines + passed
            if y < place:
                return self._row_line(y - passed)
            if y == place:
                return Line(edge.anchor, edge.kind)
        place = y - len(self.edges)
        return self._row_line(place) if place < self.rows * self.lines else None

    def _row_line(self, place: int) -> Line:
        return Line(place // self.lines, None, place % self.lines)

    def cell_at(self, x: int, y: int) -> Cell | None:
        """The cell whose number or left gutter is at a place, if any."""
        line = self.line(y) if y >= self.header else None
        column = (x - self.margin) // (self.text + 1)
        if line is None or line.edge or x < self.margin or column >= self.columns:
            return None
        return Cell(line.row, column)

    def scrolled_to(self, span: Span, scroll: tuple[int, int], width: int, height: int) -> tuple[int, int]:
        """Where to scroll so that a span is in sight, or its beginning, with as little movement as can be.

        Args:
            span: what is to be seen.
            scroll: columns and lines that are scrolled past now.
            width: columns of room, the labels included.
            height: lines of room, the labels included.
        """
        wide, high = max(width - self.margin, 1), max(height - self.header, 1)
        left, first, last = self.gutter(span.left) - self.margin, self.y_of(span.top), self.y_of(span.bottom)
        x = _scrolled(left, self.gutter(span.right + 1) + 1 - self.gutter(span.left), scroll[0], wide)
        top, lines = first - self.header, last + self.lines - first
        around = 1 if self.edges and lines + 2 <= high else 0  # rather a row than the frame's top
        y = _scrolled(top - around, lines + 2 * around, scroll[1], high)
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
        """Whether the row on a line is only partly in sight.

        Args:
            y: the line, counted in the whole content.
            top: the first line in sight.
            height: lines in sight.
        """
        line = self.line(y)
        if line is None or line.edge:
            return False
        first = y - line.part
        return first < top or first + self.lines > top + height

    def rect(self, span: Span) -> Rect:
        """The block of a span with the gutters and the edge lines around it."""
        x = self.gutter(span.left)
        top, bottom = self.y_of(span.top), self.y_of(span.bottom)
        around = 1 if self.edges else 0
        width = self.gutter(span.right + 1) + 1 - x
        return Rect(x, top - around, width, bottom - top + self.lines + 2 * around)


def lay_out(panel: Panel, width: int, height: int, *, precision: int = 0, large: bool = False) -> GridLayout:
    """Choose cell width and labels for the room there is.

    Args:
        panel: what to show.
        width: columns of room.
        height: lines of room.
        precision: columns to add to each number, or to take away.
        large: whether it is read from afar, so that cells are as high as there is room for.
    """
    if large:
        return _lay_out_large(panel, width, height, precision)
    rows, columns = panel.face.shape
    label = len(str(rows - 1)) + (2 if panel.listed else 0)
    window = panel.window.right - panel.window.left + 1 if panel.window is not None else 1
    text = _text(columns, width - label, window, least_text(panel))
    # however much precision is asked for, a whole cell is in sight
    most = max(min(PRECISE_TEXT, width - label - 2), LEAST_TEXT)
    text = min(max(text + precision, LEAST_TEXT), most)
    seen = panel.window.bottom - panel.window.top + 1 if panel.window is not None else rows
    header = 0 if panel.listed or height <= min(seen, FEW) else 1
    return GridLayout(rows, columns, text, label, header, _edges(panel))


def lay_out_in_unit(
    panel: Panel, width: int, height: int, *, precision: int = 0, large: bool = False
) -> tuple[Panel, GridLayout]:
    """The layout, and the panel in the unit that its numbers need in the columns they get there."""
    plan = lay_out(panel, width, height, precision=precision, large=large)
    text = plan.text
    if plan.lines == LINES:
        panel = replace(panel, signed=True)
        text = BigFormat.fitting(text, panel.most, whole=panel.whole).number.width
    return replace(panel, unit=panel.power_at(text)), plan


def _lay_out_large(panel: Panel, width: int, height: int, precision: int) -> GridLayout:
    """Big numbers if all of the face fits with them, or the window; else roomy rows, else the usual ones."""
    edges = _edges(panel, paired=True)
    usual = replace(lay_out(panel, width, height, precision=precision), edges=edges)
    rows = panel.face.shape[0]
    text, margin = _big_text_and_margin(panel, width)
    room = height - len(edges)
    seen_rows = rows if panel.window is None else panel.window.bottom - panel.window.top + 1
    # of the two crop lines one at the most is near a window that is not nearly all
    spare = height - min(len(edges), 3) - LINES * seen_rows if LINES * rows > room else room - LINES * rows
    if text and spare >= 0:
        header = 1 if not panel.listed and spare else 0
        most = max(min(2 * MOST_BIG, width - margin - 2), LEAST_BIG)
        text = min(max(text + DIGIT * precision, LEAST_BIG), most)
        return replace(usual, text=text, margin=margin, header=header, lines=LINES)
    # a face that scrolls anyway rather loses a row than the numbers of its columns
    header = usual.header if seen_rows < room or seen_rows > room > FEW else 0
    if usual.width <= width and header + ROOMY * rows <= room:
        return replace(usual, header=header, lines=ROOMY)
    return replace(usual, header=header)


def _big_text_and_margin(panel: Panel, width: int) -> tuple[int, int]:
    """Columns of a big number and of the row labels; 0 columns where no room is enough.

    Labels stand where numbers keep two decimals beside them.
    """
    columns = panel.face.shape[1]
    label = len(str(panel.face.shape[0] - 1)) + (2 if panel.listed else 0)
    counts = [columns]
    if panel.window is not None:
        counts.append(panel.window.right - panel.window.left + 1)
    for count, most in zip(counts, (MOST_BIG, SCROLLED_BIG), strict=False):
        for margin, least in ((label, LEAST_BIG if panel.listed else SCROLLED_BIG), (0, LEAST_BIG)):
            text = (width - margin - 1) // count - 1
            if text >= least:
                return min(text, most), margin
    return 0, 0


def least_text(panel: Panel) -> int:
    """Columns that a number of this face needs at the least: two digits', or all of a whole one."""
    if not panel.whole:
        return LEAST_TEXT
    rooms = range(LEAST_TEXT, SCROLLED_TEXT)
    return next((text for text in rooms if fits(panel.most, text, 0, signed=panel.signed)), SCROLLED_TEXT)


def _text(columns: int, width: int, window: int, least: int) -> int:
    """Columns of a number, for all of a face at once if they fit in the width.

    Where it scrolls, the `window` columns that belong together fit at once if they can.
    """
    fitting = (width - 1) // columns - 1
    if fitting >= least:
        return min(fitting, MOST_TEXT)
    near = columns * (least + 1) < 1.3 * width
    return least if near else max(min(SCROLLED_TEXT, (width - 1) // window - 1), least)


def _scrolled(start: int, length: int, scroll: int, room: int) -> int:
    """Where to scroll so that `start … start + length` is in sight, with as little movement as can be."""
    if start < scroll:
        return start
    if start + length > scroll + room:
        return min(start, start + length - room)
    return scroll


def _edges(panel: Panel, *, paired: bool = False) -> tuple[Edge, ...]:
    """The lines around the crop and the window; closing edges stand above opening ones.

    Args:
        panel: what to show.
        paired: whether rows stand level with those of a cropped panel of the same face: its lines are left
            blank where there is none.
    """
    found = []
    rows, columns = panel.face.shape
    padded = panel.inside is not None and panel.inside != Span(range(rows), range(columns))
    if panel.inside is not None and (panel.cropped or (paired and panel.stage and padded)):
        found.append((panel.inside.top, 2, "crop-top"))
        found.append((panel.inside.bottom + 1, 1, "crop-bottom"))
    if panel.framed:
        # where there is no window now, the room of its frame stays
        top, below = (rows, rows) if panel.window is None else (panel.window.top, panel.window.bottom + 1)
        found.append((top, 3, "frame-top"))
        found.append((below, 0, "frame-bottom"))
    return tuple(Edge(anchor, kind) for anchor, _, kind in sorted(found))
