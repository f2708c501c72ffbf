"""Runs in the child: copies of a running test, one for each mistake, made where the mistake first shows.

Until then a test with the mistake runs as it does without, so that what it has done is not done again:
of a test that compares with numeric gradients, that is nearly all.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any

PASSED, FAILED, NONE, BROKEN = 0, 1, 5, 2
"""How a run ends, as pytest says it: all tests pass, one fails, there is none, it does not come to that."""
OUT_OF_TIME = 9
_TOLD = 77
"""The exit code of a copy that has said how it ended."""
_TICK = 0.01


@dataclass(slots=True)
class Copies:
    """The copies of this process."""

    pipe: int
    """Where each says how it ended, a line of JSON."""
    most: int
    """How many run at a time."""
    seconds: float
    """How long each may take."""
    _running: dict[int, tuple[int, float]] = field(default_factory=dict)

    def make(self, number: int) -> bool:
        """Go on twice, once there is room, for a mistake's number; whether this is the copy."""
        while len(self._running) >= self.most:
            self._look()
        pid = os.fork()
        if not pid:
            self._running = {}
            with contextlib.suppress(PermissionError):
                os.setsid()
            return True
        self._running[pid] = number, time.monotonic() + self.seconds
        return False

    def wait(self) -> None:
        """Wait until all have ended."""
        while self._running:
            self._look()

    def tell(self, number: int, said: dict[str, Any]) -> None:
        """Say how one ended: a line of a few hundred letters, so that the system keeps it whole."""
        os.write(self.pipe, json.dumps({**said, "suspect": number}).encode() + b"\n")

    def end(self, number: int, said: dict[str, Any]) -> None:
        """In a copy: say how it ended, and end it."""
        self.tell(number, said)
        os._exit(_TOLD)

    def _look(self) -> None:
        """See who has ended, and end whoever takes too long."""
        for pid, (number, until) in list(self._running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            late = not ended and time.monotonic() > until
            if not ended and not late:
                continue
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # with all that it has started
            if late:
                os.waitpid(pid, 0)
            del self._running[pid]
            if late or os.waitstatus_to_exitcode(status) != _TOLD:
                self.tell(number, {"code": OUT_OF_TIME if late else BROKEN})
        time.sleep(_TICK)
