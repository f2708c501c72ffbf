"""The next stop, forwards or backwards, without stepping where the run knows the answer.

Every stop is sought by itself, and all of them are kept level: the one that has come least far goes
on, so that none is sought beyond what another has found already.

- breakpoints and watchpoints: from the run's layout, at once, if it knows their steps;
- conditions: from the run, if it knows a way (see `Matching`);
- anything else: by walking through the run and looking at every step.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Sequence

import numpy as np

from convstep.brief import brief
from convstep.frozen import NamedTuple
from convstep.replay.stop_kinds import ConditionStop, Stop
from convstep.steps.stepped import Matching, Piece, Stepped, check_position

EVERY = 0.015
"""Seconds of work between two reports."""
PIECE = 64
"""Steps of a walk between two looks at the other stops."""


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
    run: Stepped, position: int, stops: Iterable[Stop], *, backwards: bool = False
) -> Iterator[Progress | Found]:
    """Search for the position at which a run from `position` ends.

    A position is hit if the step just executed there hits an enabled stop. Forwards the first such
    position after `position` counts, backwards the last one before it; position 0 is never hit.
    A stop with `hits` passes over the first `hits - 1` hits that the run meets, in its direction.

    Args:
        run: what is stepped through; it may be moved meanwhile, so give one that nobody looks at.
        position: where to begin, 0 … total.
        stops: in order; disabled ones are passed over. Read once, at the call.
        backwards: the direction.

    Yields:
        `Progress` every few milliseconds; at the end one `Found`, if there is any. The iterator
        can be dropped at any time.

    Raises:
        ValueError: no such position, or a stop that does not fit the run.
    """
    check_position(position, run.total)
    span = Span(0, max(position - 1, 0), True) if backwards else Span(position, run.total, False)
    chosen = [stop for stop in stops if stop.enabled]
    for stop in chosen:
        stop.check(run.layout)
    return _level([_hunt(run, stop, span) for stop in chosen], chosen, span)


def _level(hunts: Sequence[Hunt], stops: Sequence[Stop], span: Span) -> Iterator[Progress | Found]:
    """Keep the hunts level until the nearest hit is certain."""
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


def _hunt(run: Stepped, stop: Stop, span: Span) -> Hunt:
    steps = stop.steps(run.layout)
    if steps is not None:
        return _compute(steps, stop.hits, span)
    if isinstance(stop, ConditionStop) and isinstance(run, Matching):
        pieces = run.matching(stop.condition, span.low, span.high, span.backwards)
    else:
        pieces = _walk_back(run, stop, span) if span.backwards else _walk(run, stop, span)
    return _count(pieces, stop.hits, span)


def _compute(steps: Sequence[int], hits: int, span: Span) -> Hunt:
    """Take the hit from an ascending sequence of steps."""
    low, high = bisect_left(steps, span.low), bisect_left(steps, span.high)
    place = high - hits if span.backwards else low + hits - 1
    return steps[place] if low <= place < high else None
    yield 0  # this makes it a generator like the others


def _count(pieces: Iterator[Piece], hits: int, span: Span) -> Hunt:
    """Count the hits of pieces that come in the direction of the search."""
    for frontier, steps in pieces:
        if len(steps) >= hits:
            return int(steps[-hits] if span.backwards else steps[hits - 1])
        hits -= len(steps)
        yield span.high - frontier if span.backwards else frontier - span.low
    return None


def _walk(run: Stepped, stop: Stop, span: Span) -> Iterator[Piece]:
    """Look at every step after executing it."""
    for first in range(span.low, span.high, PIECE):
        run.seek(first)  # another hunt may have moved it
        last, found = min(first + PIECE, span.high), []
        while run.position < last:
            run.next()
            if stop.hit_by(run.event, run.layout):
                found.append(run.position - 1)
        yield Piece(last, np.array(found, np.intp))


def _walk_back(run: Stepped, stop: Stop, span: Span) -> Iterator[Piece]:
    """Look at every step before undoing it."""
    for last in range(span.high, span.low, -PIECE):
        run.seek(last)
        first, found = max(last - PIECE, span.low), []
        while run.position > first:
            if stop.hit_by(run.event, run.layout):
                found.append(run.position - 1)
            run.back()
        yield Piece(first, np.array(found[::-1], np.intp))
