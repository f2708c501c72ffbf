"""On which problems a candidate fails is said in the fewest words that are true of all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from convstep.candidate.call.outcome import RAISED, REFUSED, Outcome
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.fresh import FreshProblems
from convstep.candidate.check.grade import Result, grade
from convstep.candidate.diagnose.patterns import FEATURES, pattern

PADS = {0: ((0, 0), (0, 0)), 1: ((1, 1), (1, 1)), 2: ((2, 2), (2, 2))}


def grid() -> list[Result]:
    """Stride 1 to 3, padding 0 to 2, one sample and two, square and not."""
    found = []
    for s in (1, 2, 3):
        for p in (0, 1, 2):
            for batch in (1, 2):
                for size in ((5, 5), (5, 7), (7, 5)):
                    case = Case(size, (3, 3), (s, s), PADS[p], 1, 2, batch)
                    found.append(grade(case, right_of(case), Outcome(RAISED)))
    return found


GRID = grid()


def when(failed: Callable[[Case], bool], results: list[Result] | None = None) -> str:
    def failing(result: Result) -> bool:
        assert result.case is not None
        return failed(result.case)

    return pattern(GRID if results is None else results, failing)


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        (lambda case: False, ""),
        (lambda case: True, "wrong on every problem"),
        (lambda case: case.stride != (1, 1), "wrong only when stride > 1"),
        (lambda case: case.stride == (1, 1), "wrong only when stride is 1"),
        (lambda case: case.padding == PADS[0], "wrong only when padding is 0"),
        (lambda case: case.padding != PADS[0], "wrong only when padding > 0"),
        (lambda case: case.padding == PADS[2], "wrong only when padding > 1"),
        (lambda case: case.padding != PADS[1], "wrong only when padding is not 1"),
        (lambda case: case.batch == 2, "wrong only when the batch has more than one sample"),
        (lambda case: case.size[0] != case.size[1], "wrong only when the input is not square"),
        (
            lambda case: case.stride != (1, 1) and case.padding == PADS[0],
            "wrong only when stride > 1 and padding is 0",
        ),
        (
            lambda case: case.batch == 2 or case.padding == PADS[0],
            "wrong only when padding is 0 or the batch has more than one sample",
        ),
    ],
)
def test_the_words_are_true_of_exactly_the_failures(failed: Callable[[Case], bool], words: str) -> None:
    assert when(failed) == words


def test_failures_within_a_feature_are_counted_in_it() -> None:
    some = {result.case for result in GRID if result.case and result.case.batch == 2}
    odd = {sorted(some, key=str)[number] for number in (0, 4, 5, 10, 14, 19, 20, 21, 26)}
    assert when(lambda case: case in odd) == (
        "wrong only when the batch has more than one sample, and then on 9 of 27 problems"
    )


def test_failures_without_a_pattern_are_counted() -> None:
    odd = {result.case for result in GRID[::5]}
    assert when(lambda case: case in odd) == "wrong on 11 of 54 problems, in no simple pattern"


def test_a_single_failure_that_nothing_sets_apart_is_one_problem() -> None:
    case = Case((5, 5), (3, 3), filters=2)
    twins = [Case((5, 5), (3, 3), filters=filters) for filters in (3, 4, 5)]
    results = [grade(each, right_of(each), Outcome(RAISED)) for each in (case, *twins)]
    assert when(lambda each: each is case, results) == "wrong on 1 of 4 problems"


def test_refused_problems_are_left_out() -> None:
    refused = [
        grade(result.case, result.right, Outcome(REFUSED))
        if result.case and result.case.stride[0] > 1
        else result
        for result in GRID
    ]
    assert when(lambda case: True, refused) == "wrong on every problem"
    assert pattern([result for result in refused if result.refused], lambda result: True) == ""
    assert pattern([], lambda result: True) == ""


def test_what_few_problems_lack_by_chance_is_no_pattern() -> None:
    """Where every tenth problem fails, four without a feature say nothing if none of them does."""
    two = [result for result in GRID if result.case and result.case.batch == 2]
    one = [result for result in GRID if result.case and result.case.batch != 2]
    odd = {sorted((r.case for r in two), key=str)[number] for number in (0, 7, 19)}
    assert (
        when(lambda case: case in odd, [*two, *one[:4]]) == "wrong on 3 of 31 problems, in no simple pattern"
    )


def test_the_verb_may_be_another() -> None:
    assert pattern(GRID, lambda result: result.right.problem.geometry.samples == 2, "raises") == (
        "raises only when the batch has more than one sample"
    )


def test_words_of_features_are_unlike_each_other() -> None:
    words = [feature.words for feature in FEATURES]
    assert len(set(words)) == len(words)


def twelve() -> FreshProblems:
    """Problems next to those of the grid, judged as one says."""
    cases = (
        Case(size, (3, 3), (s, s), PADS[p], 1, filters, 1)
        for size in ((6, 6), (6, 8), (8, 6), (7, 7))
        for s in (1, 2, 3)
        for p in (0, 1, 2)
        for filters in (1, 3)
    )
    return FreshProblems(lambda problem: Outcome(RAISED), cases, 60.0, lambda: 0.0)


def test_a_claim_that_fresh_problems_contradict_is_not_said() -> None:
    few = [result for result in GRID if result.case and result.case.stride[0] != 2]

    def failing(result: Result) -> bool:
        assert result.case is not None
        return result.case.stride == (3, 3)

    assert pattern(few, failing) == "wrong only when stride > 1"
    assert pattern(few, failing, fresh=twelve()) == "wrong only when stride is 3 or more"


def test_of_two_features_of_all_that_fails_the_one_that_fresh_problems_bear_out_is_said() -> None:
    few = [result for result in GRID if result.case and result.case.stride[0] != 3]
    sizes = [*((h, w) for h in (4, 5, 6) for w in (h, h + 2)), *((h + 2, h) for h in (4, 5, 6))]
    alike = [Case(size, (3, 3), (1, 1), PADS[p], 1, n) for size in sizes for p in (0, 1, 2) for n in (1, 3)]
    apart = [Case((h, h + 1), (3, 3), (2, 2), PADS[0], 1, n) for h in (5, 7, 9) for n in (1, 2, 3)]
    cases = iter([*alike, *apart])  # of `apart` the input alone is wider
    fresh = FreshProblems(lambda problem: Outcome(RAISED), cases, 60.0, lambda: 0.0)

    def failing(result: Result) -> bool:
        rows, columns, _ = result.right.problem.geometry.output_shape
        return rows < columns

    assert pattern(few, failing) == "wrong only when the input is wider than it is tall"
    assert pattern(few, failing, fresh=fresh) == "wrong only when the output is wider than it is tall"


def test_what_no_fresh_problem_can_tell_apart_is_not_said() -> None:
    few = [result for result in GRID if result.case and result.case.batch == 1]
    pair = [result for result in GRID if result.case and result.case.batch == 2][:1]
    words = pattern([*few, *pair], lambda result: result in pair, fresh=twelve())
    assert words == f"wrong on 1 of {len(few) + 1} problems"


@pytest.mark.parametrize("case", [
    Case((3, 3), (3, 3)),  # a single window
    Case((3, 5), (3, 3)),
    Case((7, 7), (3, 3), (3, 3)),
    Case((4, 4), (2, 2), (1, 1), PADS[0], dilation=(2, 2)),  # between one another's cells
    Case((5, 5), (2, 2), (1, 1), PADS[0], dilation=(2, 2)),
    Case((7, 4), (3, 2), (2, 2), PADS[1]),
    Case((9, 9), (3, 3), (3, 3), PADS[0], dilation=(2, 2)),
])  # fmt: skip
def test_windows_overlap_where_two_of_them_have_a_cell_in_common(case: Case) -> None:
    geometry = case.geometry
    h_out, w_out, _ = geometry.output_shape
    cells = np.zeros((99, 99), int)
    for i_h, i_w in np.ndindex(h_out, w_out):
        cells[geometry.rows(i_h), geometry.columns(i_w)] += 1
    (overlap,) = (each for each in FEATURES if each.words == "windows overlap")
    assert overlap.holds(geometry) == (cells.max() > 1)
