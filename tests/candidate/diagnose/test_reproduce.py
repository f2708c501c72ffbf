"""Which mistakes give a candidate's numbers, one alone and two at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import pytest

from convstep.candidate.call.outcome import RAISED, RETURNED, Outcome
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.grade import Result, grade
from convstep.candidate.diagnose.mistakes import Patch, both, flawed_gradient, variants_of
from convstep.candidate.diagnose.raising import raising_matches
from convstep.candidate.diagnose.reproduce import (
    paired_matches,
    partial_matches,
    single_matches,
    until,
)


def NEVER() -> bool:
    """There is always time."""
    return False


PAD1 = ((1, 1), (1, 1))
CASES = [
    Case((5, 6), (3, 3), (1, 1), PAD1, 2, 3),
    Case((6, 5), (2, 2), (1, 1), ((0, 0), (0, 0)), 3, 2),
    Case((7, 8), (3, 3), (2, 2), PAD1, 2, 2, 2),
]


def mistakes_of(bug: str, gradient: str) -> Patch:
    """The first of a known bug's family."""
    return next(variant.mistakes for known, variant in variants_of(gradient) if known.id == bug)


def results_with(
    gradient: str, made: Patch | Callable[[Case], Patch | None], cases: Sequence[Case] = CASES
) -> list[Result]:
    """What a candidate with these mistakes in one gradient, maybe others by case, makes of each problem."""
    results = []
    for case in cases:
        right = right_of(case)
        gradients = {name: values.copy() for name, values in right.gradients.items()}
        mistakes = made(case) if callable(made) else made
        if mistakes is not None:
            gradients[gradient] = flawed_gradient(gradient, right.problem, mistakes)
        results.append(grade(case, right, Outcome(RETURNED, gradients=gradients)))
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
    (match,) = paired_matches(gradient, results, NEVER)
    assert paired_matches(gradient, results[:2], NEVER) == [], "by chance"
    assert {bug.id for bug in match.bugs} == {first, second}
    assert match.mistakes == pair


def test_pairs_are_looked_for_as_long_as_there_is_time() -> None:
    gradient, first, second = PAIRS[0]
    pair = both(mistakes_of(first, gradient), mistakes_of(second, gradient))
    assert pair is not None
    results = results_with(gradient, pair)
    late = itertools.count()
    assert paired_matches(gradient, results, until(0.5, lambda: next(late))) == []


MORE = [
    *CASES,
    *(
        Case((6, 7), (3, 2), (s, s), ((p, p), (p, p)), c, 2)
        for s in (1, 2)
        for p in (0, 1)
        for c in (1, 2, 3)
    ),
]


def test_little_evidence_is_likely_and_three_problems_are_proof() -> None:
    flipped = mistakes_of("kernel-flipped", "dA_prev")
    strengths = [
        single_matches("dA_prev", results_with("dA_prev", flipped, CASES[:few]))[0].strength
        for few in (1, 2, 3)
    ]
    assert strengths == ["likely", "likely", "proven"]


def test_of_two_at_once_each_must_show_by_itself() -> None:
    first, second = mistakes_of("overwrite-dW", "dW"), mistakes_of("stride-ignored", "dW")
    pair = both(first, second)
    assert pair is not None
    (match,) = paired_matches("dW", results_with("dW", pair, MORE), NEVER)
    assert ({bug.id for bug in match.bugs}, match.strength) == ({"overwrite-dW", "stride-ignored"}, "proven")
    once = [case for case in MORE if case.stride == (1, 1)] + CASES[2:]
    (match,) = paired_matches("dW", results_with("dW", pair, once), NEVER)
    assert (match.alone, match.strength) == (1, "likely"), "the stride shows on one problem"


def test_two_mistakes_on_two_kinds_of_problems_get_two_names() -> None:
    def by_stride(other: Patch | None) -> Callable[[Case], Patch | None]:
        flipped = mistakes_of("kernel-flipped", "dA_prev")
        return lambda case: flipped if case.stride == (1, 1) else other

    overwritten = mistakes_of("overwrite-dA", "dA_prev")
    results = results_with("dA_prev", by_stride(overwritten), MORE)
    assert single_matches("dA_prev", results) == []
    found = partial_matches("dA_prev", results, NEVER)
    assert {(match.bugs[0].id, match.only_when) for match in found} == {
        ("kernel-flipped", "stride is 1"),
        ("overwrite-dA", "stride > 1"),
    }
    assert {match.strength for match in found} == {"likely"}
    # where it is right although the mistake would show there, it is not that mistake
    assert partial_matches("dA_prev", results_with("dA_prev", by_stride(None), MORE), NEVER) == []


@pytest.mark.parametrize(
    ("message", "line", "names"),
    [
        ("ValueError: operands could not be broadcast together", "dx[r, q] += w * g", ["dA-not-padded"]),
        ("ValueError: operands could not be broadcast together", "total = a + c", []),
        ("ValueError: operands could not be broadcast together", "x = np.pad(x, p)", []),
        ("KeyError: 'pad'", "dx[r, q] += w * g", []),
    ],
)
def test_an_exception_has_a_name_only_where_the_mistake_would_raise_it_there(
    message: str, line: str, names: list[str]
) -> None:
    fine = results_with("dA_prev", lambda case: None, [case for case in MORE if case.padding != PAD1])
    raised = Outcome(RAISED, message=message, line=3, line_text=line)
    failing = [grade(case, right_of(case), raised) for case in MORE if case.padding == PAD1]
    found = [match.bugs[0].id for match in raising_matches([*fine, *failing], failing, {}, NEVER)]
    assert found[:1] == names
    assert all(match.strength == "likely" for match in raising_matches([*fine, *failing], failing, {}, NEVER))
    assert raising_matches(failing, failing, {}, NEVER) == [], "nothing to compare with"


def test_who_takes_square_kernels_alone_has_swapped_nothing() -> None:
    cases = [Case((6, 7), kernel, channels=c) for kernel in ((2, 2), (3, 3), (2, 3), (3, 2)) for c in (1, 2)]
    oblong = [case for case in cases if case.kernel[0] != case.kernel[1]]
    fine = results_with("dA_prev", lambda case: None, [case for case in cases if case not in oblong])
    message = "ValueError: operands could not be broadcast together with shapes (9,9) (9,8) (9,9)"
    raised = Outcome(RAISED, message=message, line=3, line_text="dw[f] += window * g")
    failing = [grade(case, right_of(case), raised) for case in oblong]
    assert raising_matches([*fine, *failing], failing, {}, NEVER) == []
