"""Blocks: matrices under their names, side by side or above each other, in as many digits as have room."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.frozen import NamedTuple
from convstep.steps.cells import Array
from convstep.view.grid.panel import Panel
from convstep.view.numbers.factor import UNSIGNED_UNITS, common_power, factor_text
from convstep.view.numbers.factor import scaled as scaled_by
from convstep.view.numbers.text import NARROWEST, CellFormat, is_whole, largest_finite
from convstep.view.text.wrapping import centred

GAP: Final = 2
"""Columns between two blocks."""
WIDEST: Final = 7
"""Columns of a number at the most."""
LEAST_NAME: Final = 4
"""Columns of a name that says something though it is cut."""
ENOUGH: Final = 6
"""Columns of a number with which it has all the digits that anybody compares."""


class Block(NamedTuple):
    """A matrix and what stands above it."""

    names: tuple[str, ...]
    """What it is, the longest form first."""
    values: Array
    """Its numbers, `(rows, columns)`."""
    style: str = ""
    """How they are drawn."""
    alike: tuple[Array, ...] = ()
    """Everything that is written in the same way, so that it can be compared; empty for itself alone."""
    known: Array | None = None
    """Which cells have a number, the others a dot; None for all."""
    panel: Panel | None = None
    """That of the array whose cells these are, where it is seen; None for numbers that are in no array."""
    sign: str = ""
    """What stands between its name and that of the block before: `→`."""

    def written(self, text: int, *, scaled: bool = True) -> CellFormat:
        """How its numbers are written in so many columns each; `scaled`: a factor may be taken out."""
        measured = np.concatenate(self.alike) if self.alike else self.values
        limit, whole, signed = largest_finite(measured, 1.0), is_whole(measured), bool((measured < 0).any())
        if self.panel is not None and limit <= self.panel.most:
            # as at every other step, unless that says too little of numbers so small
            form = _usual(self.panel, text, scaled=scaled)
            if limit == 0 or scaled_by(limit, form.power) * 10.0**form.decimals >= UNSIGNED_UNITS:
                return form
        power = common_power(limit, text, whole=whole, signed=signed) if scaled else 0
        return CellFormat.fitting(text, limit, signed=signed, whole=whole, power=power)

    def numbers(self, text: int) -> list[Text]:
        """Its rows in so many columns a number."""
        form = self.written(text)
        return [Text(" ".join(_numbers(self, form, row)), self.style) for row in range(len(self.values))]


Row = tuple[Block, ...]
"""Blocks side by side, all of one shape."""


class Arrangement(NamedTuple):
    """How many blocks stand side by side in each row, and how wide their numbers are."""

    sizes: tuple[int, ...]
    """Blocks in each row, from top to bottom."""
    lines: int
    """How many lines they take."""
    text: int
    """Columns of a number."""

    def drawn(self, blocks: Sequence[Block], width: int) -> list[Text]:
        """Its lines with such blocks."""
        left = iter(blocks)
        rows = [tuple(itertools.islice(left, size)) for size in self.sizes]
        return [line for row in rows for line in _drawn(row, self.text, width)]


def arrangements(groups: tuple[int, ...], shape: tuple[int, int], width: int) -> list[Arrangement]:
    """How groups of blocks can stand in a width, the fewest rows first: all in a row, a group, a block.

    The groups say how many belong together, and rather stand side by side; the shape is that of all of them.
    """
    rows, columns = shape
    found = list[Arrangement]()
    for sizes in dict.fromkeys([(sum(groups),), groups, (1,) * sum(groups)]):
        most = max(sizes)
        text = (width - GAP * (most - 1) + most) // (most * columns) - 1
        if text >= NARROWEST:
            found.append(Arrangement(sizes, len(sizes) * (1 + rows), min(text, WIDEST)))
    return found


def _usual(panel: Panel, text: int, *, scaled: bool) -> CellFormat:
    """How numbers of a panel's array are written, in so many columns each, whichever cells are shown."""
    power = panel.power_at(text) if scaled else 0
    return CellFormat.fitting(text, panel.most, signed=panel.signed, whole=panel.whole, power=power)


def _drawn(row: Row, text: int, width: int) -> list[Text]:
    """The names, and below them the numbers."""
    least = [block.values.shape[1] * (text + 1) - 1 for block in row]
    titles = None
    for brief in (False, True):  # rather a format of their own than a name that is cut for a factor
        for blocks in (row, [block._replace(panel=None) for block in row]):
            if titles is None:
                formats = [block.written(text) for block in blocks]
                titles = _titles(row, formats, least, width, brief=brief)
    if titles is None:  # a factor that is not named is none
        formats = [block.written(text, scaled=False) for block in row]
        titles = _titles(row, formats, least, width) or [""] * len(row)
    rooms = [max(columns, cell_len(title)) for columns, title in zip(least, titles, strict=True)]
    left = width - sum(rooms) - GAP * (len(row) - 1) - 1  # rather not up to the border
    indent = " " * max(min(left, GAP), 0)
    above = Text(indent, "dim")
    for block, title, room in zip(row, titles, rooms, strict=True):
        if block is not row[0]:
            above.append((block.sign if above.plain[-1:] == " " else "").ljust(GAP))
        above.append(centred(title, room))
    lines = [above]
    for at in range(len(row[0].values)):
        line = Text(indent)
        for block, form, room, columns in zip(row, formats, rooms, least, strict=True):
            left = (room - columns) // 2
            line.append(" " * (left if block is row[0] else left + GAP))
            line.append(" ".join(_numbers(block, form, at)), block.style)
            line.append(" " * (room - columns - left))
        lines.append(line)
    return lines


def _titles(
    row: Row, formats: Sequence[CellFormat], least: Sequence[int], width: int, *, brief: bool = True
) -> list[str] | None:
    """Names with the factors of the numbers below, one for all that is written alike; None without room.

    Where it may be brief, a name is cut for them, or left out.
    """
    spare = width - sum(least) - GAP * (len(row) - 1)
    titles = list[str]()
    for number, (block, form, columns) in enumerate(zip(row, formats, least, strict=True)):
        following = row[number + 1] if number + 1 < len(row) else None
        shared = following is not None and block.alike and following.alike is block.alike
        factor = "" if shared else factor_text(form.power)
        # what a long name takes is left to those after it to share
        room = columns + spare // (len(row) - number)
        if len(factor) > room:
            return None
        left = room - len(factor) - bool(factor)
        names = [*block.names, *[cut(block.names[-1], left) if left >= LEAST_NAME else ""] * brief]
        forms = (f"{name} {factor}".strip() for name in names)
        title = next((form for form in forms if cell_len(form) <= room), None)
        if title is None:
            return None
        spare -= max(cell_len(title) - columns, 0)
        titles.append(title)
    return titles


def _numbers(block: Block, form: CellFormat, row: int) -> list[str]:
    """The numbers of a row; a dot in place of those that nobody means."""
    meant = [True] * block.values.shape[1] if block.known is None else block.known[row].tolist()
    return [
        form.text(value) if known else "·".rjust(form.width)
        for value, known in zip(block.values[row].tolist(), meant, strict=True)
    ]


def cut(text: str, room: int) -> str:
    """A text, or as much of it as there is room for."""
    return text if cell_len(text) <= room else set_cell_size(text, max(room - 1, 0)).rstrip() + "…"


def around(shape: tuple[int, int], cell: tuple[int, int], rows: int, columns: int) -> tuple[slice, slice]:
    """Some rows and columns of a matrix, with a cell as much in their middle as its edges allow."""

    def places(length: int, at: int, count: int) -> slice:
        first = max(0, min(at - count // 2, length - count))
        return slice(first, first + count)

    return places(shape[0], cell[0], rows), places(shape[1], cell[1], columns)


def shares(shape: tuple[int, int], least: int) -> list[tuple[int, int]]:
    """Smaller and smaller parts of a matrix, the larger side first, down to so many rows and columns."""
    rows, columns = shape
    found = list[tuple[int, int]]()
    while max(rows, columns) > least:
        longest = max(rows, columns)
        if longest > 2 * least:  # far too many to try each
            rows, columns = (min(side, math.ceil(longest * 3 / 4)) for side in (rows, columns))
        else:
            rows, columns = (rows - 1, columns) if rows >= columns else (rows, columns - 1)
        found.append((rows, columns))
    return found
