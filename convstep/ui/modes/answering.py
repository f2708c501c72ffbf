"""Answering: questions are asked, answers judged, explained and shown; hints given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events

from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.expressions import typed
from convstep.lessons.lesson import COMPARISON, WHAT_IF, WHY
from convstep.lessons.questions import Answer, AnswerError, CellsQuestion, LineQuestion
from convstep.lessons.walk import RIGHT, SHOWN
from convstep.lessons.words import say
from convstep.ui.debugger.host import Handler, Handlers
from convstep.ui.widgets.answer import EDITING
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.layout.lesson import LESSON
from convstep.view.panels.conv2d_cells import panel_of

if TYPE_CHECKING:
    from convstep.replay.edits import Edits
    from convstep.ui.modes.marking import Marking
    from convstep.ui.modes.page import Page


class Answering:
    """What a learner does about the question of a page."""

    def __init__(
        self, page: Page, marking: Marking, keep: Callable[[], None], turn: Callable[[int], object]
    ) -> None:
        """Judge for a page; `keep` keeps how far the learner is, `turn` turns the page."""
        self._page, self._marking = page, marking
        self._keep, self._turn = keep, turn
        self._judged: Edits | None = None
        self._refused: set[tuple[str, str]] = set()
        """By question, edits that turned out to be wrong: taking a later one back is no new answer."""
        self._number = ""
        """The digits typed so far of an option's or a line's number."""

    def handlers(self) -> Handlers:
        """Keys on a page with a question, or after it."""
        page = self._page
        return {
            "continue": Handler(self._go_on, lambda: page.selecting or not self._points()),
            "choose-up": Handler(lambda: self._choose_or_scroll(-1), lambda: page.narration.has_keys),
            "choose-down": Handler(lambda: self._choose_or_scroll(1), lambda: page.narration.has_keys),
            "digit": Handler(self._take_digit),
            "answer": Handler(self._begin),
            "hint": Handler(self._hint),
            "solution": Handler(self._show_solution),
        }

    def heed(self, event: events.Key | events.Paste) -> None:
        """Look at a key before it goes anywhere: what begins an answer goes to the answer's line.

        Those after it may have come in the same read, and go where the keys are by then. A digit
        begins one wherever the keys are: panels have no use for it.
        """
        narration = self._page.narration
        if self._page.host.panels.too_small:  # nobody answers what is not seen
            return
        key = event.key if isinstance(event, events.Key) else ""
        digit = isinstance(event, events.Key) and typed(event.character or "").isdigit()
        if not digit:
            self._number = ""
        if isinstance(event, events.Paste):
            begins = narration.display
        elif narration.has_keys:
            begins = self._page.host.focused is narration and narration.answer.takes(event)
        else:
            begins = digit and narration.answer.wanted
        if begins:
            self._begin_typing(anew=key not in EDITING)

    def submit(self, answer: Answer) -> None:
        """Judge an answer and say so."""
        page = self._page
        try:
            judged = page.walk.answer(answer)
        except AnswerError as error:
            page.said, page.said_right = f"{error}", False
            page.tell()
            return
        if judged.right:
            self._reveal(judged.said, right=True)
            return
        if page.option is not None:
            page.refused.add(page.option)
        page.said, page.said_right = judged.said, False
        page.tell()
        self._keep()

    def take_edits(self) -> None:
        """Judge what was edited, where the page asks for that."""
        page, edits = self._page, self._page.state.edits
        if edits is self._judged:
            return
        self._judged = edits
        if isinstance(page.walk.question, EditQuestion) and page.asks and edits.numbers:
            page.host.call_after_refresh(self._submit_edits, edits)

    def _submit_edits(self, edits: Edits) -> None:
        page, text = self._page, edits.text
        asked = page.walk.asked, text
        if page.state.edits is not edits or not page.asks or asked in self._refused:
            return
        attempts = page.walk.tried.attempts
        self.submit(text)
        if page.walk.tried.attempts > attempts:
            self._refused.add(asked)

    def submit_typed(self, text: str) -> None:
        """An answer was typed."""
        question = self._page.walk.question
        if question is None or not self._page.asks:  # two Enters in one read
            return
        if text.strip():
            self.submit(text)
        else:
            self._page.say_how(question)

    def typed_anew(self) -> None:
        """Another answer is typed: what was said is about the one before."""
        if self._page.narration.typing and self._page.said:
            self._page.said = ""
            self._page.tell()

    def open_beside(self) -> None:
        """Open what the page's place names: the comparison, or the steps that make a cell; or set a cell."""
        page = self._page
        place, page.opened = page.walk.place, True
        page.show_keys()
        if place.opens == COMPARISON:
            page.host.asking.compare()
        elif place.opens == WHY and place.why is not None:
            made_by = page.state.stage.made_of(*place.why)
            if made_by is not None:
                page.host.asking.explain(made_by)
        elif place.opens == WHAT_IF and place.what_if is not None:
            array, cell, number = place.what_if
            page.host.editing.set(page.state.stage.input_of(array, cell), number)

    def _points(self) -> bool:
        """Whether Enter asks about a cell."""
        grid = self._page.host.focused
        return isinstance(grid, TensorGrid) and grid.cursor is not None

    def _go_on(self) -> None:
        """Whatever comes next here."""
        page = self._page
        if page.selecting:
            self.submit(frozenset(page.chosen))
        elif page.walk.place.opens and not page.opened:
            self.open_beside()
        elif not page.asks:
            self._turn(1)
        elif page.option is not None:
            self.submit(str(page.option + 1))
        else:
            self._begin()

    def _begin(self) -> None:
        """Begin to answer, in the way the question asks for."""
        page, question = self._page, self._page.walk.question
        if question is None:
            page.say("no.question")
        elif not page.asks:
            self._turn(1)
        elif question.is_typed:
            self._begin_typing()
        elif isinstance(question, CellsQuestion):
            self._marking.begin(question)
        elif isinstance(question, EditQuestion):
            self._to_input(question)
        elif page.option is None:
            self._choose(1)
        else:
            self.submit(str(page.option + 1))

    def _to_input(self, question: EditQuestion) -> None:
        """Give the keys to the panel of which a cell is to be set."""
        page, state = self._page, self._page.state
        panel = panel_of(state.scene, page.walk.place.focus) or panel_of(state.scene, question.array)
        if panel is not None:
            state.tab, state.maximised = panel.key, ""
            page.host.rearrange()
            grid = page.host.panels.grid(panel.key)
            page.host.panels.focus(grid)
            grid.pointed()
        page.host.say(say(page.language, "how.edit.there", array=question.array))

    def _hint(self) -> None:
        """A hint, for points."""
        page = self._page
        if not page.asks:
            self._say_why_not()
        elif page.walk.hint() is None:
            page.say("no.hint")
        else:
            page.said = ""
            page.tell()
            self._keep()

    def _show_solution(self) -> None:
        page, question = self._page, self._page.walk.question
        if question is None or not page.asks:
            self._say_why_not()
            return
        page.walk.give_up()
        self._reveal(question.given, right=False)

    def _say_why_not(self) -> None:
        """Nothing is asked here, or not any more."""
        walk = self._page.walk
        outcome = "" if walk.question is None else walk.tried.outcome
        self._page.say({RIGHT: "answered", SHOWN: "shown"}.get(outcome, "no.question"))

    def _reveal(self, said: str, *, right: bool) -> None:
        """Show the answer, its explanation, and the debugger after it."""
        page = self._page
        page.said, page.said_right = said, right
        self._marking.leave()
        page.stand()
        page.tell()
        page.take_keys()
        self._keep()

    def _take_digit(self, digit: str) -> None:
        """A digit of an option's or a line's number."""
        page, question = self._page, self._page.walk.question
        if question is None or not page.asks:
            self._say_why_not()
            return
        if not page.options:
            page.say_how(question)
            return
        longer = f"{self._number}{digit}"
        self._number = longer if 1 <= int(longer) <= page.options else digit
        number = int(self._number)
        if not 1 <= number <= page.options:
            page.say_how(question)
            return
        empty = isinstance(question, LineQuestion) and question.is_empty(number)
        page.option = None if empty else number - 1
        self._chosen_anew()
        if empty:
            page.host.say(say(page.language, "line.empty", line=number))

    def _choose_or_scroll(self, rows: int) -> None:
        """Arrows on the page: options and lines; the text where there is nothing to choose."""
        if self._page.options and self._page.asks:
            self._choose(rows)
        else:
            self._page.narration.page.scroll_by(rows)

    def _choose(self, by: int) -> None:
        """Another option, or another line that is not empty."""
        page, question = self._page, self._page.walk.question
        first, last = (0, page.options - 1) if by > 0 else (page.options - 1, 0)
        ahead = range(first if page.option is None else page.option + by, last + by, by)
        if isinstance(question, LineQuestion):
            page.option = next((at for at in ahead if not question.is_empty(at + 1)), page.option)
        else:
            page.option = next(iter(ahead), page.option)
        self._chosen_anew()

    def _chosen_anew(self) -> None:
        """Another choice: nothing that was said is about it."""
        self._page.said = ""
        self._page.host.show_status()
        self._page.tell()

    def _begin_typing(self, *, anew: bool = False) -> None:
        """Let an answer be typed; what a key before it said is over."""
        page = self._page
        if page.state.maximised not in ("", LESSON):  # a panel has all the room
            page.state.maximised = ""
            page.host.rearrange()
        if not page.narration.display:  # so has a class
            page.host.action_do("present")
        page.narration.begin_typing(anew=anew)
        page.host.show_status()
