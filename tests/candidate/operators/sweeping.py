"""Sweeps of backwards that run in the test's own process, without anybody to call."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from convstep.candidate.call.outcome import RAISED, RETURNED
from convstep.candidate.operators.answer import Answer, Judged, Swept
from convstep.candidate.operators.evidence import CLOSE, copied, divisors
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

PROBLEMS = 24


def swept(
    operator: Operator,
    backward: Callable[..., Any],
    convention: Convention | None = None,
    problems: int = PROBLEMS,
) -> Swept:
    """What a backward with the operator's own arguments makes of its first problems."""
    rng = np.random.default_rng(3)
    bare = Swept(operator, convention, ())
    found = [
        judged(bare, problem, backward) for problem in itertools.islice(operator.problems(rng), problems)
    ]
    return Swept(operator, convention, tuple(found))


def judged(bare: Swept, problem: OperatorProblem, backward: Callable[..., Any]) -> Judged:
    operator, given = bare.operator, copied(problem)
    by = divisors(bare, problem)
    right = {name: value / by.get(name, 1) for name, value in operator.right(copied(problem)).items()}
    try:
        with np.errstate(all="ignore"):
            gradients = operator.right(given, backward)
    except Exception as error:  # as the candidate's process would tell it
        answer = Answer(problem, RAISED, message=f"{type(error).__name__}: {error}")
        return Judged(answer, right, operator.run(problem), {})
    changed = tuple(
        name
        for before, after in ((problem.arrays, given.arrays), (problem.upstream, given.upstream))
        for name in before
        if not np.array_equal(before[name], after[name], equal_nan=True)
    )
    shapes = {name: value.shape for name, value in gradients.items()}
    answer = Answer(problem, RETURNED, gradients=gradients, shapes=shapes, changed=changed)
    off = {name: share(value, right[name]) for name, value in gradients.items()}
    return Judged(answer, right, operator.run(problem), off)


def share(actual: Array, right: Array) -> float:
    """How far off, in units of what is allowed."""
    if actual.shape != right.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(actual, np.float64) - right)
    error = np.where((actual == right) | (np.isnan(actual) & np.isnan(right)), 0.0, error)
    worst = float(np.where(np.isnan(error), np.inf, error).max(initial=0.0))
    return worst / (CLOSE * (1e-12 + float(np.abs(right[np.isfinite(right)]).max(initial=0.0))))


def arguments(backward: Callable[..., Any]) -> list[str]:
    """The parameters of a backward."""
    return list(inspect.signature(backward).parameters)
