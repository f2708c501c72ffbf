"""How answers are judged: tolerant of rounding, not of mistakes."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.language import LANGUAGES
from convstep.lessons import course
from convstep.lessons.ask_kinds import parse_question
from convstep.lessons.document import Block
from convstep.lessons.lesson import PagePlace
from convstep.lessons.page_place import go_to
from convstep.lessons.questions import (
    AnswerError,
    ChoiceQuestion,
    LineQuestion,
    Question,
    ShapeQuestion,
    ValueQuestion,
)
from tests.lessons.bundled import BOTH, loaded, named
from tests.lessons.mistakes import mistake
from tests.lessons.texts import FRONT, question
from tests.strategies import tried

NUMBERS = st.floats(-9, 9).filter(lambda number: abs(number) > 0.05)


def value_question(before: float, x: float, dz: float) -> ValueQuestion:
    """A filter of one cell: `dW` holds `before`, and the next step adds `x * dz`."""
    A_prev = np.array([[[1.0], [x]]])
    problem = Problem(A_prev, np.ones((1, 1, 1, 1)), None, np.array([[[before], [dz]]]))
    block = Block(("ask", "value"), "cell: dW[0, 0, 0, 0]", 2, fenced=True)
    found, *_ = parse_question(block, go_to(problem, PagePlace(1)), "en", "")
    assert isinstance(found, ValueQuestion)
    return found


def two(number: float) -> float:
    return round(number, 2)


@given(NUMBERS | st.just(0.0), NUMBERS, NUMBERS)
@example(1.0, 1.0, -1.0)
@example(0.3, 0.1, -3.0)
@settings(max_examples=tried(400))
def test_what_is_computed_from_two_decimals_is_right_and_a_mistake_is_not(
    before: float, x: float, dz: float
) -> None:
    asked = value_question(before, x, dz)
    added, after = x * dz, before + x * dz
    off = 0.005 * (3 + abs(x) + abs(dz))
    if abs(after) < 1e-15:  # what floats leave of zero
        after = 0.0
    assume(all(abs(part) > 8 * off for part in (before, added, after) if part))
    answer = two(before) + two(x) * two(dz)
    for right in (answer, two(answer), after, f"{two(before)} + {two(x)} * {two(dz)}"):
        assert asked.judge(str(right)).right
    if before:
        left_out = asked.judge(str(two(before)))
        overwritten = asked.judge(str(two(two(x) * two(dz))))
        assert not left_out.right
        assert not overwritten.right
        assert "what the cell holds before" in left_out.said or abs(before - added) < 1
        assert not asked.judge(str(two(before) - two(x) * two(dz))).right
    for opposite in (str(-answer), "0", "-0"):  # where zero is right, so is its opposite
        assert asked.judge(opposite).right is not bool(after)


def test_what_floats_leave_of_a_sum_is_told_from_zero_by_nobody() -> None:
    for before, x, dz in ((0.3, 0.1, -3.0), (0.1 + 0.2 - 0.3, 0.5, 1.0), (1e-7, 1e-7, -0.9)):
        asked = value_question(before, x, dz)
        assert asked.judge(f"{before} + {x} * {dz}").right
        assert asked.judge(f"{round(before, 9)} + {x} * {dz}").right
    small = value_question(1e-7, 1e-7, -0.9)
    for wrong in ("0", "1e-7", "-1e-8"):
        assert not small.judge(wrong).right, "small is not nothing"


def test_what_floats_leave_is_zero_in_a_question_about_now_too() -> None:
    problem = Problem(np.array([[[1.0], [0.1]]]), np.ones((1, 1, 1, 1)), None, np.array([[[0.3], [-3.0]]]))
    for position, right in ((2, "0"), (1, "0.3")):
        block = Block(("ask", "value"), "cell: dW[0, 0, 0, 0]\nwhen: now", 2, fenced=True)
        asked, *_ = parse_question(block, go_to(problem, PagePlace(position)), "en", "")
        assert asked.judge(right).right
        assert not asked.judge("0.1").right


@given(st.integers(-90, 90), st.integers(-3, 3), st.integers(-3, 3))
@settings(max_examples=tried(100))
def test_whole_numbers_are_right_or_wrong(before: int, x: int, dz: int) -> None:
    asked, after = value_question(before, x, dz), before + x * dz
    assert asked.judge(str(after)).right
    for off in (-1, 1, 0.5):
        assert not asked.judge(str(after + off)).right


def test_in_the_course_rounding_to_two_decimals_makes_no_answer_wrong() -> None:
    values = [q for entry in BOTH for q in loaded(entry).questions if isinstance(q, ValueQuestion)]
    assert values
    for asked in values:
        assert asked.judge(f"{asked.value:.2f}").right
        for known in (asked.before, asked.added):
            if known:
                assert not asked.judge(f"{known:.2f}").right
        if asked.value:
            assert not asked.judge(repr(-asked.value)).right


def test_what_went_wrong_is_named() -> None:
    asked = value_question(4.0, 1.5, 2.0)
    assert asked.judge("4").said == "Not yet: 4 is what the cell holds before the step."
    assert asked.judge(" 3 ").said.startswith("Not yet: 3 is what the step adds;")
    assert asked.judge("-7").said.startswith("Not yet: the size is right, the sign is not.")
    assert asked.judge("5").said == "Not yet."
    assert asked.judge("1.5*2 + 4").said == "Right."


def test_what_is_typed_is_repeated_as_it_was_typed() -> None:
    asked = value_question(4.0, 1.5, 2.0)
    assert asked.judge("1.5*2").said.startswith("Not yet: 1.5\\*2 is what the step adds;")
    with pytest.raises(AnswerError) as caught:
        asked.judge("_x_ `y`")
    assert str(caught.value).startswith("'\\_x\\_ \\`y\\`' is not a number")


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("1,2,1", True), ("(1, 2, 1)", True),
        ("1 2 1", True), ("20", True),
        ("１，２，１", True), ("（1，2，1）", True),
        ("0,0,0", False), ("start", False), ("end", False), ("1,2", False),
    ],
)  # fmt: skip
def test_a_step_is_named_by_its_index_or_its_number(typed: str, right: bool) -> None:
    asked = question("```ask step\ncell: db[1]\n```")
    assert asked.judge(asked.solution).right
    assert asked.judge(typed).right is right


@pytest.mark.parametrize("typed", ["", "one", "9,9,9", "1,2,3,4,5", "1.5,2,1", "-1,0,0", "9" * 5000, "nan"])
def test_what_is_no_step_costs_nothing(typed: str) -> None:
    asked = question("```ask step\ncell: db[1]\n```")
    with pytest.raises(AnswerError, match="is not a step; type an index like"):
        asked.judge(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "(3, 2, 3, 2)",
        "3,2,3,2",
        "3 2 3 2",
        "[3,2,3,2,]",
        "3x2x3x2",
        "3×2×3×2",
        "（3，2，3，2）",
        "３，２，３，２",
    ],
)
def test_a_shape_may_be_typed_in_many_ways(typed: str) -> None:
    assert question("```ask shape\nof: dW\n```").judge(typed).right


@pytest.mark.parametrize("typed", ["", "()", "3,2,x", "three", "3,,2", "-3,2,3,2", "3.0,2,3,2", "9" * 30])
def test_what_is_no_shape_costs_nothing(typed: str) -> None:
    with pytest.raises(AnswerError, match="is not a shape"):
        question("```ask shape\nof: dW\n```").judge(typed)


@pytest.mark.parametrize(
    ("of", "typed", "english", "chinese"),
    [
        ("dA_prev", "(4, 5)", "that has 2 axes; dA_prev has 3.", "这里有 2 个轴，而 dA_prev 有 3 个轴。"),
        ("dA_prev", "4", "that has 1 axis; dA_prev has 3.", "这里只有 1 个轴，而 dA_prev 有 3 个轴。"),
        ("dA_prev", "5,6,2", "(5, 6, 2) is the shape of dA_prev_pad.", "(5, 6, 2) 是 dA_prev_pad 的形状。"),
        ("dA_prev_pad", "4,5,2", "(4, 5, 2) is the shape of dA_prev.", "(4, 5, 2) 是 dA_prev 的形状。"),
        ("W", "3", "(3,) is the shape of b.", "(3,) 是 b 的形状。"),
        ("dA_prev", "5,4,2", "the sizes are right, but their order is not.", "数都对，但顺序不对。"),
        ("dA_prev", "4,5,1", "2 of the 3 sizes are right.", "3 个数里对了 2 个。"),
        ("db", "4", "", ""),
    ],
)
def test_what_is_wrong_with_a_shape_is_said(of: str, typed: str, english: str, chinese: str) -> None:
    for language, start, said in (("en", "Not yet", english), ("zh", "还不对", chinese)):
        front = FRONT.replace("language: en", f"language: {language}")
        judged = question(f"```ask shape\nof: {of}\n```", front).judge(typed)
        assert not judged.right
        colon = ": " if language == "en" else "："
        full_stop = "." if language == "en" else "。"
        assert judged.said == (f"{start}{colon}{said}" if said else f"{start}{full_stop}")


def test_a_shape_without_a_name_has_its_slips_said_as_well() -> None:
    asked = question("```ask shape\nprompt: Rows and columns?\nanswer: (3, 5)\n```")
    assert asked.judge("3").said == "Not yet: that has 1 axis; the answer has 2."
    assert asked.judge("5x3").said == "Not yet: the sizes are right, but their order is not."


@given(st.lists(st.integers(0, 7), min_size=1, max_size=5))
@settings(max_examples=tried(200))
def test_what_is_said_of_a_shape_is_true(typed: list[int]) -> None:
    for of in ("dA_prev", "dA_prev_pad", "dW", "b", "Z"):
        asked = question(f"```ask shape\nof: {of}\n```")
        assert isinstance(asked, ShapeQuestion)
        said = asked.judge("x".join(map(str, typed))).said
        assert ("Right" in said) == (tuple(typed) == asked.shape)
        if "sizes are right." in said:
            hit = sum(a == b for a, b in zip(typed, asked.shape, strict=True))
            assert f"{hit} of the {len(asked.shape)} " in said
        elif "order" in said:
            assert sorted(typed) == sorted(asked.shape)
        elif "is the shape of" in said:
            assert dict(asked.others)[said.split()[-1].rstrip(".")] == tuple(typed)
        elif "axes;" in said or "axis;" in said:
            assert f"that has {len(typed)} " in said
            assert said.endswith(f"{of} has {len(asked.shape)}.")


def test_a_line_is_wrong_or_right() -> None:
    asked = question("```python\na\nb\nc\n```\n```ask line\nanswer: 2, 3\nright: B\n```")
    assert isinstance(asked, LineQuestion)
    assert asked.judge("2").right
    assert asked.judge("３").right
    assert asked.judge("1").said == "Not yet: line 1 is right."
    assert asked.explanation == "Line 2 must be:\n\n```python\nB\n```"
    for typed in ("0", "4", "", "-1", "two", "2.0", "2,3"):
        with pytest.raises(AnswerError, match="the code has lines 1 to 3"):
            asked.judge(typed)


def test_any_right_choice_is_right_and_a_wrong_one_is_explained() -> None:
    asked = question("```ask choice\n- [x] a | A\n- [ ] b | since | B\n- [X] c\n```")
    assert isinstance(asked, ChoiceQuestion)
    assert [asked.judge(n).right for n in "123"] == [True, False, True]
    assert asked.judge("2").said == "Not yet. since | B"
    assert (asked.solution, mistake(asked)) == ("1", "2")
    for typed in ("0", "4", "", "a", "100"):
        with pytest.raises(AnswerError, match="is not one of the choices 1 to 3"):
            asked.judge(typed)


def test_cells_must_be_exactly_those() -> None:
    asked = question("```ask cells\non: dA_prev_pad\n```")
    assert isinstance(asked.solution, frozenset)
    assert isinstance(mistake(asked), frozenset)
    assert asked.judge(mistake(asked)).said == "Not yet: 5 of 6 cells found, 0 marked that do not belong."
    more = asked.solution | {(4, 5, 0)}
    assert asked.judge(more).said == "Not yet: 6 of 6 cells found, 1 marked that do not belong."
    for nothing in (frozenset[tuple[int, ...]](), "1,2"):
        with pytest.raises(AnswerError, match="mark at least one cell first"):
            asked.judge(nothing)


def test_points_fall_with_attempts_and_hints_and_never_below_one() -> None:
    asked: Question = question("```ask shape\nof: dW\n```")
    assert [asked.points(*taken) for taken in ((0, 0), (1, 0), (0, 1), (1, 2), (9, 9))] == [10, 7, 8, 3, 1]


@pytest.mark.parametrize("entry", BOTH, ids=named)
def test_answers_of_the_course_can_be_given_and_are_said(entry: course.Entry) -> None:
    for asked in loaded(entry).questions:
        assert asked.given
        assert asked.how
        assert asked.prompt
        if isinstance(asked.solution, str):
            assert asked.solution in asked.given


def test_one_size_is_right_and_two_are() -> None:
    said = {
        language: ShapeQuestion(
            language=language, prompt="", hints=(), why="", explanation="", line=1, shape=(5, 6, 2)
        )
        for language in LANGUAGES
    }
    assert said["en"].judge("5 6 1").said == "Not yet: 2 of the 3 sizes are right."
    assert said["en"].judge("1 6 1").said == "Not yet: 1 of the 3 sizes is right."
    assert said["zh"].judge("1 6 1").said.endswith("对了 1 个。")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shape", [(4,), (8, 9), (7, 8, 9), (8, 9, 10, 11)])
def test_the_example_of_a_shape_has_the_axes_of_the_answer_and_is_not_the_answer(
    language: str, shape: tuple[int, ...]
) -> None:
    question = ShapeQuestion(
        language=language, prompt="", hints=(), why="", explanation="", line=1, shape=shape
    )
    found = re.search(r"\([\d, ]+\)", question.how)
    assert found is not None
    assert found[0].count(",") == str(shape).count(",")
    assert not question.judge(found[0]).right
    with pytest.raises(AnswerError, match=re.escape(found[0])):
        question.judge("x")
