"""An app that can be ended from outside, or by a crash, and of which all is saved that can be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import constants
from textual.app import App
from textual.worker import WorkerFailed

from convstep.served import in_browser

if TYPE_CHECKING:
    from textual.driver import Driver


@runtime_checkable
class Debugging(Protocol):
    """A screen that can be come back to."""

    def save_in(self, folder: Path) -> list[str]:
        """Save what the commands that lead back here need, and return those."""


@runtime_checkable
class Asking(Protocol):
    """A screen in which something can be typed."""

    def unsent(self) -> list[str]:
        """What was typed and not sent yet, a line each with what was asked."""


class EndingApp(App[None]):
    """An app that leaves when it is told to, and of which more is left after a crash than a traceback."""

    rescue: Callable[[BaseException | None], None] | None = None
    """Saves what the app holds; there is one while `run` runs it."""
    error: BaseException | None = None
    """What crashed it."""
    terminal_gone = False
    """Whether nothing can be read from the terminal, or shown on it, any more."""
    left_for = 0
    """The signal for which it leaves; 0 if a person has left."""

    def get_driver_class(self) -> type[Driver]:
        """A driver that survives whatever the terminal, or a browser, sends."""
        if sys.platform != "win32" and in_browser():
            from convstep.ui.browser import BrowserDriver

            return BrowserDriver
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from convstep.ui.terminal import SteadyDriver

        return SteadyDriver

    @property
    def leaving(self) -> bool:
        """Whether the person has left."""
        return self._exit

    def open_debugger(self) -> Debugging | None:
        """The debugger that the person looks at, if there is one."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Debugging)), None)

    def commands_back(self) -> list[str]:
        """Commands that lead back here, apart from opening the session; what they need is saved."""
        return []

    def unsent(self) -> list[str]:
        """What was typed in any screen and not sent yet."""
        return [
            line for screen in self.screen_stack if isinstance(screen, Asking) for line in screen.unsent()
        ]

    def close_children(self) -> None:
        """End every process that was started for the app; calling it again does nothing."""

    def on_unmount(self) -> None:
        """Leave no process behind."""
        self.close_children()

    def leave_for(self, number: int) -> None:
        """Save what there is, and leave because of a signal."""
        if not self.left_for:
            self.left_for = number
            if self.rescue is not None:
                self.rescue(None)
            self.exit(return_code=128 + number)

    def _handle_exception(self, error: Exception) -> None:
        """Leave because of a crash. Textual would also draw a traceback, with the values of all variables."""
        self._return_code = 1
        if self._exception is None:
            self.error = error.error if isinstance(error, WorkerFailed) else error
            if self.rescue is not None:
                self.rescue(self.error)
            self._exception = error  # a test's pilot raises it
            self._exception_event.set()
        self._close_messages_no_wait()
