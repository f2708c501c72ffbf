"""More problems: of the wanted kind, never one that was tried, and no more than there is time for."""

from __future__ import annotations

import pytest

from convstep.candidate.call.conventions import CONVENTIONS
from convstep.candidate.call.outcome import HUNG, RAISED, REFUSED, RETURNED, Candidate, Outcome
from convstep.candidate.check.cases import Case, cases_for
from convstep.candidate.check.fresh import CALLS, FreshProblems, neighbours, random_cases
from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from tests.strategies import SELDOM, some

CANDIDATE = Candidate("backward", "function", ("a",) * 8, 8)


def sayable(name: str, geometry: Geometry) -> bool:
    return not CONVENTIONS[name].cannot_say(geometry, CANDIDATE)


def of(name: str) -> list[Case]:
    return cases_for(CONVENTIONS[name], CANDIDATE)[0]


@SELDOM
@pytest.mark.parametrize("name", some(CONVENTIONS, 3))
def test_they_are_new_can_be_said_and_are_the_same_every_time(name: str) -> None:
    like = of(name)
    found = list(random_cases(lambda geometry: sayable(name, geometry), like))
    assert len(found) == len(set(found)) > 500
    assert not set(found) & set(like)
    assert all(case.possible or case.kernel == (1, 1) for case in found)
    assert all(case.fits and sayable(name, case.geometry) for case in found)
    assert found == list(random_cases(lambda geometry: sayable(name, geometry), like))


def asked(
    outcomes: list[Outcome], seconds: float = 9.0, takes: float = 0.0
) -> tuple[FreshProblems, list[Problem]]:
    """What is asked gets these outcomes, the last one over and over."""
    calls: list[Problem] = []

    def ask(problem: Problem) -> Outcome:
        calls.append(problem)
        return outcomes[min(len(calls), len(outcomes)) - 1]

    like = of("problem")
    cases = random_cases(lambda geometry: True, like)
    return FreshProblems(ask, cases, 9.0, lambda: len(calls) * takes), calls


def test_they_are_of_the_wanted_kind_and_kept() -> None:
    fresh, calls = asked([Outcome(RETURNED)])
    one = fresh(lambda geometry: geometry.stride == (1, 1), 7)
    other = fresh(lambda geometry: geometry.stride != (1, 1), 7)
    assert [result.right.problem.geometry.stride == (1, 1) for result in fresh.results] == [True] * 7 + [
        False
    ] * 7
    assert fresh.results == [*one, *other]
    assert len(calls) == 14


def test_what_is_refused_does_not_count() -> None:
    fresh, calls = asked([Outcome(REFUSED)] * 5 + [Outcome(RAISED)])
    assert len(fresh(lambda geometry: True, 3)) == 3
    assert len(calls) == 8


@pytest.mark.parametrize(
    ("outcome", "takes", "most"), [(REFUSED, 0.0, CALLS), (HUNG, 0.0, 1), (RAISED, 3.0, 4)]
)
def test_asking_ends(outcome: str, takes: float, most: int) -> None:
    fresh, calls = asked([Outcome(outcome)], takes=takes)
    assert len(fresh(lambda geometry: True, 10_000)) <= most
    assert len(calls) == most
    assert fresh(lambda geometry: True, 1) == []


def test_neighbours_have_the_same_settings_and_as_much_left_over() -> None:
    case = Case((5, 6), (3, 2), (2, 2), ((1, 1), (1, 1)), 2, 3, 2)
    found = list(neighbours(case))
    assert len(found) == len(set(found)) == 14
    assert {each.geometry.remainder for each in found} == {case.geometry.remainder}
    assert {(each.kernel, each.stride, each.padding, each.batch) for each in found} == {
        (case.kernel, case.stride, case.padding, case.batch)
    }


def test_a_window_of_padding_alone_tells_by_numbers_and_not_by_an_exception() -> None:
    """Somebody may never have thought of a kernel of 1x1 with padding."""

    def alone(geometry: Geometry) -> bool:
        return geometry.kernel_shape[1:3] == (1, 1) and min(geometry.padding[0]) > 0

    raising, calls = asked([Outcome(RAISED)])
    assert raising(alone, 3) == []
    assert calls
    returning, _ = asked([Outcome(RETURNED)])
    assert len(returning(alone, 3)) == 3


def test_several_samples_are_not_always_two_and_paddings_are_mixed_by_axis() -> None:
    like = of("problem")
    found = list(random_cases(lambda geometry: True, like))
    assert {2, 3} <= {case.batch for case in found}
    assert {case.padding for case in found if case.kernel != (1, 1)} - {case.padding for case in like}
