"""Numbers as text: cells of a fixed width, sentences, and full precision.

All cells of a table have the same decimals. `0` is exactly zero and nothing else; what rounds to zero
keeps its decimals, or its sign where there are none:

>>> cell = CellFormat.fitting(width=6, limit=12.0)
>>> [cell.text(value) for value in (3.14159, -12.0, 0.0, -0.0, 1e-30, -1e-30, 1e30)]
['  3.14', '-12.00', '     0', '     0', '  0.00', ' -0.00', '    >>']
>>> [CellFormat.fitting(width=3, limit=63.0).text(value) for value in (-63, 0.4, -0.4, 0)]
['-63', ' +0', ' -0', '  0']

Where that says too little of them, a power of ten common to all of them is taken out (see `factor`),
and whoever shows the table names it:

>>> CellFormat.fitting(6, 3.4e-7, power=-7).text(-1.06e-7)
'-1.060'
"""

from __future__ import annotations

import math
from dataclasses import field
from typing import Any, Final, SupportsFloat

import numpy as np
import numpy.typing as npt
from numpy.typing import DTypeLike

from convstep.frozen import frozen
from convstep.steps.number_text import short as short
from convstep.view.numbers.factor import POINTED, scaled

NARROWEST: Final = 3
"""Columns of the narrowest cell: a sign and two digits."""
WIDEST: Final = 12
"""Columns of the widest cell."""

_WIDEST_WITHOUT_LEADING_ZERO: Final = 4


@frozen()
class CellFormat:
    """How the numbers of one table are written, so that their decimal points line up.

    | value                             | text                                          |
    | --------------------------------- | --------------------------------------------- |
    | zero, negative zero               | `0`                                           |
    | rounds to zero, but is not        | `0.00`, `-0.00`, `.0`, `-.0`; `+0`, `-0`      |
    | too long for the columns          | `>>`, and `<<` below zero                     |
    | not a number, infinite            | `nan`, `inf`, `-inf`; `∞`, `-∞` in 3 columns  |
    | any other                         | so many decimals, as all others               |
    """

    width: int
    """Columns of text, 3 to 12; the gutter between two cells is not included."""
    decimals: int
    """Digits after the point, in every cell."""
    power: int = 0
    """The power of ten that all numbers are divided by before they are written."""
    signed: bool = True
    """Whether there is a column for a minus sign."""
    _pattern: str = field(init=False, repr=False, compare=False)
    """The fixed-point form as a `%` pattern."""
    _drops_zero: bool = field(init=False, repr=False, compare=False)
    """Whether 0.5 is written `.5`; a property of the format, so that columns line up."""
    _least: float = field(init=False, repr=False, compare=False)
    """Magnitudes from here on cannot round to zero."""
    _most: float = field(init=False, repr=False, compare=False)
    """Magnitudes up to here fit with either sign."""

    def __post_init__(self) -> None:
        _check_width(self.width)
        if self.decimals < 0:
            raise ValueError(f"a cell cannot have {self.decimals} decimals; use 0 or more")
        point = 1 if self.decimals else 0
        whole_digits = self.width - 1 - point - self.decimals
        narrow = self.width <= _WIDEST_WITHOUT_LEADING_ZERO or whole_digits + (not self.signed) <= 0
        unit = 10.0**-self.decimals
        derived = {
            "_pattern": f"%.{self.decimals}f",
            "_drops_zero": narrow,
            "_least": 0.51 * unit,
            "_most": 10.0**whole_digits - unit if whole_digits >= 0 else -1.0,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @classmethod
    def fitting(
        cls, width: int, limit: float, *, signed: bool = True, whole: bool = False, power: int = 0
    ) -> CellFormat:
        """The format with the most decimals that holds every value up to a limit, in 3 to 12 columns.

        A limit that no fixed-point form can hold counts as 1, and so does one that is zero, NaN or infinite.
        `signed` leaves room for a minus sign; `whole` numbers have no decimals to show; the numbers are
        divided by a power of ten, see `factor.common_power`. A ValueError if the width is out of range.
        """
        _check_width(width)
        if whole and power <= 0:  # in units of 1 or less they still are
            return cls(width, 0, power, signed)
        magnitude, room = abs(scaled(float(limit), power)), width - signed
        if not 0.0 < magnitude < 10.0**width or len(_fixed(magnitude, 0)) > room:
            magnitude = 1.0
        drops_zero = room <= POINTED  # `-.571`: as many digits as with a factor
        decimals = next(
            places for places in range(width, -1, -1) if len(_fixed(magnitude, places, drops_zero)) <= room
        )
        return cls(width, decimals, power, signed)

    @property
    def longest(self) -> str:
        """A number that leaves none of the columns empty."""
        point = "." if self.decimals else ""
        digits = self.width - self.signed - len(point) - self.decimals
        return "-" * self.signed + "8" * digits + point + "8" * self.decimals

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
        if number != number:
            return "nan"
        if math.isinf(number):
            return ("-" if number < 0.0 else "") + ("∞" if self.width == NARROWEST else "inf")
        if number == 0.0:
            return "0"
        if abs(shown) < 10.0**self.width:  # a positive number may take the column of the sign
            body = _fixed(shown, self.decimals, self._drops_zero)
            if body == "0":
                return "+0"
            if len(body) <= self.width:
                return body
        return "<<" if number < 0.0 else ">>"


def full(value: SupportsFloat, dtype: DTypeLike | int | None = None) -> str:
    """All the digits of a value: the shortest text that reads back as the same bits.

    `dtype` is the floating dtype that holds it, by default its own, else float64; or an int, the number of
    significant digits to write instead.

    >>> full(0.1), full(np.float32(0.1)), full(0.10000000149011612, np.float32), full(1 / 3, 6)
    ('0.1', '0.1', '0.1', '0.333333')
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


def _fixed(number: float, places: int, drops_zero: bool = False) -> str:
    body = f"{number:.{places}f}"
    if drops_zero and abs(number) < 1.0:
        return body.replace("0.", ".", 1)
    return body
