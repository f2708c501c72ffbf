"""Watching step by step: what `search` finds ahead, for somebody who executes every step anyway."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from convstep.steps.stepped import Matching, Stepped

if TYPE_CHECKING:
    from convstep.replay.stop_kinds import Stop


class Watch:
    """One run made of single steps; counts the hits of every stop from its beginning.

    >>> from convstep.examples import catalog
    >>> from convstep.conv.timeline import Timeline
    >>> from convstep.replay.stops import Breakpoint
    >>> timeline, watch = Timeline(catalog.load("digit")), Watch()
    >>> stops = [Breakpoint(i_c=1, hits=2)]
    >>> next(timeline.position for _ in range(256) if timeline.next() and watch.hit(timeline, stops))
    6
    """

    def __init__(self) -> None:
        self._met: Counter[int] = Counter()

    def hit(self, run: Stepped, stops: Iterable[Stop]) -> Stop | None:
        """The first of the listed stops, if enabled, that ends a run just after a step; None to go on."""
        ending = None
        for stop in stops:
            if stop.enabled and is_hit(stop, run):
                self._met[stop.id] += 1
                if self._met[stop.id] >= stop.hits and ending is None:
                    ending = stop
        return ending


def is_hit(stop: Stop, run: Stepped) -> bool:
    """Whether a stop waits at the step that a run has just executed; its count of hits is not asked."""
    from convstep.replay.stop_kinds import ConditionStop

    steps, step = stop.steps(run.layout), run.position - 1
    if isinstance(stop, ConditionStop) and isinstance(run, Matching) and not run.layout.counted:
        return any(len(piece.steps) for piece in run.matching(stop.condition, step, step + 1, False))
    if steps is None:
        return stop.hit_by(run.event, run.layout)
    at = bisect_left(steps, step)
    return at < len(steps) and steps[at] == step
