"""Overview: a whole face in little room, two pixels a character, with the window marked on it."""

from __future__ import annotations

import functools

import numpy as np
from rich.segment import Segment
from rich.style import Style

from convstep.steps.cells import Array
from convstep.view.grid.look import Look
from convstep.view.grid.panel import Panel, Span
from convstep.view.numbers.scale import Scale

MARK = "◆"
"""Where the window is, if it is too small on the overview to be framed."""


class Overview:
    """The pixels of one face: each the cell of greatest magnitude among those it stands for.

    A step touches few pixels: `update` looks at their cells alone.
    """

    def __init__(self, width: int, height: int) -> None:
        """Make room for `width` columns and `height` lines of characters."""
        self._width, self._height = max(width, 1), max(height, 1)
        self._pixels: Array | None = None
        self._block = (1, 1)

    def update(self, values: Array, changed: Span | None) -> None:
        """Take the values of a face `(rows, columns)` anew where it changed since then; None: anywhere."""
        rows, columns = values.shape
        block = (-(-rows // (2 * self._height)), -(-columns // self._width))
        shape = (-(-rows // block[0]), -(-columns // block[1]))
        if self._pixels is None or self._pixels.shape != shape or changed is None:
            self._pixels = np.zeros(shape)
            self._block = block
            self._take(values, range(shape[0]), range(shape[1]))
            return
        down, right = block
        self._take(
            values,
            range(changed.top // down, changed.bottom // down + 1),
            range(changed.left // right, changed.right // right + 1),
        )

    def _take(self, values: Array, rows: range, columns: range) -> None:
        """Find the pixels of a block of the picture."""
        assert self._pixels is not None
        down, right = self._block
        part = values[rows.start * down : rows.stop * down, columns.start * right : columns.stop * right]
        starts = np.arange(0, part.shape[0], down), np.arange(0, part.shape[1], right)

        def over_blocks(function: np.ufunc) -> Array:
            by_row: Array = function.reduceat(part, starts[0], axis=0)
            found: Array = function.reduceat(by_row, starts[1], axis=1)
            return found

        # maximum and minimum hand NaN on: a pixel with a NaN among its cells is NaN
        largest, smallest = over_blocks(np.maximum), over_blocks(np.minimum)
        pixels = np.where(largest >= -smallest, largest, smallest)
        self._pixels[rows.start : rows.stop, columns.start : columns.stop] = np.where(
            np.isnan(largest), np.nan, pixels
        )

    @property
    def lines(self) -> int:
        """Lines of the picture."""
        return 0 if self._pixels is None else (len(self._pixels) + 1) // 2

    def lines_of(self, span: Span) -> range:
        """The lines on which a span's pixels stand."""
        per_line = 2 * self._block[0]
        return range(span.top // per_line, span.bottom // per_line + 1)

    def line(self, y: int, panel: Panel, look: Look) -> list[Segment]:
        """Line `y` of the picture, with the panel's window marked; without colours it is shades."""
        if self._pixels is None or not 0 <= y < self.lines:
            return []
        scale, marks = look.scale(panel.limit), self._marks(panel.window)
        upper = self._pixels[2 * y].tolist()
        below = self._pixels[2 * y + 1].tolist() if 2 * y + 1 < len(self._pixels) else [None] * len(upper)
        return [
            _segment(scale, pair, marks.get((y, column)), panel.use, look)
            for column, pair in enumerate(zip(upper, below, strict=True))
        ]

    def _marks(self, window: Span | None) -> dict[tuple[int, int], str]:
        """Characters of the window's frame by (line, column)."""
        if window is None:
            return {}
        down, right = self._block
        top, bottom = window.top // (2 * down), window.bottom // (2 * down)
        left, last = window.left // right, window.right // right
        if bottom - top < 2 or last - left < 2:
            return {((top + bottom) // 2, (left + last) // 2): MARK}
        marks = {(line, column): "┃" for line in range(top, bottom + 1) for column in (left, last)}
        marks |= {(line, column): "━" for column in range(left, last + 1) for line in (top, bottom)}
        return marks | {(top, left): "┏", (top, last): "┓", (bottom, left): "┗", (bottom, last): "┛"}


def _segment(
    scale: Scale, pair: tuple[float, float | None], mark: str | None, use: str, look: Look
) -> Segment:
    """One character: a mark, two pixels in colour, or the shade of the larger."""
    upper, lower = pair
    if mark:
        return Segment(mark, look.style((use or "frame",), None) if look.coloured else _PLAIN_MARK)
    if look.coloured:
        return Segment("▀", _two(scale.background(upper), None if lower is None else scale.background(lower)))
    strange = scale.mark(upper) or (scale.mark(lower) if lower is not None else "")
    return Segment(strange or scale.shade(upper if lower is None else max(upper, lower, key=abs)))


_PLAIN_MARK = Style(bold=True, reverse=True)


@functools.lru_cache(maxsize=1024)
def _two(upper: str, lower: str | None) -> Style:
    return Style(color=upper, bgcolor=lower)
