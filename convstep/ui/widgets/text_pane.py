"""TextPane: a bordered part of the screen whose text depends on its size."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import events
from textual.widget import Widget

from convstep.view.scene.own_lines import LINE

Draw = Callable[[int, int], Text]
"""From columns and lines of room to the text."""


class TextPane(Widget, can_focus=True):
    """The source pane and the step card: what they say is decided in `view`."""

    DEFAULT_CSS = """
    TextPane {
        text-wrap: nowrap; text-overflow: clip;
        border: round $foreground 35%; border-title-color: $foreground;
    }
    TextPane:focus { border: heavy $foreground; border-title-style: bold; }
    """

    def __init__(self, key: str, title: str, to_line: Callable[[int], None] | None = None) -> None:
        """Make an empty part.

        Args:
            key: its key in the plan.
            title: what stands on its border.
            to_line: what a click on a line with a number does.
        """
        super().__init__(id=key)
        self.key = key
        """Its key in the plan."""
        self.border_title = title
        self._draw: Draw | None = None
        self._to_line = to_line

    def show(self, draw: Draw) -> None:
        """Draw this from now on."""
        self._draw = draw
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Say which line was clicked, if one was."""
        line = event.style.meta.get(LINE)
        if line is not None and self._to_line is not None:
            self._to_line(line)

    def render(self) -> Text:
        """The text for the room there is."""
        if self._draw is None:
            return Text()
        return self._draw(self.content_size.width, self.content_size.height)
