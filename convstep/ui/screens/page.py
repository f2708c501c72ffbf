"""A page of a lesson beside the live debugger: what is told, and where the debugger stands."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.widget import Widget

from convstep.language import tr
from convstep.lessons.choices import ChoiceQuestion, LineQuestion
from convstep.lessons.lesson import PagePlace
from convstep.lessons.questions import CellsQuestion
from convstep.lessons.words import say
from convstep.ui.screens.debugger import DebuggerScreen
from convstep.ui.widgets.key_line import KeyLine
from convstep.ui.widgets.narration import Narration
from convstep.ui.widgets.text_pane import Draw
from convstep.view.grid.panel import Span
from convstep.view.layout.arrange import CARD, SIDE_FROM, Plan
from convstep.view.layout.lesson import (
    LESSON,
    arrange_all,
    for_marking,
    narration_room,
    panels_room,
    with_narration,
)
from convstep.view.lesson.border import keys_line, page_line
from convstep.view.lesson.page import Telling, Told, code_width, draw_page
from convstep.view.lesson.pointing import panel_of, pointed, with_chosen
from convstep.view.scene.card import draw_card
from convstep.view.scene.scene import Choice

if TYPE_CHECKING:
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.conv.problem import Problem
    from convstep.lessons.tensors import Index
    from convstep.lessons.walk import Walk

PRESENT_FROM = 140
"""Columns from which the narration stays in sight before a class."""


@dataclass(frozen=True, slots=True)
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


class PageScreen(DebuggerScreen):
    """Tells a page and stands where it says; the learner may wander off and come back."""

    candidate: CandidateTimeline | None = None
    """Who stands beside the reference, if anybody."""

    def __init__(self, walk: Walk, *, note: str = "") -> None:
        """Open a walk's page.

        Args:
            walk: the learner's way, shared with the app.
            note: something to say above the page.
        """
        page = walk.page
        super().__init__(page.problem, walk.lesson.title, page.problem_name, compare_at_end=False)
        self.take_walk(walk, note)

    def take_walk(self, walk: Walk, note: str) -> None:
        """Hold what a page needs, whichever debugger it stands beside; begin at its place."""
        self.walk, self.note = walk, note
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
        """Whether what the page's stop names was opened."""
        self.begun: Begun | None = None
        """The answer that goes on when the page is opened."""
        self._additions, self._led = 0, False
        if self._placed:
            stop = walk.place
            self._stage.choice = Choice(stop.input_channel, stop.output_channel)
            self.put_marks()
            self._timeline.seek(stop.position)
            self._scene = self._stage.scene()

    @property
    def problem(self) -> Problem:
        """What is stepped through."""
        return self._problem

    @property
    def narration(self) -> Narration:
        """The page."""
        return self.query_one(Narration)

    @property
    def language(self) -> str:
        """Of the lesson."""
        return self.walk.lesson.language

    @property
    def wandered(self) -> bool:
        """Whether the debugger stands elsewhere than the page says."""
        stop, timeline = self.walk.place, self._timeline
        if self._led or not self._placed:
            return False
        return (timeline.position, timeline.additions) != (stop.position, stop.additions)

    @property
    def options(self) -> int:
        """How many options or lines there are to choose from; 0 where the answer is something else."""
        question = self.walk.question
        if isinstance(question, ChoiceQuestion):
            return len(question.options)
        return len(question.code.splitlines()) if isinstance(question, LineQuestion) else 0

    @property
    def _placed(self) -> bool:
        """Whether the page says where to stand; a candidate begins where it first goes wrong."""
        return self.walk.place.given or not self.walk.page.candidate

    def parts(self) -> list[Widget]:
        """The narration first."""
        return [Narration(LESSON), *super().parts()]

    def part_names(self) -> dict[str, str]:
        """Short names by key."""
        return super().part_names() | {LESSON: tr("lesson")}

    def plan(self, width: int, height: int) -> Plan:
        """The narration beside the panels, above them on a narrow screen."""
        if self._maximised or (self.presenting and width < PRESENT_FROM):
            return super().plan(width, height)
        narration = narration_room(width, height, code_width(self.walk.page))
        room = panels_room(width, height, narration)
        panels = self.panels_plan(room.width, room.height)
        panel = self._scene.find(self._tab)  # none while the tab with step or source is looked at
        if self.selecting and panel is not None:
            panels = for_marking(panels, panel, room.width, room.height)
        return with_narration(panels, narration, room)

    def panels_plan(self, width: int, height: int) -> Plan:
        """Where the panels stand in the room that the narration leaves."""
        all_of_them = None
        beside = width >= SIDE_FROM[0] and height >= SIDE_FROM[1]
        if not self.presenting and not beside:
            all_of_them = arrange_all(width, height, self._first_panels(), self._tab)
        return all_of_them or super().plan(width, height)

    def drawings(self) -> dict[str, Draw]:
        """At the page's place the step shows what is done, not what is still to be found out."""
        found = super().drawings()
        open_question = self.walk.question is not None and not self.walk.revealed
        if (open_question or not self.wandered) and CARD in found:
            scene = dataclasses.replace(self._scene, additions=self._scene.additions[: self._scene.made])
            found[CARD] = lambda width, height: draw_card(scene, width, height)
        return found

    def title_names(self) -> Sequence[str]:
        """Which lesson."""
        return f"convstep  {self.walk.lesson.title}", self.walk.lesson.title

    def title_facts(self) -> list[str]:
        """How far."""
        return [page_line(self.walk)]

    def on_mount(self) -> None:
        """Tell the page, once the parts are there."""
        # no super(): Textual calls every class's handler by itself
        self.call_after_refresh(self.open_page, self.begun)

    def focus_first(self) -> None:
        """The keys belong to the narration."""
        # focus() waits: it would take the keys from an answer that goes on
        self.set_focus(self.narration, scroll_visible=False)

    def open_page(self, begun: Begun | None = None) -> None:
        """Tell the walk's page from its beginning.

        Args:
            begun: the answer to go on with.
        """
        self.chosen, self.refused, self.option = set(), set(), None
        verdict = self.walk.verdict
        self.said, self.said_right = (verdict.said, verdict.right) if verdict else ("", False)
        self.selecting, self.opened = False, False
        self.narration.open_answer(say(self.language, "answer"))
        self.stand()
        self.tell(anew=True)
        self._arrange()
        self.set_focus(self.narration, scroll_visible=False)
        if begun is not None:
            self._go_on(begun)

    @property
    def source_name(self) -> str:
        """None: what the lesson calls its problem may be sizes, or the name of another one."""
        return ""

    def commands_back(self, problem: str) -> list[str]:
        """None but the lesson's own, which the app knows."""
        return []

    def unsent(self) -> list[str]:
        """The answer so far."""
        question = self.walk.question
        if question is None or self.walk.revealed:
            return []
        typed = [self.narration.answer.unsent] if self.narration.answer.unsent else []
        marked = [", ".join(str(list(index)) for index in sorted(self.chosen))] if self.chosen else []
        return [f"{self.walk.lesson.title}: {text}" for text in (*typed, *marked)]

    def begun_answer(self) -> Begun:
        """What the learner has of an answer so far."""
        narration = self.narration
        return Begun(narration.answer.value, narration.typing, frozenset(self.chosen), self.option)

    def _go_on(self, begun: Begun) -> None:
        """Take an answer up where it was."""
        self.chosen = set(begun.chosen)
        self.option = begun.option if begun.option is None or begun.option < self.options else None
        self.put_marks()
        self._show(all_changed=False)
        self.tell()
        self.narration.answer.take_up(begun.text)
        if begun.typing:
            self.narration.begin_typing()

    def on_narration_resized(self) -> None:
        """Another width has room for other keys."""
        self.show_keys()

    def on_answer_input_turned(self) -> None:
        """While an answer is typed, letters are no keys."""
        self.show_keys()

    def offers(self, action: str) -> bool:
        """The line of keys names what has something to do on this page."""
        walk, away = self.walk, not self.narration.has_keys
        open_question = walk.question is not None and not walk.revealed
        offered = {
            "answer": open_question,
            "hint": open_question and walk.hints_left > 0,
            "page(-1)": walk.at > 0,
            "return_to_page": self.wandered or away,
            "submit": self.narration.typing,
            "leave": self.narration.typing,
        }
        return offered.get(action, True)

    def watch_focused(self) -> None:
        """Enter is the page's only while the keys are."""
        if self.query(Narration):
            self.show_keys()

    def watch_presenting(self) -> None:
        """Who had the keys before a class was presented to has them after it."""
        if self.presenting:
            self._lent = self.narration.has_keys
        super().watch_presenting()
        if not self.presenting and self._lent:
            self.set_focus(self.narration, scroll_visible=False)

    _lent = False
    """Whether the page had the keys when presenting began."""

    def tell(self, *, anew: bool = False) -> None:
        """Tell the page as it is now.

        Args:
            anew: whether it is read from its beginning.
        """
        self.narration.page.show(self._told, anew=anew)
        self.show_keys()
        self._show_title()

    def stand(self) -> None:
        """Put the debugger where the page says."""
        stop = self.walk.place
        if stop.mode:
            self.mode = stop.mode
        self.put_marks()
        if self._placed:
            self._stage.choice = Choice(stop.input_channel, stop.output_channel)
            self._additions = stop.additions
            self.travel(stop.position)
        else:
            self._show(all_changed=True)
        self._bring_forward(stop)

    def put_marks(self) -> None:
        """Mark what the lesson points at and what the learner chose."""
        marks, question = pointed(self.walk.place), self.walk.question
        if isinstance(question, CellsQuestion) and self.chosen:
            marks = with_chosen(marks, question, self.chosen, revealed=self.walk.revealed)
        self._stage.marks = marks

    def show_keys(self) -> None:
        """What the keys do here, on the narration's border."""
        keys = keys_line(
            self.walk,
            self.narration.size.width,
            wandered=self.wandered,
            selecting=self.selecting,
            typing=self.narration.typing,
            away=not self.narration.has_keys and not self.selecting,
            opens="" if self.opened else self.walk.place.opens,
        )
        self.narration.annotate(page_line(self.walk), keys)
        self.query_one(KeyLine).refresh()

    def permalink(self) -> str:
        """The command that opens this lesson; its page is kept."""
        return shlex.join(["convstep", "learn", self.walk.lesson.command_name, "--lang", self.language])

    def action_save(self) -> None:
        """A lesson's problem is in no file, and its progress is kept anyway."""
        self.say(say(self.language, "saved"))

    @contextlib.contextmanager
    def led(self) -> Iterator[None]:
        """While the lesson leads the debugger: nothing is pointed at, and nobody has wandered off."""
        self._led = True
        self._stage.marks = {}
        try:
            yield
        finally:
            self._led = False
            self.put_marks()

    def complain(self, words: str) -> None:
        """Say something above the page; "" takes it away."""
        self.note = words
        self._show_status()
        self.tell(anew=bool(words))

    def _arrive(self, position: int) -> None:
        """Make the page's additions at its place."""
        super()._arrive(position)
        additions, self._additions = self._additions, 0
        for _ in range(additions):
            self.action_next_addition()

    def _show(self, *, all_changed: bool, touched: Span | None = None) -> None:
        """Say as well whether the learner has wandered off."""
        super()._show(all_changed=all_changed, touched=touched)
        self.show_keys()

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

    def _bring_forward(self, stop: PagePlace) -> None:
        """On a small screen, show the panel that the page is about."""
        panel = panel_of(self._scene, stop.focus) if stop.focus else None
        if panel is not None:
            self._tab = panel.key
            self._arrange()
