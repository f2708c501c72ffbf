"""Anew: how the run that a mode is about begins again with numbers that somebody edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from convstep.language import tr

if TYPE_CHECKING:
    from convstep.candidate.operators.so_far import Running
    from convstep.recording.recording import Recording
    from convstep.replay.edits import Numbers
    from convstep.ui.debugger.state import State
    from convstep.view.panels.recording import RecordingStage
    from convstep.view.scene.staged import Staged


class Anew:
    """A run that takes its numbers from arrays alone: the stage begins it."""

    def __init__(self, state: State, why_not: str = "") -> None:
        """Begin the run of a debugger anew; `why_not` says why no number of it is edited, if none is."""
        self.state, self.why_not = state, why_not

    runs = ""
    """What an edit runs that nobody here has run yet, as a command line has it."""

    def runs_code(self, numbers: Numbers) -> bool:
        """Whether somebody's own code has to run before that stage is there, which may take long."""
        return False

    def stage(self, numbers: Numbers) -> Staged:
        """The stage of the same run with all edited numbers, before its first step.

        A ValueError says in one sentence why there is none.
        """
        return self.state.stage.with_numbers(numbers)

    def place_in(self, stage: Staged) -> int:
        """Where a run that was begun anew stands as this one does."""
        return min(self.state.position, stage.run.total)

    def shown(self) -> None:
        """It is on the screen now."""


Record = Callable[["Numbers"], "tuple[Recording, Running | None]"]
"""Records the same call with other numbers, and says what its gradients should be then, of an operator's;
raises ValueError, one sentence, where that fails. It is called in a thread."""


class RecordedAnew(Anew):
    """A function's call, which is recorded again."""

    def __init__(
        self,
        state: State,
        record: Record | None,
        shown: Callable[[], object],
        at_once: Callable[[Numbers], bool] = lambda numbers: False,
    ) -> None:
        """Record the call of a debugger again; `record` is None if that cannot be done.

        `shown` is what there is to do then; `at_once` tells whether it takes no time to speak of with these
        numbers, and runs nobody's code.
        """
        why_not = "what was recorded is all there is here: its function cannot be run with another number"
        super().__init__(state, tr(why_not) if record is None else "")
        self._record, self._shown, self._at_once = record, shown, at_once

    def runs_code(self, numbers: Numbers) -> bool:
        """It does, unless it is known to be at once."""
        return not self._at_once(numbers)

    def stage(self, numbers: Numbers) -> RecordingStage:
        """The stage of the same call with other numbers in what it is handed."""
        from convstep.view.panels.recording import RecordingStage

        assert self._record is not None
        assert isinstance(self.state.stage, RecordingStage)
        recording, running = self._record(numbers)
        if not recording.total:
            raise ValueError(tr("no line touches an array then"))
        return self.state.stage.anew(recording, numbers, running)

    def place_in(self, stage: Staged) -> int:
        """The same position if the same line runs there in the same turns, else where these are."""
        from convstep.recording.again import place_with
        from convstep.recording.recording import Recording

        old, new = self.state.stage.run, stage.run
        assert isinstance(old, Recording)
        assert isinstance(new, Recording)
        return place_with(old, new)

    def shown(self) -> None:
        """What its own forward says of it is asked anew."""
        self._shown()
