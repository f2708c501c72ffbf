"""LayerList: the rows of the layer picker, sorted and filtered; SearchLine: what their names must hold."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Input

from convstep.ui.widgets.row_list import RowList
from convstep.view.panels.layers import LayerRows


class LayerList(RowList):
    """The rows; says when another one is chosen, and marks it."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("enter", "take", "open")]

    class Chosen(Message):
        """Another row is chosen."""

    def __init__(self, table: LayerRows) -> None:
        super().__init__(table)
        self._table, self._wanted = table, table.chosen

    def show(self, table: LayerRows) -> None:
        """List another table's rows; the layer that was chosen stays chosen, if it is among them."""
        self._rows = self._table = table
        self.rearranged()

    def on_resize(self) -> None:
        """Keep the chosen row in sight: longer details leave fewer rows."""
        self.call_after_refresh(lambda: self._choose(self.chosen))

    def action_choose(self, at: int) -> None:
        """Choose a row, and mark it."""
        self._choose(at)
        self._wanted = self._table.chosen

    def rearranged(self) -> None:
        """Draw other rows; the layer that was chosen stays where it is on the screen, if it is among them.

        If not, the first row is chosen until that layer comes back or another one is chosen.
        """
        shown, line = self._table.shown, self.chosen - self.scroll_offset.y
        row = shown.index(self._wanted) if self._wanted in shown else 0
        self.virtual_size = Size(self.size.width, len(shown))
        self.scroll_to(y=max(row - line, 0), animate=False, force=True, immediate=True)
        self._choose(row)
        self.refresh()

    def _choose(self, at: int) -> None:
        super().action_choose(at)
        if len(self._table):
            self._table.chosen = self._table.shown[self.chosen]
        self.post_message(self.Chosen())


class SearchLine(Input):
    """What the names must hold, while it is typed; the arrows choose among what is found."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("enter", "screen.search_done", "done"),
        Binding("escape", "screen.search_over", "show all"),
        *(Binding(key, f"screen.choose_near({by})", show=False) for key, by in (("up", -1), ("down", 1))),
    ]
