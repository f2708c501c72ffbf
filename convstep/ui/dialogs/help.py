"""Help: every key from the command table, and every mark on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.ui.commands import groups
from convstep.ui.dialogs.once import Once
from convstep.view.text.wrapping import Paragraph

MARKS = (
    ("┏━━┓", "the window: the cells that the current step reads or writes"),
    ("┌──┐", "the crop line: what is inside becomes dA_prev, what is outside is padding"),
    ("·", "a padding cell, still zero"),
    (
        "▸ ◂",
        "the dZ value of the current step; brighter cells before it are done, dim ones are still to come",
    ),
    ("◆ ▼ ✗", "a stop on a cell or on the timeline; a bookmark; a step that your backward gets wrong"),
    ("› ● ✗ ○", "in a lesson: look here; marked by you, wrongly marked, missed"),
    (
        "modelled",
        "your backward overwrites instead of adding; shown is the reference with that mistake reproduced",
    ),
    ("≠ =", "your backward differs from the reference here, or adds the same"),
    ("0.12", "underlined: the current step has written this cell"),
    ("✓ ▶", "an addition that has been made, and the one that comes next"),
    ("~0", "not zero, but too small for the column; a plain 0 is exactly zero"),
    (">> <<", "too large for the column, positive and negative"),
    ("×1e-7", "in a title: a factor that all numbers of the panel share"),
    ("? ∞ !", "beside a number: NaN, infinite, beyond the colour scale"),
    ("▄▄▄", "heat alone: a value whose step is still to come"),
    ("░▒▓█", "magnitude without colour, from small to the end of the scale"),
)
"""The marks of the screen and their meaning."""


class HelpScreen(Once, ModalScreen[None]):
    """All keys and marks, scrollable."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("escape,q,question_mark", "dismiss", "Close")
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 96; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; padding: 0 1; background: $surface;
    }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, title: str = "", keys: Sequence[tuple[str, str]] = ()) -> None:
        """Explain the debugger's keys and marks.

        Args:
            title: the heading of what is explained first.
            keys: the keys of another screen, and what they do.
        """
        super().__init__()
        self._first_title, self._first_keys = title, list(keys)

    def compose(self) -> ComposeResult:
        """Keys by group, then marks."""
        with VerticalScroll() as scroll:
            scroll.border_title = tr("Keys and marks")
            scroll.border_subtitle = tr("↑ ↓ scroll · Esc closes")
            if self._first_keys:
                yield Static(_table(self._first_title, self._first_keys))
            for name, commands in groups().items():
                rows = [("  ".join(command.key_texts), tr(command.help)) for command in commands]
                yield Static(_table(tr(name), rows))
            yield Static(_table(tr("On the screen"), [(mark, tr(meaning)) for mark, meaning in MARKS]))

    def on_mount(self) -> None:
        """Scroll with the keys at once."""
        self.query_one(VerticalScroll).focus()


def _table(title: str, rows: list[tuple[str, str]]) -> Group:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(width=26, no_wrap=True)
    table.add_column(ratio=1)
    for left, right in rows:
        table.add_row(Text(left, "bold"), Paragraph(right))
    return Group(Text(title, "bold underline"), table, "")
