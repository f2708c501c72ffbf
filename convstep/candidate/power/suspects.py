"""Suspects: the known mistakes of an operator, as gradients of any problem."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from convstep.brief import brief
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS, Variant, flawed_gradient
from convstep.candidate.operators.ways import CONV2D
from convstep.conv.problem import Problem
from convstep.operators.operator import Array, Operator, OperatorProblem

_WRITES = re.compile("writes-into|mutates")
"""Mistakes whose numbers are right: the caller's arrays are changed."""


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """One way of making a mistake."""

    id: str
    """The mistake's."""
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
    """The ids of the mistakes that the gradients of one call do not show.

    Args:
        operator: whose.
    """
    known = KNOWN_BUGS.values() if operator.name == CONV2D else operator.mistakes
    return [one.id for one in known if not one.variants or _WRITES.match(one.id)]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class _Flawed:
    variant: Variant

    def __call__(self, problem: OperatorProblem) -> Mapping[str, Array]:
        whole = posed(problem)
        return {name: flawed_gradient(name, whole, self.variant.mistakes) for name in self.variant.gradients}
