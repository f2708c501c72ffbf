"""Edits: numbers of the arrays that a run begins with, changed by hand, undone and made again.

A run is never changed: it is begun anew on copies of its arrays, so that whatever was edited and undone,
every state is that of a fresh run on these numbers, to the bit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.steps.cells import Array, cell_text

Number = np.generic
"""A number as an array holds it."""
Numbers = Mapping[str, Mapping[tuple[int, ...], Number]]
"""By array and index, the number that stands there instead."""


class Edit(NamedTuple):
    """One cell that was given another number."""

    array: str
    """Which array, as the run calls it."""
    cell: tuple[int, ...]
    before: Number
    after: Number

    @property
    def text(self) -> str:
        """As it is written: `A_prev[2, 3, 0] = 0.5`."""
        return f"{cell_text(self.array, self.cell)} = {plain(self.after)}"


@frozen()
class Edits:
    """What was edited, in order, and what of it was undone."""

    made: tuple[Edit, ...] = ()
    """The edits in force, the last one last."""
    undone: tuple[Edit, ...] = ()
    """Those that were taken back, the one to be made again first last."""

    def with_edit(self, edit: Edit) -> Edits:
        """One more; what was undone before cannot be made again after it."""
        return Edits((*self.made, edit))

    def back(self) -> Edits:
        """Without the last one; there is one."""
        return Edits(self.made[:-1], (*self.undone, self.made[-1]))

    def on(self) -> Edits:
        """With the one that was undone last; there is one."""
        return replace(Edits((*self.made, self.undone[-1])), undone=self.undone[:-1])

    @property
    def numbers(self) -> dict[str, dict[tuple[int, ...], Number]]:
        """The cells that hold another number than in the beginning; one that was set back is none of them."""
        first: dict[tuple[str, tuple[int, ...]], Number] = {}
        last: dict[tuple[str, tuple[int, ...]], Number] = {}
        for edit in self.made:
            first.setdefault(edit[:2], edit.before)
            last[edit[:2]] = edit.after
        found: dict[str, dict[tuple[int, ...], Number]] = {}
        for (array, index), number in last.items():
            if not same(number, first[array, index]):
                found.setdefault(array, {})[index] = number
        return found

    @property
    def text(self) -> str:
        """These cells as they are written: `A_prev[2, 3, 0] = 0.5; W[0, 0, 0, 0] = 1.0`."""
        return "; ".join(
            f"{cell_text(array, cell)} = {plain(number)}"
            for array, cells in self.numbers.items()
            for cell, number in cells.items()
        )

    @property
    def count(self) -> int:
        """How many cells that are."""
        return sum(map(len, self.numbers.values()))


def same(one: Number, other: Number) -> bool:
    """Whether two numbers of an array have the same bits."""
    return one.tobytes() == other.tobytes()


def put(array: Array, numbers: Mapping[tuple[int, ...], Number]) -> Array:
    """A copy of an array with other numbers in some cells.

    >>> put(np.zeros((1, 2)), {(0, 1): np.float64(5)}).tolist()
    [[0.0, 5.0]]
    """
    found = array.copy()
    for index, number in numbers.items():
        found[index] = number
    return found


def plain(number: Number) -> str:
    """A number in full, as `number_of` reads it: the fewest digits that mean this number of its dtype.

    >>> plain(np.float32(0.1)), plain(np.float64(0.1 + 0.2)), plain(np.int64(-3)), plain(np.float64("nan"))
    ('0.1', '0.30000000000000004', '-3', 'nan')
    """
    return str(number)


def number_of(text: str, dtype: np.dtype[Any]) -> Number:
    """The number that somebody typed, as an array holds it: `0.5`, `-3/4`, `nan`, or a sum of some.

    >>> number_of("-3/4", np.dtype("float32")), number_of("inf", np.dtype("float64")).item()
    (np.float32(-0.75), inf)

    Raises ValueError: it is none, or the array cannot hold it; one sentence without its full stop.
    """
    written = text.strip()
    if dtype.kind == "b":
        written = {"true": "1", "false": "0"}.get(written.lower(), written)
    value = int(written) if re.fullmatch(r"[-+]?[0-9]{1,30}", written) else _computed(written)
    if isinstance(value, int) and dtype.kind == "f" and written.startswith("-") and not value:
        value = -0.0
    held = _held(value, dtype)
    if held is None:
        lowest, highest = _range(dtype)
        said = (
            "the array is {dtype}: it holds whole numbers from {lowest} to {highest}"
            if dtype.kind in "biu"
            else "the array is {dtype}: apart from 0, nan and inf it holds magnitudes from {lowest} to "
            "{highest}"
        )
        raise ValueError(tr(said, dtype=dtype.name, lowest=lowest, highest=highest))
    return held


def _computed(text: str) -> float:
    from convstep.expr.language import read_expression  # a debugger opens sooner without
    from convstep.expr.text import LONGEST

    try:
        with np.errstate(all="ignore"):
            looks = tr("a number looks like {example}", example="0.5, -3/4, nan")
            read = read_expression(text, {}, looks, deepest=LONGEST // 2)
            if read.boolean:
                raise ValueError(tr("it is true or false, and a number is wanted"))
            return float(read.value({}))
    except ArithmeticError as error:
        reason = tr("it divides by 0") if isinstance(error, ZeroDivisionError) else tr("it is too large")
        raise ValueError(reason) from error


def _held(value: float, dtype: np.dtype[Any]) -> Number | None:
    """The number as the array holds it, rounded where it holds fractions; None if it cannot."""
    if dtype.kind in "biu":
        lowest, highest = _range(dtype)
        if not np.isfinite(value) or value != int(value) or not lowest <= int(value) <= highest:
            return None
        whole: Number = dtype.type(int(value))
        return whole
    try:
        value = float(value)
    except OverflowError:
        return None
    with np.errstate(all="ignore"):
        held: Number = dtype.type(value)
    # beyond its largest, or below its smallest
    lost = np.isfinite(value) and (not np.isfinite(held) or (value != 0 and held == 0))
    return None if lost else held


def _range(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    return f"{float(np.finfo(dtype).smallest_subnormal):.2g}", f"{float(np.finfo(dtype).max):.2g}"
