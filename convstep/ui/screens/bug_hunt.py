"""A lesson's page with a wrong backward beside the reference: bug hunts, mostly."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding

from convstep.lessons.choices import LineQuestion
from convstep.lessons.words import say
from convstep.ui.screens.candidate import CandidateScreen
from convstep.ui.screens.lesson import LessonScreen
from convstep.ui.widgets.text_pane import Draw
from convstep.view.layout.arrange import Plan
from convstep.view.layout.candidate import DIAGNOSIS
from convstep.view.text.wrapping import wrap

if TYPE_CHECKING:
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.lessons.walk import Walk


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
        stop = walk.place
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

    def stand(self) -> None:
        """Put the debugger where the page says; until the line is found, it keeps the secret."""
        self._stage.discreet = self.secret
        super().stand()

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
