"""The debugger on a problem of a running script: it is in no file until somebody asks for a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.ui.screens.debugger import DebuggerScreen
from convstep.ui.temporary_files import save
from convstep.view.scene.scene import Choice

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.replay.session import Session
    from convstep.view.panels.nonfinite import Spot


class ScriptScreen(DebuggerScreen):
    """Saves the problem when the command or the session that leads back here is asked for."""

    def __init__(
        self,
        problem: Problem,
        name: str,
        command_name: str = "",
        *,
        compare_at_end: bool = True,
        first: Spot | None = None,
    ) -> None:
        """Debug a problem.

        Args:
            problem: what to step through.
            name: what to call it on the screen.
            command_name: what to call it on the command line; "" if it is in no file.
            compare_at_end: whether going on at the last step opens the comparison.
            first: where the first NaN or inf stands, to begin there.
        """
        super().__init__(problem, name, command_name, compare_at_end=compare_at_end)
        self._first = first

    def on_mount(self) -> None:
        """Begin where the first NaN or inf is."""
        # no super(): Textual calls every class's handler by itself
        if self._first is not None:
            self.call_after_refresh(self.travel_to_nonfinite, self._first)

    def session(self, problem: str | None = None) -> Session:
        """All that brings a person back, with the problem in a file.

        Raises:
            SessionError: the problem cannot be saved, or there is more of it than a session holds.
        """
        from convstep.replay.session import SessionError

        if problem is None and not self._command_name:
            try:
                self._command_name = save(self.problem_name, self._problem)
            except OSError as error:
                said = tr("the problem cannot be saved: {reason}", reason=error.strerror or error)
                raise SessionError(said) from error
        return super().session(problem)

    def action_follow(self) -> None:
        """Where Escape has nothing else to do, it leads back to the layers."""
        nothing_else = not self._maximised and self._stage.choice == Choice()
        under_way = any(worker.group == "travel" and worker.is_running for worker in self.workers)
        if nothing_else and not under_way and self.app.screen_stack[0] is not self:
            self.dismiss()
        else:
            super().action_follow()
