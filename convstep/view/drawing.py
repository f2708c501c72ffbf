"""Drawing one line of a face: numbers or heat, frame, crop line and marks, as Rich segments."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rich.segment import Segment
from rich.style import Style

from convstep.view.grid import GridLayout, Line
from convstep.view.numbers import CellFormat
from convstep.view.panel import Cell, Panel, Span
from convstep.view.scale import Scale

MODES = ("both", "numbers", "heat")
"""How values are shown, in the order `v` goes through them."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How to draw, whatever is drawn."""

    styles: Mapping[str, Style]
    """A style a role: cell, padding, todo, window, changed, now, marked, differs, cursor, frame,
    stop, mark, crop, label."""
    mode: str = "both"
    """One of `MODES`."""
    dark: bool = True
    """Whether the screen is dark, so that zero fades into it."""
    coloured: bool = True
    """False draws magnitudes as shades instead of colours."""
    cursor: Cell | None = None
    """The cell under the cursor."""
    base: Style = field(default_factory=Style)
    """What every cell and line begins with: the screen's own colours."""
    _cache: dict[tuple[object, ...], Style] = field(default_factory=dict)

    def style(self, roles: tuple[str, ...], heat: tuple[str, str] | None) -> Style:
        """The roles' styles laid over each other, on a background of heat if there is one."""
        key = (roles, heat)
        if key not in self._cache:
            combined = self.base
            if heat is not None:
                combined += Style(color=heat[1], bgcolor=heat[0])
            for role in roles:
                combined += self.styles.get(role, _NONE)
            self._cache[key] = combined
        return self._cache[key]


_NONE = Style()


def draw_header(panel: Panel, layout: GridLayout, left: int, width: int, look: Look) -> list[Segment]:
    """The column labels, from content column `left` on."""
    parts = [" " * layout.margin]
    for column in range(layout.columns):
        parts.append(" " + f"{column}".rjust(layout.text)[-layout.text :])
    label = "".join(parts)[left : left + width]
    return [Segment(label.ljust(width), look.style(("label",), None))]


def draw_note(note: str, y: int, width: int, look: Look) -> list[Segment]:
    """One line of what a panel says in place of numbers."""
    lines = textwrap.wrap(note, max(width - 2, 1))
    text = f" {lines[y]}" if y < len(lines) else ""
    return [Segment(text[:width].ljust(width), look.base)]


def draw_line(panel: Panel, layout: GridLayout, y: int, left: int, width: int, look: Look) -> list[Segment]:
    """One line of a face below the header, from content column `left` on.

    Args:
        panel: what to draw.
        layout: where its cells stand.
        y: the line, counted in the scrolled content.
        left: first content column to draw.
        width: columns to draw.
        look: roles, mode and cursor.
    """
    line = layout.line(y)
    if line is None:
        return [Segment(" " * width, look.base)]
    first = max((left - layout.margin) // (layout.text + 1), 0)
    last = min((left + width - layout.margin) // (layout.text + 1) + 1, layout.columns)
    start = layout.gutter(first)
    draw = _edge_segments if line.edge else _row_segments
    segments = list(draw(panel, layout, line, range(first, last), look))
    if not line.edge:
        _blank_partial(segments, layout, first, left, width, look)
    if layout.margin and left < layout.margin:
        segments.insert(0, _row_label(panel, layout, line, look))
        start = 0
    return _cut(segments, left - start, width, look.base)


def _blank_partial(
    segments: list[Segment], layout: GridLayout, first: int, left: int, width: int, look: Look
) -> None:
    """A number cut in two could lose its sign: cells not wholly in sight are left empty."""
    for place in range(1, len(segments), 2):
        start = layout.gutter(first + place // 2) + 1
        if start < left or start + layout.text > left + width:
            segments[place] = Segment(" " * layout.text, look.base)


def _cut(segments: list[Segment], skip: int, width: int, base: Style) -> list[Segment]:
    """Exactly `width` columns of the segments, `skip` columns in. All text is one column a character."""
    kept = []
    for text, style, _ in segments:
        part = text[max(skip, 0) :][:width]
        skip -= len(text)
        width -= len(part)
        if part:
            kept.append(Segment(part, style))
    if width:
        kept.append(Segment(" " * width, base))
    return kept


def _row_label(panel: Panel, layout: GridLayout, line: Line, look: Look) -> Segment:
    if line.edge:
        return Segment(" " * layout.margin, look.base)
    label = f"[{line.row}]" if panel.listed else f"{line.row}"
    roles = ("label", "window") if panel.now is not None and panel.now.row == line.row else ("label",)
    return Segment(label.rjust(layout.margin), look.style(roles, None))


def _row_segments(
    panel: Panel, layout: GridLayout, line: Line, columns: range, look: Look
) -> Iterator[Segment]:
    number = _format(layout.text, panel.limit)
    scale = _scale(panel.limit, look.dark)
    values = panel.face.values[line.row, columns.start : columns.stop].tolist()
    for column, value in zip(columns, values, strict=True):
        yield _gutter(panel, line.row, column, look, _hint(value, scale, look))
        yield _cell(panel, Cell(line.row, column), value, number, scale, look)
    yield _gutter(panel, line.row, columns.stop, look, " ")


@functools.lru_cache(maxsize=256)
def _format(width: int, limit: float) -> CellFormat:
    # limits are rounded up to a power of two: a lone 1.0 must not cost every other cell a digit
    return CellFormat.fitting(width, limit * 0.9)


@functools.lru_cache(maxsize=256)
def _scale(limit: float, dark: bool) -> Scale:
    return Scale(limit, dark)


def _hint(value: float, scale: Scale, look: Look) -> str:
    """What a gutter says of the number on its right where colours cannot: its magnitude."""
    return scale.mark(value) or (scale.shade(value) if look.mode == "both" and not look.coloured else " ")


def _cell(panel: Panel, cell: Cell, value: float, number: CellFormat, scale: Scale, look: Look) -> Segment:
    roles = _roles(panel, cell, look)
    # a dot says that nothing is here: a zero of the padding, or no difference
    outside = ("padding" in roles and value == 0) or (panel.sparse and not _differs(panel, *cell))
    text = "·".rjust(number.width) if outside else number.text(value)
    if look.mode == "heat" and not outside:
        sign = "-" if value < 0 else "+" if value > 0 else " "
        text = (sign + scale.shade(value) * (number.width - 1)) if value == value else text
    heat = None
    if look.coloured and look.mode != "numbers" and "todo" not in roles and not outside and value != 0:
        heat = (scale.background(value), scale.foreground(value))
    return Segment(text, look.style(roles, heat))


def _roles(panel: Panel, cell: Cell, look: Look) -> tuple[str, ...]:
    """The cell's roles, the strongest last."""
    roles = ["cell"]
    if panel.inside is not None and cell not in panel.inside:
        roles.append("padding")
    if panel.done is not None and panel.now != cell:
        place = cell.row * panel.face.shape[1] + cell.column
        roles.append("done" if place < panel.done else "todo")
    if panel.window is not None and cell in panel.window:
        roles.append("window")
    if panel.changed is not None and cell in panel.changed:
        roles.append("changed")
    if panel.now == cell:
        roles.append("now")
    if cell in panel.marks:
        roles.append("marked")
    if look.cursor == cell:
        roles.append("cursor")
    return tuple(roles)


def _gutter(panel: Panel, row: int, boundary: int, look: Look, plain: str) -> Segment:
    """The column left of cell `boundary`: a mark, a side of the frame or crop line, a pointer, a hint."""
    if (row, boundary) in panel.marks:
        return Segment(panel.marks[row, boundary], look.style(("mark",), None))
    if _differs(panel, row, boundary):  # even in the frame's side: its other sides still show it
        return Segment("≠", look.style(("differs",), None))
    if panel.framed and panel.window is not None and _on_side(panel.window, row, boundary):
        return Segment("┃", look.style(("frame",), None))
    if (row, boundary) in panel.stops:
        return Segment("◆", look.style(("stop",), None))
    if panel.now is not None and not panel.listed and row == panel.now.row:
        if boundary == panel.now.column:
            return Segment("▸", look.style(("frame",), None))
        if boundary == panel.now.column + 1:
            return Segment("◂", look.style(("frame",), None))
    if panel.listed and panel.now == (row, boundary - 1):
        return Segment("◂", look.style(("frame",), None))
    if panel.cropped and panel.inside is not None and _on_side(panel.inside, row, boundary):
        return Segment("│", look.style(("crop",), None))
    return Segment(plain, look.style(("hint",), None))


def _differs(panel: Panel, row: int, column: int) -> bool:
    if panel.differing is None or column >= panel.face.shape[1]:
        return False
    return bool(panel.differing[row, column])


def _on_side(block: Span, row: int, boundary: int) -> bool:
    return block.top <= row <= block.bottom and boundary in (block.left, block.right + 1)


def _edge_segments(
    panel: Panel, layout: GridLayout, line: Line, columns: range, look: Look
) -> Iterator[Segment]:
    """A line between rows: a top or bottom of the frame or of the crop line, and sides crossing it."""
    for boundary in range(columns.start, columns.stop + 1):
        at, style = _edge_corner(panel, line, boundary)
        yield Segment(at, look.style((style,), None) if style else look.base)
        if boundary < columns.stop:
            along, style = _edge_run(panel, line, boundary)
            yield Segment(along * layout.text, look.style((style,), None) if style else look.base)


def _block(panel: Panel, kind: str) -> tuple[Span | None, str]:
    return (panel.window, "frame") if kind.startswith("frame") else (panel.inside, "crop")


def _edge_run(panel: Panel, line: Line, column: int) -> tuple[str, str]:
    assert line.edge is not None
    block, style = _block(panel, line.edge)
    if block is not None and block.left <= column <= block.right:
        return ("━" if style == "frame" else "─"), style
    return " ", ""


def _edge_corner(panel: Panel, line: Line, boundary: int) -> tuple[str, str]:
    """The character of an edge line at a gutter."""
    assert line.edge is not None
    block, style = _block(panel, line.edge)
    top = line.edge.endswith("top")
    crossing = style == "crop" and panel.framed and _crosses(panel.window, line, boundary)
    if crossing:
        return "┃", "frame"
    if block is not None:
        if boundary == block.left:
            return _CORNERS[style, top, "left"], style
        if boundary == block.right + 1:
            return _CORNERS[style, top, "right"], style
        if block.left < boundary <= block.right:
            return ("━" if style == "frame" else "─"), style
    if style == "frame" and panel.cropped and _crosses(panel.inside, line, boundary):
        return "│", "crop"
    return " ", ""


def _crosses(block: Span | None, line: Line, boundary: int) -> bool:
    """Whether a side of the block passes through an edge line."""
    if block is None or boundary not in (block.left, block.right + 1):
        return False
    # before the same row, the frame opens below the crop line and closes above it
    first, last = {"frame-top": (0, 0), "frame-bottom": (1, 1)}.get(line.edge or "", (1, 0))
    return block.top + first <= line.row <= block.bottom + last


_CORNERS = {
    ("frame", True, "left"): "┏",
    ("frame", True, "right"): "┓",
    ("frame", False, "left"): "┗",
    ("frame", False, "right"): "┛",
    ("crop", True, "left"): "┌",
    ("crop", True, "right"): "┐",
    ("crop", False, "left"): "└",
    ("crop", False, "right"): "┘",
}
