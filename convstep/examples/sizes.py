"""Sizes as people write them: `7x10x3`, `3x5`, `2`, `1,2,0,1`, `same`."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from convstep.language import tr

if TYPE_CHECKING:
    from convstep.conv.geometry import Padding, Pair

_NUMBER = "-?[0-9]{1,9}"
_PAIR = re.compile(f"({_NUMBER})(?:[x,]({_NUMBER}))?")


def input_shape(text: str) -> tuple[int, int, int]:
    """`7x10x3` -> `(7, 10, 3)`: height, width, channels."""
    if not re.fullmatch("[0-9]{1,9}x[0-9]{1,9}x[0-9]{1,9}", text):
        said = "{text!r} is not height x width x channels, each of up to 9 digits; write it like 7x10x3"
        raise argparse.ArgumentTypeError(tr(said, text=text))
    height, width, channels = map(int, text.split("x"))
    return height, width, channels


def pair(text: str) -> Pair:
    """`2` -> `(2, 2)`, and `2x1` or `2,1` -> `(2, 1)`: rows, then columns."""
    found = _PAIR.fullmatch(text)
    if not found:
        said = "{text!r} is not a number or a pair of up to 9 digits each; write it like 2, 2x1 or 2,1"
        raise argparse.ArgumentTypeError(tr(said, text=text))
    rows = int(found[1])
    return rows, int(found[2] or rows)


def kernel(text: str) -> Pair | tuple[str, ...]:
    """`3x5` -> `(3, 5)`, and names as they are: `edge,blur` -> `("edge", "blur")`."""
    names = text.split(",")
    return tuple(names) if all(re.fullmatch("[a-zA-Z][a-zA-Z-]*", name) for name in names) else pair(text)


def number_or_pair(text: str) -> int | Pair:
    """`2` -> `2`, and `2x1` or `2,1` -> `(2, 1)`: as a `Problem` takes it."""
    return int(text) if re.fullmatch(_NUMBER, text) else pair(text)


def padding(text: str) -> str | int | Pair | Padding:
    """`1`, `1x2`, `1,2`, `same`, `valid`, or the four sides `top,bottom,left,right`."""
    if text in ("same", "valid"):
        return text
    if _PAIR.fullmatch(text):
        return number_or_pair(text)
    if re.fullmatch(f"{_NUMBER}(,{_NUMBER}){{3}}", text):
        top, bottom, left, right = map(int, text.split(","))
        return (top, bottom), (left, right)
    said = (
        "{text!r} is not a padding of up to 9 digits; write it like 1, 1x2, 1,2,0,1 "
        "(top, bottom, left, right), same or valid"
    )
    raise argparse.ArgumentTypeError(tr(said, text=text))


def number(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(_NUMBER, text):
        raise argparse.ArgumentTypeError(tr("{text!r} is not a whole number of up to 9 digits", text=text))
    return int(text)
