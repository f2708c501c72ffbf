"""Cells of arrays by name: `dW[0, 1, 2, 0]`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convstep.language import tr


def cell_text(name: str, index: Iterable[int]) -> str:
    """A cell as NumPy writes it: "dW", `(0, 1, 2, 0)` -> "dW[0, 1, 2, 0]"."""
    return f"{name}[{', '.join(map(str, index))}]"


def check_index(name: str, index: Sequence[int], shape: Sequence[int]) -> None:
    """Raise a ValueError, one sentence, for a cell that an array of this shape does not have.

    Args:
        name: the array's.
        index: the cell.
        shape: of the array.
    """
    cell = cell_text(name, index)
    if len(index) != len(shape):
        raise ValueError(
            tr(
                "{cell} has {count} indices, but {name} has {axes} axes: {shape}",
                cell=cell,
                count=len(index),
                name=name,
                axes=len(shape),
                shape=shape,
            )
        )
    for axis, (value, length) in enumerate(zip(index, shape, strict=True)):
        if not 0 <= value < length:
            raise ValueError(
                tr(
                    "{cell} does not exist: index {axis} is {value}, but it goes from 0 to {last}",
                    cell=cell,
                    axis=axis,
                    value=value,
                    last=length - 1,
                )
            )
