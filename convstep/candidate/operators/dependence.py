"""On what a wrong gradient depends, by calling again: on nothing from above, or on what has no part in it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.check.wording import SEEN, listed
from convstep.candidate.operators.answer import Judged, Swept
from convstep.candidate.operators.caller import Caller
from convstep.candidate.operators.evidence import same
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.gathering import answers
from convstep.candidate.operators.takes import problems_of
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import Way
from convstep.language import tr
from convstep.operators.operator import Array, Operator, OperatorProblem

IGNORED = "dout-ignored"
"""The id of a gradient that is the same whatever comes from above."""
UPDATED = "updated-weights"
"""The id of a gradient that comes from weights which the same call has changed."""
TRIED = 2
"""Problems on which it has to show, if there are so many."""


def depending(
    worker: Caller, words: Vocabulary, way: Way, results: Sequence[Judged], names: Collection[str]
) -> dict[str, str]:
    """By wrong gradient, what is amiss in what it depends on.

    That is an array that it changes with, though the right one never does, and without which it is right; or
    `IGNORED`.
    """
    wrong = [one for one in results if one.answer.kind == RETURNED and one.failed]
    x = next(iter(way.operator.axes))
    wrong.sort(key=lambda one: one.answer.problem.arrays[x].size, reverse=True)
    found: list[dict[str, str]] = []
    for one in wrong[:TRIED]:
        found.append({})
        for what, other in _others(way.operator, one.answer.problem):
            came = _called(worker, words, way, other)
            right = way.operator.right(other)
            for name in names:
                before, now = one.answer.gradients.get(name), came.get(name)
                if before is None or now is None or one.off.get(name, 0) <= 1:
                    continue
                unmoved = what == IGNORED and np.any(right[name]) and np.array_equal(before, now)
                if unmoved or ((name, what) in _apart(way.operator) and same(now, right[name])):
                    found[-1][name] = what
    first = found[0] if found else {}
    return {name: what for name, what in first.items() if all(each.get(name) == what for each in found)}


def _others(operator: Operator, problem: OperatorProblem) -> Iterator[tuple[str, OperatorProblem]]:
    """The problem with others from above, and with zeros for each array that has no part in some gradient."""
    above = {name: 2 * array + 1 for name, array in problem.upstream.items()}
    yield IGNORED, replace(problem, upstream=above)
    for name in {name for _, name in _apart(operator)}:
        arrays = {**problem.arrays, name: np.zeros_like(problem.arrays[name])}
        yield name, replace(problem, arrays=arrays)


@functools.cache
def _apart(operator: Operator) -> frozenset[tuple[str, str]]:
    """Gradients with arrays that they never depend on."""
    problems = list(itertools.islice(problems_of(operator), 6))
    names = [name for name, array in problems[0].arrays.items() if array.dtype.kind == "f"]

    def moves(name: str, gradient: str) -> bool:
        return any(
            not same(
                operator.right(replace(one, arrays={**one.arrays, name: factor * one.arrays[name]}))[
                    gradient
                ],
                operator.right(one)[gradient],
            )
            for one in problems
            for factor in (0, -2)
        )

    return frozenset(
        (gradient, name)
        for gradient, name in itertools.product(operator.gradients, names)
        if not moves(name, gradient)
    )


def _called(worker: Caller, words: Vocabulary, way: Way, problem: OperatorProblem) -> Mapping[str, Array]:
    handed = replace(way, fixed={}, above="").handed(problem)
    if handed is None:
        return {}
    (raw,) = worker.ask(words, [handed[1]], **way.asked)
    (found,) = answers(way, words, [(handed[0], raw)])
    return found.gradients


def about_dependence(swept: Swept, names: Sequence[str]) -> Iterator[Finding]:
    """What is amiss in what gradients depend on that nothing else explains."""
    ids = {mistake.id: mistake for mistake in swept.operator.mistakes}
    for name in names:
        what = swept.depending.get(name)
        if what == IGNORED:
            said = tr(
                "{name} is the same whatever {above} is", name=name, above=listed(swept.operator.upstream)
            )
            yield Finding(IGNORED, SEEN, said, (name,), ids.get(IGNORED))
        elif what is not None and (updated := _updated(swept, name)):
            said = tr(
                "{name} is right where {array} is zero, so that nothing is updated: it comes from {names} as "
                "already updated by this call",
                name=name,
                array=what,
                names=listed(updated),
            )
            yield Finding(UPDATED, SEEN, said, (name,))
        elif what is not None:
            called = [f"{each}-in-{name}" for each in (what, *swept.operator.words.get(what, "").split())]
            id = next((one for one in called if one in ids), called[0])
            said = tr(
                "{name} is right where {array} is zero: {array} has no part in it", name=name, array=what
            )
            yield Finding(id, SEEN, said, (name,), ids.get(id))


def _updated(swept: Swept, name: str) -> list[str]:
    """The arrays that a gradient depends on, and that the call changes."""
    changed = dict.fromkeys(each for one in swept.results for each in one.answer.changed)
    return [
        each for each in changed if each in swept.operator.axes and (name, each) not in _apart(swept.operator)
    ]
