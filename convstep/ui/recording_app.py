"""The application for somebody's own function: the debugger on its recording, which follows its file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from convstep.language import tr
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.service import ServiceClosed
from convstep.printable import printable
from convstep.recording.again import place_again
from convstep.recording.recording import Recording
from convstep.replay.edits import Edits
from convstep.ui.app import SteppingApp
from convstep.ui.modes.recording import RecordingMode
from convstep.ui.running import run
from convstep.ui.telling import tell
from convstep.view.panels.recording import RecordingStage

if TYPE_CHECKING:
    from convstep.candidate.operators.so_far import Running
    from convstep.candidate.verdicts.marks import Verdicts
    from convstep.oracle.service import TorchService
    from convstep.replay.edits import Numbers
    from convstep.replay.session import Session

LOOK_EVERY = 0.5
"""Seconds between two looks at the file."""

Judge = Callable[[Recording], "Verdicts"]
"""Says what the author's own forward says of a recording; raises ValueError where that fails, or is ended. It
is called in a thread."""
Expecting = Callable[[Recording], "Running"]
"""What the gradients of an operator's backward should be while it runs."""
Edited = Callable[["Numbers"], Recording]
"""Records the same call with other numbers in what it is handed; raises ValueError, one sentence, where that
fails. It is called in a thread."""
Again = Callable[[], "Recording | None"]
"""Records a function anew if its file has changed since, else None; raises ValueError, one sentence, where
that fails. It is called in a thread."""


class RecordingApp(SteppingApp):
    """Opens the debugger on a recorded function."""

    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("app.tcss")

    def __init__(
        self,
        recording: Recording,
        command_name: str = "",
        options: Sequence[str] = (),
        *,
        again: Again | None = None,
        judge: Judge | None = None,
        anew: Edited | None = None,
        ends: Callable[[], object] = lambda: None,
        how: str = "",
        running: Expecting | None = None,
        runs: str = "",
        torch: TorchService | None = None,
        live: bool = True,
    ) -> None:
        """Prepare the debugger; for most of it see `run_recording`.

        `command_name` is what the command line calls it, `layers.py:relu`; "" if nothing. `again` is None if
        nobody looks at its file, `judge` if nobody asks, `anew` if it cannot be run again. `live`: a person
        sits in front of it.
        """
        self._expecting = running
        self._edited = anew
        mode = RecordingMode(
            self._staged(recording),
            recording.name,
            command_name,
            options,
            record=None if anew is None else self._anew,
            live=live,
        )
        mode.after_edit, mode.anew.runs = self._ask, runs
        super().__init__(mode, torch=torch, live=live)
        self._again, self._ends, self._how, self._looking = again, ends, how, False
        self._judge = judge

    def _staged(self, recording: Recording) -> RecordingStage:
        return RecordingStage(recording, running=self._expected(recording))

    def _expected(self, recording: Recording) -> Running | None:
        return None if self._expecting is None else self._expecting(recording)

    def _anew(self, numbers: Numbers) -> tuple[Recording, Running | None]:
        assert self._edited is not None
        recording = self._edited(numbers)
        return recording, self._expected(recording)

    def on_mount(self) -> None:
        """Say what it was called with, and look after its file."""
        # no super(): Textual calls every class's handler by itself
        if self._how:  # behind the move to where it begins
            self.call_after_refresh(lambda: self.call_after_refresh(self.debugger.say, self._how))
        if self._again is not None:
            self.set_interval(LOOK_EVERY, self.look_at_file)
        self._ask()

    def _ask(self) -> None:
        """Ask the author's own forward, beside the screen."""
        recording = self.debugger.timeline
        if self._judge is not None and isinstance(recording, Recording) and recording.ended is None:
            self.run_worker(lambda: self._judged(recording), group="judge", exclusive=True, thread=True)

    def _judged(self, recording: Recording) -> None:
        assert self._judge is not None
        try:
            found = self._judge(recording)
        except ValueError:
            return  # it was ended, or the function ended its process: nothing can be said
        if tell(self.debugger, self._take, recording, found) and self._live and self._expecting is not None:
            running = self._expecting(recording)  # another one than the screen's: it has a run of its own
            if running.operator.torch:
                with contextlib.suppress(OracleUnavailable, ServiceClosed):
                    found = running.marked(found, self.torch.gradients)
                    tell(self.debugger, self._take, recording, found, True)

    def _take(self, recording: Recording, found: Verdicts, by_torch: bool = False) -> None:
        mode = self.debugger.mode
        if isinstance(mode, RecordingMode) and mode.recording is recording:  # and not recorded anew meanwhile
            mode.said.take(found, by_torch=by_torch)

    def close_children(self) -> None:
        """End what is being recorded."""
        super().close_children()
        self._ends()

    def look_at_file(self) -> None:
        """Record the function anew if its file was saved, beside the screen."""
        if not self._looking:
            self._looking = True
            self.run_worker(self._look, group="look", thread=True)

    def _look(self) -> None:
        assert self._again is not None
        try:
            recording, said = self._again(), ""
        except ValueError as error:
            recording, said = None, str(error)
        tell(self.debugger, self._seen, recording, said)

    def _seen(self, recording: Recording | None, said: str) -> None:
        self._looking = False
        if recording is not None and recording.total:
            before = self.debugger.timeline
            assert isinstance(before, Recording)
            editing, edits = self.debugger.editing, self.debugger.state.edits
            self.debugger.restage(self._staged(recording), place_again(before, recording))
            self.debugger.state.edits = Edits()
            said = tr("the file has changed: recorded anew")
            self._ask()
            if edits.numbers:
                editing.begin_anew(edits, tr("the file has changed: recorded anew, with what was edited"))
                return
        elif recording is not None:
            said = tr("the previous recording stays: no line touches an array now")
        elif said:
            said = tr("the previous recording stays: {reason}", reason=said)
        if said:
            self.debugger.say(said)


def run_recording(
    recording: Recording,
    session: Session | None = None,
    *,
    options: Sequence[str] = (),
    again: Again | None = None,
    judge: Judge | None = None,
    anew: Edited | None = None,
    ends: Callable[[], object] = lambda: None,
    how: str = "",
    running: Expecting | None = None,
    runs: str = "",
) -> None:
    """Open the debugger on a recorded function in this terminal; return when the person leaves it.

    The session has its name on the command line, where to begin, stops and view; None if it has no such name.
    The `options` are the words that the command line needs beside the name: `--call`, `relu(x)`. `again`
    records it anew if its file has changed, and `anew` the same call with other numbers; `judge` says what
    its own forward says of it; `ends` ends what is being recorded or judged when the person leaves. `how`
    says where its arguments come from, which is said first; `running` what the gradients of an operator's
    backward should be; `runs` what an edit runs, where nothing has run yet, and "" where its person has run
    it.

    A ValueError says in one sentence that there is no step, or that the session does not fit, a `ScreenError`
    that a mistake ended the screen.
    """
    if not recording.total:
        name = printable(recording.name)
        said = tr("{name} has no step: it does nothing with the cells of an array before it ends", name=name)
        raise ValueError(f"{said} ({printable(recording.ended.sentence)})" if recording.ended else said)
    name = "" if session is None else session.problem
    app = RecordingApp(
        recording,
        name,
        options,
        again=again,
        judge=judge,
        anew=anew,
        ends=ends,
        how=how,
        running=running,
        runs=runs,
    )
    if session is not None:
        app.debugger.asking.resume(session)
    run(app)
