"""Products: what one cell of Z is the sum of, a row for each cell of its window."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from convstep.conv.geometry import StepIndex
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Region
from convstep.view.numbers.factor import common_power, factor_text
from convstep.view.numbers.text import CellFormat, is_whole, largest_finite, short

WIDE, NARROW = 9, 5
"""Columns of a number, the most first."""


class Products:
    """The products of one step, in the order of the window; the bias, if there is one, comes last."""

    def __init__(self, problem: Problem, index: tuple[int, ...], position: int) -> None:
        """List the products of a cell of Z; so many steps of the forward pass are executed."""
        geometry = problem.geometry
        place = StepIndex(*(0,) * (4 - len(index)), *index)
        self._batch = index[: len(index) - 3]
        self._step, self._window, self._i_c = geometry.step_at(place), geometry.window(place)[1:], place.i_c
        window: Region = (*self._batch, *self._window)
        seen = problem.A_prev_pad[window]
        self._shape, kernel = seen.shape, problem.W[place.i_c]
        with quiet():
            products, total = seen * kernel, np.sum(seen * kernel)
        self._bias = None if problem.b is None else problem.b[place.i_c]
        self._x, self._w, self._products = (values.reshape(-1) for values in (seen, kernel, products))
        self._total, self._cell = total, cell_text("Z", index)
        self.done = len(self) if self._step < position else 0
        """How many of them are summed up."""
        self.fit(200)

    def __len__(self) -> int:
        """How many rows there are: the products and the bias."""
        return self._products.size + (self._bias is not None)

    @property
    def title(self) -> str:
        """The cell, and of how many products it is the sum."""
        count = self._products.size
        return tr(
            "{cell}: one step, {count} product" if count == 1 else "{cell}: one step, {count} products",
            cell=self._cell,
            count=count,
        )

    @property
    def summary(self) -> str:
        """The sum, and the cell with its bias."""
        total = f"np.sum(x * w) = {short(self._total, 6)}"
        if self._bias is None:
            return total
        with quiet():
            value = short(self._total + self._bias, 6)
        return f"{total}, + b[{self._i_c}] = {short(self._bias, 6)}: {self._cell} = {value}"

    def fit(self, width: int) -> None:
        """Choose columns for a width: digits go first, then the cells' names."""
        for self._number, self._named in ((WIDE, True), (NARROW, True), (NARROW, False)):
            self._formats = [self._format(values) for values in (self._x, self._w, self._products)]
            if max(self.row(len(self) - 1).cell_len, self.row(0).cell_len, self.header().cell_len) <= width:
                break

    def header(self) -> Text:
        """The columns' names, each with the factor that its numbers share."""
        x, w = self._names(self._products.size - 1)
        first = self._heading(0, "A_prev_pad", len(x) + self._number)
        second = self._heading(1, "W", len(w) + self._number)
        return Text(f"  {first}   {second}   {self._heading(2, tr('product'), self._number)}", "dim")

    def row(self, at: int) -> Text:
        """One product, counted from 0; the bias after the last of them."""
        mark, style = ("✓", "") if self.done else (" ", "dim")
        if at == self._products.size:
            return Text(f"{mark} + b[{self._i_c}] = {short(self._bias or 0, 6)}", style)
        x, w = self._names(at)
        values = self._x[at], self._w[at], self._products[at]
        one, other, product = (form.text(float(v)) for form, v in zip(self._formats, values, strict=True))
        return Text(f"{mark} {x}{one} × {w}{other} = {product}", style)

    def step(self, at: int) -> int:
        """The one step that sums them up."""
        return self._step

    def _names(self, at: int) -> tuple[str, str]:
        """The cells of a product, padded to the longest names."""
        if not self._named:
            return "", ""
        (x, w), (longest_x, longest_w) = self._cells(at), self._cells(self._products.size - 1)
        return x.ljust(len(longest_x) + 1), w.ljust(len(longest_w) + 1)

    def _cells(self, at: int) -> tuple[str, str]:
        offset = [int(part) for part in np.unravel_index(at, self._shape)]
        seen = [part.start + o * (part.step or 1) for part, o in zip(self._window, offset, strict=True)]
        return cell_text("A_prev_pad", (*self._batch, *seen)), cell_text("W", (self._i_c, *offset))

    def _format(self, values: Array) -> CellFormat:
        limit, whole = largest_finite(values), is_whole(values)
        power = common_power(limit, self._number, whole=whole)
        return CellFormat.fitting(self._number, limit, whole=whole, power=power)

    def _heading(self, at: int, name: str, width: int) -> str:
        """A column's name with its factor; the factor alone where both have no room."""
        factor = factor_text(self._formats[at].power)
        forms = (f"{name} {factor}", factor) if factor else (name, "")
        text = next((form for form in forms if cell_len(form) <= width), forms[-1])
        return text + " " * (width - cell_len(text))
