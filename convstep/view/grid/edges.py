"""Drawing the lines between rows: tops and bottoms of the frame and of the crop line."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment

from convstep.view.grid.look import Look
from convstep.view.grid.panel import Panel, Span
from convstep.view.grid.places import GridLayout, Line


def edge_segments(
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
    if kind.startswith("frame"):
        return panel.window, "frame"
    return panel.inside if panel.cropped else None, "crop"


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
