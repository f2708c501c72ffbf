r"""Numbers three lines high, drawn with blocks, for readers far from the screen.

A stroke is a column wide, or half a line high, which is the same: five of them make a digit's
height, and the sixth keeps it apart from the number below. The point is a block of its own with
room around it.

>>> number = BigFormat.fitting(12, 6.3)
>>> print("\n".join(number.lines(-2.5)))
   ▀▀█   █▀▀
▀▀ █▀▀   ▀▀█
   ▀▀▀ ▀ ▀▀▀
>>> [number.text(value) for value in (-0.57, 3.0, 0.0, -0.01, float("inf"), 1e30)]
['-.6', '3.0', '0', '-.0', '∞', '']
"""

from __future__ import annotations

import functools

from convstep.frozen import NamedTuple
from convstep.view.numbers.factor import common_power
from convstep.view.numbers.text import NARROWEST, WIDEST, CellFormat

LINES = 3
"""Lines of a big number."""
DIGIT = 4
"""Columns that one more digit takes: its own, and the one that keeps it apart from the next."""
LEAST_BIG = 8
"""Columns of a big number at the least: a thin sign and two digits."""
MOST_BIG = 16
"""Columns of a big number at the most, unless more precision is asked for: a sign and three digits."""
ROOMY_BIG = 12
"""Columns from which the point has one to itself on both sides, even in -2.5."""
SIGNED_BIG = 10
"""Columns from which a sign is as heavy as the two digits after it."""

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
    "+": (" ▄ ", "▀█▀", "   "),
    "?": ("▀▀█", " ▀▀", " ▀ "),
}
"""Each character's three lines, equally wide; what has no glyph is written small."""
POINT = ("   ", "   ", " ▀ ")
"""The decimal point."""
TIGHT_POINT = ("  ", "  ", "▝▘")
"""The same with half a column on both sides, where numbers are narrow."""
SHORT_MINUS = (" ", "▀", " ")
"""A minus of one column."""
TIGHT_MINUS = (" ", "╸", " ")
"""A minus of half a column, which needs none between itself and a digit: a dot from afar."""


def inked(columns: int) -> int:
    """Columns of a number in a cell of so many: all but one, where it has more than it needs.

    The gutter alone is no wider than what keeps two digits apart: .19 beside 1.00 would be one number.
    """
    return columns - (columns > LEAST_BIG)


class BigFormat(NamedTuple):
    """How the big numbers of one table are written: as small ones, in as many characters as have room."""

    width: int
    """Columns of a number, the gutter between two cells not included."""
    number: CellFormat
    """Their characters."""

    @classmethod
    def fitting(
        cls, width: int, limit: float, *, signed: bool = True, whole: bool = False, power: int | None = None
    ) -> BigFormat:
        """The format with the most digits that holds every value up to a limit; see `CellFormat.fitting`.

        `power` is the power of ten that the numbers are divided by; None for the one that they ask for.
        """
        tried = [(characters, signed) for characters in range(WIDEST, NARROWEST - 1, -1)]
        for characters, minus in [
            *tried,
            (NARROWEST, True),
        ]:  # two digits and a sign are less than three digits
            times = power
            if times is None:
                times = common_power(limit, characters - minus, whole=whole, signed=False)
            number = CellFormat.fitting(characters, limit, signed=minus, whole=whole, power=times)
            if columns_of(number.longest, width) <= width:
                break
        return cls(width, number)

    def text(self, value: float) -> str:
        """The characters of a value; "" where they cannot be drawn big; NaN without room is a `?`."""
        words = _drawable(self.number.text(value))
        if words == "nan" and columns_of(words, self.width) > self.width:
            words = "?"
        return words if words and columns_of(words, self.width) <= self.width else ""

    def lines(self, value: float) -> tuple[str, ...]:
        """A value in three lines of `width` columns; written small where it does not fit."""
        words = self.text(value)
        return drawn(words, self.width) if words else written(self.number.text(value).strip(), self.width)


def _drawable(text: str) -> str:
    """The characters of a number, ∞ for an infinity; "" for a mark that has no glyphs."""
    words = text.strip().replace("inf", "∞")
    return words if words[0] in GLYPHS or words[0] == "." else ""


def columns_of(words: str, width: int) -> int:
    """How wide a text is when it is drawn big in a number of this width."""
    return len(_joined(words, width)[0])


@functools.cache
def glyphs_at(width: int, minus: tuple[str, str, str] = GLYPHS["-"]) -> dict[str, tuple[str, str, str]]:
    """The glyphs of numbers of a width."""
    return GLYPHS | {".": POINT if width >= ROOMY_BIG else TIGHT_POINT, "-": minus}


@functools.lru_cache(maxsize=4096)
def drawn(words: str, width: int) -> tuple[str, ...]:
    """A text in big characters, right-aligned."""
    return tuple(line.rjust(width) for line in _joined(words, width))


def _joined(words: str, width: int) -> list[str]:
    """The lines of a text; the sign is as heavy as has room."""
    lines = _beside(words, glyphs_at(width))
    for minus in (SHORT_MINUS, TIGHT_MINUS) if width < SIGNED_BIG and "-" in words else ():
        if len(lines[0]) > width:
            lines = _beside(words, glyphs_at(width, minus))
    return lines


def _beside(words: str, glyphs: dict[str, tuple[str, str, str]]) -> list[str]:
    """A text in glyphs, a column between two of them; the point and the tight sign bring their own room."""
    close = ".-" if glyphs["-"] == TIGHT_MINUS else "."
    lines = [""] * LINES
    for before, character in zip(["", *words], words, strict=False):
        gap = " " if before and before not in close and character != "." else ""
        lines = [line + gap + part for line, part in zip(lines, glyphs[character], strict=True)]
    return lines


def written(words: str, width: int) -> tuple[str, ...]:
    """A text in ordinary characters on the middle line, right-aligned."""
    blank = " " * width
    return blank, words.rjust(width), blank
