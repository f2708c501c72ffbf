"""More problems than a sweep has: at random, or next to those that a candidate takes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convstep.candidate.call.outcome import DIED, HUNG, RETURNED, Outcome
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.grade import Result, grade
from convstep.conv.geometry import Geometry, Padding, Pair
from convstep.conv.problem import Problem

POOL = 4000
"""How many random problems are drawn at most before one gives up finding more of a kind."""
LARGEST = 20_000
"""Multiplications that one of them may take."""
CALLS = 300
"""How many problems are tried at most, those that it refuses included."""


class FreshProblems:
    """Calls a candidate on problems that the sweep did not have, of a wanted kind."""

    def __init__(
        self,
        ask: Callable[[Problem], Outcome],
        cases: Iterator[Case],
        seconds: float,
        clock: Callable[[], float],
    ) -> None:
        """Nothing is called yet; all of it may take so many seconds of the clock."""
        self._ask, self._cases, self._clock = ask, cases, clock
        self._until = clock() + seconds
        self._waiting: list[tuple[Case, Geometry]] = []
        self._left = CALLS
        self.results: list[Result] = []
        """All that came of it so far."""

    def __call__(self, holds: Callable[[Geometry], bool], count: int) -> list[Result]:
        """Results on new problems that fulfil a condition: as many as asked for, if there are so many."""
        found: list[Result] = []
        while len(found) < count and (case := self._next(holds)) is not None:
            if self._left <= 0 or self._clock() > self._until:
                break
            self._left -= 1
            result = grade(case, right_of(case), self._ask(right_of(case).problem))
            if result.outcome.kind in (HUNG, DIED):
                self._left = 0
            # a window of padding alone is nothing that anybody has to have thought of; numbers count
            if not result.refused and (case.possible or result.outcome.kind == RETURNED):
                found.append(result)
        self.results += found
        return found

    def _next(self, holds: Callable[[Geometry], bool]) -> Case | None:
        for number, (case, geometry) in enumerate(self._waiting):
            if holds(geometry):
                del self._waiting[number]
                return case
        for case in self._cases:
            if holds(geometry := case.geometry):
                return case
            self._waiting.append((case, geometry))
        return None


def random_cases(sayable: Callable[[Geometry], bool], like: Sequence[Case]) -> Iterator[Case]:
    """Problems that were not tried, each a mixture of those of the sweep: the same ones every time.

    Sizes, channels and filters are drawn, and how many samples several are; strides, dilations and groups are
    those of the problems given, and so are most kernels and paddings.
    """
    draw = random.Random(len(like))
    known = set(like)
    if not like:
        return
    for _ in range(POOL):
        one, other = draw.choice(like), draw.choice(like)
        stride = draw.choice([one.stride, other.stride])
        kernel = draw.choice([one.kernel, other.kernel, (5, 5), (1, 1), (4, 4), (5, 3)])
        reach = tuple((f - 1) * d + 1 for f, d in zip(kernel, one.dilation, strict=True))
        padding, axes = one.padding, (*one.padding, *other.padding)
        if draw.random() < 0.2:
            padding = draw.choice(axes), draw.choice(axes)
        batch = 3 if (other.batch or 0) > 1 and draw.random() < 0.5 else other.batch
        size = _size(draw, stride, (reach[0], reach[1]), padding)
        if draw.random() < 0.3:
            size = draw.randint(1, 7), draw.randint(1, 7)
            padding = _same(size, kernel, stride)
        case = Case(
            size,
            kernel,
            stride,
            padding,
            one.groups * draw.choice([1, 1, 2, 3]),
            one.groups * draw.choice([1, 2, 3, 4]),
            batch,
            one.dilation,
            one.groups,
            one.relu,
        )
        possible = case.possible or (kernel == (1, 1) and case.fits)
        if case not in known and possible and case.work[1] < LARGEST and sayable(case.geometry):
            known.add(case)
            yield case


def _same(size: Pair, kernel: Pair, stride: Pair) -> Padding:
    """The padding on both sides that keeps a size, where it is a whole number; else rounded down."""
    h, w = (max((n - 1) * s + f - n, 0) // 2 for n, f, s in zip(size, kernel, stride, strict=True))
    return (h, h), (w, w)


def _size(draw: random.Random, stride: Pair, reach: Pair, padding: Padding) -> Pair:
    """Rows and columns for one to five outputs along each axis, and some left over."""
    square, left = draw.random() < 0.3, draw.choice([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)])
    outputs = [draw.choice([1, 2, 2, 3, 3, 4, 5]) for _ in stride]
    if square:
        outputs[1] = outputs[0]
    rows, columns = (
        max((out - 1) * s + r - sum(p) + (rest if rest < s else 0), 1)
        for out, s, r, p, rest in zip(outputs, stride, reach, padding, left, strict=True)
    )
    return rows, columns


def neighbours(case: Case) -> Iterator[Case]:
    """Problems of the same kernel, stride, padding and batch, one or two outputs larger."""
    s_h, s_w = case.stride
    for rows, columns in ((0, 1), (1, 0), (1, 1), (2, 0), (0, 2), (1, 2), (2, 1)):
        size = case.size[0] + rows * s_h, case.size[1] + columns * s_w
        yield replace(case, size=size)
        if case.groups == 1 and case.channels != case.filters:
            yield replace(case, size=size, channels=case.filters, filters=case.channels)
