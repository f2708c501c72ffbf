r"""Numbers three lines high, drawn with blocks, for readers far from the screen.

A stroke is a column wide, or half a line high, which is the same: five of them make a digit's
height, and the sixth keeps it apart from the number below. The point is a block of its own with
room around it.

>>> print("\n".join(BigFormat(12, 2).lines(-2.5)))
   ▀▀█   █▀▀
▀▀ █▀▀   ▀▀█
   ▀▀▀ ▀ ▀▀▀
>>> [BigFormat(8, 1).text(value) for value in (-0.57, 12.5, 0.0, -0.0, -0.01, float("inf"))]
['-.6', '12', '0', '0', '', '∞']
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from convstep.view.numbers.text import CellFormat

LINES = 3
"""Lines of a big number."""
DIGIT = 4
"""Columns that one more digit takes: its own, and the one that keeps it apart from the next."""
LEAST_BIG = 8
"""Columns of a big number at the least: a sign, a point and a digit, or -∞."""
MOST_BIG = 16
"""Columns of a big number at the most, unless more precision is asked for: a sign and three digits."""
ROOMY_BIG = 12
"""Columns from which the point has one to itself on both sides, even in -2.5."""
MOST_DECIMALS = 4
"""Digits after the point at the most."""

GLYPHS = {
    "0": ("█▀█", "█ █", "▀▀▀"),
    "1": ("▄█ ", " █ ", "▀▀▀"),
    "2": ("▀▀█", "█▀▀", "▀▀▀"),
    "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"),
    "5": ("█▀▀", "▀▀█", "▀▀▀"),
    "6": ("█▀▀", "█▀█", "▀▀▀"),
    "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"),
    "9": ("█▀█", "▀▀█", "▀▀▀"),
    "n": ("   ", "█▀▄", "▀ ▀"),
    "a": ("   ", "▄▀█", "▀▀▀"),
    "e": ("█▀▀", "█▀ ", "▀▀▀"),
    "∞": ("▄▄ ▄▄", "█▄▀▄█", "     "),
    "-": ("  ", "▀▀", "  "),
    "~": ("    ", "▀▄▀▄", "    "),
    "?": ("▀▀█", " ▀▀", " ▀ "),
}
"""Each character's three lines, equally wide; what has no glyph is written small."""
POINT = ("   ", "   ", " ▀ ")
"""The decimal point."""
TIGHT_POINT = ("  ", "  ", "▝▘")
"""The same with half a column on both sides, where numbers are narrow."""


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
        places = (n for n in range(MOST_DECIMALS, 1, -1) if columns_of(_fixed(extreme, n), width) <= width)
        return cls(width, next(places, 1))

    def text(self, value: float) -> str:
        """A value as far as it fits: decimals are shed, the sign never; "" where it does not.

        What would round to zero gets one digit, as .02 or 2e-9, or is ~0 where that has no room; NaN
        without room is the `?` of its mark.
        """
        if value != value:
            words = "nan" if self._fits("nan") else "?"
        elif math.isinf(value):
            words = "-∞" if value < 0 else "∞"
        elif value == 0:
            words = "0"
        else:
            words = self._shortened(value)
        return words if self._fits(words) else ""

    def lines(self, value: float) -> tuple[str, ...]:
        """A value in three lines of `width` columns; written small where it does not fit."""
        words = self.text(value)
        return drawn(words, self.width) if words else written(small(value, self.width), self.width)

    def _shortened(self, value: float) -> str:
        # what is exactly a whole number looks like one
        for decimals in range(0 if value == int(value) else self.decimals, -1, -1):
            words = _fixed(value, decimals)
            if not float(words):
                sign = "-" if value < 0 else ""
                return next(filter(self._fits, (_first_digit(value), _exponent(value))), f"{sign}~0")
            if self._fits(words):
                return words
        return _exponent(value)

    def _fits(self, words: str) -> bool:
        return columns_of(words, self.width) <= self.width


def small(value: float, width: int) -> str:
    """A value in ordinary characters, where there is no room for big ones."""
    return CellFormat.fitting(min(max(width, 3), 12), abs(value)).text(value).strip()


def columns_of(words: str, width: int) -> int:
    """How wide a text is when it is drawn big in a number of this width."""
    return len(_joined(words, width)[0])


@functools.lru_cache(maxsize=4096)
def drawn(words: str, width: int) -> tuple[str, ...]:
    """A text in big characters, right-aligned."""
    return tuple(line.rjust(width) for line in _joined(words, width))


def _joined(words: str, width: int) -> list[str]:
    """The lines of a text, a column between two characters; the point brings its own room."""
    point = POINT if width >= ROOMY_BIG else TIGHT_POINT
    lines = [""] * LINES
    for before, character in zip(["", *words], words, strict=False):
        gap = " " if before and "." not in (before, character) else ""
        glyph = point if character == "." else GLYPHS[character]
        lines = [line + gap + part for line, part in zip(lines, glyph, strict=True)]
    return lines


def written(words: str, width: int) -> tuple[str, ...]:
    """A text in ordinary characters on the middle line, right-aligned."""
    blank = " " * width
    return blank, words.rjust(width), blank


def _fixed(value: float, decimals: int) -> str:
    """Fixed-point, `.5` for 0.5."""
    words = f"{value:.{decimals}f}"
    return words.replace("0.", ".", 1) if abs(value) < 1 and decimals and float(words) < 1 else words


def _first_digit(value: float) -> str:
    """Fixed-point up to the first digit that is not zero; of a value far below 1."""
    return _fixed(value, -int(f"{value:.0e}".split("e")[1]))


def _exponent(value: float) -> str:
    """The exponent form with a single digit, `-1e30`."""
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
