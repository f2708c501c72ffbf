"""Where a run ends, found by the search that the screen runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.replay.stops import Found, Progress, Stop, search


def next_stop(
    problem: Problem, position: int, stops: Iterable[Stop], scout: Timeline | None = None
) -> Found | None:
    """The first position after `position` that a stop ends a run at; see `search`."""
    return _found(search(problem, position, stops, scout=scout))


def previous_stop(
    problem: Problem, position: int, stops: Iterable[Stop], scout: Timeline | None = None
) -> Found | None:
    """The last position before `position` that a stop ends a run at; see `search`."""
    return _found(search(problem, position, stops, backwards=True, scout=scout))


def _found(reports: Iterator[Progress | Found]) -> Found | None:
    return next((report for report in reports if isinstance(report, Found)), None)
