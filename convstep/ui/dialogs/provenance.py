"""Provenance: every step that makes one cell, and the way to each of them."""

from __future__ import annotations

from convstep.language import tr
from convstep.ui.dialogs.table import TableScreen
from convstep.ui.widgets.row_list import RowList
from convstep.view.scene.staged import Listing


class ProvenanceScreen(TableScreen):
    """The steps that make a cell, in order; dismisses with the position after the one taken, or None."""

    def __init__(self, table: Listing, whose: str = "") -> None:
        """Show what makes a cell.

        Args:
            table: the cell and the steps that make it.
            whose: in whose backward, where there are two.
        """
        keys = tr("↑ ↓ choose · Enter goes there · Esc closes")
        super().__init__(table, chosen=max(table.done - 1, 0), opened_with="i", keys=keys, beside=whose)
        self._steps = table

    def on_row_list_taken(self, message: RowList.Taken) -> None:
        """Go to just after that step."""
        message.prevent_default()
        self.dismiss(self._steps.step(message.at) + 1)
