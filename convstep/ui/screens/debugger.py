"""The debugger: movement, stops and panels, and what a person may ask of them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from convstep.language import tr
from convstep.replay.visited import Bookmarks
from convstep.served import in_browser
from convstep.ui.commands import bindings
from convstep.ui.dialogs.prompt import PromptScreen
from convstep.ui.screens.playing import PlayingScreen
from convstep.ui.temporary_files import file_to_write, stem_of

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.replay.session import Session
    from convstep.steps.provenance import Provenance
    from convstep.ui.dialogs.comparison import ComparisonScreen


ELSEWHERE = "this key is for your own backward: convstep debug mine.py:conv_backward"
IN_LESSONS = "this key is for lessons: convstep learn"
"""What the keys of other kinds of debugger say here."""


class DebuggerScreen(PlayingScreen):
    """Asks the oracles, explains cells and itself, and hands out ways back to here."""

    BINDINGS: ClassVar[list[Binding]] = bindings()  # type: ignore[assignment]

    def __init__(
        self, problem: Problem, name: str, command_name: str, *, compare_at_end: bool = True
    ) -> None:
        """Debug a problem.

        Args:
            problem: what to step through.
            name: what to call it on the screen.
            command_name: what to call it on the command line.
            compare_at_end: whether going on at the last step opens the comparison.
        """
        super().__init__(problem, name)
        self._command_name, self.goes_past_end = command_name, compare_at_end
        self._comparing = False

    def past_end(self) -> None:
        """Open the comparison: the last step has been seen. Where it does not open, say what there is."""
        if self.goes_past_end:
            self.action_compare()
        else:
            self._update_status(self.last_words())

    def last_words(self) -> str:
        """What a key that leads forward is answered with at the last step."""
        return tr("last step: o compares the gradients with PyTorch's")

    def end_hint(self) -> str:
        """Nothing while the comparison is open."""
        return "" if self._comparing else super().end_hint()

    def action_compare(self) -> None:
        """Open the comparison at this position."""

        def closed(_: None) -> None:
            self._comparing = False
            self._show_status()

        self._comparing = True
        self._show_status()
        self.app.push_screen(self.make_comparison(), closed)

    def make_comparison(self) -> ComparisonScreen:
        """The dialog that compares the gradients at this position."""
        from convstep.ui.dialogs.comparison import ComparisonScreen

        return ComparisonScreen(self._timeline, self.app.torch)

    def action_provenance(self) -> None:
        """List the steps that make the cell under the cursor."""
        place = self._pointed_cell()
        found = self._stage.provenance_of(*place) if place is not None else None
        if found is None:
            self._update_status(
                tr("choose a cell of a running gradient: Tab to its panel, then the arrow keys")
            )
        else:
            self.explain(found)

    def explain(self, found: Provenance) -> None:
        """List the steps that make a cell."""
        from convstep.ui.dialogs.provenance import ProvenanceScreen

        def answered(position: int | None) -> None:
            if position is not None:
                self.travel(position)

        screen = ProvenanceScreen(found, self._timeline.position, self.whose_steps())
        self.app.push_screen(screen, answered)

    def whose_steps(self) -> str:
        """Where the steps that make a cell are listed from, if that is not clear by itself."""
        return ""

    def action_bookmark(self) -> None:
        """Set a bookmark here, or take it away."""
        mark = self.bookmarks.toggle(self._timeline.position)
        self._mark_timeline()
        self._update_status(
            tr("bookmark {label} set here", label=mark.label) if mark else tr("bookmark removed")
        )

    def action_to_bookmark(self) -> None:
        """To the next bookmark, from the last to the first."""
        marks = self.bookmarks.list()
        ahead = self.bookmarks.next(self._timeline.position)
        if not marks:
            self._update_status(tr("no bookmarks; k sets one"))
        else:
            mark = ahead if ahead is not None else marks[0]
            self.travel(mark.position)
            self._update_status(tr("bookmark {label}", label=mark.label))

    def action_divergence(self, by: int) -> None:
        """Say where divergent steps are looked for."""
        self._update_status(tr(ELSEWHERE))

    def action_diagnosis(self) -> None:
        """Say who has a diagnosis."""
        self._update_status(tr(ELSEWHERE))

    def action_answer(self) -> None:
        """Say where questions are asked."""
        self._update_status(tr(IN_LESSONS))

    def action_hint(self) -> None:
        """Say where hints are given."""
        self._update_status(tr(IN_LESSONS))

    def action_solution(self) -> None:
        """Say where answers are shown."""
        self._update_status(tr(IN_LESSONS))

    def action_page(self, by: int) -> None:
        """Say where there are pages."""
        self._update_status(tr(IN_LESSONS))

    def action_scroll_page(self, by: int) -> None:
        """Say where there are pages."""
        self._update_status(tr(IN_LESSONS))

    def action_return_to_page(self) -> None:
        """Say where a page has a place."""
        self._update_status(tr(IN_LESSONS))

    def action_restart(self) -> None:
        """Say what can be restarted."""
        self._update_status(tr(IN_LESSONS))

    def permalink(self) -> str:
        """The command that reproduces this view."""
        from convstep.replay.session import permalink

        return permalink(self.session(), self._problem.geometry)

    def action_copy(self) -> None:
        """Copy the command that reproduces this view."""
        try:
            command = self.permalink()
        except ValueError as error:  # more stops than a session holds
            self.say(str(error))
            return
        self.app.copy_to_clipboard(command)
        self.say(tr("copied: {command}", command=command))

    def action_save(self) -> None:
        """Ask for a file and save the session in it; not in a browser."""
        from convstep.replay.session import ENDING, save

        if in_browser():
            self.say(tr("nothing is saved from a browser: the file would be on the machine that serves this"))
            return

        def parse(text: str) -> Path:
            path = file_to_write(text)
            # by its ending `convstep open` knows a session
            return path if path.name.endswith(ENDING) else file_to_write(f"{text.strip()}{ENDING}")

        def take(path: Path) -> None:
            try:
                save(self.session(), path)
            except OSError as error:  # a problem that is in no file is saved as well
                reason = error.strerror or error
                raise ValueError(tr("the problem cannot be saved: {reason}", reason=reason)) from error

        def meaning(path: Path) -> str:
            return tr("Replaces {path}." if path.exists() else "Creates {path}.", path=path)

        def answered(path: Path | None) -> None:
            if path is not None:
                command = f"convstep open {shlex.quote(str(path))}"
                self._update_status(tr("saved: {command}", command=command))

        name = f"{stem_of(self.problem_name)}.session.json"
        self.app.push_screen(
            PromptScreen(
                tr("Save the session to"),
                name,
                tr("A file: position, stops, bookmarks and view, as JSON."),
                parse,
                meaning,
                text=name,
                take=take,
            ),
            answered,
        )

    def action_help(self) -> None:
        """Explain keys and marks."""
        from convstep.ui.dialogs.help import HelpScreen

        self.app.push_screen(HelpScreen())

    @property
    def source_name(self) -> str:
        """What the command line calls the problem; "" if it has no name there."""
        return self._command_name

    def commands_back(self, problem: str) -> list[str]:
        """Commands that lead back here and show more than the session does.

        Args:
            problem: what the command line calls the problem.
        """
        return []

    def session(self, problem: str | None = None) -> Session:
        """All that brings a person back to this view.

        Args:
            problem: what to call the problem; by default as on the command line.

        Raises:
            SessionError: there is more of it than a session holds, or a name that no file can have.
        """
        from convstep.replay.session import SavedStop, Session
        from convstep.view.panels.resuming import kept_view

        return Session(
            problem=self._command_name if problem is None else problem,
            position=self._begin_at or self._timeline.position,
            stops=tuple(SavedStop(str(stop), stop.enabled) for stop in self.stops),
            bookmarks=self.bookmarks.list(),
            view=kept_view(self._stage.choice, self.mode, self.precision),
        )

    def resume(self, session: Session) -> None:
        """Bring back a session of this problem.

        Raises:
            SessionError: it names what this problem lacks; one sentence.
        """
        from convstep.view.panels.resuming import resumed

        found = resumed(session, self._problem.geometry, self._problem.b is not None)
        for stop in found.stops:
            self.stops.add(stop)
        self.bookmarks = Bookmarks(session.bookmarks)
        self._stage.choice = found.choice
        if found.mode:
            self.set_reactive(DebuggerScreen.mode, found.mode)
        self.set_reactive(DebuggerScreen.precision, found.precision)
        self._begin_at = session.position
