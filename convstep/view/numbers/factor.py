"""The power of ten that the numbers of one table have in common; its title names it.

>>> power = common_power(3.4e-7, width=7)
>>> power, factor_text(power)
(-7, '×1e-7')
"""

from __future__ import annotations

import math
from typing import Final

PLAIN: Final = (0.1, 1e4)
"""Limits of tables that have no common factor where they are written with two digits without one."""
PLAIN_WHOLE: Final = 1e6
"""The limit up to which whole numbers are rather written in full."""
NARROW: Final = 3
"""Columns of the narrowest number: a sign and two digits."""
UNITS: Final = 20
"""How many units of the last decimal the limit of plain numbers holds at the least: sums are much smaller
than their limit for most of a pass."""
UNSIGNED_UNITS: Final = 10
"""The same where nothing is below zero: pictures read best from 0 to 1.0."""
USUAL: Final = 7
"""Columns of a number where there is room."""
CLOSE: Final = 5
"""Columns up to which no number has one to spare."""
POINTED: Final = 4
"""Columns, that of a sign not counted, from which numbers with a factor have a point: below, two or three
digits say more without one."""
SPELLED: Final = 2
"""The power of ten up to which a factor is written as a number: `×0.01`, `×100`."""
ALIKE: Final = 100
"""How many times larger numbers may be than those they are compared with, and be written like them."""


def common_power(limit: float, width: int = NARROW, *, whole: bool = False, signed: bool = True) -> int:
    """The power of ten to take out of a table's numbers; 0 where they read well as they are.

    That is where the limit has two good digits without one, and is neither tiny nor huge. With one the
    largest number has as many digits as the columns hold: `-63`, `-633`, then `-6.33`, `-6.331`. So a wider
    table never has fewer of them. `whole`: all of them are whole numbers. `signed`: some may be negative.

    >>> [common_power(limit, width=7) for limit in (3.4e-7, 0.05, 0.5, 2048.0, 3e6, 0.0, float("inf"))]
    [-7, -2, 0, 0, 6, 0, 0]
    >>> [common_power(6.3, width) for width in (3, 4, 5)], [common_power(630.0, width) for width in (3, 4, 5)]
    ([-1, 0, 0], [1, 0, 0])
    """
    magnitude = abs(limit)
    if not 0.0 < magnitude < math.inf:
        return 0
    room = width - signed
    least, most = (0.0, PLAIN_WHOLE) if whole else PLAIN
    if least <= magnitude <= most and fits(magnitude, width, 0, signed=signed):
        before_point = len(f"{magnitude:.0f}") if round(magnitude, room - 1) >= 1 else 0
        units = round(magnitude * 10.0 ** max(room - before_point - 1, 0))
        if whole or units >= (UNITS if signed else UNSIGNED_UNITS):
            return 0
    digits, after_point = (room - 1, room - 2) if room >= POINTED else (room, 0)
    exponent = int(f"{magnitude:.{digits - 1}e}".split("e")[1])
    return exponent - (digits - 1 - after_point)


def fits(limit: float, width: int, power: int, *, signed: bool = True) -> bool:
    """Whether the whole digits of a number fit once a power of ten is taken out."""
    times = abs(scaled(limit, power))
    return times < 10.0**width and len(f"{times:.0f}") <= width - signed


def factor_text(power: int) -> str:
    """A common factor for a title, `×0.1`, `×1e-7`; "" for 1.

    >>> [factor_text(power) for power in (-3, -2, -1, 0, 1, 2, 3)]
    ['×1e-3', '×0.01', '×0.1', '', '×10', '×100', '×1e3']
    """
    if not power:
        return ""
    return f"×{10.0**power:g}" if abs(power) <= SPELLED else f"×1e{power}"


def scaled(number: float, power: int) -> float:
    """A number divided by a power of ten; beyond the range of floats 0 or an infinity."""
    if power < -300:  # 1e310 is no float, but the result may be one
        number, power = number * 1e300, power + 300
    return number * 10.0**-power if power < 0 else number / 10.0**power
