"""The application for somebody's own backward: the debugger with the candidate beside the reference.

When its file is saved it is checked anew beside the screen; what came of it opens where one stood.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import SentenceError
from convstep.replay.edits import Edits
from convstep.ui.app import DebuggerApp
from convstep.ui.modes.candidate import CandidateMode
from convstep.ui.modes.mode import Mode
from convstep.ui.running import run
from convstep.ui.telling import tell

if TYPE_CHECKING:
    from convstep.candidate.call.worker import Worker
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.candidate.verdict import Verdict
    from convstep.conv.problem import Problem
    from convstep.oracle.service import TorchService
    from convstep.replay.session import Session

LOOK_EVERY = 0.5
"""Seconds between two looks at the file."""


class Checking(Protocol):
    """Checks a candidate anew."""

    def changed(self) -> bool:
        """Whether its file was saved since it was asked before."""

    def checked(self) -> tuple[Worker, Verdict]:
        """Load and check it; called in a thread. A `SentenceError` if it cannot be loaded or called now."""


@frozen(eq=False)
class Anew:
    """A candidate that was checked anew, and where its person stood."""

    worker: Worker
    """It, in a process of its own."""
    verdict: Verdict
    """What was found."""
    problem: Problem
    """What stood beside it."""
    session: Session
    """Position, stops, bookmarks and view."""
    edits: Edits
    """What of the problem was edited."""


class CandidateApp(DebuggerApp):
    """Opens the debugger on a candidate and a problem."""

    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("app.tcss")

    def __init__(
        self,
        candidate: CandidateTimeline,
        name: str,
        problem_name: str | None = None,
        *,
        position: int | None = None,
        again: Checking | None = None,
        torch: TorchService | None = None,
        live: bool = True,
    ) -> None:
        """Prepare the debugger of a candidate on a problem; for the rest see `run_candidate`.

        `again` is None if nobody looks at its file. `live`: a person sits in front of it, so that torch is
        loaded beforehand.
        """
        self.candidate = candidate
        """Who stands beside the reference."""
        self.anew: Anew | None = None
        """What the person left this screen for, without asking."""
        self.edits = Edits()
        """What is edited from the beginning."""
        self._opening, self._again, self._checking = (problem_name, position), again, False
        self._news: tuple[Worker, Verdict] | None = None
        super().__init__(candidate.problem, name, torch=torch, live=live)

    def make_mode(self, problem: Problem, name: str, command_name: str, live: bool) -> Mode:
        """Both."""
        return CandidateMode(self.candidate, name, *self._opening)

    def on_mount(self) -> None:
        """Look after its file, and put what was edited before into the problem."""
        # no super(): Textual calls every class's handler by itself
        if self.edits.numbers:
            said = tr("the file was saved: checked again, with what was edited")
            self.call_after_refresh(self.debugger.editing.begin_anew, self.edits, said)
        if self._again is not None:
            self.set_interval(LOOK_EVERY, self.look_at_file)

    def look_at_file(self) -> None:
        """Check it anew if its file was saved, and leave for what came of it; not below a dialog."""
        assert self._again is not None
        if self.screen_stack[-1:] != [self.debugger]:  # or none is left: the clock may ring while it is left
            return
        if self._news is not None:
            (worker, verdict), self._news = self._news, None
            session = self.debugger.asking.session(self.debugger.state.name)
            self.anew = Anew(worker, verdict, self.candidate.problem, session, self.debugger.state.edits)
            self.exit()
        elif not self._checking and self._again.changed():
            self._checking = True
            self.debugger.say(tr("the file was saved: checking it again …"))
            # a thread of its own: who leaves does not wait for a file that hangs
            threading.Thread(target=self._check, name="checking", daemon=True).start()

    def _check(self) -> None:
        assert self._again is not None
        try:
            found: tuple[Worker, Verdict] | str = self._again.checked()
        except (SentenceError, OSError) as error:
            found = str(error)
        with suppress(RuntimeError):  # the app has left
            if tell(self.debugger, self._take, found):
                return
        if not isinstance(found, str):
            found[0].close()

    def _take(self, found: tuple[Worker, Verdict] | str) -> None:
        self._checking = False
        if isinstance(found, str):
            self.debugger.say(tr("the previous verdict stays: {reason}", reason=found))
        else:
            self._news = found
            self.look_at_file()

    def close_children(self) -> None:
        """A candidate that hangs must not hold up the end: whoever waits for it is released."""
        super().close_children()
        if self._news is not None:
            self._news[0].close()
        if self._live:
            self.candidate.close()


def run_candidate(
    worker: Worker,
    verdict: Verdict,
    problem: Problem,
    *,
    name: str,
    problem_name: str | None,
    position: int | None = None,
    again: Checking | None = None,
) -> None:
    """Open the debugger on a candidate in this terminal; return, and end its process, when one leaves it.

    `problem_name` is the problem on the command line; None for the verdict's own failing one. It begins by
    default just after the first divergent step; `again` checks it anew when its file is saved. A
    `ScreenError` says in one sentence that a mistake ended the screen.
    """
    from convstep.candidate.step.stepping import CandidateTimeline

    anew: Anew | None = None
    while True:
        timeline = CandidateTimeline(worker, verdict, problem)
        app = CandidateApp(timeline, name, problem_name, position=position, again=again)
        if anew is not None:
            app.edits = anew.edits
            with suppress(ValueError):  # a face that is not there any more
                app.debugger.asking.resume(anew.session)
        run(app)
        anew = app.anew
        if anew is None:
            return
        worker, verdict, problem, position = anew.worker, anew.verdict, anew.problem, anew.session.position
