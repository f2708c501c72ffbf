"""The mode of a lesson's page: around that of a problem, or around that of a candidate for bug hunts."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.widget import Widget

from convstep.language import tr
from convstep.lessons.questions import LineQuestion
from convstep.lessons.words import say
from convstep.ui.commands import IN_LESSON
from convstep.ui.debugger.host import Handler, Handlers, Host
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.debugger.state import State
from convstep.ui.modes.answering import Answering
from convstep.ui.modes.candidate import CandidateMode
from convstep.ui.modes.marking import Marking
from convstep.ui.modes.mode import Marks, Mode
from convstep.ui.modes.page import Begun, Page
from convstep.ui.modes.recording import RecordingMode
from convstep.ui.widgets.narration import Narration
from convstep.ui.widgets.text_pane import Draw
from convstep.view.layout.arrange import CARD, Plan
from convstep.view.layout.candidate import DIAGNOSIS
from convstep.view.layout.lesson import LESSON, for_marking, narration_room, panels_room, with_narration
from convstep.view.lesson.border import page_line
from convstep.view.lesson.page import code_width
from convstep.view.panels.recording import RecordingStage
from convstep.view.panels.stage import Stage
from convstep.view.scene.cards import STEP
from convstep.view.text.wrapping import wrap

if TYPE_CHECKING:
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.lessons.lesson import Subject
    from convstep.lessons.walk import Walk
    from convstep.recording.recording import Recording
    from convstep.replay.edits import Numbers
    from convstep.ui.messages import CellClicked

PRESENT_FROM = 140
"""Columns from which the narration stays in sight before a class."""
READ_A_TICK, LEAST_TICKS = 40, 4
"""Columns of text that are read in a tick of the play, and the ticks that even an empty page stays."""


class Lessons(Protocol):
    """Who holds the pages."""

    def turn(self, by: int, *, playing: bool = False) -> bool:
        """Turn the page; returns whether there was one."""

    def keep(self) -> None:
        """Write down how far the learner is."""

    def show_page(self) -> None:
        """Show the page at which the learner is."""


class LessonMode(Mode):
    """Tells a page, asks, judges and explains beside the debugger that another mode is about."""

    footer = IN_LESSON

    def __init__(
        self,
        walk: Walk,
        lessons: Lessons,
        candidate: CandidateTimeline | None = None,
        *,
        note: str = "",
        begun: Begun | None = None,
    ) -> None:
        """Open the page of a walk, which is the app's too; `lessons` turns the pages.

        `candidate` stands beside the reference, if anybody: the page's backward on its problem. `note` is
        said above the page; `begun` is the answer that goes on when it is opened.
        """
        self.candidate = candidate
        page, title, place = walk.page, walk.lesson.title, walk.place
        self._beside = (
            None
            if candidate is None
            else CandidateMode(candidate, title, page.subject.name, place.position if place.given else None)
        )
        self._around = self._beside or _mode_on(page.subject, title)
        super().__init__(self._around.state, compare_at_end=False)
        self.state.card = STEP  # until page or learner want more
        self.lacks, self.anew = self._around.lacks, self._around.anew
        self.page = Page(walk, self.state, note, self._before_stand)
        self.marking = Marking(self.page)
        self.answering = Answering(self.page, self.marking, lessons.keep, lessons.turn)
        self._lessons, self._begun, self._read = lessons, begun, 0

    def enter(self, host: Host) -> None:
        """Belong to a screen, and so does what it is about."""
        assert isinstance(host, DebuggerScreen)
        super().enter(host)
        self.page.host = host
        self._around.enter(host)

    def handlers(self) -> Handlers:
        """The page's keys before those of the debugger beside it."""
        found = self._around.handlers() | self.marking.handlers() | self.answering.handlers()
        if self._beside is not None:
            found["diagnosis"] = Handler(self._show_diagnosis)
        return found | {
            "next-page": Handler(lambda: self._lessons.turn(1)),
            "previous-page": Handler(lambda: self._lessons.turn(-1)),
            "return": Handler(self._return),
            "read-on": Handler(lambda: self._read_on(1)),
            "read-back": Handler(lambda: self._read_on(-1)),
            "restart": Handler(self._restart),
        }

    def closed(self) -> None:
        """What it is about ends."""
        self._around.closed()

    def will_show(self) -> None:
        """So does what it is about."""
        self._around.will_show()

    def opened(self) -> None:
        """Tell the page, before anything is painted."""
        self._around.opened()
        self.page.open()
        if self._begun is not None:  # the line for it has no place yet
            self.page.host.call_after_refresh(self.page.go_on, self._begun)

    def shown(self) -> None:
        """Say as well whether the learner has wandered off."""
        self._around.shown()
        self.answering.take_edits()
        self.page.show_keys()

    def focus_moved(self) -> None:
        """Enter is the page's only while the keys are."""
        self.page.show_keys()

    def take_keys_back(self, part: Widget) -> bool:
        """An answer goes on where it was."""
        if part is not self.page.narration.answer:
            return False
        self.page.narration.begin_typing()
        return True

    def clicked(self, message: CellClicked) -> bool:
        """While cells are marked, a click marks one; it goes nowhere."""
        if self.page.selecting:
            self.marking.toggle(message.key, message.cell)
        return self.page.selecting

    def heed(self, event: events.Key | events.Paste) -> None:
        """Look at a key before it goes anywhere."""
        self.answering.heed(event)

    def unsent(self) -> list[str]:
        """The answer so far."""
        return self.page.unsent()

    def play_on(self) -> bool | None:
        """One tick: step to the page's place, wait until it is read, then turn; questions wait."""
        page = self.page
        if page.placed and self.state.position < page.walk.place.position:
            return None
        if page.asks:
            page.host.playing.pause(say(page.language, "key.answer"))
            return False
        self._read += 1
        if self._read < max(cell_len(page.narration.page.text) // READ_A_TICK, LEAST_TICKS):
            return True
        self._read = 0
        return self._lessons.turn(1, playing=True)

    def rewind(self) -> bool:
        """Playing goes on from this page."""
        self._read = 0
        return True

    def offers(self, id: str) -> bool:
        """The line of keys names what has something to do on this page."""
        page = self.page
        away, typing = not page.narration.has_keys, page.narration.typing
        offered = {
            "answer": page.asks,
            "hint": page.asks and page.walk.hints_left > 0,
            "previous-page": page.walk.at > 0,
            "return": page.wandered or away,
            "submit": typing,
            "leave": typing,
        }
        return offered.get(id, True)

    @property
    def followed(self) -> str:
        """As without a lesson."""
        return self._around.followed

    @property
    def first_part(self) -> str:
        """The keys belong to the narration."""
        return LESSON

    def parts(self) -> list[Widget]:
        """The narration first."""
        self.page.narration = Narration(
            LESSON,
            keys_changed=self.page.show_keys,
            typed=self.answering.typed_anew,
            submitted=self.answering.submit_typed,
        )
        return [self.page.narration, *self._around.parts()]

    def drawings(self) -> dict[str, Draw]:
        """At the page's place the step shows what is done, not what is still to be found out."""
        found = self._around.drawings()
        if CARD in found and self._beside is None:
            cards, asks = self.state.cards, self.page.asks
            if asks or not self.page.wandered:
                done = cards.scene.additions[: cards.scene.made]
                cards = dataclasses.replace(cards, scene=dataclasses.replace(cards.scene, additions=done))
            found[CARD] = dataclasses.replace(cards, hidden=asks, beside=False).draw
        if self._secret:
            words = say(self.page.language, "diagnosis.hidden")
            found[DIAGNOSIS] = lambda width, height: Text("\n").join(wrap(Text(words), width)[:height])
        return found

    def part_names(self) -> dict[str, str]:
        """Short names by key."""
        return self._around.part_names() | {LESSON: tr("lesson")}

    def plan(self, width: int, height: int) -> Plan:
        """The narration beside the panels, above them on a narrow screen."""
        state = self.state
        if state.maximised or (state.presenting and width < PRESENT_FROM):
            return self._around.plan(width, height)
        narration = narration_room(width, height, code_width(self.page.walk.page))
        room = panels_room(width, height, narration)
        panels = self._around.plan_beside_page(room.width, room.height)
        panel = state.scene.find(state.tab)  # none while the tab with step or source is looked at
        if self.page.selecting and panel is not None:
            panels = for_marking(panels, panel, room.width, room.height)
        return with_narration(panels, narration, room)

    def marks(self, place_of: Callable[[int], int], columns: int) -> Marks:
        """A candidate's divergences."""
        return self._around.marks(place_of, columns)

    def last_words(self) -> str:
        """As without a lesson."""
        return self._around.last_words()

    def compared_with(self) -> Callable[[], str] | None:
        """A candidate, if there is one."""
        return self._around.compared_with()

    def whose_steps(self) -> str:
        """The reference's, beside a candidate."""
        return self._around.whose_steps()

    def title_names(self) -> Sequence[str]:
        """Which lesson."""
        title = self.page.walk.lesson.title
        return f"convstep  {title}", title

    def title_facts(self) -> list[str]:
        """How far; nobody's points before a class."""
        return [] if self.state.presenting else [page_line(self.page.walk)]

    def command_here(self) -> str:
        """The command that opens this lesson; its page is kept."""
        lesson = self.page.walk.lesson
        return shlex.join(["convstep", "learn", lesson.command_name, "--lang", lesson.language])

    @property
    def source_name(self) -> str:
        """None: what the lesson calls its problem may be sizes, or the name of another one."""
        return ""

    def why_not_saved(self) -> str:
        """A lesson's problem is in no file, and its progress is kept anyway."""
        return say(self.page.language, "saved")

    @property
    def _secret(self) -> bool:
        """Whether the wrong line is still looked for: the diagnosis would name it."""
        walk = self.page.walk
        return self._beside is not None and any(
            not walk.is_revealed(number)
            for number, page in enumerate(walk.lesson.pages)
            if isinstance(page.question, LineQuestion) and page.candidate == walk.page.candidate
        )

    def _before_stand(self) -> None:
        """Until the line is found, the candidate's panels keep the secret."""
        if self._beside is not None:
            self._beside.stage.discreet = self._secret

    def _show_diagnosis(self) -> None:
        """The diagnosis, once the line was found."""
        if self._secret:
            self.page.say("diagnosis.hidden")
        elif self._beside is not None:
            self._beside.show_diagnosis()

    def _return(self) -> None:
        """Back to the page's place."""
        here = not self.page.wandered and self.page.narration.has_keys and not self.state.maximised
        self.state.maximised = ""
        self.marking.leave()
        self.page.stand()
        self.page.tell()
        self.host.rearrange()
        self.page.take_keys()
        if here:
            self.page.say("here")

    def _read_on(self, by: int) -> None:
        """The next lines of the page, or the previous ones; where there are no more, another page."""
        if not self.page.narration.page.read_on(by):
            self._lessons.turn(by)

    def _restart(self) -> None:
        """From the beginning."""
        self.page.walk.restart()
        self._lessons.show_page()


def _mode_on(subject: Subject, title: str) -> Mode:
    """The debugger that a page without a candidate stands beside."""
    if subject.recording is not None:

        def record(numbers: Numbers) -> tuple[Recording, None]:
            recording = subject.with_numbers(numbers).recording
            assert recording is not None
            return recording.scout(), None

        def at_once(numbers: Numbers) -> bool:
            return not (numbers and subject.runs_code)

        stage = RecordingStage(subject.recording.scout())
        return RecordingMode(stage, title, "", record=record, at_once=at_once)
    assert subject.problem is not None
    return Mode(State(Stage.on(subject.problem), title, subject.name), compare_at_end=False)
