"""Paragraphs: a scrollable text in a box, which a key closes again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.ui.dialogs.once import Once


class _Box(VerticalScroll):
    """Says that it can be scrolled where there is more than is seen."""

    def watch_show_vertical_scrollbar(self) -> None:
        """More or less is seen now."""
        self.border_subtitle = tr("↑ ↓ scroll · Esc closes" if self.show_vertical_scrollbar else "Esc closes")


class ParagraphsScreen(Once, ModalScreen[None]):
    """Something to read."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("escape,q", "dismiss", "Close")]  # type: ignore[assignment]
    DEFAULT_CSS = """
    ParagraphsScreen { align: center middle; }
    ParagraphsScreen > VerticalScroll {
        width: 96; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; padding: 0 0 0 1; background: $surface;
    }
    ParagraphsScreen Static { height: auto; padding-right: 1; }
    """

    def __init__(
        self, title: str, paragraphs: Sequence[RenderableType], *, opened_with: str, wide: bool = False
    ) -> None:
        """Show paragraphs; the key that opened them closes them. `wide`: lines of code stand in them."""
        super().__init__()
        self._title, self._paragraphs, self._wide = title, paragraphs, wide
        self._bindings.bind(opened_with, "dismiss", "Close")

    def compose(self) -> ComposeResult:
        """The paragraphs."""
        with _Box() as box:
            box.border_title, box.border_subtitle = self._title, tr("Esc closes")
            if self._wide:
                box.styles.width = 112
            for paragraph in self._paragraphs:
                yield Static(paragraph)

    def on_mount(self) -> None:
        """Scroll with the keys at once."""
        self.query_one(VerticalScroll).focus()
