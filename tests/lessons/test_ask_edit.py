"""`ask edit`: a cell is set so that something holds of the run with it."""

from __future__ import annotations

import pytest

from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.errors import LessonError
from convstep.lessons.questions import AnswerError
from convstep.lessons.reading import parse_lesson
from tests.lessons.functions import BACK, CODE

FRONT = """---
language: en
input: 2x3x1
filters: 1
kernel: 2
numbers: whole
seed: 258
---
# A lesson

It asks for an edit.

## A page

Two windows.

```stop
at: end
```
"""
"""Its dZ is 3 and -2."""


def ask(*lines: str, front: str = FRONT) -> EditQuestion:
    told = "\n".join(("```ask edit", "prompt: Set it.", *lines, "```"))
    question = parse_lesson(f"{front}\n{told}\n").pages[0].question
    assert isinstance(question, EditQuestion)
    return question


ZERO = ("on: dZ", "right: db[0] == 0", "answer: dZ[0, 1, 0] = -3")


def test_whatever_makes_it_hold_is_right_and_something_else_is_not() -> None:
    question = ask(*ZERO)
    assert question.judge(question.solution).right
    assert question.judge("dZ[0, 0, 0] = 4/2").right
    assert not question.judge("dZ[0, 0, 0] = -3").right
    assert question.given == "One answer is dZ[0, 1, 0] = -3."
    assert [edit.text for edit in question.edits.made] == ["dZ[0, 1, 0] = -3.0"]
    assert question.holds({"dZ": {(0, 0, 0): question.subject.inputs["dZ"].dtype.type(2)}})
    assert not question.holds({})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "set a cell of dZ"),
        ("A_prev[0, 0, 0] = 7", "only cells of dZ"),
        ("cache[0]['W'] = 7", "only cells of dZ"),
        ("dZ[0, 0, 0] = 7; dZ[0, 1, 0] = -7", "one cell is to be set"),
    ],
)
def test_what_is_no_answer_costs_nothing(answer: str, said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        ask(*ZERO).judge(answer)


def test_of_several_cells_the_first_is_not_wrong_yet() -> None:
    question = ask(
        "on: dZ",
        "cells: 2",
        "right: all(dZ == 1) and db[0] == before.db[0] + 1",
        "answer: dZ[0, 0, 0] = 1; dZ[0, 1, 0] = 1",
    )
    with pytest.raises(AnswerError, match="another cell may be set"):
        question.judge("dZ[0, 0, 0] = 1")
    assert not question.judge("dZ[0, 0, 0] = 1; dZ[0, 1, 0] = 2").right
    with pytest.raises(AnswerError, match="another cell"):
        question.judge("dZ[0, 0, 0] = 8; dZ[0, 0, 0] = 1")


def test_a_function_s_own_run_is_judged_and_one_that_fails_is_wrong() -> None:
    front = f"{CODE}\n## A page\n\nOn.\n\n{BACK}\n```stop\nat: end\n```\n"
    question = ask("on: dout", "right: dx[0, 1] == 0", "answer: dout[0] = 0", front=front)
    assert question.subject.runs_code
    assert not question.judge("dout[1] = 0").right
    assert question.judge("dout[0] = -0").right


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("on: dW", *ZERO[1:]), "no cell of 'dW' can be set here; the inputs are A_prev, W, b, dZ"),
        ((ZERO[0], "right: db[0] == 1", ZERO[2]), "holds without an edit"),
        ((ZERO[0], "right: db[0]", ZERO[2]), "has to be compared"),
        ((ZERO[0], "right: nothing == 0", ZERO[2]), "cannot be computed here"),
        ((*ZERO[:2], "answer: dZ[0, 1, 0] = -4"), "does not hold"),
        ((*ZERO[:2], "answer: b[0] = -1"), "does not hold"),
        ((*ZERO[:2], "answer: dZ[0, 1, 0] = x"), "`answer`"),
        ((*ZERO, "cells: 0"), "it must be 1 to 20"),
    ],
)
def test_a_question_that_cannot_be_is_refused_in_one_sentence(lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(LessonError) as error:
        ask(*lines)
    assert said in str(error.value)


def test_a_page_that_asks_for_an_edit_makes_none_itself() -> None:
    front = FRONT.replace("at: end", "at: end\nwhat-if: dZ[0, 0, 0] = 9")
    with pytest.raises(LessonError, match="no `what-if` of its own"):
        ask(*ZERO, front=front)
