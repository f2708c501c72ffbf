"""TimelineBar: how far the pass is; a click seeks."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.reactive import reactive
from textual.widget import Widget

from convstep.ui.messages import SeekRequested


class TimelineBar(Widget):
    """One line: done, position, to do, and the share done."""

    DEFAULT_CSS = """
    TimelineBar { height: 1; width: 1fr; padding: 0 1; }
    """

    position: reactive[int] = reactive(0)
    """Steps executed."""
    total: reactive[int] = reactive(1)
    """Steps in all."""
    marks: reactive[tuple[tuple[int, str], ...]] = reactive(())
    """Positions to mark, each with its character."""

    def render(self) -> Text:
        """The bar and the percentage."""
        track = self._track
        at = self.place_of(self.position)
        bar = Text(no_wrap=True)
        bar.append("━" * at, "bold")
        bar.append("●", "bold")
        bar.append("─" * (track - 1 - at), "dim")
        for position, mark in self.marks:
            place = self.place_of(position)
            if place != at:
                bar = Text.assemble(bar[:place], (mark, "bold"), bar[place + 1 :])
        bar.append(f"{self._percent():>6}", "bold")
        return bar

    def place_of(self, position: int) -> int:
        """The column of the track at which a position stands."""
        return round(position / self.total * (self._track - 1))

    @property
    def columns(self) -> int:
        """Columns of the track."""
        return self._track

    def on_click(self, event: events.Click) -> None:
        """Ask for the position under the mouse."""
        place = event.get_content_offset(self)
        if place is not None and place.x < self._track:
            share = place.x / max(self._track - 1, 1)
            self.post_message(SeekRequested(round(share * self.total)))

    @property
    def _track(self) -> int:
        return max(self.content_size.width - 6, 2)

    def _percent(self) -> str:
        """Never "100 %" before the end, never "0 %" after the start."""
        percent = 100 * self.position // self.total
        if percent == 0 and self.position:
            return "<1 %"
        return f"{percent} %"
