"""The list of lessons: what there is, how far one is, and the way into each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from convstep.language import LANGUAGES, speak, tr
from convstep.lessons import course
from convstep.lessons.words import say
from convstep.ui.dialogs.once import Once
from convstep.ui.widgets.key_line import KeyLine
from convstep.ui.widgets.row_list import RowList
from convstep.view.lesson.course import CourseRows
from convstep.view.text.markdown import draw_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from convstep.lessons.lesson import Lesson
    from convstep.lessons.progress import Progress

KEYS = (
    ("↑  ↓  PgUp  PgDn  Home  End", "Choose a lesson or a bug hunt."),
    ("Enter  Space", "Continue it where you left off; q comes back here."),
    ("l", "English or Chinese."),
    ("q", "Leave."),
)
"""The list's keys, for the help."""
SUMMARY = 4
"""Lines of the chosen lesson's summary."""


class CourseList(RowList):
    """The rows; headings are passed over."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("enter,space", "take", "open")]

    def __init__(self, rows: CourseRows) -> None:
        super().__init__(rows)
        self.course = rows
        """The rows."""

    def action_choose(self, at: int) -> None:
        """Choose a lesson."""
        at %= max(len(self.course), 1)
        super().action_choose(self.course.next_entry(at, at - self.chosen))
        self.screen.query_one("#summary", Static).update(self._summary())

    def _summary(self) -> Text:
        entry = self.course.entry(self.chosen)
        lines = [] if entry is None else draw_markdown(entry.summary, max(self.size.width - 2, 8))
        return Text("\n").join(lines[:SUMMARY])


class LearningScreen(Once, Screen[None]):
    """What can be learned here."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("l", "language", "English / 中文"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "app.quit", "quit"),
    ]
    DEFAULT_CSS = """
    LearningScreen CourseList { height: 1fr; margin: 1 1 0 1; }
    LearningScreen #summary {
        height: 5; padding: 0 1; border-top: solid $foreground 40%; text-wrap: nowrap;
    }
    """

    def __init__(self, progress: Progress, language: str, open: Callable[[Lesson], None]) -> None:
        """Offer the course, first in this language."""
        super().__init__()
        self._progress, self._language, self._open = progress, language, open

    def compose(self) -> ComposeResult:
        """Title, lessons, the chosen one in a sentence, keys."""
        yield Static(id="title", markup=False)
        yield CourseList(self._rows())
        yield Static(id="summary", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """The keys belong to the list."""
        speak(self._language)
        self._begin()

    def on_resize(self) -> None:
        """Columns for the width."""
        self.query_one(CourseList).course.width = self.size.width - 3
        self.call_after_refresh(self._again)

    def on_screen_resume(self) -> None:
        """Somebody comes back from a lesson: show how far they are."""
        speak(self._language)
        self.query_one(CourseList).refresh()

    def on_row_list_taken(self, message: RowList.Taken) -> None:
        """Open the lesson."""
        entry = self.query_one(CourseList).course.entry(message.at)
        if entry is not None:
            self._open(course.load(entry))

    async def action_language(self) -> None:
        """The other language."""
        old = self.query_one(CourseList)
        self._language = LANGUAGES[(LANGUAGES.index(self._language) + 1) % len(LANGUAGES)]
        speak(self._language)
        new = CourseList(self._rows())
        new.course.width, chosen = self.size.width - 3, old.chosen
        await self.mount(new, after=old)
        await old.remove()
        self._begin(chosen)

    def action_help(self) -> None:
        """Explain keys and marks."""
        from convstep.ui.dialogs.help import list_help

        self.app.push_screen(list_help(tr("The list of lessons"), [(key, tr(what)) for key, what in KEYS]))

    def say(self, words: str) -> None:
        """Answer a key in place of the summary, until another lesson is chosen."""
        self.query_one("#summary", Static).update(Text(words))

    def _begin(self, chosen: int = 0) -> None:
        self.query_one("#title", Static).update(
            Text(f"convstep  {say(self._language, 'menu.title')}", "bold")
        )
        listed = self.query_one(CourseList)
        listed.focus()
        listed.chosen = chosen or self._first_open()
        self.call_after_refresh(self._again)  # whoever has chosen another one by then keeps it

    def _again(self) -> None:
        listed = self.query_one(CourseList)
        listed.action_choose(listed.chosen)

    def _first_open(self) -> int:
        """The first lesson that is not finished."""
        rows = self.query_one(CourseList).course
        for at in range(len(rows)):
            entry = rows.entry(at)
            if entry is not None and not self._progress.of(entry.key).get("finished"):
                return at
        return 0

    def _rows(self) -> CourseRows:
        return CourseRows(course.entries(self._language), self._progress.of)
