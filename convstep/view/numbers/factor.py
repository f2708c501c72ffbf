"""The power of ten that the numbers of one table have in common; its title names it.

>>> power = common_power(3.4e-7, width=7)
>>> power, factor_text(power)
(-7, '×1e-7')
"""

from __future__ import annotations

import math
from typing import Final

PLAIN: Final = (1.0, 1e4)
"""Limits of tables that need no common factor, however narrow: everybody reads such numbers."""
LEAST_PLAIN: Final = 0.1
"""The limit below which tables always have one."""
SHARES: Final = 2000
"""How many units of its last decimal a limit between the two holds where plain numbers are exact enough:
sums are much smaller than their limit for most of a pass."""
NARROW: Final = 3
"""Columns of the narrowest number: a sign and two digits."""
CLOSE: Final = 5
"""Columns up to which small numbers keep more digits the more whole ones the largest has."""
PLAIN_WHOLE: Final = 1e6
"""The limit up to which whole numbers are rather written in full."""

ALIKE: Final = 100
"""How many times larger numbers may be than those they are compared with, and be written like them."""


def common_power(limit: float, width: int = NARROW, *, whole: bool = False) -> int:
    """The power of ten to take out of a table's numbers; 0 where they read well as they are.

    The largest number then has as many whole digits as leave the most to the small ones in the room
    there is: two in three columns, three in four or five. Wider cells lose nothing with one, as it is
    usual; with two in place of `×1e-1`, which nobody writes.

    >>> [common_power(limit, width=7) for limit in (3.4e-7, 0.1, 0.5, 2048.0, 3e6, 0.0, float("inf"))]
    [-7, -2, 0, 0, 6, 0, 0]
    >>> [common_power(0.1, width) for width in (3, 4, 5, 6, 7, 8)]
    [-2, -3, -3, -2, -2, 0]

    Args:
        limit: The largest magnitude to expect.
        width: Columns of a number.
        whole: Whether all values are whole numbers.
    """
    magnitude = abs(limit)
    least, most = (0.0, PLAIN_WHOLE) if whole else PLAIN
    if not 0.0 < magnitude < math.inf or least <= magnitude <= most:
        return 0
    decimals = width - (2 if width < CLOSE else 3)
    if LEAST_PLAIN <= magnitude < least and magnitude * 10.0**decimals >= SHARES:
        return 0
    exponent = int(f"{magnitude:e}".split("e")[1])
    if width <= CLOSE:
        return exponent - (1 if width == NARROW else 2)
    return -2 if exponent == -1 else exponent


def factor_text(power: int) -> str:
    """A common factor for a title, `×1e-7`; "" for 1."""
    return f"×1e{power}" if power else ""


def scaled(number: float, power: int) -> float:
    """A number divided by a power of ten; beyond the range of floats 0 or an infinity."""
    if power < -300:  # 1e310 is no float, but the result may be one
        number, power = number * 1e300, power + 300
    return number * 10.0**-power if power < 0 else number / 10.0**power
