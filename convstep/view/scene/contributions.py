"""The contributions to one cell as a table, a row at a time."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.language import tr
from convstep.steps.provenance import Provenance
from convstep.view.numbers.factor import common_power, factor_text
from convstep.view.numbers.text import CellFormat, is_whole, largest_finite, short
from convstep.view.text.wrapping import padded

WIDE, NARROW = 10, 7
"""Columns of a number where there is room, and on the least screen."""


_FORMS = (
    (True, True, WIDE, True),
    (False, True, WIDE, True),
    (False, True, NARROW, True),
    (False, False, WIDE, True),
    (False, False, NARROW, True),
    (False, False, NARROW, False),
)
"""Whether places are in words, whether factors are named, columns of a number, and whether the headings of
products and sums have room for both name and factor: the first form that fits is taken."""


class ContributionTable:
    """Draws rows of a provenance; nothing is drawn before it is asked for."""

    def __init__(self, provenance: Provenance, position: int) -> None:
        """Draw what made a cell, at a position of the pass."""
        self.provenance = provenance
        """What is drawn."""
        self.done = provenance.done(position)
        """How many contributions are made."""
        self._last = max(len(provenance) - 1, 0)
        self._formats: dict[str, CellFormat] = {}
        self.fit(200)

    def fit(self, width: int) -> None:
        """Choose columns for a width: words of places go first, then digits, then the factors' names."""
        for self._placed, self._named, self._number, self._headed in _FORMS:
            self._choose_formats()
            if not len(self) or max(len(self.row(self._last)), len(self.header())) <= width:
                break

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.provenance)

    @property
    def title(self) -> str:
        """The cell, how many steps make it, and how many have."""
        name, count = self.provenance.name, len(self)
        return tr(
            "{name}: 1 contribution, {made} made"
            if count == 1
            else "{name}: {count} contributions, {made} made",
            name=name,
            count=count,
            made=self.done,
        )

    @property
    def summary(self) -> str:
        """The value now and in the end; or why it never has one."""
        if not len(self):
            return self.provenance.reason
        now = self.provenance.running[self.done - 1] if self.done else 0
        last = short(self.provenance.running[-1], 6)
        return tr("now {now}, at the end {last}", now=short(now, 6), last=last)

    def step(self, at: int) -> int:
        """The step of a contribution, from 0."""
        return int(self.provenance.steps[at])

    def header(self) -> Text:
        """The columns' names, each with the factor that its numbers share."""
        step, place, first, second = self._cells(self._last)
        number, (one, other) = self._number, (self.provenance.first_name, self.provenance.second_name)
        line = f"  {padded(tr('step'), len(step), right=True)}  {padded(tr('place'), len(place))}  "
        if one:
            line += f"{self._heading('first', one, len(first) + number)}   "
        line += self._heading("second", other, len(second) + number)
        if one:
            line += f"   {self._heading('product', tr('product'), self._room('product'), right=True)}"
        return Text(f"{line}  {self._heading('sum', tr('sum'), self._room('sum'), right=True)}", "dim")

    def row(self, at: int) -> Text:
        """One contribution: `✓` made or not, step, place, factors, product, running sum."""
        made = at < self.done
        step, place, first, second = self._cells(at)
        line = f"{'✓' if made else ' '} {step}  {place}  "
        if self.provenance.first_factor is not None:
            line += f"{first}{self._text('first', at)} × "
        line += f"{second}{self._text('second', at)}"
        if self.provenance.first_factor is not None:
            line += f" = {self._text('product', at).rjust(self._room('product'))}"
        return Text(f"{line}  {self._text('sum', at).rjust(self._room('sum'))}", "" if made else "dim")

    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        """The columns of numbers."""
        found = self.provenance
        columns = {"second": found.second_factor, "product": found.product, "sum": found.running}
        return columns if found.first_factor is None else {"first": found.first_factor, **columns}

    def _choose_formats(self) -> None:
        """How the numbers of each column are written; products and the sums of them alike."""
        columns = self._columns()
        for names in ({"first"}, {"second"}, {"product", "sum"}):
            found = [columns[name] for name in names if name in columns]
            limit = max((largest_finite(values) for values in found), default=0.0)
            whole = all(map(is_whole, found))
            power = common_power(limit, self._number, whole=whole)
            number = CellFormat.fitting(self._number, limit, whole=whole, power=power)
            self._formats |= dict.fromkeys(names, number)

    def _heading(self, column: str, name: str, width: int, *, right: bool = False) -> str:
        """A column's name with its factor; the factor alone where both have no room."""
        factor = factor_text(self._formats[column].power)
        cut = f"{set_cell_size(name, width - 1).rstrip()}…"
        forms = (f"{name} {factor}", f"{name}{factor}", factor) if factor else (name, cut)
        text = next((form for form in forms if cell_len(form) <= width), forms[-1])
        return padded(text, width, right=right)

    def _room(self, column: str) -> int:
        """Columns of a result: of its numbers, or of its name with the factor."""
        power = self._formats[column].power
        headed = cell_len(f"{tr(column)} {factor_text(power)}") if power and self._headed else 0
        return max(self._number, headed)

    def _cells(self, at: int) -> tuple[str, str, str, str]:
        """Step, place and the factors' names, each padded to its column."""
        provenance, nest = self.provenance, self.provenance.nest
        number, last = int(provenance.steps[at]), nest.total - 1
        width = max(len(str(nest.total)), cell_len(tr("step")))
        step = f"{number + 1:>{width}}"
        if self._placed:
            place = nest.text_of(number).ljust(len(nest.text_of(last)))
        else:
            whole = max(len(",".join(map(str, nest.place_of(last)))), cell_len(tr("place")))
            place = ",".join(map(str, nest.place_of(number))).ljust(whole)
        if not self._named:
            return step, place, "", ""
        first = provenance.first_cell(at).ljust(len(provenance.first_cell(self._last)) + 1)
        return (
            step,
            place,
            first,
            provenance.second_cell(at).ljust(len(provenance.second_cell(self._last)) + 1),
        )

    def _text(self, column: str, at: int) -> str:
        return self._formats[column].text(self._columns()[column][at])
