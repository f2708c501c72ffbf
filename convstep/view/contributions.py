"""The contributions to one cell as a table, a row at a time."""

from __future__ import annotations

from rich.text import Text

from convstep.replay.provenance import Provenance
from convstep.view.numbers import CellFormat, short
from convstep.view.words import place_text

WIDE, NARROW = 10, 7
"""Columns of a number where there is room, and on the least screen."""


class ContributionTable:
    """Draws rows of a provenance; nothing is drawn before it is asked for."""

    def __init__(self, provenance: Provenance, position: int) -> None:
        """Draw these contributions.

        Args:
            provenance: the cell and what made it.
            position: where the pass stands.
        """
        self.provenance = provenance
        """What is drawn."""
        self.done = provenance.done(position)
        """How many contributions are made."""
        self._last = max(len(provenance) - 1, 0)
        self.fit(200)

    def fit(self, width: int) -> None:
        """Choose columns for a width: the factors' names are left out first, then digits."""
        for self._named, self._number in ((True, WIDE), (False, WIDE), (False, NARROW)):
            if not len(self) or len(self.row(self._last)) <= width:
                break

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.provenance)

    @property
    def title(self) -> str:
        """The cell, how many steps make it, and how many have."""
        name, count = self.provenance.name, len(self)
        return f"{name}: {count} contribution{'' if count == 1 else 's'}, {self.done} made"

    @property
    def summary(self) -> str:
        """The value now and in the end; or why it never has one."""
        if not len(self):
            return self.provenance.reason
        now = self.provenance.running[self.done - 1] if self.done else 0
        return f"now {short(now, 6)}, in the end {short(self.provenance.running[-1], 6)}"

    def header(self) -> Text:
        """The columns' names."""
        step, place, first, second = self._cells(self._last)
        line = f"  {'step':>{len(step)}}  {'place':<{len(place)}}  "
        number = self._number
        if self.provenance.first_name:
            line += f"{self.provenance.first_name:<{len(first) + number}}   "
        line += f"{self.provenance.second_name:<{len(second) + number}}"
        if self.provenance.first_name:
            line += f"   {'product':>{number}}"
        return Text(f"{line}  {'sum':>{number}}", "dim")

    def row(self, at: int) -> Text:
        """One contribution: `✓` made or not, step, place, factors, product, running sum.

        Args:
            at: which, counted from 0.
        """
        made, provenance = at < self.done, self.provenance
        step, place, first, second = self._cells(at)
        line = f"{'✓' if made else ' '} {step}  {place}  "
        if provenance.first_factor is not None:
            line += f"{first}{self._text(provenance.first_factor[at])} × "
        line += f"{second}{self._text(provenance.second_factor[at])}"
        if provenance.first_factor is not None:
            line += f" = {self._text(provenance.product[at])}"
        return Text(f"{line}  {self._text(provenance.running[at])}", "" if made else "dim")

    def _cells(self, at: int) -> tuple[str, str, str, str]:
        """Step, place and the factors' names, each padded to its column."""
        provenance, geometry = self.provenance, self.provenance.geometry
        width = max(len(str(geometry.total_steps)), len("step"))
        step = f"{int(provenance.steps[at]) + 1:>{width}}"
        last = geometry.index_at(geometry.total_steps - 1)
        index = geometry.index_at(int(provenance.steps[at]))
        if not self._named:
            skip = 1 if geometry.batch is None else 0
            whole = len(",".join(map(str, last[skip:])))
            return step, ",".join(map(str, index[skip:])).ljust(max(whole, len("place"))), "", ""
        place = place_text(index, geometry).ljust(len(place_text(last, geometry)))
        first = provenance.first_cell(at).ljust(len(provenance.first_cell(self._last)) + 1)
        return (
            step,
            place,
            first,
            provenance.second_cell(at).ljust(len(provenance.second_cell(self._last)) + 1),
        )

    def _text(self, value: float) -> str:
        number = float(value)
        limit = max(abs(number), 1.0) if abs(number) < 1e4 else 1.0
        return CellFormat.fitting(self._number, limit).text(number)
