"""Numbers as text: cells of a fixed width, sentences, and full precision.

A table cell sheds digits, never the sign and never the column, and it never shows a value that is
not zero as zero:

>>> cell = CellFormat.fitting(width=6, limit=12.0)
>>> [cell.text(value) for value in (3.14159, -12.0, 0.0, -0.0, 1e-30, 1e30)]
['  3.14', '-12.00', '     0', '     0', ' 1e-30', '  1e30']

Where all numbers are tiny or huge, a power of ten common to all of them is taken out (see `factor`),
and whoever shows the table names it:

>>> CellFormat.fitting(6, 3.4e-7, power=-7).text(-1.06e-7)
'-1.060'
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final, SupportsFloat

import numpy as np
import numpy.typing as npt
from numpy.typing import DTypeLike

from convstep.steps.number_text import scientific
from convstep.steps.number_text import short as short
from convstep.view.numbers.factor import LEAST_PLAIN, scaled

NARROWEST: Final = 3
"""Columns of the narrowest cell: a sign, a point and a digit."""
WIDEST: Final = 12
"""Columns of the widest cell."""

_WIDEST_WITHOUT_LEADING_ZERO: Final = 4


@dataclass(frozen=True, slots=True)
class CellFormat:
    """How the numbers of one table are written, so that their decimal points line up.

    | value                             | text                                          |
    | --------------------------------- | --------------------------------------------- |
    | zero, negative zero               | `0`                                           |
    | rounds to zero, but is not        | `.04`; `2e-9` where that has more digits      |
    | has room for neither              | `~0`, `-~0`                                   |
    | too long for `decimals`           | fewer decimals, then `-1.2e30`                |
    | too long for an exponent as well  | `>>`, and `<<` below zero                     |
    | not a number, infinite            | `nan`, `inf`, `-inf`; `∞`, `-∞` in 3 columns  |

    Numbers with a common factor are never written with an exponent of their own: two of them would
    have to be added by the reader.
    """

    width: int
    """Columns of text, 3 to 12; the gutter between two cells is not included."""
    decimals: int
    """Digits after the point in the fixed-point form."""
    whole: bool = False
    """Whether all values are whole numbers."""
    power: int = 0
    """The power of ten that all numbers are divided by before they are written."""
    _pattern: str = field(init=False, repr=False, compare=False)
    """The fixed-point form as a `%` pattern."""
    _drops_zero: bool = field(init=False, repr=False, compare=False)
    """Whether 0.5 is written `.5`; a property of the format, so that columns line up."""
    _least: float = field(init=False, repr=False, compare=False)
    """Magnitudes from here on cannot round to zero."""
    _most: float = field(init=False, repr=False, compare=False)
    """Magnitudes up to here fit in the fixed-point form with either sign."""

    def __post_init__(self) -> None:
        _check_width(self.width)
        if self.decimals < 0:
            raise ValueError(f"a cell cannot have {self.decimals} decimals; use 0 or more")
        drops_zero = _drops_leading_zero(self.width)
        whole_digits = self.width - 1 - (self.decimals + 1 if self.decimals else 0)
        has_room = whole_digits > 0 or (whole_digits == 0 and drops_zero)
        unit = 10.0**-self.decimals
        derived = {
            "_pattern": f"%.{self.decimals}f",
            "_drops_zero": drops_zero,
            "_least": 0.51 * unit,
            "_most": 10.0**whole_digits - unit if has_room else -1.0,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @classmethod
    def fitting(
        cls, width: int, limit: float, *, signed: bool = True, whole: bool = False, power: int = 0
    ) -> CellFormat:
        """The format with the most decimals that holds every value up to a limit, at least one.

        Where the limit leaves no room for a decimal, the decimal stays, and the values that are too
        long for it lose it one by one: 0.3 beside -9.5 or 14 in three columns is ` .3` beside `-10`
        and ` 14`, not `~0`. Tiny numbers without a common factor have exponents instead, where those leave
        them more digits. A limit that no fixed-point form can hold counts as 1, and so does one
        that is zero, NaN or infinite.

        Args:
            width: Columns of text, 3 to 12.
            limit: The largest magnitude to expect.
            signed: Whether to leave room for a minus sign.
            whole: Whether all values are whole numbers, which have no decimals to show.
            power: The power of ten that the numbers are divided by, see `factor.common_power`.

        Raises:
            ValueError: The width is out of range.
        """
        _check_width(width)
        if whole and not power:
            return cls(width, 0, whole=True)
        magnitude = abs(scaled(float(limit), power))
        drops_zero = _drops_leading_zero(width)
        if not 0.0 < magnitude < 10.0**width or len(_fixed(-magnitude if signed else magnitude, 0)) > width:
            magnitude = 1.0
        extreme = -magnitude if signed else magnitude
        decimals = next(
            places for places in range(width, -1, -1) if len(_fixed(extreme, places, drops_zero)) <= width
        )
        if not power and magnitude < LEAST_PLAIN and _exponent_says_more(magnitude, decimals, width):
            return cls(width, 0)
        return cls(width, max(decimals, 1), power=power)

    def text(self, value: SupportsFloat) -> str:
        """A value in exactly `width` columns, right-aligned."""
        number = float(value)
        shown = scaled(number, self.power) if self.power else number
        magnitude = abs(shown)
        if not self._least <= magnitude <= self._most:
            return self._unusual(number, shown).rjust(self.width)
        body = self._pattern % shown
        if self._drops_zero and magnitude < 1.0:
            body = body.replace("0.", ".", 1)
        return body.rjust(self.width)

    def _unusual(self, number: float, shown: float) -> str:
        """What stands in a cell where the fixed-point form may not do."""
        minus = "-" if number < 0.0 else ""
        if number != number:
            return "nan"
        if math.isinf(number):
            return minus + ("∞" if self.width == NARROWEST else "inf")
        if number == 0.0:
            return "0"
        magnitude = abs(shown)
        # below 0.46 units nothing rounds up: tiny values need no attempt
        if 0.9 * self._least < magnitude < 10.0**self.width:
            for places in range(self.decimals, -1, -1):
                body = _fixed(shown, places, self._drops_zero)
                if not body.strip("-.0"):
                    break
                if len(body) <= self.width:
                    return body
        exponent = "" if self.power else _exponent(number, self.width)
        digits = _digits_of(exponent.split("e")[0])
        # a table of nothing but such numbers has no decimals of its own to keep to
        most = digits if self.decimals else self.width
        body = _small(shown, self.width, max(most, 1)) if magnitude < 1.0 else ""
        if body and _digits_of(body) >= digits:
            return body
        return exponent or (minus + "~0" if magnitude < 1.0 else "<<" if minus else ">>")


def full(value: SupportsFloat, dtype: DTypeLike | int | None = None) -> str:
    """All the digits of a value: the shortest text that reads back as the same bits.

    >>> full(0.1), full(np.float32(0.1)), full(0.10000000149011612, np.float32), full(1 / 3, 6)
    ('0.1', '0.1', '0.1', '0.333333')

    Args:
        value: The number.
        dtype: The floating dtype that holds it, by default its own, else float64; or an int, the
            number of significant digits to write instead.
    """
    if isinstance(dtype, int):
        return f"{float(value):.{dtype}g}"
    own: DTypeLike = getattr(value, "dtype", np.float64) if dtype is None else dtype
    with np.errstate(over="ignore"):
        return str(np.array(float(value), own)[()])


def is_whole(values: npt.NDArray[Any]) -> bool:
    """Whether all values are whole numbers.

    >>> is_whole(np.array([1.0, -3.0])), is_whole(np.array([0.5])), is_whole(np.array([np.nan]))
    (True, False, False)
    """
    return bool((np.isfinite(values) & (values == np.rint(values))).all())


def largest(values: npt.NDArray[Any]) -> tuple[int, int]:
    """The cell of greatest magnitude, NaN above all; the first of several."""
    magnitude = np.abs(values)
    place = np.argmax(np.where(np.isnan(magnitude), np.inf, magnitude))
    row, column = np.unravel_index(place, values.shape)
    return int(row), int(column)


def largest_finite(values: npt.NDArray[Any], otherwise: float = 0.0) -> float:
    """The largest magnitude that is neither NaN nor infinite; another number where there is none."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else otherwise


def _check_width(width: int) -> None:
    if not NARROWEST <= width <= WIDEST:
        raise ValueError(f"a cell of {width} columns is not possible; use {NARROWEST} to {WIDEST}")


def _drops_leading_zero(width: int) -> bool:
    return width <= _WIDEST_WITHOUT_LEADING_ZERO


def _fixed(number: float, places: int, drops_zero: bool = False) -> str:
    body = f"{number:.{places}f}"
    if drops_zero and abs(number) < 1.0:
        return body.replace("0.", ".", 1)
    return body


def _exponent_says_more(limit: float, decimals: int, width: int) -> bool:
    """Whether a number of this magnitude has more digits with an exponent than with these decimals."""
    exponent = int(f"{limit:e}".split("e")[1])
    room = width - len(f"-e{exponent}")
    digits = room - 1 if room > 1 else room  # a point stands between the first and the second
    # of two equally long forms 0.05 reads better than 5e-2, but what 9.4e-4 has room for than 0.0009
    return digits + (exponent < -2) > max(decimals + exponent + 1, 0)


def _small(number: float, width: int, digits: int) -> str:
    """`.04`: a magnitude below 1 with up to so many digits, as many with a sign as without one.

    Its first digit takes the column of the sign where it needs it; "" where even that does not fit.
    """
    if not 0.0 < abs(number) < 1.0:
        return ""
    first = -int(f"{number:.0e}".split("e")[1])
    if first > width:
        return ""
    places = max(first, min(first + digits - 1, width - 2))
    body = f"{number:.{places}f}".replace("0.", ".", 1)
    return body if len(body) <= width else ""


def _digits_of(body: str) -> int:
    """The significant digits of a positional number below 10."""
    return len(body.strip("-").replace(".", "").lstrip("0"))


def _exponent(number: float, width: int) -> str:
    """The exponent form with the most mantissa digits that fit in `width`, or "" if none does."""
    for places in range(max(0, width - len("1.e9")), -1, -1):
        body = scientific(number, places)
        if len(body) <= width:
            return body
    return ""
