"""The list of stops: switch on and off, remove."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from convstep.language import tr
from convstep.replay.stops import Stops
from convstep.ui.dialogs.once import Once


class StopList(OptionList):
    """Textual's list, which has pages only where it has a place."""

    def action_page_up(self) -> None:
        """A page up."""
        if self.scrollable_content_region.area:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """A page down."""
        if self.scrollable_content_region.area:
            super().action_page_down()  # type: ignore[no-untyped-call]


class StopsScreen(Once, ModalScreen[None]):
    """Every stop with its number, whether it is on, and what it waits for."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("escape,q,B", "dismiss", "Close"),
        Binding("space", "switch", "On or off"),
        Binding("delete,x,backspace", "remove", "Remove"),
        Binding("X", "clear", "Remove all"),
    ]
    DEFAULT_CSS = """
    StopsScreen { align: center middle; }
    StopsScreen > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 80%;
        border: heavy $accent; background: $surface; padding: 0 1;
    }
    StopsScreen OptionList { height: auto; max-height: 20; background: $surface; }
    StopsScreen Static { color: $foreground 65%; margin-top: 1; }
    """

    def __init__(self, stops: Stops) -> None:
        super().__init__()
        self._stops = stops

    def compose(self) -> ComposeResult:
        """The list, and its keys."""
        with Vertical() as box:
            box.border_title = tr("Stops")
            yield StopList(markup=False, compact=True)
            yield Static(tr("Enter or Space switches · x removes · X removes all · Esc closes"))

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill(0)

    def on_option_list_option_selected(self) -> None:
        """Enter switches."""
        self.action_switch()

    def action_switch(self) -> None:
        """Switch the chosen stop on or off."""
        chosen = self._chosen()
        if chosen is not None:
            self._stops.enable(chosen, not self._stops.get(chosen).enabled)
            self._fill(self.query_one(OptionList).highlighted or 0)

    def action_remove(self) -> None:
        """Remove the chosen stop."""
        chosen = self._chosen()
        if chosen is not None:
            self._stops.remove(chosen)
            self._fill(self.query_one(OptionList).highlighted or 0)

    def action_clear(self) -> None:
        """Remove all stops."""
        self._stops.clear()
        self._fill(0)

    def _chosen(self) -> int | None:
        options = self.query_one(OptionList)
        if options.highlighted is None or not len(self._stops):
            return None
        return self._stops.list()[options.highlighted].id

    def _fill(self, highlighted: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        for stop in self._stops:
            state = tr("on ") if stop.enabled else tr("off")
            options.add_option(Option(f"{stop.id:>3}  {state}  {stop}"))
        if not len(self._stops):
            hint = tr("no stops: b sets one at the cell under the cursor, / takes a condition")
            options.add_option(Option(hint, disabled=True))
        options.highlighted = min(highlighted, max(len(self._stops) - 1, 0))
        options.focus()
