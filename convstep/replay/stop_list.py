"""The list of stops that a person has set."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from convstep.brief import lines, quoted
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


class Stops:
    """Stops in the order they were set; each has a number that is not used again.

    >>> from convstep.replay.stop_kinds import Breakpoint
    >>> stops = Stops()
    >>> stops.toggle(Breakpoint(i_c=1)).id, stops.toggle(Breakpoint(i_c=1)), len(stops)
    (1, None, 0)
    """

    def __init__(self) -> None:
        self._stops: dict[int, Stop] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[Stop]:
        """All stops, enabled or not, in the order they were set."""
        return iter(tuple(self._stops.values()))

    def __len__(self) -> int:
        return len(self._stops)

    def __repr__(self) -> str:
        return lines("Stops", (f"{stop.id}: {quoted(str(stop))}" for stop in self))

    def list(self) -> tuple[Stop, ...]:
        """All stops, enabled or not, in the order they were set."""
        return tuple(self._stops.values())

    def get(self, id: int) -> Stop:
        """One stop. Raises ValueError: there is none with that number."""
        if id not in self._stops:
            raise ValueError(
                f"there is no stop {id}; the stops are {', '.join(map(str, self._stops))}"
                if self._stops
                else f"there is no stop {id}; none is set"
            )
        return self._stops[id]

    def add(self, stop: Stop) -> Stop:
        """Set a stop; it, or the equal one that there is, hits included, with the number given here."""
        for other in self:
            if other == stop:
                self._stops[other.id] = other.changed(enabled=stop.enabled)
                return self._stops[other.id]
        self._last_id += 1
        self._stops[self._last_id] = stop.changed(id=self._last_id)
        return self._stops[self._last_id]

    def toggle(self, stop: Stop) -> Stop | None:
        """Set a stop, returned, or remove those, None, that wait for the same thing whatever their hits."""
        same = [other.id for other in self if other.like(stop)]
        for id in same:
            self.remove(id)
        return None if same else self.add(stop)

    def remove(self, id: int) -> Stop:
        """Forget a stop. Raises ValueError: there is none with that number."""
        stop = self.get(id)
        del self._stops[id]
        return stop

    def enable(self, id: int, enabled: bool = True) -> Stop:
        """Switch a stop on. Raises ValueError: there is none with that number."""
        self._stops[id] = self.get(id).changed(enabled=enabled)
        return self._stops[id]

    def disable(self, id: int) -> Stop:
        """Switch a stop off; it stays listed. Raises ValueError: there is none with that number."""
        return self.enable(id, enabled=False)

    def clear(self) -> None:
        """Forget all stops."""
        self._stops.clear()
