"""Goto: type a place, see at once whether it exists."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from convstep.conv.geometry import Geometry
from convstep.replay.places import example_place, parse_place
from convstep.view.scene import place_text


class GotoScreen(ModalScreen[int | None]):
    """Asks for a place; dismisses with a position, or None."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("escape", "dismiss(None)", "Close")]  # type: ignore[assignment]
    DEFAULT_CSS = """
    GotoScreen { align: center middle; }
    GotoScreen > Vertical {
        width: 58; max-width: 100%; height: auto; border: heavy $accent;
        background: $surface; padding: 0 1;
    }
    GotoScreen Input { margin: 1 0; background: $boost; }
    GotoScreen Label { width: 1fr; height: auto; }
    """

    def __init__(self, geometry: Geometry) -> None:
        """Ask for a place in this loop."""
        super().__init__()
        self._geometry = geometry

    def compose(self) -> ComposeResult:
        """The question, the input, and what it means."""
        with Vertical() as box:
            box.border_title = "Go to"
            half = self._geometry.total_steps // 2
            forms = f"{half} · {example_place(self._geometry)} · 53% · start · end"
            yield Input(placeholder=forms, id="place", compact=True)
            yield Label("", id="meaning")

    def on_mount(self) -> None:
        """Explain the empty input."""
        self._explain("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say where this leads, or why nowhere."""
        self._explain(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go there, if there is such a place."""
        try:
            self.dismiss(parse_place(event.value, self._geometry))
        except ValueError:
            self.app.bell()

    def _explain(self, text: str) -> None:
        total = self._geometry.total_steps
        meaning = f"A step number (0 to {total}), a loop index, or a percentage."
        if text.strip():
            try:
                position = parse_place(text, self._geometry)
            except ValueError as error:
                meaning = f"{error}."
            else:
                last = place_text(self._geometry.index_at(max(position - 1, 0)), self._geometry)
                meaning = f"Step {position} of {total}" + (
                    f": just after {last}." if position else ": before the first."
                )
        self.query_one("#meaning", Label).update(meaning.replace("[", r"\["))
