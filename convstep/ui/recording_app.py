"""The debugger on somebody's own function; on save of its file it is recorded anew, and the place is kept."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.watching import WatchedFile
from convstep.language import tr
from convstep.printable import printable
from convstep.recording.again import place_again
from convstep.ui.app import SteppingApp
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.modes.recording import RecordingMode
from convstep.ui.running import run
from convstep.view.panels.recording import RecordingStage

if TYPE_CHECKING:
    from convstep.candidate.record.recorder import Recordable, Recorded
    from convstep.replay.session import SavedStop, Session

EVERY = 0.5
"""Seconds between two looks at the file."""


class RecordingApp(SteppingApp):
    """Opens the debugger on one recording."""

    BINDINGS: ClassVar[list[object]] = []  # type: ignore[assignment]

    def __init__(
        self,
        recorded: Recorded,
        *,
        again: Recordable | None = None,
        session: Session | None = None,
        live: bool = True,
    ) -> None:
        """Prepare the debugger.

        Args:
            recorded: what to step.
            again: records it anew when its file is saved; None if it is in none.
            session: where to begin, stops and view.
            live: whether a person sits in front of it.

        Raises:
            SessionError: the session names what the recording lacks; one sentence.
        """
        super().__init__(_mode(recorded), live=live)
        self.recorded = recorded
        """What is stepped."""
        self._again, self._news, self._renewing = again, None, False
        self._file = WatchedFile(again.file) if again is not None and again.file is not None else None
        if session is not None:
            self.debugger.asking.resume(session)

    def on_mount(self) -> None:
        """Say where the arguments come from; look at the file now and then."""
        if self.recorded.how:
            self.call_after_refresh(lambda: self.debugger.say(self.recorded.how))
        if self._file is not None:
            self.set_interval(EVERY, self.look)

    def close_children(self) -> None:
        """End what is being recorded."""
        super().close_children()
        if self._again is not None:
            self._again.close()

    def look(self) -> None:
        """See whether the file was saved, and whether what came of that can be shown now."""
        assert self._file is not None
        if self.screen is not self.debugger:
            return  # a dialog is about what lies below it
        if self._news is not None:
            self._show_news()
        elif not self._renewing and self._file.changed():
            self._renewing = True
            name = printable(os.path.basename(self._file.path))
            self.debugger.say(tr("{file} was saved: recording it again …", file=name))
            self.run_worker(self._renew, thread=True, exit_on_error=False)

    def _renew(self) -> None:
        """Record it anew; in a thread."""
        assert self._again is not None
        found: Recorded | str
        try:
            found = self._again.record()
        except (CandidateError, OSError) as error:
            found = str(error)
        with suppress(RuntimeError):  # the app has left
            self.call_from_thread(self._take, found)

    def _take(self, found: Recorded | str) -> None:
        self._renewing, self._news = False, found
        if self.screen is self.debugger:
            self._show_news()

    def _show_news(self) -> None:
        """Show a new recording at the same place; without one, say why the old one stays."""
        found, self._news = self._news, None
        assert found is not None
        if isinstance(found, str) or not found.recording.total:
            why = found if isinstance(found, str) else tr("it has no step on an array now")
            self.debugger.say(tr("the previous recording stays: {reason}", reason=why))
            return
        old, self.recorded = self.debugger, found
        mode = _mode(found)
        screen = DebuggerScreen(mode)
        stops = _resume(screen, old, mode)
        self.debugger = screen
        self.switch_screen(screen)
        said = tr("recorded again: {how}", how=found.how)
        if stops:
            said = tr("recorded again; gone with the lines they stood at: {stops}", stops=stops)
        screen.call_after_refresh(lambda: screen.say(said))


def _mode(recorded: Recorded) -> RecordingMode:
    name = os.path.basename(recorded.target)
    return RecordingMode(RecordingStage(recorded.recording), name, recorded.target, recorded.words)


def _resume(screen: DebuggerScreen, old: DebuggerScreen, mode: RecordingMode) -> str:
    """Stand, stop and look as before, as far as there is what was looked at; returns the stops that are gone."""
    from convstep.replay.session import View

    assert isinstance(old.mode, RecordingMode)
    recording = mode.recording
    session = old.asking.session(recording.name)
    marks = tuple(mark for mark in session.bookmarks if mark.position <= recording.total)
    session = replace(session, position=place_again(old.mode.recording, recording), bookmarks=marks)
    recording.seek(0)
    gone = [stop for stop in session.stops if not _fits(stop, mode)]
    session = replace(session, stops=tuple(stop for stop in session.stops if stop not in gone))
    try:
        screen.asking.resume(session)
    except ValueError:  # a face that it has no more
        screen.asking.resume(replace(session, view=View(mode=session.view.mode)))
    mode.state.presenting, mode.state.tab = old.state.presenting, old.state.tab
    return ", ".join(stop.text for stop in gone)


def _fits(stop: SavedStop, mode: RecordingMode) -> bool:
    from convstep.replay.stop_text import parse_stop

    try:
        parse_stop(stop.text, mode.recording.layout)
    except ValueError:
        return False
    return True


def run_recording(
    recorded: Recorded, *, again: Recordable | None = None, session: Session | None = None
) -> None:
    """Open the debugger on a recording in this terminal; return when the person leaves it.

    Args:
        recorded: what to step.
        again: records it anew when its file is saved.
        session: where to begin, stops and view.

    Raises:
        SessionError: the session names what the recording lacks; one sentence.
        ScreenError: a mistake ended the screen; one sentence.
    """
    run(RecordingApp(recorded, again=again, session=session))
