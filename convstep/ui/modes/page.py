"""Page: what a lesson tells beside the live debugger, what is marked, and where the debugger stands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len

from convstep.frozen import frozen
from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.questions import CellsQuestion, ChoiceQuestion, LineQuestion
from convstep.lessons.words import say
from convstep.ui.widgets.key_line import KeyLine
from convstep.view.layout.arrange import CARD
from convstep.view.lesson.border import keys_line, page_line
from convstep.view.lesson.page import Telling, Told, draw_page
from convstep.view.lesson.pointing import pointed, show_faces, with_chosen
from convstep.view.panels.conv2d_cells import panel_of

if TYPE_CHECKING:
    from convstep.lessons.lesson import Subject
    from convstep.lessons.questions import Question
    from convstep.lessons.tensors import Index
    from convstep.lessons.walk import Walk
    from convstep.ui.debugger.screen import DebuggerScreen
    from convstep.ui.debugger.state import State
    from convstep.ui.widgets.narration import Narration


@frozen()
class Begun:
    """An answer that was begun and not submitted."""

    text: str
    """What was typed."""
    typing: bool
    """Whether the keys are still its."""
    chosen: frozenset[Index]
    """Cells that were marked."""
    option: int | None
    """The option or line under the cursor."""


class Page:
    """Tells a page and stands where it says; the learner may wander off and come back."""

    host: DebuggerScreen
    """The screen, once there is one."""
    narration: Narration
    """The page on it, once it has parts."""

    def __init__(self, walk: Walk, state: State, note: str, before_stand: Callable[[], None]) -> None:
        """Stand where the page of a walk, which is the app's too, says; `note` is said above it.

        `before_stand` is called before the debugger is put where the page says.
        """
        self.walk, self.state, self.note = walk, state, note
        self.subject: Subject = walk.page.subject
        """What is stepped through."""
        self.chosen: set[Index] = set()
        """The cells that the learner has marked."""
        self.option: int | None = None
        """The option or line under the cursor."""
        self.refused: set[int] = set()
        """Options or lines that turned out to be wrong."""
        self.said, self.said_right = "", False
        """What was said about the last answer, and whether it was right."""
        self.selecting = False
        """Whether cells are being marked."""
        self.opened = False
        """Whether what the page's place names was opened."""
        self._led, self._before_stand = False, before_stand
        if self.placed:
            place = walk.place
            show_faces(state.stage, place)
            self.put_marks()
            state.timeline.seek(place.position)
            state.scene = state.stage.scene()

    @property
    def language(self) -> str:
        """Of the lesson."""
        return self.walk.lesson.language

    @property
    def asks(self) -> bool:
        """Whether a question is open."""
        return self.walk.question is not None and not self.walk.revealed

    @property
    def placed(self) -> bool:
        """Whether the page says where to stand; a candidate begins where it first goes wrong."""
        return self.walk.place.given or not self.walk.page.candidate

    @property
    def wandered(self) -> bool:
        """Whether the debugger stands elsewhere than the page says."""
        place, timeline = self.walk.place, self.state.timeline
        if self._led or not self.placed:
            return False
        return (timeline.position, timeline.made) != (place.position, place.additions)

    @property
    def options(self) -> int:
        """How many options or lines there are to choose from; 0 where the answer is something else."""
        question = self.walk.question
        if isinstance(question, ChoiceQuestion):
            return len(question.options)
        return len(question.code.splitlines()) if isinstance(question, LineQuestion) else 0

    def open(self, begun: Begun | None = None) -> None:
        """Tell the walk's page from its beginning; an answer that was begun goes on."""
        self.chosen, self.refused, self.option = set(), set(), None
        verdict = self.walk.verdict
        self.said, self.said_right = (verdict.said, verdict.right) if verdict else ("", False)
        self.selecting, self.opened = False, False
        self.narration.open_answer(say(self.language, "answer"))
        self.stand()
        self.tell(anew=True)
        self.host.rearrange()
        self.take_keys()
        if begun is not None:
            self.go_on(begun)

    def say(self, word: str) -> None:
        """Answer a key with one of the sentences that lessons have."""
        self.host.say(say(self.language, word))

    def say_how(self, question: Question) -> None:
        """How a question is answered, in the words that the status line has room for."""
        how = question.how
        if isinstance(question, CellsQuestion) and cell_len(how) > self.host.size.width - 2:
            how = say(self.language, "how.cells.short")
        self.host.say(how)

    def take_keys(self) -> None:
        """The keys belong to the page."""
        # focus() waits: it would take the keys from an answer that goes on
        self.host.panels.focus(self.narration)

    def tell(self, *, anew: bool = False) -> None:
        """Tell the page as it is now; `anew`: it is read from its beginning."""
        self.narration.page.show(self._told, anew=anew)
        self.show_keys()
        self.host.lines.show_title()

    def stand(self) -> None:
        """Put the debugger where the page says."""
        self._before_stand()
        self._begin_numbers()
        place, state = self.walk.place, self.state
        if place.mode:
            state.values = place.mode
            self.host.panels.apply_look()
        state.card = place.card or state.card
        self.put_marks()
        if self.placed:
            show_faces(state.stage, place)
            self.host.travel.to(place.position, lambda: self._make(place.additions))
        else:
            self.host.show()
        # on a small screen, the panel that the page is about is the one to be seen, else the card it chose
        panel = panel_of(state.scene, place.focus) if place.focus else None
        if panel is not None or place.card:
            state.tab = CARD if panel is None else panel.key
            self.host.rearrange()

    def _begin_numbers(self) -> None:
        """What the page says is about its own numbers; once an edit was asked for, about what it makes."""
        question, editing = self.walk.question, self.host.editing
        if not isinstance(question, EditQuestion) or not self.walk.revealed:
            editing.forget()
        elif not question.holds(self.state.edits.numbers):
            editing.begin_anew(question.edits, "")

    def put_marks(self) -> None:
        """Mark what the lesson points at and what the learner chose."""
        marks, question = pointed(self.walk.place), self.walk.question
        if isinstance(question, CellsQuestion) and self.chosen:
            marks = with_chosen(marks, question, self.chosen, revealed=self.walk.revealed)
        self.state.stage.marks = marks

    def show_keys(self) -> None:
        """What the keys do here, on the narration's border."""
        narration = self.narration
        if not narration.is_mounted:
            return
        keys = keys_line(
            self.walk,
            narration.size.width,
            wandered=self.wandered,
            selecting=self.selecting,
            typing=narration.typing,
            away=not narration.has_keys and not self.selecting,
            opens="" if self.opened else self.walk.place.opens,
            edited=bool(self.state.edits.made),
            more=narration.page.more,
        )
        narration.annotate(page_line(self.walk), keys)
        self.host.query_one(KeyLine).refresh()

    @contextlib.contextmanager
    def led(self) -> Iterator[None]:
        """While the lesson leads the debugger: nothing is pointed at, and nobody has wandered off."""
        self._led = True
        self.state.stage.marks = {}
        try:
            yield
        finally:
            self._led = False
            self.put_marks()

    def complain(self, words: str) -> None:
        """Say something above the page; "" takes it away."""
        self.note = words
        self.host.show_status()
        self.tell(anew=bool(words))

    def unsent(self) -> list[str]:
        """The answer so far."""
        if not self.asks:
            return []
        typed = [self.narration.answer.unsent] if self.narration.answer.unsent else []
        marked = [", ".join(str(list(index)) for index in sorted(self.chosen))] if self.chosen else []
        return [f"{self.walk.lesson.title}: {text}" for text in (*typed, *marked)]

    def begun_answer(self) -> Begun:
        """What the learner has of an answer so far."""
        narration = self.narration
        return Begun(narration.answer.value, narration.typing, frozenset(self.chosen), self.option)

    def go_on(self, begun: Begun) -> None:
        """Take an answer up where it was."""
        self.chosen = set(begun.chosen)
        self.option = begun.option if begun.option is None or begun.option < self.options else None
        self.put_marks()
        self.host.show()
        self.tell()
        self.narration.answer.take_up(begun.text)
        if begun.typing:
            self.narration.begin_typing()

    def _make(self, additions: int) -> None:
        """Make the page's additions at its place."""
        for _ in range(additions):
            self.state.timeline.next_write()
        if additions:
            self.host.moved()

    def _told(self, width: int) -> Told:
        walk = self.walk
        telling = Telling(
            page=walk.page,
            language=self.language,
            tried=walk.tried,
            revealed=walk.revealed,
            cursor=self.option,
            said=self.said,
            said_right=self.said_right,
            refused=frozenset(self.refused),
            note=self.note,
            marking=self.selecting,
        )
        return draw_page(telling, width)
