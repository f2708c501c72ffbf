from __future__ import annotations

import itertools

import numpy as np
import pytest
from convstep.candidate.diagnose.known_bugs import (
    KNOWN_BUGS,
    KnownBug,
    Mistakes,
    both,
    flawed_gradient,
    flawed_running,
)
from convstep.candidate.diagnose.known_bugs.bug import ALL
from hypothesis import given, settings

from convstep.conv.problem import Problem
from tests.candidate.diagnose.known_bugs.geometries import PROBLEMS
from tests.candidate.diagnose.known_bugs.outcomes import outcome, reference, same
from tests.strategies import problems

VARIANTS = [variant for bug in KNOWN_BUGS.values() for variant in bug.variants]


@given(problems())
@settings(max_examples=150)
def test_without_mistakes_it_is_the_reference(problem: Problem) -> None:
    tolerance = 1e-10 if problem.dtype == np.float64 else 1e-4
    for name in ALL:
        if name == "db" and problem.b is None:
            continue
        right, found = reference(name, problem), flawed_gradient(name, problem, Mistakes())
        assert found.shape == right.shape
        assert found.dtype == right.dtype
        np.testing.assert_allclose(found, right, rtol=tolerance, atol=tolerance)


def test_db_is_given_without_a_bias_too() -> None:
    problem = PROBLEMS["padding 1"]
    bare = Problem(problem.A_prev, problem.W, None, problem.dZ, padding=1)
    np.testing.assert_allclose(flawed_gradient("db", bare, Mistakes()), problem.dZ.sum(axis=(0, 1)))


@given(problems(dtypes=(np.float64,)))
@settings(max_examples=15)
def test_every_variant_returns_or_raises_what_loops_raise(problem: Problem) -> None:
    for variant in VARIANTS:
        for name in variant.gradients:
            outcome(name, problem, variant.mistakes)


@pytest.mark.parametrize("problem", ["batch 2", "asymmetric"])
def test_two_mistakes_at_once_return_or_raise_what_loops_raise(problem: str) -> None:
    firsts = [bug.variants[0] for bug in KNOWN_BUGS.values() if bug.variants]
    rng = np.random.default_rng(0)
    drawn = [(VARIANTS[i], VARIANTS[j]) for i, j in rng.integers(0, len(VARIANTS), (600, 2))]
    for first, second in [*itertools.combinations(firsts, 2), *drawn]:
        mistakes = both(first.mistakes, second.mistakes)
        if mistakes is not None:
            for name in ALL:
                outcome(name, PROBLEMS[problem], mistakes)


def test_two_mistakes_show_both() -> None:
    problem = PROBLEMS["stride 2, padding 1"]
    mistakes = both(Mistakes(stride="none"), Mistakes(crop="none"))
    assert mistakes == Mistakes(stride="none", crop="none")
    found = flawed_gradient("dA_prev", problem, mistakes)
    inner = flawed_gradient("dA_prev", problem, Mistakes(stride="none"))
    assert found.shape == (9, 12, 3)
    np.testing.assert_array_equal(found[1:-1, 1:-1], inner)


def test_mistakes_that_contradict_each_other_do_not_combine() -> None:
    assert both(Mistakes(stride="none"), Mistakes(stride="h-none")) is None
    assert both(Mistakes(stride="none"), Mistakes(stride="none")) == Mistakes(stride="none")
    assert both(Mistakes(), Mistakes(cut=True)) == Mistakes(cut=True)


@pytest.mark.parametrize("bug", KNOWN_BUGS.values(), ids=list(KNOWN_BUGS))
def test_running_is_the_gradient_at_the_end(bug: KnownBug) -> None:
    for variant in bug.variants:
        for name, problem in itertools.product(variant.gradients, PROBLEMS.values()):
            whole = outcome(name, problem, variant.mistakes)
            if whole is None:
                continue
            running = flawed_running(name, problem, variant.mistakes, problem.total_steps)
            assert running is None or same(running, whole)


def test_running_is_left_to_a_masked_dZ_where_that_gives_the_same() -> None:
    problem = PROBLEMS["padding 1"]
    assert flawed_running("dW", problem, Mistakes(stride="none"), 5) is None
    assert flawed_running("dA_prev", problem, Mistakes(last="nhw"), 5) is None
    assert flawed_running("dA_prev", problem, Mistakes(write="tap"), 5) is None
    assert flawed_running("db", problem, Mistakes(last="nhw"), 5) is not None
