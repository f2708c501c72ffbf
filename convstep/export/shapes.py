"""Box-drawing and block characters as exact pixels, as terminals draw them.

A font's own glyphs leave gaps between neighbouring cells as soon as the cell is not exactly the
font's. Lines here end at the cell's edge, at the same place for every character, so they join.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.uint8]
"""How much of each pixel is covered, 0 to 255. Shape: `(height, width)`."""

SHADES: Final = {"░": 64, "▒": 128, "▓": 191}
"""Characters that cover a part of every pixel; dots would shimmer where a picture is scaled."""

_ARMS = {
    "UP": ("up",),
    "DOWN": ("down",),
    "LEFT": ("left",),
    "RIGHT": ("right",),
    "HORIZONTAL": ("left", "right"),
    "VERTICAL": ("up", "down"),
}
_WEIGHTS = ("LIGHT", "HEAVY", "SINGLE", "DOUBLE")
_DASHES = {"DOUBLE DASH": 2, "TRIPLE DASH": 3, "QUADRUPLE DASH": 4}
_SUPERSAMPLED = 8


@lru_cache(maxsize=1024)
def drawn(character: str, width: int, height: int) -> Mask | None:
    """The `(height, width)` pixels of a character that is drawn and not written; None for any other."""
    made = None
    if character in SHADES:
        made = np.full((height, width), SHADES[character], np.uint8)
    elif "▀" <= character <= "▟":
        made = _block(character, width, height)
    elif "─" <= character <= "╿":
        made = _box(unicodedata.name(character).removeprefix("BOX DRAWINGS "), width, height)
    if made is not None:
        made.setflags(write=False)  # one array for everybody who asks
    return made


def light(width: int) -> int:
    """The thickness of a light line in a cell of this width."""
    return max(1, (width + 2) // 9)


def arc(character: str) -> tuple[str, str] | None:
    """The two sides of the cell that a rounded corner joins; None for any other character.

    >>> arc("╭")
    ('down', 'right')
    """
    if not "╭" <= character <= "╰":
        return None
    first, _, second = unicodedata.name(character).removeprefix("BOX DRAWINGS LIGHT ARC ").split()
    return first.lower(), second.lower()


def axis(length: int, thickness: int) -> float:
    """Where the middle of a light line is, along the cell's width or height."""
    return (length - thickness) // 2 + thickness / 2


def arc_radius(upright: str, level: str, width: int, height: int) -> float:
    """As round as the cell allows; the last pixel before the edge is straight, to meet the neighbour."""
    x, y = axis(width, light(width)), axis(height, light(width))
    return min(width - x if level == "right" else x, height - y if upright == "down" else y) - 1


def _box(name: str, width: int, height: int) -> Mask | None:
    if "DIAGONAL" in name:
        return None  # slanted lines are the font's
    if " ARC " in name:
        _, _, first, _, second = name.split()
        return _arc(first.lower(), second.lower(), width, height)
    for dash, count in _DASHES.items():
        if dash in name:
            weight, direction = name.split(f" {dash} ")
            return _dashed(weight, direction == "HORIZONTAL", count, width, height)
    return _lines(_weights(name), width, height)


def _weights(name: str) -> dict[str, str]:
    """The weight of each arm, said once for all arms or for each.

    >>> _weights("DOWN LIGHT AND RIGHT HEAVY")
    {'down': 'LIGHT', 'right': 'HEAVY'}
    """
    weights: dict[str, str] = {}
    inherited = ""
    for part in name.split(" AND "):
        words = part.split()
        inherited = next((word for word in words if word in _WEIGHTS), inherited)
        weights |= {arm: inherited for word in words for arm in _ARMS.get(word, ())}
    return weights


def _lines(weights: dict[str, str], width: int, height: int) -> Mask:
    """Arms from the middle to the edges; where arms meet, the joint is as thick as the thickest."""
    mask = np.zeros((height, width), np.uint8)
    thin = light(width)
    heavy = 2 * thin + thin % 2  # by as much as keeps it on the light line's axis
    thick = {"LIGHT": thin, "SINGLE": thin, "HEAVY": heavy, "DOUBLE": 3 * thin}
    upright = max((thick[weight] for arm, weight in weights.items() if arm in ("up", "down")), default=0)
    level = max((thick[weight] for arm, weight in weights.items() if arm in ("left", "right")), default=0)

    def draw(arm: str, thickness: int, value: int) -> None:
        # an arm reaches over the line that it meets; alone it ends in the middle
        across, along = (upright, width) if arm in ("left", "right") else (level, height)
        start = (along - across) // 2 if across else along // 2
        reach = slice(start, along) if arm in ("right", "down") else slice(0, start + across)
        if arm in ("left", "right"):
            mask[_middle(height, thickness), reach] = value
        else:
            mask[reach, _middle(width, thickness)] = value

    for arm, weight in weights.items():
        draw(arm, thick[weight], 255)
    doubles = [arm for arm, weight in weights.items() if weight == "DOUBLE"]
    for arm in doubles:  # what is between two lines
        _carve(mask, arm, thin, (upright, level))
    for arm, weight in weights.items():
        if weight == "SINGLE":
            draw(arm, thin, 255)
    return mask


def _carve(mask: Mask, arm: str, thin: int, meeting: tuple[int, int]) -> None:
    """Take the middle out of a double line, from where it leaves the joint's outer line to the edge."""
    height, width = mask.shape
    upright, level = meeting
    across, along = (upright, width) if arm in ("left", "right") else (level, height)
    inner = max(across - 2 * thin, 0)
    start = (along - inner) // 2
    reach = slice(start, along) if arm in ("right", "down") else slice(0, start + inner)
    if arm in ("left", "right"):
        mask[_middle(height, thin), reach] = 0
    else:
        mask[reach, _middle(width, thin)] = 0


def _dashed(weight: str, across: bool, count: int, width: int, height: int) -> Mask:
    mask = _lines(dict.fromkeys(("left", "right") if across else ("up", "down"), weight), width, height)
    along = width if across else height
    for dash in range(count):  # the gap stands at the end of each share
        end = round((dash + 1) * along / count)
        gap = slice(end - max(1, round(along / count / 3)), end)
        if across:
            mask[:, gap] = 0
        else:
            mask[gap] = 0
    return mask


def _arc(upright: str, level: str, width: int, height: int) -> Mask:
    """A quarter of a circle between two straight ends, its edge smoothed."""
    thin, many = light(width), _SUPERSAMPLED
    x0, y0 = axis(width, thin), axis(height, thin)
    toward_x, toward_y = (1 if level == "right" else -1), (1 if upright == "down" else -1)
    radius = arc_radius(upright, level, width, height)
    ys, xs = np.mgrid[: height * many, : width * many] / many + 0.5 / many
    along_x, along_y = (xs - x0) * toward_x, (ys - y0) * toward_y
    ring = np.abs(np.hypot(along_x - radius, along_y - radius) - radius) <= thin / 2
    ink = ring & (along_x <= radius) & (along_y <= radius)
    ink |= (np.abs(along_x) <= thin / 2) & (along_y >= radius)
    ink |= (np.abs(along_y) <= thin / 2) & (along_x >= radius)
    share = ink.reshape(height, many, width, many).mean(axis=(1, 3))
    made: Mask = np.round(share * 255).astype(np.uint8)
    return made


def _block(character: str, width: int, height: int) -> Mask | None:
    mask = np.zeros((height, width), np.uint8)
    for top, bottom, left, right in _parts(character):
        rows = slice(round(top * height), round(bottom * height))
        mask[rows, round(left * width) : round(right * width)] = 255
    return mask


def _parts(character: str) -> list[tuple[float, float, float, float]]:
    """What is filled, as shares of the cell: top, bottom, left, right."""
    if "▁" <= character <= "█":
        return [(1 - (ord(character) - ord("▀")) / 8, 1, 0, 1)]
    if "▉" <= character <= "▏":
        return [(0, 1, 0, 1 - (ord(character) - ord("█")) / 8)]
    sides = {"▀": (0, 0.5, 0, 1), "▐": (0, 1, 0.5, 1), "▔": (0, 0.125, 0, 1), "▕": (0, 1, 0.875, 1)}
    if character in sides:
        return [sides[character]]
    quarters = (0, 0.5, 0, 0.5), (0, 0.5, 0.5, 1), (0.5, 1, 0, 0.5), (0.5, 1, 0.5, 1)
    names = "UPPER LEFT", "UPPER RIGHT", "LOWER LEFT", "LOWER RIGHT"
    name = unicodedata.name(character)
    return [quarter for quarter, words in zip(quarters, names, strict=True) if words in name]


def _middle(length: int, thickness: int) -> slice:
    start = (length - thickness) // 2
    return slice(start, start + thickness)
