"""Arrays, and cells of them by name: `dW[0, 1, 2, 0]`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy.typing as npt

from convstep.language import tr

Array = npt.NDArray[Any]
"""Numbers of any kind."""


def cell_text(name: str, index: Iterable[int | slice]) -> str:
    """A cell, or several, as NumPy writes them; of an array without axes its name alone.

    >>> cell_text("dW", (0, 1, 2, 0)), cell_text("dA", (1, slice(4, 7), slice(0, 5, 2))), cell_text("y", ())
    ('dW[0, 1, 2, 0]', 'dA[1, 4:7, 0:5:2]', 'y')
    """
    inside = ", ".join(map(_part_text, index))
    return f"{name}[{inside}]" if inside else name


def _part_text(part: int | slice) -> str:
    if isinstance(part, slice):
        return f"{part.start}:{part.stop}" + (f":{part.step}" if part.step not in (None, 1) else "")
    return str(part)


def check_index(name: str, index: Sequence[int], shape: Sequence[int]) -> None:
    """Raise a ValueError, one sentence, for a cell that an array of this shape does not have."""
    cell = cell_text(name, index)
    if len(index) != len(shape):
        said = "{cell} has {count} indices, but {name} has {axes} axes: {shape}"
        raise ValueError(tr(said, cell=cell, count=len(index), name=name, axes=len(shape), shape=shape))
    for axis, (value, length) in enumerate(zip(index, shape, strict=True)):
        if not 0 <= value < length:
            said = "{cell} does not exist: index {axis} is {value}, but it goes from 0 to {last}"
            raise ValueError(tr(said, cell=cell, axis=axis, value=value, last=length - 1))
