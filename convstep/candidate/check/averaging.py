"""Gradients of the parameters that are means over the samples: a convention, where all else is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.check.grade import Result, grade


def undivided(results: Sequence[Result]) -> tuple[list[Result], tuple[str, ...]]:
    """The results with gradients that are divided by the number of samples times that, and which these are.

    Whoever divides the one of dW and db and not the other, or dA_prev as well, is wrong all the same.
    """
    several = [one for one in results if one.outcome.kind == RETURNED and _samples(one) > 1]
    came = {name for one in several for name in one.outcome.gradients}
    names = tuple(name for name in ("dW", "db") if name in came)
    if len(names) < 2 or not all(one.wrong(name) for one in several for name in names):
        return list(results), ()
    whole = [_times(one, names) for one in results]
    return (whole, names) if all(one.ok or one.refused for one in whole) else (list(results), ())


def _samples(result: Result) -> int:
    return result.right.problem.geometry.samples


def _times(result: Result, names: Sequence[str]) -> Result:
    made = {
        name: array * _samples(result) if name in names else array
        for name, array in result.outcome.gradients.items()
    }
    return grade(result.case, result.right, replace(result.outcome, gradients=made))
