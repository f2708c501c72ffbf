"""Limits: when a recording is stopped, and how much of them is left."""

from __future__ import annotations

from collections.abc import Callable, Sized

from convstep.frozen import frozen
from convstep.language import tr

ENTRY = 160
"""Bytes that an entry of the log takes, about."""
EVERY = 256
"""Turns between two looks at the clock."""


@frozen()
class Limits:
    """When a recording is stopped; what was recorded until then stays."""

    turns: int = 1_000_000
    """Turns of loops, and calls."""
    bytes: int = 1 << 30
    """Memory of the log, about."""
    seconds: float = 120.0


class Enough(BaseException):  # nobody's `except Exception` is to catch it
    """The recording has reached a limit; the message is one sentence."""


class Allowance:
    """What a running function may still do; at a limit, `Enough` is raised in it."""

    def __init__(self, limits: Limits, order: Sized, clock: Callable[[], float]) -> None:
        """Nothing is used up; `order` has an item for every entry of the log, `clock` counts seconds."""
        self.limits, self._order = limits, order
        self.size = [0]
        """Bytes of cells that were written, and of memory that was met; a list, since hooks add to it."""
        self.stopped: Enough | None = None
        """Why the recording has ended; raised again at every turn, should somebody have caught it."""
        self.left: list[None] = []
        """An item for every turn that needs no look at the limits; hooks take them."""
        self._turns, self._clock, self._begun = 0, clock, clock()
        self._grant()

    def turn(self) -> None:
        """A turn of a loop for which none is left: look at the limits, and let some go without."""
        self.check()
        self._grant()
        self.left.pop()

    def take(self, turns: int) -> int:
        """Let so many turns go without a look at the limits, or as many as there are left; how many."""
        if turns > len(self.left):
            self.check()
            self._grant()
            turns = min(turns, len(self.left))
        del self.left[len(self.left) - turns :]
        return turns

    def _grant(self) -> None:
        more = min(EVERY, self.limits.turns - self._turns)
        self.left.extend([None] * more)
        self._turns += more

    def check(self) -> None:
        """Raise Enough where a limit is reached."""
        if self.stopped is not None:
            raise self.stopped
        limits, taken = self.limits, self.size[0] + ENTRY * len(self._order)
        if self._turns >= limits.turns and not self.left:
            self.stopped = Enough(tr("it was stopped after {count} turns of its loops", count=limits.turns))
        elif taken > limits.bytes:
            self.stopped = Enough(tr("it was stopped after {count} MB of changes", count=limits.bytes >> 20))
        elif self._clock() - self._begun > limits.seconds:
            self.stopped = Enough(tr("it was stopped after {count:g} seconds", count=limits.seconds))
        if self.stopped is not None:
            raise self.stopped
