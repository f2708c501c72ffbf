"""Watching step by step: what `search` finds ahead, for somebody who executes every step anyway."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from convstep.conv.geometry import Geometry
from convstep.conv.step import Step
from convstep.replay.stop_kinds import Breakpoint, ConditionStop, Stop, Watchpoint


class Watch:
    """One run made of single steps; counts the hits of every stop from its beginning.

    >>> from convstep.examples import catalog
    >>> from convstep.conv.timeline import Timeline
    >>> timeline, watch = Timeline(catalog.load("digit")), Watch()
    >>> stops = [Breakpoint(i_c=1, hits=2)]
    >>> next(timeline.position for _ in range(256) if watch.hit(timeline.next(), stops))
    6
    """

    def __init__(self) -> None:
        self._met: Counter[int] = Counter()

    def hit(self, step: Step, stops: Iterable[Stop]) -> Stop | None:
        """The stop that ends the run after a step, the first of several; None to go on.

        Args:
            step: just executed.
            stops: as listed, so that each has a number of its own; disabled ones are passed over.
        """
        ending = None
        for stop in stops:
            if stop.enabled and is_hit(stop, step):
                self._met[stop.id] += 1
                if self._met[stop.id] >= stop.hits and ending is None:
                    ending = stop
        return ending


def is_hit(stop: Stop, step: Step) -> bool:
    """Whether a stop waits at a step that was just executed; its count of hits is not asked."""
    if isinstance(stop, ConditionStop):
        return stop.condition.matches(step)
    if isinstance(stop, (Breakpoint, Watchpoint)):
        return _waits(stop, int(step.index), step.run.geometry)
    raise TypeError(f"{type(stop).__name__} is not a kind of stop that can be judged")


def _waits(stop: Breakpoint | Watchpoint, index: int, geometry: Geometry) -> bool:
    steps = stop.steps(geometry)
    at = bisect_left(steps, index)
    return at < len(steps) and steps[at] == index
