"""The debugger: movement and panels, and what a person may ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from convstep.replay.places import place_argument
from convstep.ui.commands import bindings
from convstep.ui.screens.movement import MovingScreen

if TYPE_CHECKING:
    from convstep.conv.problem import Problem


class DebuggerScreen(MovingScreen):
    """Asks the oracles, explains itself, and hands out commands that lead back here."""

    BINDINGS: ClassVar[list[Binding]] = bindings()  # type: ignore[assignment]

    def __init__(
        self, problem: Problem, name: str, command_name: str, *, compare_at_end: bool = True
    ) -> None:
        """Debug a problem.

        Args:
            problem: what to step through.
            name: what to call it on the screen.
            command_name: what to call it on the command line.
            compare_at_end: whether the comparison opens by itself at the last step.
        """
        super().__init__(problem, name)
        self._command_name, self._compare_at_end = command_name, compare_at_end

    def reached_end(self) -> None:
        """Open the comparison."""
        if self._compare_at_end:
            self.action_compare()

    def action_compare(self) -> None:
        """Open the comparison at this position."""
        from convstep.ui.screens.comparison import ComparisonScreen

        self.app.push_screen(ComparisonScreen(self._timeline, self.app.torch))

    def action_copy(self) -> None:
        """Copy the command that reproduces this view."""
        place = place_argument(self._timeline.position, self._problem.geometry)
        command = f"convstep open {self._command_name} --goto {place}"
        self.app.copy_to_clipboard(command)
        self.notify(command, title="copied", timeout=4, markup=False)

    def action_help(self) -> None:
        """Explain keys and marks."""
        from convstep.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())
