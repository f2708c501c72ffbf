"""The steps after which a condition is true, without stepping where arithmetic can answer.

- conditions on what a step reads are evaluated on whole pieces of the arrays;
- conditions on running gradients are walked from where the search begins, or backwards one stretch
  after the other, each walked from its beginning.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.step_values import RUNNING, StepValues
from convstep.conv.walk import Walk
from convstep.steps.nest import Box
from convstep.steps.stepped import Piece, Question, Stepped

CELLS = 1 << 18
"""Values that one piece of a scan may have; the first pieces are smaller."""
STRETCH = 2048
"""Steps of the first stretch of a walk backwards; each is twice as long as the one before."""
LONGEST_STRETCH = 1 << 17
"""The most steps in a stretch."""


def matching(
    problem: Problem, run: Stepped, condition: Question, low: int, high: int, backwards: bool
) -> Iterator[Piece]:
    """The steps `low … high - 1` after which a condition is true; see `Timeline.matching`.

    Those of a forward pass as well: its cells depend on no step before.
    """
    found = condition.ranges(run.layout.counts)
    possible, ranges = found["step"], [found[name] for name in run.layout.nest.names]
    low, high = max(low, possible.start), min(high, possible.stop)
    if low >= high or not all(ranges):
        return iter(())
    if condition.names.isdisjoint(RUNNING):
        return _scan(problem, condition, ranges, range(low, high), backwards)
    walk = Walk(problem, run, condition, ranges)
    return _walk_back(walk, problem, low, high) if backwards else walk.matches(low, high)


def _scan(
    problem: Problem, condition: Question, ranges: Sequence[range], span: range, backwards: bool
) -> Iterator[Piece]:
    """Matching steps of a condition on what steps read, piece by piece."""
    values, counts = StepValues(problem), problem.geometry.nest.counts
    candidates = Box(ranges[:3], counts[:3])
    first = bisect_left(candidates, span.start // counts[3])
    last = bisect_left(candidates, -(-span.stop // counts[3]))
    cells = 1 if condition.names.isdisjoint(("x", "w", "Z")) else int(np.prod(problem.W.shape[1:]))
    for start, stop, channels in _pieces(first, last, ranges[3], cells, backwards):
        places = candidates.numbers(start, stop)
        held = condition.holds(values.read(condition.names, places, channels))
        steps = values.steps(places, channels)
        found = steps[np.broadcast_to(held, steps.shape)]
        frontier = int(steps[0, 0]) if backwards else int(steps[-1, -1]) + 1
        yield Piece(frontier, found[(found >= span.start) & (found < span.stop)])


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


def _walk_back(walk: Walk, problem: Problem, low: int, high: int) -> Iterator[Piece]:
    """Stretches from the last to the first, each walked forwards from its beginning."""
    c_out = problem.geometry.kernel_shape[0]
    first = bisect_left(walk.candidates, low // c_out)
    last = bisect_left(walk.candidates, -(-high // c_out))
    many = STRETCH
    nothing = np.empty(0, np.intp)
    frontier = high
    while first < last:
        start = max(last - max(many // c_out, 1), first)
        begin = max(walk.candidates[start] * c_out, low)
        found = []
        for _, steps in walk.matches(begin, frontier):
            found.append(steps)
            yield Piece(frontier, nothing)  # nothing is certain before the stretch is walked
        frontier, last = begin, start
        many = min(2 * many, LONGEST_STRETCH)
        yield Piece(frontier, np.concatenate(found) if found else nothing)
