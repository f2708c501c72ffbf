"""The steps after which a condition is true, without stepping where arithmetic can answer.

- conditions on what a step reads are evaluated on whole pieces of the arrays;
- conditions on running gradients are walked from where the search begins, or backwards one stretch
  after the other, each walked from its beginning.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.conv.step_values import RUNNING, IntArray, StepValues
from convstep.steps.cells import Array
from convstep.steps.nest import Box
from convstep.steps.stepped import Piece, Question, Stepped

AT_ONCE = 1 << 16
"""Running cells that one piece of steps may have: small enough for a processor's cache."""

WIDE = 256
"""Running cells from which adding whole rows is faster than NumPy's accumulate."""


class Walk:
    """Finds the steps after which a condition on running gradients holds."""

    def __init__(self, problem: Problem, run: Stepped, condition: Question, ranges: Sequence[range]) -> None:
        """Stand before the first step; the `run` is moved only to take a state from that is far away.

        The condition uses `dW`, `db` or `dA`; it can be true in these ranges of the four loops.
        """
        self._problem, self._run, self._condition = problem, run, condition
        self._geometry = geometry = problem.geometry
        self._values = StepValues(problem)
        counts, self._channels = geometry.nest.counts, ranges[3]
        self.candidates = Box(ranges[:3], counts[:3])
        """Numbers of the places where the condition can hold."""
        self._per_group = counts[3] // geometry.groups
        if "dA" in condition.names:  # a window is written by all channels of its group
            first, last = self._channels.start, self._channels.stop
            self._channels = range(
                first - first % self._per_group, -(-last // self._per_group) * self._per_group
            )
        self._begin()

    def matches(self, low: int, high: int) -> Iterator[Piece]:
        """Look at the steps `low … high - 1`: yields how far it has looked, and matching steps, ascending."""
        c_out, width = self._geometry.kernel_shape[0], len(self.candidates.ranges[2])
        first = bisect_left(self.candidates, low // c_out)
        last = bisect_left(self.candidates, -(-high // c_out))
        while first < last:
            place = self.candidates[first]
            count = min(width - first % width, last - first)
            for _ in self._reach(place):
                yield Piece(max(place * c_out, low), np.empty(0, np.intp))
            for start, many, channels in self._pieces(place, count):
                places = np.arange(start, start + many)
                running = self._advance(places, channels)
                known = self._values.read(self._condition.names, places, channels)
                held = self._condition.holds(known | running)
                steps = self._values.steps(places, channels)[np.broadcast_to(held, (many, len(channels)))]
                whole = channels.stop == self._channels.stop
                frontier = (start + many) * c_out if whole else start * c_out + channels.stop
                yield Piece(frontier, steps[(steps >= low) & (steps < high)])
            first += count

    def _begin(self) -> None:
        """Stand before the first step: every gradient is zero."""
        geometry, dtype, channels = self._geometry, self._problem.dtype, len(self._channels)
        self._place = self._row = 0
        self._dW = np.zeros((channels, *geometry.kernel_shape[1:]), dtype)
        self._db = np.zeros(channels, dtype)
        # groups apart, so that the cells one channel writes stand together
        _, w_pad, _ = geometry.padded_shape
        c_k = geometry.kernel_shape[3]
        self._band = np.zeros((geometry.groups, geometry.reach[0], w_pad, c_k), dtype)

    def _pieces(self, place: int, count: int) -> Iterator[tuple[int, int, range]]:
        """Cut steps of one output row: some places with all channels, or one with some of them."""
        one = int(np.prod(self._geometry.kernel_shape[1:]))
        cells = 1 if self._condition.names.isdisjoint(("dW", "dA", "x", "w")) else one
        wanted = max(AT_ONCE // cells, 1)
        whole = len(self._channels) <= wanted
        if whole or "dA" not in self._condition.names:
            cuts = [self._channels[first : first + wanted] for first in range(0, len(self._channels), wanted)]
        else:
            cuts = list(self._cut_groups(wanted))
        many = max(wanted // len(self._channels), 1) if "dA" not in self._condition.names else 1
        for start in range(place, place + count, many):
            for channels in cuts:
                yield start, min(many, place + count - start), channels

    def _cut_groups(self, wanted: int) -> Iterator[range]:
        """Channels in pieces of whole groups, or within one."""
        step = wanted - wanted % self._per_group if wanted >= self._per_group else self._per_group
        for first in range(self._channels.start, self._channels.stop, step):
            groups = range(first, min(first + step, self._channels.stop))
            for start in range(0, len(groups), min(wanted, step)):
                yield groups[start : start + min(wanted, step)]

    def _reach(self, place: int) -> Iterator[None]:
        """Bring the state to the steps before a place; yields in between."""
        width = self._geometry.output_shape[1]
        if place < self._place and place <= width:
            self._begin()
        if 0 <= place - self._place <= width:
            while self._place < place:
                count = min(place - self._place, width - self._place % width)
                for start, many, channels in self._pieces(self._place, count):
                    self._advance(np.arange(start, start + many), channels)
                    yield
        else:
            yield from self._jump(place)

    def _jump(self, place: int) -> Iterator[None]:
        """Take over the state before a far place."""
        c_out, width = self._geometry.kernel_shape[0], self._geometry.output_shape[1]
        for _ in self._run.prepare(place * c_out):
            yield
        # no yield from here to the last copy: another walk may use the same run
        self._run.seek(place * c_out)
        arrays, self._place, self._row = self._run.arrays, place, place // width
        here = slice(self._channels.start, self._channels.stop)
        self._dW[...] = arrays["dW"][here]
        if "db" in arrays:
            self._db[...] = arrays["db"][here]
        i_n, i_h = divmod(self._row, self._geometry.output_shape[0])
        dA = arrays["dA_prev_pad"].reshape(self._geometry.samples, *self._geometry.padded_shape)[i_n]
        top = i_h * self._geometry.stride[0]
        rows = dA[top : top + self._geometry.reach[0]]
        self._band[...] = np.moveaxis(rows.reshape(*rows.shape[:2], self._geometry.groups, -1), 2, 0)
        yield

    def _advance(self, places: IntArray, channels: range) -> dict[str, Array]:
        """Execute steps of one output row; what the condition asks for after each of them, in float64.

        Places are successive, a single one if `dA` is asked for; channels all that are walked, or the next of
        them.
        """
        names = self._condition.names
        running: dict[str, Array] = {}
        with quiet():
            dz = self._values.dz(places, channels)
            here = slice(channels.start - self._channels.start, channels.stop - self._channels.start)
            if "dW" in names:
                terms = self._values.x(places, channels) * dz[..., np.newaxis, np.newaxis, np.newaxis]
                running["dW"] = _running(self._dW[here], terms)
            if "db" in names:
                running["db"] = _running(self._db[here], dz.copy())
            if "dA" in names:
                running["dA"] = self._advance_dA(int(places[0]), channels, dz[0])
        if channels.stop == self._channels.stop:
            self._place = int(places[-1]) + 1
        return {name: np.asarray(values, np.float64) for name, values in running.items()}

    def _advance_dA(self, place: int, channels: range, dz: Array) -> Array:
        """The window after each channel of a place, `(1, channels, F_h, F_w, C_in // groups)`."""
        row, i_w = divmod(place, self._geometry.output_shape[1])
        self._enter(row)
        groups = slice(channels.start // self._per_group, (channels.stop - 1) // self._per_group + 1)
        window = self._band[groups, :: self._geometry.dilation[0], self._geometry.columns(i_w)]
        W = self._problem.W[channels.start : channels.stop]
        terms = W * dz[:, np.newaxis, np.newaxis, np.newaxis]
        by_group = np.moveaxis(terms.reshape(len(window), -1, *W.shape[1:]), 1, 0)
        after = np.moveaxis(_running(window, by_group), 0, 1)
        return after.reshape(1, *terms.shape)

    def _enter(self, row: int) -> None:
        """Move the band to an output row: the one it stands at, or the next."""
        if row != self._row:
            down = self._geometry.stride[0] if row % self._geometry.output_shape[0] else len(self._band[0])
            kept = self._band[:, down:].copy()
            self._band[:, : kept.shape[1]] = kept
            self._band[:, kept.shape[1] :] = 0
            self._row = row


def _running(state: Array, terms: Array) -> Array:
    """Add terms `(n, …)` to a state `(…)` in place, one after the other; they become the state after each."""
    terms[0] += state
    if state.size < WIDE:
        np.add.accumulate(terms, axis=0, out=terms)
    else:  # the same sums row by row: accumulating goes down every column by itself
        for before, after in itertools.pairwise(terms):
            np.add(before, after, out=after)
    state[...] = terms[-1]
    return terms


CELLS = 1 << 18
"""Values that one piece of a scan may have; the first pieces are smaller."""
STRETCH = 2048
"""Steps of the first stretch of a walk backwards; each is twice as long as the one before."""
LONGEST_STRETCH = 1 << 17
"""The most steps in a stretch."""


def matching(
    problem: Problem, run: Stepped, condition: Question, low: int, high: int, backwards: bool
) -> Iterator[Piece]:
    """Steps `low … high - 1`, of a forward pass too, after which it is true; see `Timeline.matching`."""
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
    """Places with all channels, or one with some, in pieces that grow in the direction of the search."""
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
