"""The lesson screen: questions asked, answered, explained; pages turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input

from convstep.lessons.choices import LineQuestion
from convstep.lessons.expressions import typed
from convstep.lessons.lesson import COMPARISON, WHY
from convstep.lessons.questions import Answer, AnswerError, CellsQuestion
from convstep.lessons.walk import RIGHT, SHOWN
from convstep.lessons.words import say
from convstep.ui.commands import lesson_bindings
from convstep.ui.screens.marking import MarkingScreen
from convstep.ui.widgets.answer import EDITING
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.layout.lesson import LESSON

if TYPE_CHECKING:
    from convstep.ui.lesson_app import LessonApp


class LessonScreen(MarkingScreen, inherit_bindings=False):
    """Asks, judges, explains, and turns pages."""

    app: LessonApp

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        *lesson_bindings(),
        Binding("enter", "continue", show=False),
        Binding("space", "space", show=False),
        *(Binding(str(digit), f"digit({digit})", show=False) for digit in range(10)),
    ]

    def action_continue(self) -> None:
        """Enter: whatever comes next here."""
        if self.selecting:
            self.submit(frozenset(self.chosen))
        elif isinstance(self.focused, TensorGrid) and self.focused.cursor is not None:
            self.action_provenance()
        elif self.walk.place.opens and not self.opened:
            self.open_beside()
        elif self.walk.question is None or self.walk.revealed:
            self.action_page(1)
        elif self.option is not None:
            self.submit(str(self.option + 1))
        else:
            self.action_answer()

    def action_space(self) -> None:
        """The space bar: mark a cell, or the next step."""
        if self.selecting:
            self.toggle_pointed()
        else:
            self.action_next()

    def heed(self, event: events.Key | events.Paste) -> None:
        """Look at a key before it goes anywhere: what begins an answer goes to the answer's line.

        Those after it may have come in the same read, and go where the keys are by then. A digit
        begins one wherever the keys are: panels have no use for it.
        """
        if self.has_class("-too-small"):  # nobody answers what is not seen
            return
        key = event.key if isinstance(event, events.Key) else ""
        digit = isinstance(event, events.Key) and typed(event.character or "").isdigit()
        if not digit:
            self._number = ""
        if isinstance(event, events.Paste):
            begins = self.narration.display
        elif self.narration.has_keys:
            begins = self.focused is self.narration and self.narration.answer.takes(event)
        else:
            begins = digit and self.narration.answer.wanted
        if begins:
            self._begin_typing(anew=key not in EDITING)

    def action_digit(self, digit: int) -> None:
        """A digit of an option's or a line's number."""
        question = self.walk.question
        if not self.options or self.walk.revealed:
            return
        longer = f"{self._number}{digit}"
        self._number = longer if 1 <= int(longer) <= self.options else str(digit)
        number = int(self._number)
        if 1 <= number <= self.options:
            empty = isinstance(question, LineQuestion) and question.is_empty(number)
            self.option = None if empty else number - 1
            self._told_anew()
            if empty:
                self.say(say(self.language, "line.empty", line=number))

    _number = ""
    """The digits typed so far of an option's or a line's number."""

    def action_cursor(self, rows: int, columns: int) -> None:
        """Arrows: options, lines and the text on the narration; cells elsewhere."""
        if not self.narration.has_keys:
            super().action_cursor(rows, columns)
        elif rows and self.options and not self.walk.revealed:
            self._choose(rows)
        elif rows:
            self.narration.page.scroll_by(rows)

    def action_answer(self) -> None:
        """Begin to answer, in the way the question asks for."""
        question = self.walk.question
        if question is None:
            self.say(say(self.language, "no.question"))
        elif self.walk.revealed:
            self.action_page(1)
        elif question.is_typed:
            self._begin_typing()
        elif isinstance(question, CellsQuestion):
            self.begin_selecting(question)
        elif self.option is None:
            self._choose(1)
        else:
            self.submit(str(self.option + 1))

    def action_hint(self) -> None:
        """A hint, for points."""
        if self.walk.question is None or self.walk.revealed:
            self._say_why_not()
            return
        if self.walk.hint() is None:
            self.say(say(self.language, "no.hint"))
            return
        self.said = ""
        self.tell()
        self.app.keep()

    def action_solution(self) -> None:
        """Show the answer."""
        question = self.walk.question
        if question is None or self.walk.revealed:
            self._say_why_not()
            return
        self.walk.give_up()
        self._reveal(question.given, right=False)

    def _say_why_not(self) -> None:
        """Nothing is asked here, or not any more."""
        outcome = "" if self.walk.question is None else self.walk.tried.outcome
        self.say(say(self.language, {RIGHT: "answered", SHOWN: "shown"}.get(outcome, "no.question")))

    def action_page(self, by: int) -> None:
        """Turn the page."""
        self.app.turn(by)

    def action_scroll_page(self, by: int) -> None:
        """Read on, or back, whoever has the arrows."""
        self.narration.page.scroll_by(by * SCROLLED)

    def action_return_to_page(self) -> None:
        """Back to the page's place."""
        self._maximised = ""
        self.leave_selecting()
        self.stand()
        self.tell()
        self._arrange()
        self.set_focus(self.narration, scroll_visible=False)

    def action_restart(self) -> None:
        """From the beginning."""
        self.walk.restart()
        self.app.show_page()

    def action_follow(self) -> None:
        """Escape: leave the marking of cells first."""
        if self.selecting:
            self.leave_selecting()
            self.tell()
            self.set_focus(self.narration, scroll_visible=False)
        else:
            super().action_follow()

    def open_beside(self) -> None:
        """Open what the page's stop names: the comparison, or the steps that make a cell."""
        stop, self.opened = self.walk.place, True
        self.show_keys()
        if stop.opens == COMPARISON:
            self.action_compare()
        elif stop.opens == WHY and stop.why is not None:
            from convstep.conv.provenance import provenance

            self.explain(provenance(self._problem, *stop.why))

    def submit(self, answer: Answer) -> None:
        """Judge an answer and say so."""
        try:
            judged = self.walk.answer(answer)
        except AnswerError as error:
            self.said, self.said_right = f"{error}", False
            self.tell()
            return
        if judged.right:
            self._reveal(judged.said, right=True)
            return
        if self.option is not None:
            self.refused.add(self.option)
        self.said, self.said_right = judged.said, False
        self.tell()
        self.app.keep()

    def on_input_changed(self) -> None:
        """Another answer is typed: what was said is about the one before."""
        if self.narration.typing and self.said:
            self.said = ""
            self.tell()

    def play_on(self) -> bool:
        """One tick: step to the page's place, wait until it is read, then turn; questions wait."""
        stop = self.walk.place
        if self._placed and self._timeline.position < stop.position:
            return super().play_on()
        if self.walk.question is not None and not self.walk.revealed:
            self.pause(say(self.language, "key.answer"))
            return False
        self._read += 1
        if self._read < max(cell_len(self.narration.page.text) // READ_A_TICK, LEAST_TICKS):
            return True
        self._read = 0
        return self.app.turn(1, playing=True)

    _read = 0
    """Ticks that the page was in sight with nothing else to do."""

    def rewind(self) -> None:
        """Playing goes on from this page."""
        self._read = 0

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An answer was typed."""
        event.stop()
        question = self.walk.question
        if question is None or self.walk.revealed:  # two Enters in one read
            return
        if event.value.strip():
            self.submit(event.value)
        else:
            self.say(question.how)

    def _reveal(self, said: str, *, right: bool) -> None:
        """Show the answer, its explanation, and the debugger after it."""
        self.said, self.said_right = said, right
        self.leave_selecting()
        self.stand()
        self.tell()
        self.set_focus(self.narration, scroll_visible=False)
        self.app.keep()

    def give_keys_back(self, widget: Widget) -> None:
        """An answer goes on where it was."""
        if widget is self.narration.answer:
            self.narration.begin_typing()
        else:
            super().give_keys_back(widget)

    def _begin_typing(self, *, anew: bool = False) -> None:
        """Let an answer be typed; what a key before it said is over."""
        self._show_narration()
        self.narration.begin_typing(anew=anew)
        self._show_status()

    def _show_narration(self) -> None:
        """Bring the page back where a panel, or a class, has all the room."""
        if self._maximised not in ("", LESSON):
            self._maximised = ""
            self._arrange()
        if not self.narration.display:
            self.action_present()

    def _choose(self, by: int) -> None:
        """Another option, or another line that is not empty."""
        first, last = (0, self.options - 1) if by > 0 else (self.options - 1, 0)
        begin = first if self.option is None else self.option + by
        question = self.walk.question
        ahead = range(begin, last + by, by)
        if isinstance(question, LineQuestion):
            self.option = next((at for at in ahead if not question.is_empty(at + 1)), self.option)
        else:
            self.option = next(iter(ahead), self.option)
        self._told_anew()

    def _told_anew(self) -> None:
        """Another choice: nothing that was said is about it."""
        self.said = ""
        self._show_status()
        self.tell()


SCROLLED = 3
"""Lines that a page is scrolled at once."""
READ_A_TICK, LEAST_TICKS = 40, 4
"""Columns of text that are read in a tick of the play, and the ticks that even an empty page stays."""
