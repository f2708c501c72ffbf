"""The application for somebody's own backward: the debugger with the candidate beside the reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from convstep.ui.app import DebuggerApp
from convstep.ui.modes.candidate import CandidateMode
from convstep.ui.modes.mode import Mode
from convstep.ui.running import run

if TYPE_CHECKING:
    from convstep.candidate.call.worker import Worker
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.candidate.verdict import Verdict
    from convstep.conv.problem import Problem
    from convstep.oracle.service import TorchService


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
        torch: TorchService | None = None,
        live: bool = True,
    ) -> None:
        """Prepare the debugger.

        Args:
            candidate: the candidate on a problem.
            name: what to call the candidate on the screen.
            problem_name: the problem on the command line; None for the verdict's own failing one.
            position: where to begin; by default just after the first divergent step.
            torch: the oracle's process; one is made if left out.
            live: whether a person sits in front of it, so that torch is loaded beforehand.
        """
        self.candidate = candidate
        """Who stands beside the reference."""
        self._opening = problem_name, position
        super().__init__(candidate.problem, name, torch=torch, live=live)

    def make_mode(self, problem: Problem, name: str, command_name: str, live: bool) -> Mode:
        """Both."""
        return CandidateMode(self.candidate, name, *self._opening)

    def close_children(self) -> None:
        """A candidate that hangs must not hold up the end: whoever waits for it is released."""
        super().close_children()
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
) -> None:
    """Open the debugger on a candidate in this terminal; return when the person leaves it.

    Args:
        worker: the candidate in its process, which is ended when the person leaves.
        verdict: what `check` found.
        problem: whose steps.
        name: what to call the candidate on the screen.
        problem_name: the problem on the command line; None for the verdict's own failing one.
        position: where to begin; by default just after the first divergent step.

    Raises:
        ScreenError: a mistake ended the screen; one sentence.
    """
    from convstep.candidate.step.stepping import CandidateTimeline

    run(CandidateApp(CandidateTimeline(worker, verdict, problem), name, problem_name, position=position))
