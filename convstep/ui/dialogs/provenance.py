"""Provenance: every step that makes one cell, and the way to each of them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.ui.dialogs.once import Once
from convstep.ui.widgets.row_list import RowList
from convstep.view.scene.staged import Listing

AROUND = 7
"""Lines that are not rows: border, summary, columns; the title line and the keys behind."""


class ProvenanceScreen(Once, ModalScreen[int | None]):
    """The steps that make a cell, in order; dismisses with the position after the one taken, or None."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("escape,q,i", "dismiss(None)", "Close"),
    ]
    DEFAULT_CSS = """
    ProvenanceScreen { align: center middle; }
    ProvenanceScreen > Vertical {
        width: 112; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; background: $surface; padding: 0 1;
    }
    ProvenanceScreen Static { height: auto; }
    ProvenanceScreen #summary { text-style: bold; margin-bottom: 1; }
    ProvenanceScreen #columns { height: 1; text-wrap: nowrap; }
    ProvenanceScreen RowList { height: auto; max-height: 24; background: $surface; }
    """

    def __init__(self, table: Listing, whose: str = "") -> None:
        """Show what makes a cell.

        Args:
            table: the cell and the steps that make it.
            whose: in whose backward, where there are two.
        """
        super().__init__()
        self._whose, self._table = whose, table

    def compose(self) -> ComposeResult:
        """The cell, the columns, the rows."""
        with Vertical() as box:
            title = " · ".join([self._table.title, *filter(None, [self._whose])])
            box.border_title = title.replace("[", r"\[")
            yield Static(self._table.summary, id="summary", markup=False)
            if len(self._table):
                box.border_subtitle = tr("↑ ↓ choose · Enter goes there · Esc closes")
                yield Static(self._table.header(), id="columns")
                yield RowList(self._table, max(self._table.done - 1, 0))
            else:
                box.border_subtitle = tr("Esc closes")

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self._table.fit(min(self.size.width, 112) - 6)
        if len(self._table):
            self.query_one("#columns", Static).update(self._table.header())
            rows = self.query_one(RowList)
            rows.styles.height = min(len(self._table), 24, max(self.size.height - AROUND, 1))
            rows.refresh()

    def on_row_list_taken(self, message: RowList.Taken) -> None:
        """Go to just after that step."""
        self.dismiss(self._table.step(message.at) + 1)
