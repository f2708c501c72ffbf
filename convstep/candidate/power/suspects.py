"""Suspects: the known mistakes of an operator, as gradients of any problem, and which problems show them."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.conventions import convention_of
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS, Variant, flawed_gradient
from convstep.candidate.operators.ways import CONV2D
from convstep.candidate.verdict import Verdict
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.operators.operator import Array, Operator, OperatorProblem

PLAIN = {"padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
"""Options that are not worth a word where they are this."""


def problem_words(operator: Operator, problem: OperatorProblem) -> str:
    """A problem of an operator: `x 2x3x4x4, size 2x2, stride 2`."""
    first, *rest = operator.gradients
    shown = [name for name in problem.arrays if f"d{name}" in (first, *rest)][:2]
    parts = [f"{name} {shape_words(problem.arrays[name].shape)}" for name in shown]
    parts += [
        f"{name} {option_words(value)}"
        for name, value in problem.options.items()
        if (value[0] if isinstance(value, tuple) and value[0] == value[1] else value) != PLAIN.get(name)
    ]
    return ", ".join(parts)


def shape_words(shape: tuple[int, ...]) -> str:
    """`2x3x4`."""
    return "x".join(map(str, shape)) or "1 number"


def option_words(value: Any) -> str:
    """`2`, `2x3`, `1e-05`."""
    if isinstance(value, tuple):
        return str(value[0]) if value[0] == value[1] else "x".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


_WRITES = re.compile("writes-into|mutates")
"""Mistakes whose numbers are right: the caller's arrays are changed."""


@frozen(eq=False)
class Suspect:
    """One way of making a mistake."""

    id: str
    title: str
    """What is wrong, a few words."""
    label: str
    """Which way of making it; "" if there is one only."""
    gradients: Callable[[OperatorProblem], Mapping[str, Array]]
    """The gradients that it spoils, by name; it may raise, as a person's would."""
    wrong: str
    """The lines as people write them."""
    right: str
    """The lines as they should be."""

    __repr__ = brief


@functools.cache
def suspects(operator: Operator) -> tuple[Suspect, ...]:
    """The known mistakes of an operator that numbers can show, commonest first."""
    if operator.name == CONV2D:
        return tuple(
            Suspect(bug.id, bug.title, one.label, _Flawed(one), one.mistakes.wrong, one.mistakes.right)
            for bug in KNOWN_BUGS.values()
            for one in bug.variants
        )
    return tuple(
        Suspect(mistake.id, mistake.title, one.label, _Patched(operator, one.backward), one.wrong, one.right)
        for mistake in operator.mistakes
        if not _WRITES.match(mistake.id)
        for one in mistake.variants
    )


def untold(operator: Operator) -> list[str]:
    """The ids of an operator's mistakes that the gradients of one call do not show."""
    known = KNOWN_BUGS.values() if operator.name == CONV2D else operator.mistakes
    return [one.id for one in known if not one.variants or _WRITES.match(one.id)]


@frozen()
class _Patched:
    operator: Operator
    backward: Callable[..., Any]

    def __call__(self, problem: OperatorProblem) -> Mapping[str, Array]:
        arrays, upstream = (
            {name: array.copy() for name, array in some.items()}
            for some in (problem.arrays, problem.upstream)
        )
        copied = OperatorProblem(arrays, upstream, problem.options)
        return self.operator.right(copied, self.backward)  # a mistake may write into them


def posed(problem: OperatorProblem) -> Problem:
    """A problem of the operator conv2d as the convolution's own rooms have it."""
    arrays: dict[str, Any] = {**problem.arrays, "dZ": problem.upstream["dZ"], **problem.options}
    return Problem(**arrays)


@frozen()
class _Flawed:
    variant: Variant

    def __call__(self, problem: OperatorProblem) -> Mapping[str, Array]:
        whole = posed(problem)
        return {name: flawed_gradient(name, whole, self.variant.mistakes) for name in self.variant.gradients}


TELLING = 40
"""Problems among which those are looked for that would show a mistake."""


def telling(operator: Operator) -> list[OperatorProblem]:
    """Problems that tell mistakes apart, the smallest first, each said in words."""
    found = itertools.islice(operator.problems(np.random.default_rng(0)), TELLING)
    return sorted((one for one in found if one.about), key=_size)


def can_be_asked(verdict: Any, operator: Operator) -> list[OperatorProblem]:
    """The problems that a right function takes, the telling ones first, each time the smallest first."""
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
    """The problems on which a mistake shows in the gradients of these names."""
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
    """A few problems of which each mistake shows on one: always the one that shows most of the rest."""
    left, chosen = [one for one in shows if one], []
    while left:
        every = {id(problem): problem for one in left for problem in one}
        best = max(
            every.values(), key=lambda problem: sum(any(problem is each for each in one) for one in left)
        )
        chosen.append(best)
        left = [one for one in left if all(problem is not best for problem in one)]
    return tuple(chosen)
