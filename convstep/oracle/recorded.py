"""Recorded gradients as an oracle: what training really computed, beside what the loop computes."""

from __future__ import annotations

import math

import numpy as np

from convstep.conv.magnitude import work
from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle.expectation import Expectation, Expected, OracleUnavailable, absolute_problem
from convstep.oracle.recording import (
    ANOTHER,
    APART,
    BY_CHANCE,
    ENOUGH,
    HALVES,
    ON_THE_WAY,
    REROUNDED,
    SIGHT_UNITS,
    SPREAD,
    TINY,
    UNITS,
    Recording,
    largest,
)
from convstep.oracle.rerun import rerun
from convstep.oracle.sums import Way, followed, gradients64
from convstep.oracle.tolerance import describe
from convstep.steps.cells import Array
from convstep.steps.number_text import short

LARGE = 1 << 26
"""Multiply-adds of one product from which on the loop is not run for gradients that are right at sight."""


@frozen()
class RecordedOracle:
    """What a problem brings along; it knows the end of the loop only."""

    at_sight: bool = False
    """Whether a large layer's gradients that are right at sight may stand beside sums in float64."""

    def expected(self, problem: Problem, position: int) -> Expectation:
        """The gradients recorded, see `Oracle`; OracleUnavailable without any, or before the end."""
        recorded = problem.recorded
        if recorded is None:
            said = tr(
                "this problem has no recorded gradients; a layer captured during training has them for "
                "its whole batch, unless its `note` says why not"
            )
            raise OracleUnavailable(said)
        if position != problem.total_steps:
            said = (
                "recorded gradients are those of the whole backward pass; "
                "compare after step {total}, the last one"
            )
            raise OracleUnavailable(tr(said, total=problem.total_steps))
        exact = gradients64(problem)
        large = self.at_sight and work(problem) > LARGE
        if large and (found := _at_sight(problem, recorded, exact)) is not None:
            return found
        sizes = gradients64(absolute_problem(problem, position))
        _, ways = followed(problem, position)
        again = rerun(problem, recorded)
        recordings = {
            name: Recording(
                name,
                values,
                exact[name],
                sizes[name],
                ways[name],
                problem,
                recorded.eps,
                again=again.get(name, np.empty(0)),
            )
            for name, values in recorded.gradients.items()
        }
        flushed = _flushed([*recordings.values()])
        same = _is_same([*recordings.values()])
        expected = {
            name: recording.expected(flushed=flushed, same=same) for name, recording in recordings.items()
        }
        return Expectation(
            recorded.by, expected, tolerance_text=_described(problem, recordings, expected, flushed=flushed)
        )


def _at_sight(problem: Problem, recorded: Recorded, exact: dict[str, Array]) -> Expectation | None:
    """Recorded gradients beside the sums in float64, where no cell needs the loop's own rounding for excuse.

    All of them would pass the loop too, whose tolerance is never below this one. So nothing wrong gets by,
    and what is not right at sight gets the whole examination: None.
    """
    recordings = {
        name: Recording(
            name, values, exact[name], largest(exact[name]), Way(), problem, recorded.eps, np.empty(0)
        )
        for name, values in recorded.gradients.items()
    }
    rooms = {}
    for name, recording in recordings.items():
        if (room := recording.at_sight()) is None:
            return None
        rooms[name] = room
    expected = {
        name: Expected(one.values, one.S, rooms[name], exact=one.exact) for name, one in recordings.items()
    }
    first = next(iter(recordings.values()))
    said = (
        "The layer is large, so ours are sums in float64; recorded values may be off from these by "
        "{spread}·eps of their gradient's largest value, with eps {eps} ({dtype})"
    )
    clauses = [
        tr(said, spread=SPREAD, eps=short(np.finfo(first.dtype).eps, 3), dtype=first.dtype),
        tr("where they are further off, or their errors further apart, the loop's own rounding counts"),
    ]
    if first.half:
        clauses.insert(1, _rounded_to(SIGHT_UNITS, first.eps))
    return Expectation(recorded.by, expected, tolerance_text=tr("; ").join(clauses), sums=exact)


def _rounded_to(units: float, eps: float) -> str:
    said = "and by {units} units in the last place of {precision}, to which they were rounded"
    return tr(said, units=units, precision=HALVES[eps])


def _flushed(recordings: list[Recording]) -> bool:
    """Whether products below float32's normal numbers may be 0: it shows, or too few cells could show it."""
    few = sum(recording.values.size for recording in recordings) < ENOUGH
    return few or any(recording.lower or recording.flushed for recording in recordings)


def _described(
    problem: Problem, recordings: dict[str, Recording], expected: dict[str, Expected], *, flushed: bool
) -> str:
    first = next(iter(recordings.values()))
    lower, eps, dtype = first.lower, first.eps, first.dtype
    clauses = [
        describe(dtype),
        tr(
            "recorded ones may be off as far from the sums in float64, or by {spread}·eps of the gradient's "
            "largest value",
            spread=SPREAD,
        ),
    ]
    if flushed and dtype == np.float32:
        clauses.append(tr("and by n·{tiny}, for products that were taken for 0", tiny=short(TINY, 3)))
    alike = [name for name, one in expected.items() if one.shift is not None]
    if alike:
        said = (
            "many cells of {names} drift alike: each of these may be off from their middle error, "
            "counted in G, by what it may be off without drift and {times} times the second largest "
            "distance from there"
        )
        clauses.append(tr(said, names=", ".join(alike), times=APART))
    clauses += _run_again([*recordings.values()])
    partly = [name for name, recording in recordings.items() if recording.rounded_on_the_way]
    if first.half and len(partly) < len(recordings):
        clauses.append(_rounded_to(UNITS, eps))
    if partly:
        clauses.append(
            tr(
                "too many values of {names} are further off for that, so their partial sums were rounded to "
                "{precision}: by {times}·{eps}·S of dA_prev, by {more}·{eps}·G of dW and db",
                names=", ".join(partly),
                precision=HALVES[eps],
                times=ON_THE_WAY,
                more=ON_THE_WAY + problem.geometry.samples,
                eps=short(eps, 3),
            )
        )
    elif lower and eps not in HALVES:
        clauses.append(tr("and by {eps}·S, the precision of the recording", eps=short(eps, 3)))
    return tr("; ").join(clauses)


def _is_same(recordings: list[Recording]) -> bool:
    """Whether PyTorch surely adds in the order now that it added in then."""
    return math.prod(recording.chance for recording in recordings) < BY_CHANCE


def _run_again(recordings: list[Recording]) -> list[str]:
    """What is said of those of which PyTorch gives the same bits again: none or one clause."""
    same = _is_same(recordings)
    repeated = [each for each in recordings if each.held(same)]
    if not repeated:
        return []
    if repeated[0].half:
        said = "{units} units in the last place of {precision}, or of G where partial sums were rounded to it"
        room = tr(said, units=REROUNDED, precision=HALVES[repeated[0].eps])
    else:
        said = "the last place, or than {times}·eps·G where another order might give the same bits"
        room = tr(said, times=ANOTHER)
    said = (
        "PyTorch, run again, gives the same bits for {names}, in all cells but one at most; none may be "
        "further off from these than {room}"
    )
    return [tr(said, names=", ".join(each.name for each in repeated), room=room)]
