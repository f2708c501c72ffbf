"""Narration: a lesson's page beside the panels, with the answer's line under its question."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input, Static

from convstep.ui.widgets.answer import AnswerInput, AnswerLine
from convstep.ui.widgets.fitted import Fitted
from convstep.view.lesson.page import Told

Tell = Callable[[int], Told]
"""From columns of room to the page's lines."""


class PageText(Fitted, ScrollView, can_focus=False):
    """The lines of a page; those out of sight are scrolled to."""

    DEFAULT_CSS = """
    PageText {
        height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: transparent;
    }
    """

    def __init__(self, moved: Callable[[], None]) -> None:
        """Begin with nothing; `moved` is called when lines have come to stand elsewhere."""
        super().__init__()
        self._moved = moved
        self._tell: Tell | None = None
        self._lines: tuple[Text, ...] = ()
        self.field: int | None = None
        """The empty line in which the answer is typed, if there is one."""

    def show(self, tell: Tell, *, anew: bool) -> None:
        """Show a page; `anew`: it is another, read from its beginning."""
        self._tell = tell
        if anew:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self._draw(look=not anew)

    def fit(self) -> None:
        """Wrap for the new width."""
        self._draw(look=False)

    def scroll_by(self, lines: int) -> None:
        """Read on, or back."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)

    @property
    def more(self) -> bool:
        """Whether there are lines below those in sight."""
        return self.scroll_offset.y + self.size.height < len(self._lines)

    def read_on(self, by: int) -> bool:
        """Scroll by what is in sight, but for a line that is seen twice; False where there is no more.

        By 1 down, by -1 up.
        """
        if not (self.more if by > 0 else self.scroll_offset.y):
            return False
        self.scroll_by(by * max(self.size.height - 1, 1))
        return True

    def bring_field(self) -> None:
        """Scroll to where the answer is typed."""
        if self.field is not None:
            self._bring_into_view(self.field, self.field)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The answer's line goes along."""
        super().watch_scroll_y(old_value, new_value)
        self._moved()

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
        self._lines, self.field = told.lines, told.field
        self.virtual_size = Size(width, len(told.lines))
        if look and told.look:
            self._bring_into_view(told.look, told.until)
        self.refresh()
        self._moved()

    def _bring_into_view(self, line: int, until: int) -> None:
        """Scroll so that a line is in sight, and as much as there is room for of what follows from it."""
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        wanted = top if top <= line < top + height - 1 else max(line - height // 2, 0)
        if until >= wanted + height:
            wanted = max(min(line - 1, until - height + 1), 0)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)


class Narration(Fitted, Vertical, can_focus=True, inherit_bindings=False):
    """A page with a border that names it, and an answer's line below."""

    DEFAULT_CSS = """
    Narration {
        border: round $foreground 35%; border-title-color: $foreground; padding: 0 1;
        border-subtitle-color: $foreground; layers: page answer;
    }
    Narration:focus, Narration:focus-within { border: heavy $foreground; border-title-style: bold; }
    """

    def __init__(
        self,
        key: str,
        *,
        keys_changed: Callable[[], None],
        typed: Callable[[], None],
        submitted: Callable[[str], None],
    ) -> None:
        """Make an empty one of a key in the plan.

        It tells that other keys mean something or that there is another width for them, that another answer
        stands in the line, and the answer that is submitted.
        """
        super().__init__(id=key)
        self.key = key
        """Its key in the plan."""
        self._border, self._more = ("", ""), False
        self._keys_changed, self._typed, self._submitted = keys_changed, typed, submitted

    def compose(self) -> ComposeResult:
        """The page, and the answer's line."""
        yield PageText(self._lines_moved)
        yield AnswerLine()

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
    def has_keys(self) -> bool:
        """Whether the keys belong to the page or to its answer."""
        return self.screen.focused in (self, self.answer)

    @property
    def typing(self) -> bool:
        """Whether an answer is being typed."""
        return self.answer.begun

    def open_answer(self, label: str) -> None:
        """Forget what was typed on another page; the line has a label."""
        if self.screen.focused is self.answer:
            self.answer.leave()
        self.answer.value = ""
        self.query_one(AnswerLine).query_one(Static).update(label)

    def begin_typing(self, *, anew: bool = False) -> None:
        """Let an answer be typed, or changed; `anew` replaces one that was left."""
        if not self.typing:
            (self.answer.begin if anew else self.answer.go_on)()
            self.page.bring_field()
            self.place_answer()

    def place_answer(self) -> None:
        """Put the answer's line where the page leaves room for it; with the keys it is never out of sight."""
        line, page, answer = self.query_one(AnswerLine), self.page, self.answer
        answer.wanted = page.field is not None
        focused = self.screen.focused is answer
        if focused and not answer.wanted:
            answer.leave()
        y, height = (page.field or 0) - page.scroll_offset.y, page.size.height
        line.set_class(answer.wanted and (focused or 0 <= y < height), "-open")
        line.styles.offset = 0, max(min(y, height - 1), 0)

    def _lines_moved(self) -> None:
        """The answer goes along, and the border says whether there is more to read."""
        self.place_answer()
        if self.page.more != self._more:
            self._more = self.page.more
            self._keys_changed()

    def fit(self) -> None:
        """Another width has room for other keys."""
        self._keys_changed()

    def on_answer_input_turned(self) -> None:
        """While an answer is typed, letters are no keys."""
        self._keys_changed()

    def on_input_changed(self) -> None:
        """Say so."""
        self._typed()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say so."""
        event.stop()
        self._submitted(event.value)

    def on_click(self, event: events.Click) -> None:
        """The keys belong to the page."""
        if not self.typing:
            self.focus()
