"""Table: rows in a box, one of them chosen; drawn only as far as they are seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.ui.dialogs.once import Once
from convstep.ui.widgets.row_list import RowList, Rows

AROUND = 7
"""Lines that are not rows: border, summary, columns; the title line and the keys behind."""


class Table(Rows, Protocol):
    """What a dialog shows as rows."""

    @property
    def title(self) -> str:
        """What the rows are."""

    @property
    def summary(self) -> str:
        """What is to be known before them; or why there is none."""

    def fit(self, width: int) -> None:
        """Choose columns for a width."""

    def header(self) -> Text:
        """The columns' names."""


class TableScreen(Once, ModalScreen[int | None]):
    """Rows to choose from; dismisses with the number of the one taken, if nothing else is done with it."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("escape,q", "dismiss(None)", "Close")]  # type: ignore[assignment]
    DEFAULT_CSS = """
    TableScreen { align: center middle; }
    TableScreen > Vertical {
        width: 112; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; background: $surface; padding: 0 1;
    }
    TableScreen Static { height: auto; }
    TableScreen #summary { text-style: bold; margin-bottom: 1; }
    TableScreen #columns { height: 1; text-wrap: nowrap; }
    TableScreen RowList { height: auto; max-height: 24; background: $surface; }
    """

    def __init__(
        self,
        table: Table,
        *,
        opened_with: str,
        keys: str,
        chosen: int = 0,
        beside: str = "",
        take: Callable[[int], str] | None = None,
    ) -> None:
        """Show a table; the key that opened it closes it.

        `keys` says on the border what they do; `beside` what else the title says. `take` does something with
        a row that is taken, in place of dismissing with it, and says what.
        """
        super().__init__()
        self._table, self._first, self._keys, self._beside, self._take = table, chosen, keys, beside, take
        self._bindings.bind(opened_with, "dismiss(None)", "Close")

    def compose(self) -> ComposeResult:
        """The title, the columns, the rows."""
        with Vertical() as box:
            title = " · ".join([self._table.title, *filter(None, [self._beside])])
            box.border_title = title.replace("[", r"\[")
            yield Static(self._table.summary, id="summary", markup=False)
            if len(self._table):
                box.border_subtitle = self._keys
                yield Static(self._table.header(), id="columns")
                yield RowList(self._table, self._first)
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
        """Answer with the row, or do with it what is done here."""
        if self._take is None:
            self.dismiss(message.at)
            return
        self.query_one("#summary", Static).update(self._take(message.at))
        self.query_one(RowList).refresh()
