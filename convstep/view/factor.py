"""The power of ten that the numbers of one table have in common; its title names it.

>>> power = common_power(3.4e-7)
>>> power, factor_text(power)
(-7, '×1e-7')
"""

from __future__ import annotations

import math
from typing import Final

PLAIN: Final = (0.1, 1e4)
"""Limits of tables that need no common factor: narrow cells still show two digits or all whole ones."""
PLAIN_WHOLE: Final = 1e6
"""The limit up to which whole numbers are rather written in full."""

ALIKE: Final = 100
"""How many times larger numbers may be than those they are compared with, and be written like them."""


def common_power(limit: float, *, whole: bool = False) -> int:
    """The power of ten to take out of a table's numbers; 0 where they read well as they are.

    >>> [common_power(limit) for limit in (3.4e-7, 0.5, 2048.0, 3e6, 0.0, float("inf"))]
    [-7, 0, 0, 6, 0, 0]

    Args:
        limit: The largest magnitude to expect.
        whole: Whether all values are whole numbers.
    """
    magnitude = abs(limit)
    least, most = (0.0, PLAIN_WHOLE) if whole else PLAIN
    if not 0.0 < magnitude < math.inf or least <= magnitude <= most:
        return 0
    return int(f"{magnitude:e}".split("e")[1])


def factor_text(power: int) -> str:
    """A common factor for a title, `×1e-7`; "" for 1."""
    return f"×1e{power}" if power else ""


def scaled(number: float, power: int) -> float:
    """A number divided by a power of ten; beyond the range of floats 0 or an infinity."""
    if power < -300:  # 1e310 is no float, but the result may be one
        number, power = number * 1e300, power + 300
    return number * 10.0**-power if power < 0 else number / 10.0**power
