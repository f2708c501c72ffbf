"""What a capture could not open, each with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import Group
from rich.padding import Padding
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.oracle.captured import Skipped
from convstep.printable import printable
from convstep.ui.dialogs.once import Once
from convstep.view.text.wrapping import Paragraph

TIMES = {0: "did not run", 1: "ran once"}
"""How often; beyond, in numbers."""


class SkippedScreen(Once, ModalScreen[None]):
    """A paragraph for each layer, scrollable."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("escape,q,u", "dismiss", "Close")
    ]
    DEFAULT_CSS = """
    SkippedScreen { align: center middle; }
    SkippedScreen > VerticalScroll {
        width: 96; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; padding: 0 1; background: $surface;
    }
    SkippedScreen Static { height: auto; }
    """

    def __init__(self, skipped: Sequence[Skipped]) -> None:
        """List these."""
        super().__init__()
        self._skipped = skipped

    def compose(self) -> ComposeResult:
        """The paragraphs."""
        with VerticalScroll() as scroll:
            scroll.border_title = tr("{count} not opened", count=len(self._skipped))
            scroll.border_subtitle = tr("↑ ↓ scroll · Esc closes")
            yield Static(Group(*map(_paragraph, self._skipped)))

    def on_mount(self) -> None:
        """Scroll with the keys at once."""
        self.query_one(VerticalScroll).focus()


def _paragraph(skipped: Skipped) -> Group:
    times = tr(TIMES.get(skipped.calls, "ran {count} times"), count=skipped.calls)
    heading = Text(printable(skipped.name), "bold")
    heading.append(f"  {printable(skipped.kind)} · {times}", "not bold")
    return Group(Paragraph(heading), Padding(Paragraph(printable(skipped.reason)), (0, 0, 1, 2)))
