"""The applications for what a running script holds: captured layers, or one problem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import Screen

from convstep.ui.app import DebuggerApp
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.layers_screen import LayersScreen
from convstep.ui.modes.mode import Mode
from convstep.ui.modes.script import ScriptMode
from convstep.ui.torch_app import TorchApp

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.oracle.captured import CapturedLayer, Skipped
    from convstep.oracle.service import TorchService


class LayersApp(TorchApp):
    """Opens the layer picker, and from there the debugger."""

    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("app.tcss")
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("ctrl+q", "leave", show=False, priority=True),
    ]

    def __init__(
        self,
        layers: Sequence[CapturedLayer],
        sample: int | None = None,
        *,
        skipped: Sequence[Skipped] = (),
        file: str = "",
        torch: TorchService | None = None,
        live: bool = True,
    ) -> None:
        """Prepare the picker; for the rest see `LayersScreen`.

        `live`: a person sits in front of it: torch is loaded beforehand, and the comparison comes after the
        last step.
        """
        super().__init__(torch, live)
        self.picker = LayersScreen(layers, sample, skipped=skipped, file=file, compare_at_end=live)
        """The screen below all others."""

    def get_default_screen(self) -> Screen[None]:
        """The picker."""
        return self.picker

    async def action_quit(self) -> None:
        """From a layer back to the picker, from the picker out."""
        if isinstance(self.screen, DebuggerScreen):
            if self.screen.lets_go():
                self.screen.dismiss()
        else:
            self.exit()

    def action_leave(self) -> None:
        """Out, wherever one is."""
        shown = self.open_debugger()
        if not isinstance(shown, DebuggerScreen) or shown.lets_go():
            self.exit()


class ScriptApp(DebuggerApp):
    """Opens the debugger on a problem that is in no file."""

    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("app.tcss")

    def make_mode(self, problem: Problem, name: str, command_name: str, live: bool) -> Mode:
        """The problem, which is saved when that is needed."""
        return ScriptMode(problem, name, compare_at_end=live)
