"""Narration: a lesson's page beside the panels, and the line in which an answer is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input

from convstep.view.lesson import Told

Tell = Callable[[int], Told]
"""From columns of room to the page's lines."""
ANSWER = "answer"
"""Id of the line in which an answer is typed."""


class PageText(ScrollView, can_focus=False):
    """The lines of a page; those out of sight are scrolled to."""

    DEFAULT_CSS = """
    PageText {
        height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: transparent;
    }
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._tell: Tell | None = None
        self._lines: tuple[Text, ...] = ()
        self._width = 0

    def show(self, tell: Tell, *, anew: bool) -> None:
        """Show a page.

        Args:
            tell: makes its lines.
            anew: whether it is another page, read from its beginning.
        """
        self._tell = tell
        if anew:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self._draw(look=True)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._draw(look=False)

    def scroll_by(self, lines: int) -> None:
        """Read on, or back."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)

    @property
    def text(self) -> str:
        """All of the page as plain text."""
        return "\n".join(line.plain for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """One line in sight."""
        at = y + self.scroll_offset.y
        width = self.size.width
        if at >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strip = Strip(self._lines[at].render(self.app.console, end=""))
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _draw(self, *, look: bool) -> None:
        # one column stays free for the scroll bar, so that its coming does not wrap the text anew
        width = self.container_size.width - 1
        if self._tell is None or width < 4:
            return
        told = self._tell(width)
        self._lines = told.lines
        self.virtual_size = Size(width, len(told.lines))
        if look and told.look:
            self._bring_into_view(told.look, told.until)
        self.refresh()

    def _bring_into_view(self, line: int, until: int) -> None:
        """Scroll so that a line is in sight, and as much as there is room for of what follows from it."""
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        wanted = top if top <= line < top + height - 1 else max(line - height // 2, 0)
        if until >= wanted + height:
            wanted = max(min(line - 1, until - height + 1), 0)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)


class AnswerInput(Input):
    """Where an answer is typed; Escape leaves it."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("escape", "leave", show=False),
    ]

    class Left(Message):
        """The learner wants to do something else first."""

    def action_leave(self) -> None:
        """Say so."""
        self.post_message(self.Left())


class Narration(Vertical, can_focus=True, inherit_bindings=False):
    """A page with a border that names it, and an answer's line below."""

    DEFAULT_CSS = """
    Narration {
        border: round $foreground 35%; border-title-color: $foreground; padding: 0 1;
        border-subtitle-color: $foreground;
    }
    Narration:focus, Narration:focus-within { border: heavy $accent; border-title-style: bold; }
    Narration AnswerInput { background: $boost; display: none; }
    Narration AnswerInput.-open { display: block; }
    """

    class Resized(Message):
        """It has another width."""

    def __init__(self, key: str) -> None:
        """Make an empty one.

        Args:
            key: its key in the plan.
        """
        super().__init__(id=key)
        self.key = key
        """Its key in the plan."""
        self._border = ("", "")

    def compose(self) -> ComposeResult:
        """The page, and the answer's line."""
        yield PageText()
        yield AnswerInput(id=ANSWER, compact=True)

    def annotate(self, title: str, keys: str) -> None:
        """Write on the border, only if that is new, because it repaints the page."""
        border = title.replace("[", r"\["), keys.replace("[", r"\[")
        if border != self._border:
            self._border = self.border_title, self.border_subtitle = border

    @property
    def page(self) -> PageText:
        """The text."""
        return self.query_one(PageText)

    @property
    def answer(self) -> AnswerInput:
        """The line in which an answer is typed."""
        return self.query_one(AnswerInput)

    @property
    def typing(self) -> bool:
        """Whether an answer is being typed."""
        return self.answer.has_class("-open")

    def begin_typing(self, placeholder: str, text: str = "") -> None:
        """Open the answer's line.

        Args:
            placeholder: how to answer.
            text: what is typed already.
        """
        answer = self.answer
        answer.placeholder, answer.value = placeholder, text
        answer.add_class("-open")
        answer.focus()
        answer.cursor_position = len(text)

    def end_typing(self) -> None:
        """Close it."""
        self.answer.remove_class("-open")
        self.focus()

    def on_resize(self) -> None:
        """Say so."""
        self.post_message(self.Resized())

    def on_click(self, event: events.Click) -> None:
        """The keys belong to the page."""
        if not self.typing:
            self.focus()
