"""The application: one debugger screen on a problem."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.screen import Screen

from convstep.language import tr
from convstep.served import in_browser
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.debugger.state import State
from convstep.ui.modes.mode import Mode
from convstep.ui.running import run
from convstep.ui.torch_app import TorchApp
from convstep.ui.type_ahead import Act
from convstep.view.panels.stage import Stage

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.oracle.service import TorchService
    from convstep.replay.session import Session


class SteppingApp(TorchApp):
    """Opens the debugger on what a mode is about."""

    BINDINGS: ClassVar[list[object]] = []  # type: ignore[assignment]

    def __init__(
        self, mode: Mode, *, position: int = 0, torch: TorchService | None = None, live: bool = True
    ) -> None:
        """Prepare the debugger, to begin at a position.

        The oracle's process is made if it is left out. `live`: a person sits in front of it, so that torch is
        loaded beforehand if it can be asked.
        """
        super().__init__(torch, live and mode.state.stage.compares)
        self.debugger = DebuggerScreen(mode)
        """The screen below all others."""
        if position:
            self.debugger.state.begin_at = position

    def get_default_screen(self) -> Screen[None]:
        """The debugger."""
        return self.debugger

    async def action_quit(self) -> None:
        """Leave; who would lose edited numbers is told so first."""
        if self.open_debugger().lets_go():
            self.exit()

    def open_debugger(self) -> DebuggerScreen:
        """The debugger that the person looks at; there is one before the first frame and after the last."""
        shown = super().open_debugger() if self.is_running else None
        return shown if isinstance(shown, DebuggerScreen) else self.debugger


class DebuggerApp(SteppingApp):
    """Opens the debugger on one problem."""

    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("app.tcss")

    def __init__(
        self,
        problem: Problem,
        name: str,
        *,
        command_name: str | None = None,
        position: int = 0,
        torch: TorchService | None = None,
        live: bool = True,
        forward: bool = False,
    ) -> None:
        """Prepare the debugger of a problem, called so on the screen and, if otherwise, on the command line.

        `live`: a person sits in front of it: torch is loaded beforehand, and going on at the last step opens
        the comparison. `forward`: begin with the forward pass.
        """
        self.offers, self._offered = False, False
        """Whether somebody to whom this is new is told where else to begin; whether that is said now."""
        mode = self.make_mode(problem, name, command_name or name, live)
        super().__init__(mode.other_way() if forward else mode, position=position, torch=torch, live=live)

    def make_mode(self, problem: Problem, name: str, command_name: str, live: bool) -> Mode:
        """What the debugger is about."""
        return Mode(State(Stage.on(problem), name, command_name), compare_at_end=live)

    def on_ready(self) -> None:
        """Say to whom this is new where else to begin."""
        # no super(): Textual calls every class's handler by itself
        chosen = self._chosen_theme
        if not self.offers or chosen is None or not chosen.begins():
            return
        self._offered = True
        said = tr("new here? `convstep learn` · `convstep check FILE.py` · ? explains the keys")
        self.call_after_refresh(
            lambda: self.call_after_refresh(self._say_offer, said)
        )  # after a session's move

    def _say_offer(self, said: str) -> None:
        if self._offered:
            self.debugger.say(said)

    def heed(self, act: Act) -> None:
        """The first key takes the offer away."""
        super().heed(act)
        if self._offered and isinstance(act, events.Key):
            self._offered = False
            self.debugger.show_status()


FILES = (".npz", ".pt", ".pth", ".safetensors")
"""Endings of a problem's file that the screen leaves out."""


def problem_title(name: str) -> str:
    """What to call a problem on the screen: a bundled name, or a file's name without its suffix."""
    return Path(name).stem if Path(name).suffix in FILES else name


def run_debugger(problem: Problem, session: Session) -> None:
    """Open the debugger in this terminal and return when the person leaves it.

    The session has its name on the command line, where to begin, stops and view. A ValueError says in one
    sentence that it does not fit the problem, a `ScreenError` that a mistake ended the screen.
    """
    # in a browser, where a file lies is nobody's business
    name = os.path.basename(session.problem) if in_browser() else session.problem
    app = DebuggerApp(problem, problem_title(session.problem), command_name=name, forward=session.forward)
    app.debugger.asking.resume(session)
    app.offers = True
    run(app)
