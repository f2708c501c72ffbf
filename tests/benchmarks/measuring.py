"""Two sides, run in turns, and the ratio of their medians."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median as median

Side = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    """What is divided by what."""
    most: float
    """The ratio may be this at the most."""
    ours: float
    """Median of our side."""
    theirs: float
    """Median of what it is held against."""
    unit: str = "s"
    """Of both: "s" or "B"."""

    @property
    def ratio(self) -> float:
        """Ours divided by theirs."""
        return self.ours / self.theirs

    @property
    def ok(self) -> bool:
        """Whether the bar is met."""
        return self.ratio <= self.most


def seconds(side: Side) -> float:
    """How long this thread computes for one run; other programs on the machine do not count."""
    started = time.thread_time()
    side()
    return time.thread_time() - started


def in_turns(ours: Side, theirs: Side, repeats: int, warm_up: int = 1) -> tuple[float, float]:
    """Medians of two sides that take turns, so that a busy minute slows both.

    Args:
        ours: one run of our side.
        theirs: one run of the other.
        repeats: runs of each that count.
        warm_up: runs of each before, which do not.
    """
    taken: tuple[list[float], list[float]] = [], []
    for turn in range(warm_up + repeats):
        for which in (0, 1):
            gc.collect()
            spent = seconds((ours, theirs)[which])
            if turn >= warm_up:
                taken[which].append(spent)
    return median(taken[0]), median(taken[1])
