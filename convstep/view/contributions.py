"""The contributions to one cell as a table, a row at a time."""

from __future__ import annotations

from rich.text import Text

from convstep.replay.provenance import Provenance
from convstep.view.numbers import CellFormat, short
from convstep.view.scene import place_text

NUMBER = 10
"""Columns of a number."""


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
        geometry = provenance.geometry
        self._step = max(len(str(geometry.total_steps)), len("step"))
        self._place = len(place_text(geometry.index_at(geometry.total_steps - 1), geometry)) + 2
        last = len(provenance) - 1
        self._first = len(provenance.first_cell(last)) + 1 if len(provenance) else 0
        self._second = len(provenance.second_cell(last)) + 1 if len(provenance) else 0

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
        factors = f"{'dZ':<{self._second + NUMBER}}"
        if self.provenance.first_name:
            first = f"{self.provenance.first_name:<{self._first + NUMBER}}"
            factors = f"{first}   {factors}   {'product':>{NUMBER}}"
        return Text(f"  {'step':>{self._step}}  {'':<{self._place}}{factors}  {'sum after':>{NUMBER}}", "dim")

    def row(self, at: int) -> Text:
        """One contribution: `✓` made or not, step, place, factors, product, running sum.

        Args:
            at: which, counted from 0.
        """
        made, provenance = at < self.done, self.provenance
        step = int(provenance.steps[at])
        place = place_text(provenance.geometry.index_at(step), provenance.geometry)
        line = f"{'✓' if made else ' '} {step + 1:>{self._step}}  {place:<{self._place}}"
        if provenance.first_factor is not None:
            line += f"{provenance.first_cell(at):<{self._first}}{_number(provenance.first_factor[at])} × "
        line += f"{provenance.second_cell(at):<{self._second}}{_number(provenance.second_factor[at])}"
        if provenance.first_factor is not None:
            line += f" = {_number(provenance.product[at])}"
        return Text(f"{line}  {_number(provenance.running[at])}", "" if made else "dim")


def _number(value: float) -> str:
    number = float(value)
    return CellFormat.fitting(NUMBER, max(abs(number), 1.0) if abs(number) < 1e5 else 1.0).text(number)
