r"""Numbers three lines high, drawn with box characters, for readers far from the screen.

>>> print("\n".join(BigFormat(9, 2).lines(-0.57)))
   ╭─╴╶─┐
╺╸ ╰─╮  │
  ▖╶─╯  ╵
>>> [BigFormat(6, 1).text(value) for value in (-0.57, 1.25, 0.0, -0.0, -0.01, float("inf"))]
['-.6', '1', '0', '0', '-~0', '∞']
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from convstep.view.numbers import CellFormat

LINES = 3
"""Lines of a big number."""
LEAST_BIG = 6
"""Columns of a big number at the least: a sign, a point and a digit."""
MOST_BIG = 12
"""Columns of a big number at the most, unless more precision is asked for."""
MOST_DECIMALS = 4
"""Digits after the point at the most."""

GLYPHS = {
    "0": ("╭─╮", "│ │", "╰─╯"),
    "1": ("╶╮ ", " │ ", "╶┴╴"),
    "2": ("╶─╮", "┌─┘", "╰─╴"),
    "3": ("╶─╮", " ─┤", "╶─╯"),
    "4": ("╷ ╷", "╰─┤", "  ╵"),
    "5": ("╭─╴", "╰─╮", "╶─╯"),
    "6": ("╭─╴", "├─╮", "╰─╯"),
    "7": ("╶─┐", "  │", "  ╵"),
    "8": ("╭─╮", "├─┤", "╰─╯"),
    "9": ("╭─╮", "╰─┤", "╶─╯"),
    "n": ("   ", "╭─╮", "╵ ╵"),
    "a": ("╶─╮", "╭─┤", "╰─┴"),
    "∞": ("    ", "╭╮╭╮", "╰╯╰╯"),
    ".": (" ", " ", "▖"),
    "-": ("  ", "╺╸", "  "),
    "+": ("   ", "╶┼╴", "   "),
    "~": (" ", "~", " "),
    ">": ("╲ ", " >", "╱ "),
    "<": (" ╱", "< ", " ╲"),
    "·": (" ", "·", " "),
}
"""Each character's three lines, equally wide; what has no glyph is written small."""


@dataclass(frozen=True, slots=True)
class BigFormat:
    """How the big numbers of one table are written, so that their points line up."""

    width: int
    """Columns of a number, the gutter between two cells not included."""
    decimals: int
    """Digits after the point, where they fit."""

    @classmethod
    def fitting(cls, width: int, limit: float) -> BigFormat:
        """The format with the most decimals that holds every value up to a limit, at least one.

        Args:
            width: columns of a number.
            limit: the largest magnitude to expect.
        """
        extreme = -limit if math.isfinite(limit) else -1.0
        places = (n for n in range(MOST_DECIMALS, 1, -1) if columns_of(_fixed(extreme, n)) <= width)
        return cls(width, next(places, 1))

    def text(self, value: float) -> str:
        """A value as far as it fits: decimals are shed, the sign never; "" where it does not."""
        if value != value or math.isinf(value):
            words = "nan" if value != value else "-∞" if value < 0 else "∞"
        elif value == 0:
            words = "0"
        else:
            words = self._shortened(value)
        return words if columns_of(words) <= self.width else ""

    def lines(self, value: float) -> tuple[str, ...]:
        """A value in three lines of `width` columns; written small where it does not fit."""
        words = self.text(value)
        return drawn(words, self.width) if words else written(small(value, self.width), self.width)

    def _shortened(self, value: float) -> str:
        # what is exactly a whole number looks like one
        for decimals in range(0 if value == int(value) else self.decimals, -1, -1):
            words = _fixed(value, decimals)
            if not float(words):
                return "-~0" if value < 0 else "~0"
            if columns_of(words) <= self.width:
                break
        return words


def small(value: float, width: int) -> str:
    """A value in ordinary characters, where there is no room for big ones."""
    return CellFormat.fitting(min(max(width, 3), 12), abs(value)).text(value).strip()


def columns_of(words: str) -> int:
    """How wide a text is when it is drawn big."""
    return sum(len(GLYPHS[character][0]) for character in words)


@functools.lru_cache(maxsize=4096)
def drawn(words: str, width: int) -> tuple[str, ...]:
    """A text in big characters, right-aligned."""
    return tuple(
        "".join(GLYPHS[character][line] for character in words).rjust(width) for line in range(LINES)
    )


def written(words: str, width: int) -> tuple[str, ...]:
    """A text in ordinary characters on the middle line, right-aligned."""
    blank = " " * width
    return blank, words.rjust(width), blank


def _fixed(value: float, decimals: int) -> str:
    """Fixed-point, `.5` for 0.5."""
    words = f"{value:.{decimals}f}"
    return words.replace("0.", ".", 1) if abs(value) < 1 and decimals and float(words) < 1 else words
