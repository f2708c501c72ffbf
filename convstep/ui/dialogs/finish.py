"""The end of a lesson: what was got, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.lessons.words import say
from convstep.ui.dialogs.once import Once
from convstep.view.lesson.finish import draw_finish

if TYPE_CHECKING:
    from convstep.lessons.course import Entry
    from convstep.lessons.walk import Walk


class FinishScreen(Once, ModalScreen[bool]):
    """Points, question by question; Enter goes on to the next lesson."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("enter,p,space", "go_on", "on"),
        Binding("escape,P,backspace", "stay", "stay"),
        Binding("q", "app.quit", "quit"),
    ]
    DEFAULT_CSS = """
    FinishScreen { align: center middle; }
    FinishScreen > Vertical {
        width: 64; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; padding: 1 2; background: $surface;
    }
    FinishScreen Static { height: auto; }
    """

    def __init__(self, walk: Walk, following: Entry | None) -> None:
        """Sum up, and say what comes next, if anything."""
        super().__init__()
        self._walk, self._following = walk, following

    def compose(self) -> ComposeResult:
        """The points."""
        with Vertical() as box:
            box.border_title = self._walk.lesson.title.replace("[", r"\[")
            box.border_subtitle = say(self._walk.lesson.language, "finished.stay")
            yield Static(id="finish", markup=False)

    def on_resize(self) -> None:
        """Wrap for the width."""
        width = min(64, self.size.width) - 6
        self.query_one(Static).update(draw_finish(self._walk, self._following, width))

    def action_go_on(self) -> None:
        """To the next lesson, if there is one."""
        self.dismiss(self._following is not None)

    def action_stay(self) -> None:
        """Back to the last page."""
        self.dismiss(False)
