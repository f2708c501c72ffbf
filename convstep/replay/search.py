"""The next stop, forwards or backwards, without stepping where arithmetic can answer.

Every stop is hunted by itself, and all hunts are kept level: the one that has come least far goes
on, so that none searches beyond what another has found already.

- breakpoints and watchpoints: index arithmetic, at once;
- conditions on what a step reads: evaluated on whole pieces of the arrays;
- conditions on running gradients: a walk from the current position, or backwards one stretch
  after the other, each walked from its beginning.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from convstep.brief import brief
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.replay.boxes import Box, loop_counts
from convstep.replay.conditions import Condition
from convstep.replay.step_values import IntArray, StepValues
from convstep.replay.stop_kinds import Breakpoint, ConditionStop, Stop, Watchpoint
from convstep.replay.walk import Walk

EVERY = 0.015
"""Seconds of work between two reports."""
CELLS = 1 << 18
"""Values that one piece of a scan may have; the first pieces are smaller."""
STRETCH = 2048
"""Steps of the first stretch of a walk backwards; each is twice as long as the one before."""
LONGEST_STRETCH = 1 << 17
"""The most steps in a stretch."""


class Progress(NamedTuple):
    """How far a search has come."""

    position: int
    """Everything between the start and here has been looked at."""
    share: float
    """The same as a share of all there is to search, 0 … 1."""


class Found(NamedTuple):
    """Where a run ends, and why."""

    position: int
    """Just after the step that hits."""
    stop: Stop
    """The stop that is hit; of several, the one listed first."""

    def __repr__(self) -> str:
        """In a few lines."""
        return brief(self)


class Span(NamedTuple):
    """The steps to search, and in which direction."""

    low: int
    """The first step."""
    high: int
    """After the last step."""
    backwards: bool
    """Whether the search begins at the last."""

    def distance(self, step: int) -> int:
        """How many steps of the span come before this one in the search."""
        return self.high - 1 - step if self.backwards else step - self.low


Hunt = Generator[int, None, int | None]
"""Yields how much of the span is looked at; returns the step that a stop ends the run at."""


def search(
    problem: Problem,
    position: int,
    stops: Iterable[Stop],
    *,
    backwards: bool = False,
    scout: Timeline | None = None,
) -> Iterator[Progress | Found]:
    """Search for the position at which a run from `position` ends.

    A position is hit if the step just executed there hits an enabled stop. Forwards the first such
    position after `position` counts, backwards the last one before it; position 0 is never hit.
    A stop with `hits` passes over the first `hits - 1` hits that the run meets, in its direction.

    Args:
        problem: what is being stepped through.
        position: where the run starts, 0 … total.
        stops: in order; disabled ones are passed over. Read once, at the call.
        backwards: the direction.
        scout: a timeline of the same problem that may be moved, to take far states from: kept by
            the caller it saves building them anew. One is made if it is needed and not given.

    Yields:
        `Progress` every few milliseconds; at the end one `Found`, if there is any. The iterator
        can be dropped at any time.

    Raises:
        ValueError: no such position, or a stop that does not fit the problem.
    """
    if not 0 <= position <= problem.total_steps:
        raise ValueError(f"position {position} does not exist; positions go from 0 to {problem.total_steps}")
    if scout is not None and scout.problem is not problem:
        raise ValueError("the scout steps through another problem; give a timeline of this one")
    span = Span(0, max(position - 1, 0), True) if backwards else Span(position, problem.total_steps, False)
    chosen = [stop for stop in stops if stop.enabled]
    for stop in chosen:
        stop.check(problem)
    return _run(problem, chosen, span, _lender(problem, scout))


def _lender(problem: Problem, scout: Timeline | None) -> Callable[[], Timeline]:
    """Gives the scout, and makes it only when somebody asks."""
    lent = [] if scout is None else [scout]

    def lend() -> Timeline:
        if not lent:
            lent.append(Timeline(problem))
        return lent[0]

    return lend


def _run(
    problem: Problem, stops: Sequence[Stop], span: Span, scout: Callable[[], Timeline]
) -> Iterator[Progress | Found]:
    """Keep the hunts level until the nearest hit is certain."""
    hunts = [_hunt(problem, stop, span, scout) for stop in stops]
    covered = dict.fromkeys(range(len(hunts)), 0)
    length = max(span.high - span.low, 0)
    nearest, ending = length, -1
    reported = time.monotonic()
    while covered:
        number = min(covered, key=covered.__getitem__)
        if covered[number] > nearest:
            break
        try:
            covered[number] = max(next(hunts[number]), covered[number])
        except StopIteration as finished:
            del covered[number]
            if finished.value is not None:
                nearest, ending = min((nearest, ending), (span.distance(finished.value), number))
        if time.monotonic() - reported > EVERY and covered:
            done = min(*covered.values(), nearest) if ending >= 0 else min(covered.values())
            yield Progress(span.high + 1 - done if span.backwards else span.low + done, done / max(length, 1))
            reported = time.monotonic()
    if ending >= 0:
        step = span.high - 1 - nearest if span.backwards else span.low + nearest
        yield Found(step + 1, stops[ending])


def _hunt(problem: Problem, stop: Stop, span: Span, scout: Callable[[], Timeline]) -> Hunt:
    """The hunt for one stop."""
    if isinstance(stop, (Breakpoint, Watchpoint)):
        return _compute(stop.steps(problem.geometry), stop.hits, span)
    if not isinstance(stop, ConditionStop):
        raise TypeError(f"{type(stop).__name__} is not a kind of stop that can be searched for")
    low, high = span.low, span.high
    possible = stop.condition.places(problem.geometry)
    narrow = Span(max(low, possible.step.start), min(high, possible.step.stop), span.backwards)
    if narrow.low >= narrow.high or not all(possible):
        return _compute((), stop.hits, span)
    if stop.condition.cheap:
        return _count(_scan(problem, stop.condition, narrow), stop.hits, span)
    walk = Walk(problem, stop.condition, scout)
    pieces = _walk_back(walk, narrow, problem) if span.backwards else walk.matches(narrow.low, narrow.high)
    return _count(pieces, stop.hits, span)


def _compute(steps: Sequence[int], hits: int, span: Span) -> Hunt:
    """Take the hit from an ascending sequence of steps."""
    low, high = bisect_left(steps, span.low), bisect_left(steps, span.high)
    place = high - hits if span.backwards else low + hits - 1
    return steps[place] if low <= place < high else None
    yield 0  # this makes it a generator like the others


def _count(pieces: Iterator[tuple[int, IntArray]], hits: int, span: Span) -> Hunt:
    """Count the hits of pieces that come in the direction of the search."""
    for frontier, steps in pieces:
        if len(steps) >= hits:
            return int(steps[-hits] if span.backwards else steps[hits - 1])
        hits -= len(steps)
        yield span.high - frontier if span.backwards else frontier - span.low
    return None


def _scan(problem: Problem, condition: Condition, span: Span) -> Iterator[tuple[int, IntArray]]:
    """Matching steps of a cheap condition, piece by piece."""
    values, counts = StepValues(problem), loop_counts(problem.geometry)
    possible = condition.places(problem.geometry)
    candidates = Box(possible[:3], counts[:3])
    first = bisect_left(candidates, span.low // counts[3])
    last = bisect_left(candidates, -(-span.high // counts[3]))
    cells = 1 if condition.names.isdisjoint(("x", "w")) else int(np.prod(problem.W.shape[1:]))
    for start, stop, channels in _pieces(first, last, possible.i_c, cells, span.backwards):
        places = candidates.numbers(start, stop)
        held = condition.holds(values.read(condition.names, places, channels))
        steps = values.steps(places, channels)
        found = steps[np.broadcast_to(held, steps.shape)]
        frontier = int(steps[0, 0]) if span.backwards else int(steps[-1, -1]) + 1
        yield frontier, found[(found >= span.low) & (found < span.high)]


def _pieces(
    first: int, last: int, channels: range, cells: int, backwards: bool
) -> Iterator[tuple[int, int, range]]:
    """Cut candidate places into pieces that grow, in the direction of the search.

    Each is some places with all channels, or where those are too many one place with some.
    """
    wanted = max(CELLS // cells, 1)
    cuts = [channels[start : start + wanted] for start in range(0, len(channels), wanted)]
    most, many = max(wanted // len(channels), 1), 1
    while first < last:
        start, stop = (max(last - many, first), last) if backwards else (first, min(first + many, last))
        for part in reversed(cuts) if backwards else cuts:
            yield start, stop, part
        first, last = (first, start) if backwards else (stop, last)
        many = min(2 * many, most)


def _walk_back(walk: Walk, span: Span, problem: Problem) -> Iterator[tuple[int, IntArray]]:
    """Stretches from the last to the first, each walked forwards from its beginning."""
    c_out = problem.geometry.kernel_shape[0]
    first = bisect_left(walk.candidates, span.low // c_out)
    last = bisect_left(walk.candidates, -(-span.high // c_out))
    many = STRETCH
    nothing = np.empty(0, np.intp)
    frontier = span.high
    while first < last:
        start = max(last - max(many // c_out, 1), first)
        low = max(walk.candidates[start] * c_out, span.low)
        found = []
        for _, steps in walk.matches(low, frontier):
            found.append(steps)
            yield frontier, nothing  # nothing is certain before the stretch is walked
        frontier, last = low, start
        many = min(2 * many, LONGEST_STRETCH)
        yield frontier, np.concatenate(found) if found else nothing
