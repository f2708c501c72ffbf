"""What a terminal can show and an eye can read: how many colours, which is nearest, what contrast.

A terminal that has fewer colours than a style sheet asks for shows others in their place. Which ones
is decided here, by how different they look, because the usual rule goes by red, green and blue apart
and turns a dark grey blue into navy.
"""

from __future__ import annotations

import enum
import functools
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Rgb = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
READABLE: Final = 4.5
"""The least contrast of text. Source: WCAG 2.2, "contrast (minimum)"."""
VISIBLE: Final = 3.0
"""The least contrast of lines. Source: WCAG 2.2, "non-text contrast"."""


HUES: Final = {
    True: {
        "reads": "#55dacd", "writes": "#f472d0", "reads-ground": "#005048", "writes-ground": "#4a1242"
    },
    False: {
        "reads": "#0f766e", "writes": "#a8169a", "reads-ground": "#b0ebe3", "writes-ground": "#ffc9f2"
    },
}  # fmt: skip
"""What a step reads and what it writes, on dark and on light screens, and grounds of the same hues.

Unlike all of the ramp of values, and still so in the nearest colours of a table of 256 or 16.
"""
GREY: Final = 0.06
"""The most chroma, in OKLab, of what becomes a grey where colours are few."""


class Colours(enum.Enum):
    """How many colours a terminal has."""

    ALL = "truecolor"
    """Any red, green and blue."""
    TABLE = "256"
    """The table of 256, as in most ssh and tmux sessions; its first 16 are whatever the person chose."""
    SIXTEEN = "standard"
    """The 16 named ones, which look different in every terminal."""

    __hash__ = object.__hash__  # every style that is looked up asks for it, and Enum's is in Python

    @classmethod
    def of(cls, color_system: str | None) -> Colours:
        """By Rich's name of the color system; one that is not known has all, as in Textual."""
        if color_system == "windows":
            return cls.SIXTEEN
        return next((one for one in cls if one.value == color_system), cls.ALL)


def rgb(colour: str) -> Rgb:
    """The parts of a colour `#rrggbb`."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def contrast(first: str, second: str) -> float:
    """The contrast of two colours `#rrggbb`, from 1 (equal) to 21.

    Source: WCAG 2.2, "contrast ratio"; 4.5 is its least for text.
    """
    return contrast_of(rgb(first), rgb(second))


@functools.lru_cache(maxsize=4096)
def contrast_of(first: Rgb, second: Rgb) -> float:
    """The same of two colours in parts."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@functools.lru_cache(maxsize=1024)
def readable(ink: Rgb, ground: Rgb, least: float = READABLE) -> Rgb:
    """The ink itself, or one as little nearer to black or white as gives it a contrast on a ground."""
    if contrast_of(ink, ground) >= least:
        return ink
    end: Rgb = max((0, 0, 0), (255, 255, 255), key=lambda one: contrast_of(one, ground))
    for step in range(1, 20):
        red, green, blue = (round(a + (b - a) * step / 20) for a, b in zip(ink, end, strict=True))
        if contrast_of((red, green, blue), ground) >= least:
            return red, green, blue
    return end


@functools.lru_cache(maxsize=4096)
def nearest(colour: Rgb, colours: Colours, *, ground: bool = False) -> int:
    """The number, in the terminal's table, of the colour that looks most like this one.

    The bright ones of 16 are no `ground` everywhere.
    """
    return _ranked(colour, colours, ground)[0]


@functools.lru_cache(maxsize=4096)
def nearest_pair(ink: Rgb, ground: Rgb, colours: Colours, least: float = READABLE) -> tuple[int, int]:
    """The same of a character's two colours; their contrast stays, up to the least that is asked for."""
    tables = _TABLES[colours]
    on, below = nearest(ink, colours), nearest(ground, colours, ground=True)
    if (tables[0][on], tables[0][below]) == (ink, ground):
        return on, below
    wanted = min(contrast_of(ink, ground), least)

    def kept(number: int) -> float:
        return min(contrast_of(table[number], table[below]) for table in tables)

    ranked = _ranked(ink, colours, False)
    return next((number for number in ranked if kept(number) >= wanted), max(ranked, key=kept)), below


@functools.lru_cache(maxsize=1024)
def _ranked(colour: Rgb, colours: Colours, ground: bool) -> tuple[int, ...]:
    """The numbers of a table, the most alike first."""
    table, (numbers, places) = _TABLES[colours][0], _places(colours, ground)
    wanted = _oklab(np.array([colour]))
    away = places - wanted
    away[:, 0] /= 2  # where colours are few, the hue is what is meant: dark green is not olive
    # tints of a table are strong: pale sand would be yellow, and dark slate navy
    grey = np.hypot(places[:, 1], places[:, 2]) < 0.01
    unlike = grey != (math.hypot(*wanted[0, 1:]) <= GREY)
    itself = next((number for number, held in table.items() if held == colour), -1)
    away[unlike & (numbers != itself)] += 1
    return tuple(numbers[np.argsort((away**2).sum(axis=1), kind="stable")].tolist())


@functools.cache
def _places(colours: Colours, ground: bool) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """The numbers that may be used, and where their colours are."""
    table = _TABLES[colours][0]
    used = [number for number in table if not (ground and colours is Colours.SIXTEEN and number > 7)]
    return np.array(used), _oklab(np.array([table[number] for number in used]))


@functools.lru_cache(maxsize=4096)
def _luminance(colour: Rgb) -> float:
    """Source: WCAG 2.2, "relative luminance"."""
    red, green, blue = (_LINEAR[part] for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(colours: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    parts = colours / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


_LINEAR: Final[tuple[float, ...]] = tuple(_linear(np.arange(256)).tolist())


def _oklab(colours: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Colours where equal distances look equal. Shape: `(n, 3)` to `(n, 3)`.

    Source: Björn Ottosson, "A perceptual color space for image processing", 2020.
    """
    cones = np.cbrt(_linear(colours) @ _TO_CONES.T)
    place: npt.NDArray[np.float64] = cones @ _TO_LAB.T
    return place


_TO_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _cube_and_greys() -> dict[int, Rgb]:
    """What a table of 256 holds beyond the 16 that are the person's own.

    Source: xterm, 256colres.pl.
    """
    levels = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in levels for green in levels for blue in levels]
    greys = [(level, level, level) for level in range(8, 248, 10)]
    return dict(enumerate([*cube, *greys], start=16))


# of 16 nobody knows more than the names: text must be readable on both of the best known tables
_VGA: Final[dict[int, Rgb]] = dict(enumerate((
    (0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170),
    (170, 170, 170), (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85), (85, 85, 255),
    (255, 85, 255), (85, 255, 255), (255, 255, 255),
)))  # fmt: skip
_XTERM: Final[dict[int, Rgb]] = dict(enumerate((
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205),
    (229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255),
    (255, 0, 255), (0, 255, 255), (255, 255, 255),
)))  # fmt: skip
_TABLES: Final = {Colours.TABLE: (_cube_and_greys(),), Colours.SIXTEEN: (_VGA, _XTERM)}
