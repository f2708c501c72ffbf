"""RowList: a list of any length whose rows are drawn only when they are seen."""

from __future__ import annotations

from typing import ClassVar, Protocol

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Rows(Protocol):
    """What a RowList shows."""

    def __len__(self) -> int: ...

    def row(self, at: int) -> Text:
        """One row."""
        ...


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """One row is chosen; arrows, pages, home and end move, Enter or a click takes it."""

    DEFAULT_CSS = "RowList { overflow-x: hidden; scrollbar-size-vertical: 1; }"

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "choose(0)", show=False),
        Binding("end", "choose(-1)", show=False),
        Binding("enter", "take", show=False),
    ]

    class Taken(Message):
        """A row was taken."""

        def __init__(self, at: int) -> None:
            """Name the row."""
            super().__init__()
            self.at = at
            """Which, counted from 0."""

    def __init__(self, rows: Rows, chosen: int = 0) -> None:
        """Show any number of rows, one of them chosen."""
        super().__init__()
        self._rows = rows
        self.chosen = chosen
        """Which row is chosen."""
        self._moved = False

    def on_resize(self) -> None:
        """Rows are as wide as the list; what was chosen before there was room comes into sight."""
        self.virtual_size = Size(self.size.width, len(self._rows))
        if self._moved:
            self._bring_into_sight()
        else:  # its first sizes are small, and what stands above the row has room as well in the last
            self._put_in_the_middle()

    def action_move(self, by: int) -> None:
        """Choose a row so many further on."""
        self.action_choose(min(max(self.chosen + by, 0), len(self._rows) - 1))

    def action_page(self, by: int) -> None:
        """Choose a row a page further on."""
        self.action_move(by * max(self.size.height - 1, 1))

    def action_choose(self, at: int) -> None:
        """Choose a row; -1 is the last."""
        if not len(self._rows):
            return
        self.chosen, self._moved = at % len(self._rows), True
        self._bring_into_sight()
        self.refresh()

    def _bring_into_sight(self) -> None:
        top = self.scroll_offset.y
        if not top <= self.chosen < top + self.size.height:
            self._put_in_the_middle()

    def _put_in_the_middle(self) -> None:
        middle = max(self.chosen - self.size.height // 2, 0)
        self.scroll_to(y=middle, animate=False, force=True, immediate=True)

    def action_take(self) -> None:
        """Take the chosen row."""
        if len(self._rows):
            self.post_message(self.Taken(self.chosen))

    def on_click(self, event: events.Click) -> None:
        """Choose the row that was clicked, or take it if it is chosen already."""
        at = event.y + self.scroll_offset.y
        if at < len(self._rows):
            if at == self.chosen:
                self.action_take()
            self.action_choose(at)

    def render_line(self, y: int) -> Strip:
        """One row in sight."""
        at = y + self.scroll_offset.y
        if at >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        row = self._rows.row(at)
        row.truncate(self.size.width, pad=True)
        if at == self.chosen:
            row.stylize(Style(reverse=True, dim=False))  # dim words would be patches of another ground
        strip = Strip(row.render(self.app.console, end=""))
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)
