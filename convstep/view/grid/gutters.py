"""The columns between cells: frames, the crop line, marks and pointers. None of them moves a cell.

A frame is written like the brackets of a matrix, in the gutters beside its rows.
"""

from __future__ import annotations

from typing import Final

from rich.segment import Segment

from convstep.view.grid.look import Look
from convstep.view.grid.panel import DIFFERS, Panel, Span
from convstep.view.grid.places import Line

_FRAME: Final = ("┏┃┗[", "┓┃┛]")
"""The left and the right side of a frame: its top, its middle, its bottom, and all of it on one line."""
_CROP: Final = ("┌│└│", "┐│┘│")
"""The same of the crop line."""
_PLAIN: Final = ("[" * 4, "]" * 4)
"""The same of a frame where there is no colour."""
RUNS_ON: Final = frozenset("".join(side for block in (_FRAME, _CROP, _PLAIN) for side in block))
"""What stands beside a row also where that is only partly in sight."""


def gutter(panel: Panel, line: Line, boundary: int, look: Look, plain: str, *, within: str = "") -> Segment:
    """The column left of cell `boundary`: a mark, a side of the frame or crop line, a pointer, a hint.

    Above and below the middle line of a cell nothing is said that is said once.

    Args:
        panel: whose.
        line: where.
        boundary: the cell on the right; the number of columns for the last gutter.
        look: how to draw.
        plain: the hint.
        within: the mark or hint that stands in the cell and so not here.
    """
    row, middle, own = line.row, line.middle, panel.use or "frame"
    block = panel.block
    if (row, boundary) in panel.marks and not within:
        text, role = panel.marks[row, boundary] if middle else " ", "mark"
    elif middle and within != (other := panel.differing_mark) and is_differing(panel, row, boundary):
        # even in the frame's side
        text, role = other, "differs" if other == DIFFERS else "mark"
    elif block is not None and _on_side(block, row, boundary):
        text, role = _side(block, line, boundary, _FRAME if look.coloured else _PLAIN), own
    elif middle and (row, boundary) in panel.stops:
        text, role = "◆", "stop"
    elif middle and panel.now == (row, boundary) and not panel.listed:
        text, role = "▸", own
    elif middle and panel.now == (row, boundary - 1):
        text, role = "◂", own
    elif panel.cropped and panel.inside is not None and _on_side(panel.inside, row, boundary):
        text, role = _side(panel.inside, line, boundary, _CROP), "crop"
    else:
        text, role = plain, "hint"
    tinted = block is not None and panel.use and ((row, boundary) in block or (row, boundary - 1) in block)
    return Segment(text, look.style((panel.ground, role) if tinted else (role,), None))


def is_differing(panel: Panel, row: int, column: int) -> bool:
    """Whether a cell is marked as unlike another panel's."""
    if panel.differing is None or column >= panel.face.shape[1]:
        return False
    return bool(panel.differing[row, column])


def _on_side(block: Span, row: int, boundary: int) -> bool:
    return block.top <= row <= block.bottom and boundary in (block.left, block.right + 1)


def _side(block: Span, line: Line, boundary: int, sides: tuple[str, str]) -> str:
    """The character of a block's left or right side on a line."""
    first = line.row == block.top and line.part == 0
    last = line.row == block.bottom and line.part == line.lines - 1
    return sides[boundary != block.left][3 if first and last else 0 if first else 2 if last else 1]
