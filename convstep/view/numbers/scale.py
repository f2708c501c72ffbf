"""Magnitude and sign as a colour, as a shade, and as a mark.

The colours diverge about zero, blue below and orange above, which stays readable with every common
colour blindness; both sides are equally light at equal magnitude. Zero is near the screen's
background. Where there is no colour, `shade` gives the magnitude in a character; `mark` says with
colour and without what is NaN, infinite or clipped.

The mapping follows the square root of the magnitude: a value of a quarter of the limit is half way
up, so small gradients remain visible beside large ones.

>>> scale = Scale(limit=4.0)
>>> [scale.bucket(value) for value in (-4.0, -1.0, 0.0, 0.25, 1.0, 4.0)]
[-8, -4, 0, 2, 4, 8]
"""

from __future__ import annotations

import functools
import math
import sys
from bisect import bisect_left
from typing import Final

from convstep.frozen import frozen
from convstep.view.grid.colours import Colours, contrast

STEPS: Final = 8
"""Colours on either side of zero."""
NEGLIGIBLE: Final = 2.0**-10
"""The part of the limit up to which a value looks like zero."""
CLIP_MARGIN: Final = 1.05
"""Times the limit: beyond it a value is marked as clipped."""
SHADES: Final = " ░▒▓█"
"""Magnitude without colour, from nothing to the limit."""

# step k holds the parts of the limit up to (k / 8) ** 2
_THRESHOLDS: Final = (NEGLIGIBLE, *((step / STEPS) ** 2 for step in range(1, STEPS)))
_SHADE_OF_STEP: Final = tuple(SHADES[(step + 1) // 2] for step in range(STEPS + 1))
_NAN, _PLUS_INF, _MINUS_INF = 2 * STEPS + 1, 2 * STEPS + 2, 2 * STEPS + 3


@frozen()
class Scale:
    """How the values of one array, or of several compared, are coloured."""

    limit: float
    """The magnitude at which the colour is full; positive and finite."""
    dark: bool = True
    """Whether the screen's background is dark."""
    colours: Colours = Colours.ALL
    """What the terminal has; the ramp holds none that it would show as another."""

    def __post_init__(self) -> None:
        if not 0.0 < self.limit < math.inf:
            raise ValueError(f"a scale cannot end at {self.limit}; use round_limit(largest magnitude)")

    def bucket(self, value: float) -> int:
        """The step from -8 to 8 on which a value stands; 0 for zero, the negligible, and NaN."""
        step = bisect_left(_THRESHOLDS, abs(value) / self.limit) if value == value else 0
        return step if value > 0.0 else -step

    def background(self, value: float) -> str:
        """The colour of a value as `#rrggbb`; NaN is magenta, infinities stand out of the map."""
        return _RAMPS[self.colours, self.dark][self._slot(value)]

    def foreground(self, value: float) -> str:
        """Black or white as `#rrggbb`, whichever reads better on `background(value)`."""
        return _inks(self.colours, self.dark)[self._slot(value)]

    def heat(self, value: float) -> tuple[str, str]:
        """Both: what is behind a value, and its ink."""
        slot, look = self._slot(value), (self.colours, self.dark)
        return _RAMPS[look][slot], _inks(*look)[slot]

    def shade(self, value: float) -> str:
        """One of ` ░▒▓█` by magnitude; a space for NaN, whose mark speaks for it."""
        return _SHADE_OF_STEP[abs(self.bucket(value))]

    def mark(self, value: float) -> str:
        """What the colour cannot say: `?` for NaN, `∞` for infinities, `!` beyond the limit, or ``."""
        if value != value:
            return "?"
        if abs(value) == math.inf:
            return "∞"
        return "!" if abs(value) / self.limit > CLIP_MARGIN else ""

    def _slot(self, value: float) -> int:
        """The index of a value in the tables of colours."""
        if value != value:
            return _NAN
        if abs(value) == math.inf:
            return _PLUS_INF if value > 0.0 else _MINUS_INF
        return STEPS + self.bucket(value)


def round_limit(magnitude: float) -> float:
    """The next power of two at or above a magnitude, so that a scale seldom changes while stepping.

    Zero, NaN and infinity give 1.

    >>> [round_limit(value) for value in (0.3, 4.0, 4.1, 0.0, float("nan"))]
    [0.5, 4.0, 8.0, 1.0, 1.0]
    """
    if magnitude == 0.0 or not math.isfinite(magnitude):
        return 1.0
    fraction, exponent = math.frexp(abs(magnitude))
    if fraction == 0.5:
        return abs(magnitude)
    # the last floats have no power of two above them
    return math.ldexp(1.0, exponent) if exponent < sys.float_info.max_exp else sys.float_info.max


@functools.cache
def _inks(colours: Colours, dark: bool) -> tuple[str, ...]:
    """What is readable on each colour of a ramp."""
    ramp = _RAMPS[colours, dark]
    if colours is not Colours.SIXTEEN:
        return tuple(max("#000000", "#ffffff", key=lambda ink: contrast(ink, ground)) for ground in ramp)
    # black reads better on the yellow that most have than white on the brown that some have
    return tuple("#000000" if ground in ("#00aaaa", "#aa5500", "#aaaaaa") else "#ffffff" for ground in ramp)


# each ramp: steps -8 to 8, then NaN, +inf, -inf
# fmt: off
_RAMPS: Final = {
    # OKLCH, hue 250 and 58, lightness in equal steps: .235 to .76 on dark, .975 to .50 on light
    (Colours.ALL, True): (
        "#6fb6ff", "#53a1ee", "#4a8dcf", "#4279b0", "#3a6692", "#315375", "#294159", "#202f3f",
        "#1d1e20",
        "#3b2a1c", "#533822", "#6d4628", "#87552d", "#a26531", "#be7436", "#db853a", "#f9953d",
        "#b5179e", "#ffe14d", "#4df0ff",
    ),
    (Colours.ALL, False): (
        "#0165af", "#2577c1", "#478acb", "#649cd5", "#80afdf", "#9bc1e8", "#b7d3f1", "#d2e6fa",
        "#f5f7f9",
        "#f6decd", "#ebc8af", "#dfb291", "#d49d73", "#c88754", "#bb7132", "#ad5c00", "#944f02",
        "#b5179e", "#7a1f00", "#001f7a",
    ),
    # of the table those whose hues are nearest to these, and both sides as light as each other;
    # it holds no more of them: some steps share one
    (Colours.TABLE, True): (
        "#87d7ff", "#5fafff", "#5fafd7", "#0087d7", "#0087d7", "#005faf", "#000087", "#000087",
        "#121212",
        "#5f0000", "#5f0000", "#875f00", "#af5f00", "#af5f00", "#d78700", "#ff8700", "#ffaf00",
        "#af00af", "#ffff5f", "#5fffff",
    ),
    (Colours.TABLE, False): (
        "#005fd7", "#0087d7", "#0087ff", "#0087ff", "#5fafff", "#87d7ff", "#afd7ff", "#afd7ff",
        "#eeeeee",
        "#ffd7af", "#ffd7af", "#ffaf5f", "#ff8700", "#d78700", "#d78700", "#d75f00", "#af5f00",
        "#af00af", "#870000", "#000087",
    ),
    # blue and cyan, red and yellow: the two pairs of which one is darker than the other everywhere
    (Colours.SIXTEEN, True): (
        *("#00aaaa",) * 4, *("#0000aa",) * 4,
        "#000000",
        *("#aa0000",) * 4, *("#aa5500",) * 4,
        "#aa00aa", "#aaaaaa", "#aaaaaa",
    ),
    (Colours.SIXTEEN, False): (
        *("#0000aa",) * 4, *("#00aaaa",) * 4,
        "#aaaaaa",
        *("#aa5500",) * 4, *("#aa0000",) * 4,
        "#aa00aa", "#000000", "#000000",
    ),
}
# fmt: on
