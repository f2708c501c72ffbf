"""How the process ends when a signal asks it to: as after Ctrl+C, with nothing left behind.

Loads nothing but `signal`: the command line turns this on before there is anything to clean up.
"""

from __future__ import annotations

import signal

TYPE_CHECKING = False  # typing costs as much time as starting Python
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self

ASKING = tuple(number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)))
"""The signals that ask a process to end; SIGHUP says that the terminal is gone."""


class Asked(BaseException):
    """The process was asked to end. No Exception: whatever is under way cleans up and lets go."""


class EndsWhenAsked:
    """Within it, a signal that asks to end is raised wherever the main thread is.

    What cleaning up raises on a terminal that is gone does not count any more. A signal that is
    ignored stays ignored: that is how nohup works.
    """

    def __init__(self) -> None:
        self.number = 0
        """The signal that came; 0 if none did."""
        self._before: dict[int, Any] = {}
        self._over = False

    @property
    def code(self) -> int:
        """What the process exits with after such a signal."""
        return 128 + self.number

    def __enter__(self) -> Self:
        """Take the signals; outside of the main thread they cannot be taken, nor do they come."""
        for number in ASKING:
            before = signal.getsignal(number)
            if before is signal.SIG_DFL:
                try:
                    signal.signal(number, self._ask)
                except ValueError:  # not the main thread
                    return self
                self._before[number] = before
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Give them back; after a signal, nothing that was raised matters."""
        self._over = True
        for number, before in self._before.items():
            signal.signal(number, before)
        return bool(self.number)

    def _ask(self, number: int, frame: object) -> None:
        self.number = self.number or number
        if not self._over:
            raise Asked(number)  # each time: Python may have dropped the one before, in a finalizer
