"""The numbers of a sweep beside those of mistakes: which of them are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.outcome import REFUSED, RETURNED
from convstep.candidate.operators.answer import UNSAID, Judged, Swept
from convstep.candidate.operators.axes import blocks, in_our_order, sizes
from convstep.candidate.operators.gathering import how_far
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.operators.mistake import Variant
from convstep.operators.operator import Array, Operator, OperatorProblem

Mistaken = dict[tuple[Variant, OperatorProblem, tuple[Any, ...]], Mapping[str, Array] | None]
"""The gradients of mistakes on problems, by the order of blocks; None where they raise."""


def same(one: Array, other: Array) -> bool:
    """Whether two arrays have one shape and the same numbers, as exactly as a gradient must be right."""
    return how_far(one, other) <= 1


@frozen(eq=False)
class Evidence:
    """A sweep, and what mistakes make of its problems."""

    swept: Swept
    """What came of every problem."""
    known: Mistaken = field(default_factory=dict)
    """What mistakes have made of problems so far, undivided; several sweeps of an operator may share it."""

    __repr__ = brief

    @property
    def operator(self) -> Operator:
        """What the candidate is taken to be."""
        return self.swept.operator

    @property
    def told(self) -> list[Judged]:
        """The problems that say something: neither refused, nor impossible to say."""
        return [one for one in self.swept.results if one.answer.kind not in (REFUSED, UNSAID)]

    @property
    def returned(self) -> list[Judged]:
        """Those on which it returned."""
        return [one for one in self.swept.results if one.answer.kind == RETURNED]

    def wrong(self, names: Sequence[str] | None = None) -> list[str]:
        """The gradients, of some or of all, that are wrong somewhere, in the operator's order."""
        return [
            name
            for name in (self.operator.gradients if names is None else names)
            if any(is_wrong(one, name) for one in self.returned)
        ]

    def made(self, variant: Variant, judged: Judged) -> Mapping[str, Array] | None:
        """The gradients that a mistake makes, divided as the convention divides; None if it raises."""
        problem = judged.answer.problem
        order = self.swept.convention.blocks if self.swept.convention else {}
        key = variant, problem, tuple(order.items())
        if key not in self.known:
            self.known[key] = self._run(variant, problem, order)
        found, by = self.known[key], divisors(self.swept, problem)
        if found is None:
            return found
        found = {name: value / by[name] if name in by else value for name, value in found.items()}
        if judged.answer.summed_to_fit:
            found = {name: summed_to(value, judged.right[name].shape) for name, value in found.items()}
        return found

    def undivided(self, name: str) -> Evidence:
        """The same with mistakes that do not divide one gradient, whose line has lost what divides it."""
        convention = self.swept.convention
        if convention is None or name not in convention.divided:
            return self
        others = {one: axes for one, axes in convention.divided.items() if one != name}
        return Evidence(replace(self.swept, convention=replace(convention, divided=others)), self.known)

    def reproduced(self, name: str) -> bool:
        """Whether some mistake gives one gradient as the candidate has it, wherever it came."""
        came = [one for one in self.returned if name in one.answer.gradients]
        return any(all(self.gives(variant, one, name) for one in came) for _, variant in self.variants())

    def gives(self, variant: Variant, judged: Judged, name: str) -> bool:
        """Whether a mistake gives a gradient as the candidate has it."""
        made, actual = self.made(variant, judged), judged.answer.gradients.get(name)
        return made is not None and actual is not None and same(actual, made[name])

    def _run(
        self, variant: Variant, problem: OperatorProblem, order: Mapping[str, tuple[int, ...]]
    ) -> Mapping[str, Array] | None:
        """What a mistake gives; where blocks have another order, in that, as a wrong product mixes them."""
        operator, given, backward = self.operator, copied(problem), variant.backward
        order = {letter: places for letter, places in order.items() if places}  # one that is turned is ours
        for letter, places in order.items():
            other = variant.in_order(operator.blocks[letter], places)
            order, backward = (order, other) if other is not None else ({}, backward)
        arrays = {name: blocks(array, operator.axes[name], order) for name, array in given.arrays.items()}
        try:
            with quiet():
                found = operator.right(replace(given, arrays=arrays), backward)
        except Exception:  # a mistake may raise anything
            return None
        return {
            name: in_our_order(value, operator.axes[name[1:]], order, arrays[name[1:]].shape)
            for name, value in found.items()
        }

    def variants(self) -> Iterator[Any]:
        """Each mistake with each way of making it, the commonest first."""
        for mistake in self.operator.mistakes:
            for variant in mistake.variants:
                yield mistake, variant


def summed_to(array: Array, shape: tuple[int, ...]) -> Array:
    """An array summed along axes that a shape lacks, or has of length 1; as it is where the others differ."""
    ahead = array.ndim - len(shape)
    if ahead < 0 or any(n not in (1, m) for n, m in zip(shape, array.shape[ahead:], strict=True)):
        return array
    found = array.sum(axis=tuple(range(ahead)))
    axes = tuple(at for at, (n, m) in enumerate(zip(shape, found.shape, strict=True)) if n != m)
    return np.asarray(found.sum(axis=axes, keepdims=True))


def is_wrong(judged: Judged, name: str) -> bool:
    """Whether a gradient came back and is not right."""
    return judged.off.get(name, 0.0) > 1


def copied(problem: OperatorProblem) -> OperatorProblem:
    """The same problem in arrays of its own: a mistake may write into them."""
    arrays, upstream = (
        {name: np.array(array) for name, array in each.items()} for each in (problem.arrays, problem.upstream)
    )
    return OperatorProblem(arrays, upstream, dict(problem.options), problem.about)


def divisors(swept: Swept, problem: OperatorProblem) -> dict[str, int]:
    """By gradient, what its convention divides it by."""
    if swept.convention is None or not swept.convention.divided:
        return {}
    long = sizes(swept.operator, problem)
    return {
        name: int(np.prod([long[letter] for letter in letters]))
        for name, letters in swept.convention.divided.items()
    }
