"""Where a run ends, found by the search that the screen runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from convstep.conv.problem import Problem
from convstep.conv.step import Step
from convstep.conv.timeline import Timeline
from convstep.replay.stops import Found, Progress, Stop, search


def next_stop(
    problem: Problem, position: int, stops: Iterable[Stop], scout: Timeline | None = None
) -> Found | None:
    """The first position after `position` that a stop ends a run at; see `search`."""
    return _found(search(scout or Timeline(problem), position, stops))


def previous_stop(
    problem: Problem, position: int, stops: Iterable[Stop], scout: Timeline | None = None
) -> Found | None:
    """The last position before `position` that a stop ends a run at; see `search`."""
    return _found(search(scout or Timeline(problem), position, stops, backwards=True))


def _found(reports: Iterator[Progress | Found]) -> Found | None:
    return next((report for report in reports if isinstance(report, Found)), None)


def values_at(step: Step) -> dict[str, Any]:
    """What a condition speaks of, without the package's own account of a step."""
    place = step.loop_index._asdict()
    read = {"dz": step.dz, "x": step.input_slice, "w": step.kernel}
    dA = step.run.samples(step.dA_prev_pad)[step.window]
    bias = {} if step.db is None else {"db": step.db[step.i_c]}
    counted = {"step": step.index, "position": step.index + 1}
    return {**counted, **place, **read, "dW": step.dW[step.i_c], "dA": dA, **bias}
