"""The columns between cells: frames, the crop line, marks and pointers. None of them moves a cell.

A frame is written like the brackets of a matrix, in the gutters beside its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from rich.segment import Segment

from convstep.frozen import NamedTuple
from convstep.view.grid.look import Look
from convstep.view.grid.panel import DIFFERS, Panel, Span
from convstep.view.grid.places import Line
from convstep.view.numbers.scale import Scale

_FRAME: Final = ("┏┃┗[", "┓┃┛]")
"""The left and the right side of a frame: its top, its middle, its bottom, and all of it on one line."""
_CROP: Final = ("┌│└│", "┐│┘│")
"""The same of the crop line."""
_PLAIN: Final = ("[" * 4, "]" * 4)
"""The same of a frame where there is no colour."""
RUNS_ON: Final = frozenset("".join(side for block in (_FRAME, _CROP, _PLAIN) for side in block))
"""What stands beside a row also where that is only partly in sight."""


class Row(NamedTuple):
    """One line of a panel's row, with what stands on it: looked up once, not for every cell."""

    panel: Panel
    """Whose."""
    line: Line
    """Which."""
    framed: Collection[int]
    """The columns of cells with a frame."""
    changed: Collection[int]
    """The columns of cells that the step has written."""
    inside: Collection[int] | None
    """The columns within the padding; None where there is none."""
    frame: Mapping[int, str]
    """The frame's sides, by the column to the right of them."""
    crop: Mapping[int, str]
    """The same of the crop line."""
    scale: Scale
    """Of the values."""

    @classmethod
    def of(cls, panel: Panel, line: Line, look: Look) -> Row:
        """Look it up."""
        block, changed, inside = panel.block, panel.changed, panel.inside
        return cls(
            panel,
            line,
            () if block is None else block.columns_of(line.row),
            () if changed is None else changed.columns_of(line.row),
            None if inside is None else inside.columns_of(line.row),
            _sides(block, line, _FRAME if look.coloured else _PLAIN),
            _sides(inside if panel.cropped else None, line, _CROP),
            look.scale(panel.limit),
        )


def _sides(block: Span | None, line: Line, sides: tuple[str, str]) -> dict[int, str]:
    """The characters of a block's left and right side on a line."""
    if block is None or not block.top <= line.row <= block.bottom:
        return {}
    first = line.row == block.top and line.part == 0
    last = line.row == block.bottom and line.part == line.lines - 1
    at = 3 if first and last else 0 if first else 2 if last else 1
    return {block.left: sides[0][at], block.right + 1: sides[1][at]}


def gutter(row: Row, boundary: int, look: Look, plain: str, *, within: str = "") -> Segment:
    """The column left of cell `boundary`: a mark, a side of the frame or crop line, a pointer, a hint.

    Above and below the middle line of a cell nothing is said that is said once. The last gutter has the
    number of columns for a boundary. `plain` is the hint, `within` the mark or hint that stands in the cell
    and so not here.
    """
    panel, middle, at = row.panel, row.line.middle, (row.line.row, boundary)
    if panel.marks and at in panel.marks and not within:
        text, role = panel.marks[at] if middle else " ", "mark"
    elif middle and within != panel.differing_mark and is_differing(panel, *at):  # even in the frame's side
        text = panel.differing_mark
        role = "differs" if text == DIFFERS else "mark"
    elif boundary in row.frame:
        text, role = row.frame[boundary], panel.use or "frame"
    elif middle and at in panel.stops:
        text, role = "◆", "stop"
    elif middle and panel.now == at and not panel.listed:
        text, role = "▸", panel.use or "frame"
    elif middle and panel.now == (row.line.row, boundary - 1):
        text, role = "◂", panel.use or "frame"
    elif boundary in row.crop:
        text, role = row.crop[boundary], "crop"
    else:
        text, role = plain, "hint"
    tinted = panel.use and (boundary in row.framed or boundary - 1 in row.framed)
    return Segment(text, look.style((panel.ground, role) if tinted else (role,), None))


def is_differing(panel: Panel, row: int, column: int) -> bool:
    """Whether a cell is marked as unlike another panel's."""
    if panel.differing is None or column >= panel.face.shape[1]:
        return False
    return bool(panel.differing[row, column])
