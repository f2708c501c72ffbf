"""Where the cells of a face stand on the screen: plain geometry, no drawing.

A cell is `text` columns wide with a gutter of one column on each side; neighbours share a gutter.
A frame's sides live in the gutters. Its top and bottom have lines of their own, which wander
with the window: rows above keep their place, rows below stand two lines lower, and only the
rows that enter or leave the window move. The total height never changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from convstep.view.panel import Cell, Panel, Span

LEAST_TEXT = 3
"""Columns of a number at the least."""
MOST_TEXT = 7
"""Columns of a number at the most, unless more precision is asked for."""
PRECISE_TEXT = 12
"""Columns of a number at the very most."""
SCROLLED_TEXT = 5
"""Columns of a number where the face is far too wide to be seen whole anyway."""


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
    """Columns of the row labels on the left, 0 without."""
    header: int
    """Lines of the column labels at the top, 0 or 1; they do not scroll."""
    edges: tuple[Edge, ...]
    """In the order of their lines."""

    @property
    def width(self) -> int:
        """Columns of the whole content."""
        return self.margin + self.columns * (self.text + 1) + 1

    @property
    def height(self) -> int:
        """Lines of the whole content, the header included."""
        return self.header + self.rows + len(self.edges)

    def gutter(self, column: int) -> int:
        """The gutter left of a column; `columns` gives the last one."""
        return self.margin + column * (self.text + 1)

    def y_of(self, row: int) -> int:
        """The line of a row."""
        return self.header + row + sum(edge.anchor <= row for edge in self.edges)

    def line(self, y: int) -> Line | None:
        """What stands on a line below the header; None beyond the last."""
        y -= self.header
        for passed, edge in enumerate(self.edges):
            place = edge.anchor + passed
            if y < place:
                return Line(y - passed, None)
            if y == place:
                return Line(edge.anchor, edge.kind)
        row = y - len(self.edges)
        return Line(row, None) if row < self.rows else None

    def cell_at(self, x: int, y: int) -> Cell | None:
        """The cell whose number or left gutter is at a place, if any."""
        line = self.line(y) if y >= self.header else None
        column = (x - self.margin) // (self.text + 1)
        if line is None or line.edge or x < self.margin or column >= self.columns:
            return None
        return Cell(line.row, column)

    def snap(self, x: int, width: int) -> int:
        """A scroll place at or after `x` that begins with a whole cell."""
        if x <= self.margin:
            return 0 if x <= 0 else self.margin
        column = -(-(x - self.margin) // (self.text + 1))
        return min(self.gutter(column), max(self.width - width, 0))

    def rect(self, span: Span) -> Rect:
        """The block of a span with the gutters and the edge lines around it."""
        x = self.gutter(span.left)
        top, bottom = self.y_of(span.top), self.y_of(span.bottom)
        around = 1 if self.edges else 0
        width = self.gutter(span.right + 1) + 1 - x
        return Rect(x, top - around, width, bottom - top + 1 + 2 * around)


def lay_out(panel: Panel, width: int, height: int, *, precision: int = 0) -> GridLayout:
    """Choose cell width and labels for the room there is.

    Args:
        panel: what to show.
        width: columns of room.
        height: lines of room.
        precision: columns to add to each number, or to take away.
    """
    rows, columns = panel.face.shape
    edges = _edges(panel)
    label = len(str(rows - 1)) + (2 if panel.listed else 0)
    seen = panel.window.right - panel.window.left + 1 if panel.window is not None else 1
    least = least_text(panel)
    text, margin = _text_and_margin(columns, width, label, panel.listed, seen, least)
    text = min(max(text + precision, LEAST_TEXT), PRECISE_TEXT)
    header = 0 if panel.listed or height < _least_height(panel, rows, len(edges)) else 1
    return GridLayout(rows, columns, text, margin, header, edges)


def least_text(panel: Panel) -> int:
    """Columns that a number of this face needs at the least: its sign and its whole digits."""
    digits = len(str(int(min(panel.limit, 1e6) * 0.9)))
    return max(LEAST_TEXT, min(digits + 1, SCROLLED_TEXT))


def _text_and_margin(
    columns: int, width: int, label: int, listed: bool, window: int, least: int
) -> tuple[int, int]:
    """Labels stand where numbers keep four columns beside them, or where the face scrolls.

    Where it scrolls, the `window` columns that belong together fit at once if they can.
    """

    def fitting(margin: int, count: int = columns) -> int:
        return (width - margin - 1) // count - 1

    if listed or fitting(label) > least:
        return max(min(fitting(label), MOST_TEXT), least), label
    if fitting(0) >= least:
        return min(fitting(0), MOST_TEXT), 0
    near = columns * (least + 1) < 1.3 * width
    return least if near else max(min(SCROLLED_TEXT, fitting(label, window)), least), label


def _least_height(panel: Panel, rows: int, edges: int) -> int:
    """Lines from which the column labels cost no number: all rows, or at least the window, fit below."""
    seen = panel.window.bottom - panel.window.top + 1 if panel.window is not None else rows
    frame = 2 if panel.window is not None and edges else 0
    return 1 + min(seen + frame, rows + edges)


def _edges(panel: Panel) -> tuple[Edge, ...]:
    """The lines around the crop and the window; closing edges stand above opening ones."""
    found = []
    if panel.cropped and panel.inside is not None:
        found.append((panel.inside.top, 2, "crop-top"))
        found.append((panel.inside.bottom + 1, 1, "crop-bottom"))
    if panel.framed and panel.window is not None:
        found.append((panel.window.top, 3, "frame-top"))
        found.append((panel.window.bottom + 1, 0, "frame-bottom"))
    return tuple(Edge(anchor, kind) for anchor, _, kind in sorted(found))
