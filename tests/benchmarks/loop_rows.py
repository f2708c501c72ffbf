"""The generator against the plain loop; a step back against a step forward."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import load
from tests.benchmarks.layers import layer
from tests.benchmarks.measuring import Row, in_turns, median
from tests.benchmarks.plain import drain, loop_without_yield, run_plain

NEARBY, FAR = 200, 1000
"""Steps of one run back and forward: where one has just been, and beyond what was walked."""


def rows(stem: Problem, quick: bool) -> Iterator[Row]:
    """The rows of this module, one after the other."""
    yield from _generator(quick)
    yield _nearby(stem)
    yield _after_a_jump(stem)


def _generator(quick: bool) -> Iterator[Row]:
    plain = loop_without_yield()
    sizes = [
        ("digit", load("digit"), 300),
        ("16x16x8 → 16@3x3", layer(16, 8, 16, 3, padding=1), 40),
        ("28x28x3 → 64@7x7", layer(28, 3, 64, 7, padding=3), 9),
        ("14x14x64 → 64@3x3", layer(14, 64, 64, 3, padding=1), 15),
    ]
    for name, problem, repeats in sizes:
        ours, theirs = partial(drain, problem), partial(run_plain, problem, plain)
        medians = in_turns(ours, theirs, max(repeats // (4 if quick else 1), 3))
        yield Row(f"generator drained / the same loop without yield, {name}", 1.10, *medians)


def _nearby(stem: Problem) -> Row:
    """Forward and back over steps that were just walked."""
    timeline = Timeline(stem)
    timeline.seek(stem.total_steps // 2)
    _walk(timeline.next, NEARBY)
    medians = in_turns(partial(_walk, timeline.back, NEARBY), partial(_walk, timeline.next, NEARBY), 30)
    return Row("step back / step forward", 1.2, *medians)


def _after_a_jump(stem: Problem) -> Row:
    """Back over steps that nobody walked: what can be undone has to be made first."""
    timeline = Timeline(stem)
    here = stem.total_steps // 2
    taken = []
    for _ in range(9):
        timeline.seek(stem.total_steps // 7)
        timeline.seek(here)
        taken.append(in_turns(partial(_walk, timeline.back, FAR), partial(_walk, timeline.next, FAR), 1, 0))
    ours, theirs = zip(*taken, strict=True)
    return Row(f"step back / step forward, {FAR:,} straight after a jump", 1.2, median(ours), median(theirs))


def _walk(move: object, steps: int) -> None:
    assert callable(move)
    for _ in range(steps):
        move()
