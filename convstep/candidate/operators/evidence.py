"""The numbers of a sweep beside those of mistakes: which of them are the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.outcome import REFUSED, RETURNED
from convstep.candidate.operators.answer import UNSAID, Judged, Swept
from convstep.conv.step import quiet
from convstep.operators.mistake import Variant
from convstep.operators.operator import Array, Operator, OperatorProblem

CLOSE = 1e-5
"""What two results may differ by and be the same, as a share of the largest number: float32 leaves that."""


def same(one: Array, other: Array) -> bool:
    """Whether two arrays have one shape and the same numbers, but for rounding."""
    if one.shape != other.shape:
        return False
    with quiet():
        left, right = np.asarray(one, np.float64), np.asarray(other, np.float64)
        scale = float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
        equal = (left == right) | (np.isnan(left) & np.isnan(right))
        return bool((equal | (np.abs(left - right) <= CLOSE * scale)).all())


def lengths(axes: Mapping[str, str], arrays: Mapping[str, Array]) -> dict[str, int]:
    """By letter of an axis, how long it is; of two arrays that have it, in the first.

    Args:
        axes: by array, a letter for each axis; "*" stands for any number of them.
        arrays: by name.
    """
    found: dict[str, int] = {}
    for name, letters in axes.items():
        if name not in arrays:
            continue
        shape = arrays[name].shape
        front, star, back = letters.partition("*")
        if not star and len(front) != len(shape):
            continue
        for letter, size in itertools.chain(
            zip(front, shape, strict=False), zip(back[::-1], shape[::-1], strict=False)
        ):
            found.setdefault(letter, size)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A sweep, and what mistakes make of its problems."""

    swept: Swept
    """What came of every problem."""
    _made: dict[tuple[Variant, int], Mapping[str, Array] | None] = field(default_factory=dict)

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
        """The gradients that are wrong somewhere, in the operator's order.

        Args:
            names: of these only.
        """
        return [
            name
            for name in (self.operator.gradients if names is None else names)
            if any(is_wrong(one, name) for one in self.returned)
        ]

    def made(self, variant: Variant, judged: Judged) -> Mapping[str, Array] | None:
        """The gradients that a mistake makes, divided as the convention divides; None if it raises."""
        key = variant, id(judged)
        if key not in self._made:
            self._made[key] = self._run(variant, judged)
        return self._made[key]

    def _run(self, variant: Variant, judged: Judged) -> Mapping[str, Array] | None:
        problem = judged.answer.problem
        try:
            with quiet():
                found = self.operator.right(copied(problem), variant.backward)
        except Exception:  # a mistake may raise anything
            return None
        by = divisors(self.swept, problem)
        return {name: value / by[name] if name in by else value for name, value in found.items()}

    def variants(self) -> Iterator[Any]:
        """Each mistake with each way of making it, the commonest first."""
        for mistake in self.operator.mistakes:
            for variant in mistake.variants:
                yield mistake, variant


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
    if swept.convention is None:
        return {}
    long = lengths({"x": swept.operator.axes.get("x", "")}, problem.arrays)
    return {
        name: int(np.prod([long.get(letter, 1) for letter in letters]))
        for name, letters in swept.convention.divided.items()
    }


Test = Callable[[Judged], bool]
