"""The statements that wrote one cell as a table, a row at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.language import tr
from convstep.printable import printable
from convstep.steps.number_text import short
from convstep.view.text.wrapping import padded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convstep.recording.facts import Writer


class WriterTable:
    """Draws the writers of a cell; nothing is drawn before it is asked for."""

    def __init__(self, cell: str, writers: Sequence[Writer], position: int) -> None:
        """Draw the steps that write a cell, ascending."""
        self._cell, self._writers = cell, writers
        self.done = sum(writer.step < position for writer in writers)
        """How many of them are executed."""
        self._width = 80

    def __len__(self) -> int:
        return len(self._writers)

    @property
    def title(self) -> str:
        """The cell, how many steps write it, and how many have."""
        count = len(self)
        return tr(
            "{name}: written once, {made} made"
            if count == 1
            else "{name}: written {count} times, {made} made",
            name=self._cell,
            count=count,
            made=self.done,
        )

    @property
    def summary(self) -> str:
        """The value now and in the end."""
        if not len(self):
            return tr("no step writes this cell")
        now = self._writers[self.done - 1].after if self.done else self._writers[0].before
        last = short(self._writers[-1].after, 6)
        return tr("now {now}, at the end {last}", now="–" if now is None else short(now, 6), last=last)

    def fit(self, width: int) -> None:
        """Choose columns for a width."""
        self._width = width

    def header(self) -> Text:
        """The columns' names."""
        return self._line(" ", tr("step"), tr("line"), tr("before"), tr("after"), tr("statement"), "dim")

    def row(self, at: int) -> Text:
        """One statement: `✓` made or not, step, line, the cell before and after, the source."""
        writer, made = self._writers[at], at < self.done
        before = "–" if writer.before is None else short(writer.before)
        mark, text, style = "✓" if made else " ", printable(writer.text), "" if made else "dim"
        return self._line(
            mark, str(writer.step + 1), str(writer.line), before, short(writer.after), text, style
        )

    def step(self, at: int) -> int:
        """The step of a row, from 0."""
        return self._writers[at].step

    def _line(self, mark: str, step: str, line: str, before: str, after: str, text: str, style: str) -> Text:
        steps = max(len(str(self._writers[-1].step + 1)) if self._writers else 1, cell_len(tr("step")))
        lines = max([len(str(writer.line)) for writer in self._writers[:1]] + [cell_len(tr("line"))])
        begin = f"{mark} {padded(step, steps, right=True)}  {padded(line, lines, right=True)}  "
        begin += f"{padded(before, 9, right=True)}  {padded(after, 9, right=True)}  "
        room = max(self._width - cell_len(begin), 0)
        return Text(
            begin + (text if cell_len(text) <= room else set_cell_size(text, max(room - 1, 0)) + "…"), style
        )
