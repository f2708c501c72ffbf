"""Sweeps of backwards that run in the test's own process, without anybody to call."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.outcome import RAISED, RETURNED
from convstep.candidate.operators.answer import Answer, Judged, Swept
from convstep.candidate.operators.evidence import copied, divisors
from convstep.candidate.operators.gathering import how_far
from convstep.operators.operator import Convention, Operator, OperatorProblem

PROBLEMS = 20


def swept(
    operator: Operator,
    backward: Callable[..., Any],
    convention: Convention | None = None,
    problems: int = PROBLEMS,
) -> Swept:
    """What a backward with the operator's own arguments makes of its first problems."""
    bare = Swept(operator, convention, ())
    found = [judged(bare, problem, backward) for problem in _problems(operator)[:problems]]
    return Swept(operator, convention, tuple(found))


@functools.cache
def _problems(operator: Operator) -> list[OperatorProblem]:
    return list(itertools.islice(operator.problems(np.random.default_rng(3)), PROBLEMS))


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
    off = {name: how_far(value, right[name]) for name, value in gradients.items()}
    return Judged(answer, right, operator.run(problem), off)


def with_outputs(sweep: Swept, forward: Callable[..., Any]) -> Swept:
    """The same sweep of somebody who has a forward, too."""
    found = []
    for one in sweep.results:
        with np.errstate(all="ignore"):
            made = np.asarray(forward(**one.answer.problem.arrays, **one.answer.problem.options))
        outputs = {sweep.operator.outputs[0]: made}
        found.append(replace(one, answer=replace(one.answer, outputs=outputs)))
    return replace(sweep, results=tuple(found))
