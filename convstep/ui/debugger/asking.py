"""Asking: the oracles compare, cells are explained, and ways back to this view handed out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.files import written_whole
from convstep.language import tr
from convstep.replay.edits import Edits
from convstep.replay.visited import Bookmarks
from convstep.served import in_browser
from convstep.ui.debugger.host import Handler, Handlers, Host, Job
from convstep.ui.temporary_files import command_for, file_to_write, in_new_folder, stem_of

if TYPE_CHECKING:
    from convstep.oracle.service import TorchService
    from convstep.replay.session import Session
    from convstep.snippet import Snippet
    from convstep.ui.dialogs.comparison import ComparisonScreen
    from convstep.ui.modes.mode import Mode
    from convstep.view.scene.staged import Listing


class Asking:
    """What a person may ask of a debugger."""

    def __init__(
        self, host: Host, mode: Mode, torch: Callable[[], TorchService], copy: Callable[[str], None]
    ) -> None:
        """Answer for a host; the mode says what else is compared, and which command leads here.

        `copy` puts a text on the clipboard.
        """
        self._host, self._state, self._mode = host, host.state, mode
        self._torch, self._copy = torch, copy
        self._comparison: ComparisonScreen | None = None
        self._case_copied, self._folder = ((-1, Edits()), False), ""
        """Where a case was copied last, and whether as a test; the folder with what was copied."""

    @property
    def comparing(self) -> bool:
        """Whether the comparison is open."""
        return self._comparison is not None

    def handlers(self) -> Handlers:
        """Comparison, explanation, ways back."""
        return {
            "compare": Handler(self.compare),
            "provenance": Handler(self._explain_pointed),
            "copy": Handler(self._copy_command),
            "copy-case": Handler(self._copy_case),
            "save": Handler(self._save),
        }

    def compare(self) -> None:
        """Open the comparison at this position; where there is none, say what is known in another way."""
        compared = self._state.stage.compared()
        if compared is None:
            self._check()
            return
        from convstep.ui.dialogs.comparison import ComparisonScreen

        def closed(_: None) -> None:
            self._comparison = None
            self._host.show_status()

        compared_with = self._mode.compared_with()
        self._comparison = ComparisonScreen(compared, self._torch(), candidate=compared_with)
        self._host.show_status()
        self._host.open(self._comparison, closed)

    def _check(self) -> None:
        check = self._state.stage.checking()
        if check is not None:

            def work(job: Job) -> None:
                job.tell(self._host.say, check())

            self._host.begin("check", work)

    def shown(self) -> None:
        """What a candidate does where one stands is news for an open comparison as well."""
        if self._comparison is not None and self._comparison.is_mounted:  # else it asks by itself
            self._comparison.show_candidate()

    def explain(self, found: Listing) -> None:
        """List the steps that make a cell."""
        from convstep.ui.dialogs.table import TableScreen

        def answered(at: int | None) -> None:
            if at is not None:
                self._host.travel.to(found.step(at) + 1)

        keys = tr("↑ ↓ choose · Enter goes there · Esc closes")
        chosen, whose = max(found.done - 1, 0), self._mode.whose_steps()
        self._host.open(TableScreen(found, opened_with="i", keys=keys, chosen=chosen, beside=whose), answered)

    def session(self, problem: str | None = None) -> Session:
        """All that brings a person back to this view, the problem called as on the command line by default.

        A `SessionError` if there is more of it than a session holds, or a name that no file can have.
        """
        from convstep.replay.session import SavedStop, Session, View

        state = self._state
        return Session(
            problem=self._mode.name_for_session() if problem is None else problem,
            position=state.begin_at or state.position,
            stops=tuple(SavedStop(str(stop), stop.enabled) for stop in state.stops),
            bookmarks=state.bookmarks.list(),
            forward=state.stage.forward,
            view=View(state.stage.kept_faces(), state.values, state.precision, state.card),
            function=self._mode.function,
        )

    def save_in(self, folder: Path) -> list[str]:
        """Save the session, and the problem if it has no name yet; the commands that lead back here."""
        from convstep.replay.session import save

        problem, path = self._name_anywhere(folder), folder / "session.json"
        save(self.session(problem), path)
        return [*self._mode.commands_back(problem), command_for(str(path))]

    def resume(self, session: Session) -> None:
        """Bring back a session of this problem; a `SessionError` names what this problem lacks."""
        from convstep.replay.session import Session

        if session == Session(session.problem, forward=session.forward):
            return  # a new one, in which nothing was set up yet
        state = self._state
        found = state.stage.resumed(session)
        for stop in found.stops:
            state.stops.add(stop)
        state.bookmarks = Bookmarks(session.bookmarks)
        state.choice = found.choice
        state.values, state.precision = found.mode or state.values, found.precision
        state.card = found.card
        state.begin_at = session.position

    def _name_anywhere(self, folder: Path) -> str:
        """What the command line calls the problem from any folder; it is saved if that is nothing yet."""
        from convstep.examples import names
        from convstep.replay.session import Session, SessionError

        called = self._mode.source_name
        if called in names():
            return called
        path = os.path.abspath(called)
        if called and os.path.isfile(path):
            with contextlib.suppress(SessionError):  # a name that is no line of text
                return Session(path).problem
        saved = str(folder / "problem.npz")
        self._state.stage.save(saved)
        return saved

    def _explain_pointed(self) -> None:
        place = self._host.pointed_cell()
        found = None if place is None else self._state.stage.made_by(*place)
        if found is None:
            names = ", ".join(self._state.stage.made)
            self._host.say(tr("choose a cell of {names}: Tab to its panel, then the arrow keys", names=names))
        else:
            self.explain(found)

    def _copy_command(self) -> None:
        """Copy the command that reproduces this view."""
        from convstep.replay.session import permalink

        if self._state.unsaved:
            self._host.say(tr("no command opens these numbers: they are edited. Save them with w, then copy"))
            return
        try:
            command = self._mode.command_here() or permalink(self.session(), self._state.timeline.layout)
        except ValueError as error:  # more stops than a session holds
            self._host.say(str(error))
            return
        self._copy(command)
        self._host.say(tr("copied: {command}", command=command))

    def _copy_case(self) -> None:
        """Copy what is looked at as code: of NumPy, and when it is asked for again as a test."""
        place = self._state.position, self._state.edits
        as_test = self._case_copied == (place, False)
        # the text of a call does not have edited numbers: the arguments do
        function = "" if self._state.edits.numbers else self._mode.function

        def work(job: Job) -> None:
            try:
                copied = self._written(self._state.stage.case(self._state.name, function), as_test)
            except OSError as error:
                copied = "", tr("the code cannot be written: {reason}", reason=error.strerror or error)
            except ValueError as error:
                copied = "", str(error)
            job.tell(take, *copied)

        def take(code: str, said: str) -> None:
            if code:
                self._case_copied = place, as_test
                self._copy(code)
            self._host.say(said)

        self._host.begin("case", work)

    def _written(self, case: Snippet, as_test: bool) -> tuple[str, str]:
        """The code of a case, and what is said of it; it is in a file too: not every terminal copies.

        A `SnippetError` or an OSError if it cannot be written.
        """
        if in_browser():
            if case.large:
                return "", tr("this case needs a file for its arrays, and nothing is saved from a browser")
            said = (
                "copied: a pytest function" if as_test else "copied: NumPy code; Y again: a pytest function"
            )
            return case.text(as_test=as_test), tr(said)
        self._folder = self._folder or os.path.dirname(in_new_folder("case"))
        beside = os.path.join(self._folder, "case.npz")
        if case.large:
            case.save(beside)
        code = case.text(as_test=as_test, beside=beside)
        path = os.path.join(self._folder, "test_case.py" if as_test else "case.py")
        with written_whole(path) as file:
            file.write(code.encode(errors="backslashreplace"))
        said = "a pytest function, copied and in {path}"
        if not as_test:
            said = "NumPy code, copied and in {path}; Y again: pytest"  # whole at 80 columns
        return code, tr(said, path=path)

    def _save(self) -> None:
        """Ask for a file and save the session in it; not in a browser."""
        from convstep.replay.session import ENDING, save
        from convstep.ui.dialogs.prompt import PromptScreen

        why_not = self._mode.why_not_saved()
        if not why_not and in_browser():
            why_not = tr("nothing is saved from a browser: the file would be on the machine that serves this")
        if why_not:
            self._host.say(why_not)
            return

        def parse(text: str) -> Path:
            path = file_to_write(text)
            # by its ending `convstep open` knows a session
            return path if path.name.endswith(ENDING) else file_to_write(f"{text.strip()}{ENDING}")

        def take(path: Path) -> None:
            try:
                save(self.session(self._mode.save_beside(path)), path)
            except OSError as error:  # a problem that is in no file is saved as well
                reason = error.strerror or error
                raise ValueError(tr("the problem cannot be saved: {reason}", reason=reason)) from error

        def meaning(path: Path) -> str:
            return tr("Replaces {path}." if path.exists() else "Creates {path}.", path=path)

        def answered(path: Path | None) -> None:
            if path is not None:
                import shlex

                command = f"convstep open {shlex.quote(str(path))}"
                self._host.say(tr("saved: {command}", command=command))

        name = f"{stem_of(self._state.name)}.session.json"
        hint = tr("A file: position, stops, bookmarks and view, as JSON.")
        prompt = PromptScreen(tr("Save the session to"), name, hint, parse, meaning, text=name, take=take)
        self._host.open(prompt, answered)
