"""The lesson screen: questions asked, answered, explained; pages turned."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.widgets import Input

from convstep.lessons.lesson import COMPARISON, WHY
from convstep.lessons.questions import (
    Answer,
    AnswerError,
    CellsQuestion,
    LineQuestion,
    ShapeQuestion,
    StepQuestion,
    ValueQuestion,
)
from convstep.lessons.words import say
from convstep.ui.commands import lesson_bindings
from convstep.ui.messages import CellClicked
from convstep.ui.screens.candidate import CandidateScreen
from convstep.ui.screens.page import PageScreen
from convstep.ui.widgets.drawn import Draw
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.arrange import Plan
from convstep.view.candidate_arrange import DIAGNOSIS
from convstep.view.panel import Cell
from convstep.view.pointing import index_of, panel_of
from convstep.view.wrapping import wrap

if TYPE_CHECKING:
    from convstep.candidate.stepping import CandidateTimeline
    from convstep.lessons.walk import Walk
    from convstep.ui.lesson_app import LessonApp

TYPED = (ValueQuestion, StepQuestion, ShapeQuestion)
"""Questions whose answer is typed."""


class LessonScreen(PageScreen, inherit_bindings=False):
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
        elif self.walk.stop.opens and not self.opened:
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
            self._toggle_pointed()
        else:
            self.action_next()

    def action_digit(self, digit: int) -> None:
        """A digit: choose an option, or begin to type a number."""
        question = self.walk.question
        if question is None or self.walk.revealed or self.selecting:
            return
        if isinstance(question, TYPED):
            self.narration.begin_typing(question.how, str(digit))
        elif not isinstance(question, LineQuestion) and 1 <= digit <= self.options:
            self.option = digit - 1
            self.tell()

    def action_cursor(self, rows: int, columns: int) -> None:
        """Arrows: options, lines and the text on the narration; cells elsewhere."""
        if self.focused is not self.narration:
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
        elif isinstance(question, TYPED):
            self.narration.begin_typing(question.how)
        elif isinstance(question, CellsQuestion):
            self._begin_selecting(question)
        elif self.option is None:
            self._choose(1)
        else:
            self.submit(str(self.option + 1))

    def action_hint(self) -> None:
        """A hint, for points."""
        hint = self.walk.hint()
        if hint is None:
            self.say(say(self.language, "no.question" if self.walk.question is None else "no.hint"))
            return
        self.said = ""
        self.tell()
        self.app.keep()

    def action_solution(self) -> None:
        """Show the answer."""
        question = self.walk.question
        if question is None or self.walk.revealed:
            self.say(say(self.language, "no.question"))
            return
        self.walk.give_up()
        self._reveal(question.given, right=False)

    def action_page(self, by: int) -> None:
        """Turn the page."""
        self.app.turn(by)

    def action_return_to_page(self) -> None:
        """Back to the page's place."""
        self._maximised = ""
        self._leave_selecting()
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
            self._leave_selecting()
            self.tell()
            self.set_focus(self.narration, scroll_visible=False)
        else:
            super().action_follow()

    def action_stop_here(self) -> None:
        """While cells are marked, mark all from the last one to the cursor; else a stop."""
        grid = self.focused
        if not self.selecting or not isinstance(grid, TensorGrid) or grid.cursor is None:
            super().action_stop_here()
            return
        first, last = self._last_marked or grid.cursor, grid.cursor
        rows, columns = (sorted(pair) for pair in zip(first, last, strict=True))
        cells = itertools.product(range(rows[0], rows[1] + 1), range(columns[0], columns[1] + 1))
        self._mark(grid.key, [Cell(*cell) for cell in cells], add=True)

    def open_beside(self) -> None:
        """Open what the page's stop names: the comparison, or the steps that make a cell."""
        stop, self.opened = self.walk.stop, True
        self.show_keys()
        if stop.opens == COMPARISON:
            self.action_compare()
        elif stop.opens == WHY and stop.why is not None:
            from convstep.replay.provenance import provenance

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

    def play_on(self) -> bool:
        """One tick: step to the page's place, wait until it is read, then turn; questions wait."""
        stop = self.walk.stop
        if self._placed and self._timeline.position < stop.position:
            return super().play_on()
        if self.walk.question is not None and not self.walk.revealed:
            self.pause(say(self.language, "key.answer"))
            return False
        self._read += 1
        if self._read < READING_TICKS:
            return True
        self._read = 0
        return self.app.turn(1, playing=True)

    _last_marked: Cell | None = None
    """Where a block of marks begins."""
    _read = 0
    """Ticks that the page was in sight with nothing else to do."""

    def rewind(self) -> None:
        """Playing goes on from this page."""
        self._read = 0

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An answer was typed."""
        event.stop()
        if event.value.strip():
            self.submit(event.value)
        if self.walk.revealed:
            self.narration.end_typing()
        else:
            event.input.select_all()

    def on_answer_input_left(self) -> None:
        """The learner wants to look around first."""
        self.narration.end_typing()
        self.show_keys()

    def on_cell_clicked(self, message: CellClicked) -> None:
        """While cells are marked, a click marks one; it goes nowhere."""
        if self.selecting:
            message.prevent_default()
            self._toggle(message.key, message.cell)

    def _reveal(self, said: str, *, right: bool) -> None:
        """Show the answer, its explanation, and the debugger after it."""
        self.said, self.said_right = said, right
        self._leave_selecting()
        if self.narration.typing:
            self.narration.end_typing()
        self.stand()
        self.tell()
        self.set_focus(self.narration, scroll_visible=False)
        self.app.keep()

    def _begin_selecting(self, question: CellsQuestion) -> None:
        """Let cells be marked on the panel that the question is about."""
        panel = panel_of(self._scene, question.tensor)
        if panel is None:
            return
        if self.wandered:
            self.stand()
        self.selecting, self._last_marked = True, None
        self._tab, self._maximised = panel.key, ""
        self._arrange()
        grid = self.query_one(f"#{panel.key}", TensorGrid)
        self.set_focus(grid, scroll_visible=False)
        if grid.cursor is None:
            grid.move_cursor(0, 0)
        self.tell()
        self.say(question.how)

    def _leave_selecting(self) -> None:
        self.selecting = False

    def _toggle_pointed(self) -> None:
        grid = self.focused
        if isinstance(grid, TensorGrid) and grid.cursor is not None:
            self._toggle(grid.key, grid.cursor)

    def _toggle(self, key: str, cell: Cell) -> None:
        """Mark a cell, or take its mark away."""
        self._last_marked = cell
        self._mark(key, [cell], add=False)

    def _mark(self, key: str, cells: list[Cell], *, add: bool) -> None:
        """Mark cells of a panel; unless adding, a marked one loses its mark."""
        question, panel = self.walk.question, self._scene.panel(key)
        assert isinstance(question, CellsQuestion)
        found = [index_of(panel, cell, self._problem.geometry) for cell in cells]
        if {tensor for tensor, _ in found} != {question.tensor}:
            self.say(question.prompt)
            return
        indices = {index for _, index in found}
        self.chosen = self.chosen | indices if add else self.chosen ^ indices
        self.put_marks()
        self._show(all_changed=False)

    def _choose(self, by: int) -> None:
        """Another option or line."""
        if self.option is None:
            self.option = 0 if by > 0 else self.options - 1
        else:
            self.option = min(max(self.option + by, 0), self.options - 1)
        self.said = ""
        self.tell()


READING_TICKS = 12
"""Ticks of the play that a page is read before it is turned."""


class HuntScreen(LessonScreen, CandidateScreen, inherit_bindings=False):
    """A page with a wrong backward beside the reference."""

    BINDINGS: ClassVar[list[Binding]] = LessonScreen.BINDINGS  # type: ignore[assignment]

    def __init__(self, walk: Walk, candidate: CandidateTimeline) -> None:
        """Open a walk's page.

        Args:
            walk: the learner's way, shared with the app.
            candidate: the page's backward on the page's problem.
        """
        self.candidate = candidate
        """Who stands beside the reference."""
        stop = walk.stop
        position = stop.position if stop.given else None
        CandidateScreen.__init__(self, candidate, walk.lesson.title, walk.page.problem_name, position)
        self.take_walk(walk, "")

    @property
    def secret(self) -> bool:
        """Whether the line is still looked for: the diagnosis would name it."""
        walk = self.walk
        asked = [
            number
            for number, page in enumerate(walk.lesson.pages)
            if isinstance(page.question, LineQuestion) and page.candidate == walk.page.candidate
        ]
        return any(not walk.is_revealed(number) for number in asked)

    def panels_plan(self, width: int, height: int) -> Plan:
        """As for every candidate."""
        return CandidateScreen.plan(self, width, height)

    def drawings(self) -> dict[str, Draw]:
        """The candidate's step beside the reference's; the diagnosis once the line was found."""
        found = CandidateScreen.drawings(self)
        if self.secret:
            words = say(self.language, "diagnosis.hidden")
            found[DIAGNOSIS] = lambda width, height: Text("\n").join(wrap(Text(words), width)[:height])
        return found

    def action_diagnosis(self) -> None:
        """The diagnosis, once the line was found."""
        if self.secret:
            self.say(say(self.language, "diagnosis.hidden"))
        else:
            super().action_diagnosis()
