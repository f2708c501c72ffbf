"""The arrays of a recorded function as a table, a row at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import Array
from convstep.steps.number_text import shape_text
from convstep.view.numbers.text import short
from convstep.view.text.wrapping import padded

if TYPE_CHECKING:
    from convstep.recording.facts import ArrayInfo


WIDEST_NAME = 24
"""Columns of a name at the most."""


class ArrayTable:
    """Draws the arrays that a function has met: name, shape, dtype, range here, the line that made it."""

    def __init__(
        self,
        infos: Sequence[ArrayInfo],
        arrays: Mapping[str, Array],
        source: Callable[[int], str],
        shown: Callable[[], set[str]],
    ) -> None:
        """Draw the arrays in the order in which they appear.

        `arrays` are those that there are by now, `source` gives the text of a line, `shown` the names that
        have a panel.
        """
        self.infos, self._arrays, self._source, self._shown = infos, arrays, source, shown
        self._width = 80
        names = [printable(info.name) for info in infos]
        self._name = min(max(map(cell_len, [tr("array"), *names])), WIDEST_NAME)
        shapes = [shape_text(self._now(info).shape) for info in infos]
        self._shape = max(map(cell_len, [tr("shape"), *shapes]))
        self._dtype = max(map(cell_len, ["dtype", *(str(self._now(info).dtype) for info in infos)]))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.infos)

    @property
    def title(self) -> str:
        """How many there are."""
        return tr("Arrays of the function: {count}", count=len(self))

    @property
    def summary(self) -> str:
        """What the mark says; or that there is none."""
        if not len(self):
            return tr("the function has met no array")
        return tr("● has a panel here")

    def fit(self, width: int) -> None:
        """Choose columns for a width: the line's text is cut first."""
        self._width = width

    def header(self) -> Text:
        """The columns' names."""
        line = self._line(" ", tr("array"), tr("shape"), "dtype", tr("least … greatest"), tr("made at line"))
        line.stylize("dim")
        return line

    def row(self, at: int) -> Text:
        """One array."""
        info = self.infos[at]
        now = self._now(info)
        made = f"{info.line}  {printable(self._source(info.line).strip(), None)}"
        row = self._line(
            "●" if info.name in self._shown() else " ",
            printable(info.name), shape_text(now.shape), str(now.dtype), self._range(info.name),
            tr("argument") if info.is_argument else made,
        )  # fmt: skip
        if info.name not in self._arrays:
            row.stylize("dim")
        return row

    def _now(self, info: ArrayInfo) -> Array | ArrayInfo:
        """The array by this name as it is here; what it will be where there is none yet."""
        return self._arrays.get(info.name, info)

    def _range(self, name: str) -> str:
        """The least and the greatest number that it holds here."""
        array = self._arrays.get(name)
        if array is None:
            return tr("not made yet")
        if not array.size:
            return tr("no cells")
        if array.dtype.kind not in "biuf":
            return "–"
        known = array[~np.isnan(array)] if array.dtype.kind == "f" else array
        if not known.size:
            return "nan"
        said = f"{short(float(known.min()), 4)} … {short(float(known.max()), 4)}"
        return said if known.size == array.size else f"{said}, nan"

    def _line(self, mark: str, name: str, shape: str, dtype: str, span: str, made: str) -> Text:
        line = (
            f"{mark} {padded(name, self._name)}  {padded(shape, self._shape)}  {padded(dtype, self._dtype)}"
        )
        line += f"  {padded(span, 22)}  {made}"
        return Text(line if cell_len(line) <= self._width else f"{set_cell_size(line, self._width - 1)}…")
