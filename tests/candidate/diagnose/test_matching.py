"""Which mistakes give a candidate's numbers, one alone and two at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from convstep.candidate.call.outcome import RETURNED, Outcome
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.judging import Result, judge
from convstep.candidate.diagnose.matching import PAIRS_FOR, paired_matches, single_matches
from convstep.candidate.diagnose.mistakes import Patch, both, flawed_gradient, variants_of

PAD1 = ((1, 1), (1, 1))
CASES = [
    Case((5, 6), (3, 3), (1, 1), PAD1, 2, 3),
    Case((6, 5), (2, 2), (1, 1), ((0, 0), (0, 0)), 3, 2),
    Case((7, 8), (3, 3), (2, 2), PAD1, 2, 2, 2),
]


def mistakes_of(bug: str, gradient: str) -> Patch:
    """The first of a known bug's family."""
    return next(variant.mistakes for known, variant in variants_of(gradient) if known.id == bug)


def results_with(gradient: str, mistakes: Patch) -> Sequence[Result]:
    """What a candidate with these mistakes in one gradient makes of each problem."""
    results = []
    for case in CASES:
        right = right_of(case)
        gradients = {name: values.copy() for name, values in right.gradients.items()}
        gradients[gradient] = flawed_gradient(gradient, right.problem, mistakes)
        results.append(judge(case, right, Outcome(RETURNED, gradients=gradients)))
    return results


PAIRS = [
    ("dA_prev", "crop-zero-slice", "kernel-flipped"),
    ("dA_prev", "stride-ignored", "kernel-transposed"),
    ("dW", "overwrite-dW", "stride-ignored"),
]


@pytest.mark.parametrize(("gradient", "first", "second"), PAIRS)
def test_two_mistakes_at_once_are_found_where_neither_is_enough(
    gradient: str, first: str, second: str
) -> None:
    pair = both(mistakes_of(first, gradient), mistakes_of(second, gradient))
    assert pair is not None
    results = results_with(gradient, pair)
    assert single_matches(gradient, results) == []
    (match,) = paired_matches(gradient, results, lambda: 0.0)
    assert {bug.id for bug in match.bugs} == {first, second}
    assert match.mistakes == pair


def test_pairs_are_looked_for_as_long_as_there_is_time() -> None:
    gradient, first, second = PAIRS[0]
    pair = both(mistakes_of(first, gradient), mistakes_of(second, gradient))
    assert pair is not None
    results = results_with(gradient, pair)
    late = itertools.count(step=2 * PAIRS_FOR)
    assert paired_matches(gradient, results, lambda: next(late)) == []
