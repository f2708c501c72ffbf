"""An operator's backward as it is shown: on which problem, with which mistake, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from convstep.candidate.operators.case import operator_case_of
from convstep.candidate.operators.shown import MOST, Shown, mistake_of, problem_of, shown, told
from convstep.operators.operator import Operator
from convstep.operators.registry import OperatorError, operator_named, operators
from tests.strategies import some

STEPPED = [one for one in operators() if one.name != "conv2d"]
"""Those that are stepped as recordings."""
every = pytest.mark.parametrize("operator", STEPPED, ids=lambda one: one.name)


@every
def test_every_operator_is_stepped_on_small_numbers_and_ends_with_its_gradients(operator: Operator) -> None:
    found = shown(operator.name)
    recording = found.recorded.recording
    assert recording.ended is None
    assert 1 < recording.total < 100
    assert recording.source.path.endswith(f"{operator.name.replace('-', '_')}.py")
    whole = all(np.array_equal(array, np.round(array)) for array in operator.small().arrays.values())
    kind = "small whole numbers" if whole else "a small problem"
    assert found.recorded.how == f"{operator.title} on {kind}"
    values = recording.result if len(operator.gradients) > 1 else (recording.result,)
    for value, right in zip(values, operator.right(operator.small()).values(), strict=True):
        assert np.array_equal(value, right)


@every
def test_its_own_forward_agrees_with_it_line_by_line(operator: Operator) -> None:
    found = shown(operator.name)
    said = found.judge(found.recorded.recording)
    assert not said.differs
    assert [mark for mark in said.positions.values() if mark.kind == "differs"] == []


@every
def test_every_mistake_with_lines_is_stepped(operator: Operator) -> None:
    ways = (
        (mistake.title, f"{mistake.id}:{number}")
        for mistake in (*operator.mistakes, *operator.also_right)
        for number, _ in enumerate(mistake.variants, 1)
    )
    for title, wanted in some(ways, 17):
        recorded = shown(operator.name, mistake=wanted).recorded
        assert recorded.words[-2:] == ("--mistake", wanted)
        assert title in recorded.how
        assert f"({wanted}).py" in recorded.recording.source.path
        assert recorded.recording.total > 0


def test_a_problem_is_meant_by_its_number_or_by_words() -> None:
    operator = operator_named("max-pool")
    listed = told(operator)
    assert all(one.about for one in listed)
    assert problem_of(operator, None).arrays["x"].shape == operator.small().arrays["x"].shape
    for number, one in enumerate(listed, 1):
        by_number, by_words = problem_of(operator, str(number)), problem_of(operator, one.about.upper())
        assert by_number.about == by_words.about == one.about
        assert np.array_equal(by_number.arrays["x"], by_words.arrays["x"])
    assert problem_of(operator, "tied").about == "largest numbers are tied"
    assert problem_of(operator, str(len(listed) + 1)).about == ""


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("0", "there is no problem 0; `convstep operators max-pool` lists them from 1"),
        (str(MOST + 1), "there is no problem 1001; `convstep operators max-pool` lists them from 1"),
        ("a dog", "no problem of max-pool is about a dog; `convstep operators max-pool` lists them"),
        ("", "no problem of max-pool is about ; `convstep operators max-pool` lists them"),
    ],
)
def test_a_problem_that_is_not_there_is_refused(case: str, said: str) -> None:
    with pytest.raises(OperatorError) as refused:
        problem_of(operator_named("max-pool"), case)
    assert str(refused.value) == said


def test_words_that_fit_several_problems_name_them() -> None:
    with pytest.raises(OperatorError, match="overlap fits several problems: windows overlap; windows overl"):
        problem_of(operator_named("max-pool"), "overlap")


def test_a_mistake_that_is_not_there_is_refused() -> None:
    operator = operator_named("max-pool")
    assert mistake_of(operator, "overwrite")[1] is mistake_of(operator, "overwrite:1")[1]
    for wanted in ("overwrite:0", "overwrite:9", "overwrite:", "overwrite:x"):
        with pytest.raises(OperatorError, match=f"there is no {wanted}; overwrite is made in [0-9]+ ways"):
            mistake_of(operator, wanted)
    with pytest.raises(OperatorError, match="max-pool has no mistake nope; it has overwrite, "):
        mistake_of(operator, "nope")
    with pytest.raises(OperatorError, match="leave out --forward or --mistake"):
        shown("max-pool", mistake="overwrite", forward=True)


def test_the_forward_is_stepped_as_well() -> None:
    found = shown("linear", forward=True)
    assert not found.compares
    assert found.recorded.words == ("--forward",)
    assert np.array_equal(
        found.recorded.recording.result, found.operator.run(found.problem)["out"], equal_nan=True
    )


def test_a_mistake_differs_from_its_own_forward_where_it_first_shows() -> None:
    found = shown("max-pool", mistake="overwrite")
    said = found.judge(found.recorded.recording)
    assert said.differs
    first = min(position for position, mark in said.positions.items() if mark.kind == "differs")
    assert first == 4
    assert said.positions[first].first


def test_a_mistake_is_opened_on_the_smallest_problem_that_shows_it() -> None:
    found = shown("softmax-cross-entropy", None, "gradient-overflows").recorded
    assert found.words == ("--case", "7", "--mistake", "gradient-overflows")
    assert not found.recording.name.startswith("_")
    assert shown("max-pool", None, "overwrite").recorded.words == ("--mistake", "overwrite")


@every
def test_other_numbers_are_those_of_its_problem_and_what_is_right_goes_by_them(operator: Operator) -> None:
    found = shown(operator.name)
    first = found.recorded.recording
    name = operator.upstream[0]
    index = (0,) * found.problem.upstream[name].ndim
    edited = found.with_numbers({name: {index: found.problem.upstream[name].dtype.type(50)}})
    assert edited.handed_in[name] == name
    right = operator.right(found.problem)
    values = edited.result if len(operator.gradients) > 1 else (edited.result,)
    for value, expected in zip(values, right.values(), strict=True):
        assert np.array_equal(value, expected)
    assert found.problem.upstream[name][index] == 50
    assert not found.judge(edited).differs
    again = found.with_numbers({})
    assert str(again.result) == str(first.result)


@every
def test_its_case_as_code_passes_where_the_backward_is_right_and_fails_with_a_mistake(
    operator: Operator,
) -> None:
    def run_case(found: Shown) -> None:
        made = operator_case_of(found.operator, found.problem, found.recorded.recording)
        exec(compile(made.text(), "case.py", "exec"), {})

    run_case(shown(operator.name))
    for mistake in some(operator.mistakes, 8):
        try:
            found = shown(operator.name, None, mistake.id)
        except OperatorError:
            continue  # it has no lines of its own
        with np.errstate(all="ignore"), pytest.raises((AssertionError, ValueError)):
            run_case(found)
