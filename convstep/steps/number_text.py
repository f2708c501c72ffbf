"""Numbers in a sentence: one way to write them, wherever the program says one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, SupportsFloat

POSITIONAL: Final = (1e-4, 1e5)
"""Magnitudes that `short` writes without an exponent, the second one excluded."""


def short(value: SupportsFloat, digits: int = 4) -> str:
    """A value for a sentence: as many digits as say something, those before the point always.

    >>> [short(value) for value in (0.3801234, 2.0, -12345.6, 1e-30, 123456, -0.0)]
    ['0.3801', '2', '-12346', '1e-30', '1.235e5', '-0']
    """
    number = float(value)
    if number != number or math.isinf(number) or number == 0.0:
        return f"{number:.0f}"
    places = decimals_of(number, digits)
    if places is None:
        return scientific(number, digits - 1)
    return _without_trailing_zeros(f"{number:.{places}f}")


def told_apart(one: SupportsFloat, other: SupportsFloat, digits: int = 6) -> tuple[str, str]:
    """Two values for a sentence that says they differ: in more digits where so few are the same.

    >>> told_apart(-1.98165, 2.0), told_apart(-1.981650371, -1.981650372), told_apart(0.25, -0.0)
    (('-1.98165', '2'), ('-1.981650371', '-1.981650372'), ('0.25', '0'))
    """
    pair = float(one) + 0.0, float(other) + 0.0  # a zero has no sign in a sentence
    texts = ((short(pair[0], each), short(pair[1], each)) for each in range(digits, 17))
    return next((both for both in texts if both[0] != both[1]), (repr(pair[0]), repr(pair[1])))


def shape_text(shape: Sequence[int]) -> str:
    """The shape of an array, one way everywhere: a list is not taken for a number.

    >>> shape_text((2, 3)), shape_text((3,)), shape_text(())
    ('2x3', '(3,)', '()')
    """
    return "x".join(map(str, shape)) if len(shape) > 1 else str(tuple(shape))


def scientific(number: float, places: int) -> str:
    """The exponent form without noise: `1e30`, not `1.000e+30`."""
    mantissa, exponent = f"{number:.{places}e}".split("e")
    return f"{_without_trailing_zeros(mantissa)}e{int(exponent)}"


def decimals_of(number: float, digits: int) -> int | None:
    """Decimals that give `digits` significant digits, or None if the number is not positional."""
    least, beyond = POSITIONAL
    # half a unit below the end: 99999.7 would be written 100000
    if not least <= abs(number) < beyond - 0.5:
        return None
    # the exponent after rounding: 9.9996 has one digit more before the point than it seems
    exponent = int(f"{number:.{digits - 1}e}".split("e")[1])
    return max(0, digits - 1 - exponent)


def _without_trailing_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
