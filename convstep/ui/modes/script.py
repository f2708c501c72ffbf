"""The mode of a problem of a running script: it is in no file until somebody asks for a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.ui.debugger.host import Handler, Handlers
from convstep.ui.debugger.state import State
from convstep.ui.modes.mode import Mode
from convstep.ui.temporary_files import save
from convstep.view.panels.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from convstep.conv.problem import Problem
    from convstep.view.scene.staged import Spot


class ScriptMode(Mode):
    """Saves the problem when the command or the session that leads back here is asked for."""

    def __init__(
        self,
        problem: Problem,
        name: str,
        command_name: str = "",
        *,
        compare_at_end: bool = True,
        first: Spot | None = None,
        back: Callable[[], object] | None = None,
    ) -> None:
        """Debug a problem, which is called so on the screen and on the command line, if it is in a file.

        `compare_at_end`: going on at the last step opens the comparison. It begins at the spot `first` of a
        NaN or inf; `back` leads to the list from which the problem was opened, if there is one.
        """
        super().__init__(State(Stage.on(problem), name, command_name), compare_at_end=compare_at_end)
        self.state.first_nonfinite, self._back, self._problem = first, back, problem

    def handlers(self) -> Handlers:
        """Where Escape has nothing else to do, it leads back to the layers."""
        found = super().handlers()
        if self._back is not None and not self.state.stage.forward:  # that lies over the layer's screen
            found["to-layers"] = Handler(self._leave, lambda: self.state.stage.follows)
        return found

    def _leave(self) -> None:
        if self._back is not None and self.host.lets_go():
            self._back()

    def name_for_session(self) -> str:
        """A file's name, which is written if there is none yet; a `SessionError` if it cannot be."""
        from convstep.replay.session import SessionError

        state = self.state
        if state.edits.numbers:
            return state.called
        if not state.command_name:
            try:
                state.command_name = save(state.name, self._problem)
            except OSError as error:
                said = tr("the problem cannot be saved: {reason}", reason=error.strerror or error)
                raise SessionError(said) from error
        return state.command_name
