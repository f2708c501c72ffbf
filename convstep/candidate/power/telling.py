"""Which problems show a mistake, and which few show several."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from convstep.candidate.call.conventions import convention_of
from convstep.candidate.power.suspects import Suspect, posed
from convstep.candidate.verdict import Verdict
from convstep.conv.step import quiet
from convstep.operators.operator import Operator, OperatorProblem

TELLING = 40
"""Problems among which those are looked for that would show a mistake."""


def telling(operator: Operator) -> list[OperatorProblem]:
    """Problems that tell mistakes apart, the smallest first, each said in words."""
    found = itertools.islice(operator.problems(np.random.default_rng(0)), TELLING)
    return sorted((one for one in found if one.about), key=_size)


def can_be_asked(verdict: Any, operator: Operator) -> list[OperatorProblem]:
    """The problems that a right function takes, the telling ones first, each time the smallest first.

    Args:
        verdict: `check`'s on it.
        operator: what it is.
    """
    if isinstance(verdict, Verdict):
        candidate, convention = verdict.swept.candidate, convention_of(verdict.swept.call)
        return [one for one in telling(operator) if not convention.cannot_say(posed(one).geometry, candidate)]
    taken = [one.answer.problem for one in verdict.tried]
    return sorted(taken, key=lambda one: (not one.about, _size(one)))


def _size(problem: OperatorProblem) -> int:
    return sum(array.size for array in (*problem.arrays.values(), *problem.upstream.values()))


def shown_on(
    operator: Operator, suspect: Suspect, problems: Sequence[OperatorProblem], names: Collection[str]
) -> list[OperatorProblem]:
    """The problems on which a mistake shows.

    Args:
        operator: whose.
        suspect: the mistake.
        problems: among these.
        names: the gradients that are looked at.
    """
    return [one for one in problems if _shows(operator, suspect, one, names)]


def _shows(operator: Operator, suspect: Suspect, problem: OperatorProblem, names: Collection[str]) -> bool:
    with quiet():
        right = operator.right(problem)
    try:
        with quiet():
            wrong = suspect.gradients(problem)
    except Exception:  # what a person would see there
        return True
    return any(
        one.shape != right[name].shape or not np.allclose(one, right[name], rtol=1e-6, atol=1e-9)
        for name, one in wrong.items()
        if name in names
    )


def few(shows: Sequence[Sequence[OperatorProblem]]) -> tuple[OperatorProblem, ...]:
    """A few problems of which each mistake shows on one: always the one that shows most of the rest.

    Args:
        shows: by mistake, the problems on which it shows.
    """
    left, chosen = [one for one in shows if one], []
    while left:
        every = {id(problem): problem for one in left for problem in one}
        best = max(
            every.values(), key=lambda problem: sum(any(problem is each for each in one) for one in left)
        )
        chosen.append(best)
        left = [one for one in left if all(problem is not best for problem in one)]
    return tuple(chosen)
